/* The installer that installs nothing: for people who have their own ways. */
#include "plugin/module_internal.h"

static int
null_open(const struct cw_host *host, void **self)
{
	(void)host;
	*self = NULL;
	return CW_OK;
}

static int
null_deploy(void *self, const struct cw_deployment *deployment)
{
	(void)self;
	(void)deployment;
	return CW_OK;
}

static int
null_enhance(void *self, const char *name, const char *enhancement)
{
	(void)self;
	(void)name;
	(void)enhancement;
	return CW_OK;
}

static const char *const no_enhancements[] = {NULL};

static const struct cw_installer installer = {
	.size = sizeof(installer),
	.deploy = null_deploy,
	.enhancements = no_enhancements,
	.enhance = null_enhance,
	.renewed = null_deploy,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "null",
	.version = "1.0",
	.description = "Null Installer",
	.help = "Installs nothing: the certificate is saved, and no server is touched.",
	.open = null_open,
	.installer = &installer,
};

const struct cw_plugin *
cw_null_installer(void)
{
	return &plugin;
}
