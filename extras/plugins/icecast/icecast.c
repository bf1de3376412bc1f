/*
 * icecast: gives the streaming server Icecast a certificate. Icecast has one file for certificate,
 * chain and key, which icecast.xml names and which it reads only when it starts.
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include "combined.h"
#include "command.h"
#include "config.h"
#include "text.h"

struct icecast {
	const struct cw_host *host;
	/* Whether it was called for lineages, and whether its file has changed since. */
	int called, changed;
};

static int
icecast_open(const struct cw_host *host, void **self)
{
	struct icecast *icecast = calloc(1, sizeof(*icecast));

	if (icecast == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	icecast->host = host;
	*self = icecast;
	return CW_OK;
}

static int
icecast_check(void *self, const struct cw_deployment *deployment)
{
	char *path = NULL;
	int status = config_certificate(((struct icecast *)self)->host, &path);

	(void)deployment;
	free(path);
	return status;
}

static int
icecast_deploy(void *self, const struct cw_deployment *deployment)
{
	struct icecast *icecast = self;
	const struct cw_host *host = icecast->host;
	char *path = NULL;
	int status = config_certificate(host, &path);

	icecast->called = 1;
	if (status == CW_OK)
		status =
			combined_write(host, deployment, path, NULL, cw_host_option(host, "group"));
	icecast->changed = 1;
	free(path);
	return status;
}

static int
icecast_renewed(void *self, const struct cw_deployment *deployment)
{
	((struct icecast *)self)->called = 1;
	return deployment->hosts_count > 0 ? icecast_deploy(self, deployment) : CW_OK;
}

/* Whether the file has the lineage's key, and not that of a lineage that was installed later. */
static int
has_key(const struct cw_host *host, const char *path, const char *key_path)
{
	struct text file = {NULL, 0}, key = {NULL, 0};
	int found = text_add_file(host, &file, path) == CW_OK &&
		    text_add_file(host, &key, key_path) == CW_OK && file.data != NULL &&
		    key.data != NULL && strstr(file.data, key.data) != NULL;

	text_free(&file);
	text_free(&key);
	return found;
}

static int
icecast_undeploy(void *self, const struct cw_deployment *deployment)
{
	struct icecast *icecast = self;
	const struct cw_host *host = icecast->host;
	char *path = NULL;
	int status = combined_find(host, deployment->lineage, &path);

	icecast->called = 1;
	if (status == CW_OK && path != NULL) {
		icecast->changed = has_key(host, path, deployment->key_path);
		if (icecast->changed)
			status = combined_remove(host, deployment->lineage);
		else
			cw_host_log(host, CW_LOG_WARNING,
				    "\"%s\" stays: it does not have the key of \"%s\"", path,
				    deployment->lineage);
	}
	cw_host_release(host, path);
	return status;
}

static int
icecast_save(void *self, const char *title)
{
	const struct cw_host *host = ((struct icecast *)self)->host;

	return host->checkpoint_commit(host, title);
}

static int
icecast_reload(void *self)
{
	const struct icecast *icecast = self;

	if (icecast->called && !icecast->changed)
		return CW_OK;
	return command_shell(icecast->host, cw_host_option(icecast->host, "restart-command"),
			     "see whether Icecast runs");
}

static const struct cw_plugin_option config_option = {
	.size = sizeof(config_option),
	.name = "config",
	.kind = CW_OPTION_PATH,
	.default_value = "/etc/icecast2/icecast.xml",
	.help = "Icecast's configuration. Its <ssl-certificate> is the file for the certificate.",
};

static const struct cw_plugin_option group_option = {
	.size = sizeof(group_option),
	.name = "group",
	.kind = CW_OPTION_STRING,
	.default_value = "icecast",
	.help = "The group that Icecast runs as. It may read the file.",
};

static const struct cw_plugin_option restart_option = {
	.size = sizeof(restart_option),
	.name = "restart-command",
	.kind = CW_OPTION_STRING,
	.default_value = "systemctl restart icecast2",
	.metavar = "COMMAND",
	.help = "A shell command that restarts Icecast, which reads its certificate only when it "
		"starts.",
};

static const struct cw_plugin_option *const options[] = {&config_option, &group_option,
							 &restart_option, NULL};

static const struct cw_installer installer = {
	.size = sizeof(installer),
	.save = icecast_save,
	.reload = icecast_reload,
	.check = icecast_check,
	.deploy_lineage = icecast_deploy,
	.renewed = icecast_renewed,
	.undeploy = icecast_undeploy,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "icecast",
	.version = "1.0",
	.description = "The streaming server Icecast",
	.help = "Gives Icecast a certificate, and restarts it.",
	.options = options,
	.open = icecast_open,
	.close = free,
	.installer = &installer,
};

CW_EXPORT const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
