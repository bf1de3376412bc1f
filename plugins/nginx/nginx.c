#include <stdlib.h>
#include <string.h>
#include "../common/answers.h"
#include "plugin.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

enum { HTTP_PORT = 80, HTTPS_PORT = 443, SLEEP_MAX = 3600 };

#if defined(__FreeBSD__) || defined(__APPLE__)
#define DEFAULT_ROOT "/usr/local/etc/nginx"
#elif defined(__NetBSD__)
#define DEFAULT_ROOT "/usr/pkg/etc/nginx"
#else
#define DEFAULT_ROOT "/etc/nginx"
#endif

static int
nginx_open(const struct cw_host *host, void **self)
{
	struct nginx *nginx = memory_resize(NULL, 1, sizeof(*nginx));
	const char *root = cw_host_option(host, "server-root");
	const char *ctl = cw_host_option(host, "ctl");

	memset(nginx, 0, sizeof(*nginx));
	nginx->host = nginx->web.host = host;
	nginx->web.files = &nginx->model.files;
	nginx->keep = arena_new();
	if (root == NULL || *root == '\0')
		root = DEFAULT_ROOT;
	nginx->root = realpath(root, NULL);
	if (nginx->root == NULL)
		nginx->root = memory_copy(root, strlen(root));
	if (ctl == NULL || *ctl == '\0')
		ctl = "nginx";
	nginx->program.host = host;
	nginx->program.ctl = memory_copy(ctl, strlen(ctl));
	nginx->program.configuration = memory_format("%s/nginx.conf", nginx->root);
	nginx->sleep_seconds = number_of(cw_host_option(host, "sleep-seconds"), 1, SLEEP_MAX);
	nginx->http_port = port_setting(host, "http-01-port", HTTP_PORT);
	nginx->https_port = port_setting(host, "https-port", HTTPS_PORT);
	*self = nginx;
	return CW_OK;
}

static void
nginx_close(void *self)
{
	struct nginx *nginx = self;

	/* The process lives, so nothing is owed. */
	reload_done(&nginx->web, &nginx->web.owed);
	model_clear(&nginx->model);
	program_clear(&nginx->program);
	map_clear(&nginx->chains);
	map_clear(&nginx->answers);
	map_clear(&nginx->turned);
	arena_free(nginx->keep);
	free(nginx->root);
	free(nginx);
}

/* Does not test the configuration: that takes seconds for a large one, and is done when it is
 * changed. */
static int
nginx_prepare(void *self)
{
	struct nginx *nginx = self;
	int status = program_identify(&nginx->program);

	return status == CW_OK ? install_load(nginx) : status;
}

static const char *
nginx_exclusive_directory(void *self)
{
	const struct nginx *nginx = self;

	return nginx->root;
}

static const struct cw_plugin_option server_root_option = {
	.size = sizeof(server_root_option),
	.name = "server-root",
	.kind = CW_OPTION_PATH,
	.default_value = DEFAULT_ROOT,
	.metavar = "FOLDER",
	.help = "The folder that contains nginx.conf.",
};

static const struct cw_plugin_option ctl_option = {
	.size = sizeof(ctl_option),
	.name = "ctl",
	.kind = CW_OPTION_STRING,
	.default_value = "nginx",
	.metavar = "PROGRAM",
	.help = "The nginx program, used to test the configuration and to start nginx.",
};

static const struct cw_plugin_option sleep_option = {
	.size = sizeof(sleep_option),
	.name = "sleep-seconds",
	.kind = CW_OPTION_INTEGER,
	.default_value = "1",
	.metavar = "SECONDS",
	.help = "How long to wait after a reload on systems that do not show nginx's processes. On "
		"others certwright waits until nginx uses the new configuration.",
};

static const struct cw_plugin_option *const options[] = {&server_root_option, &ctl_option,
							 &sleep_option, NULL};

static const char *const enhancements[] = {"redirect", "hsts", "uir", "staple-ocsp", NULL};

static const struct cw_installer installer = {
	.size = sizeof(installer),
	.names = install_names,
	.deploy = install_deploy,
	.enhancements = enhancements,
	.enhance = install_enhance,
	.save = install_save,
	.config_test = install_config_test,
	.reload = install_reload,
	.reread = install_reread,
	.check = install_check,
	.renewed = install_renewed,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "nginx",
	.version = PACKAGE_VERSION,
	.description = "Nginx Web Server plugin",
	.help = "Answers the CA through a running nginx (http-01), and installs certificates in "
		"its configuration. Every change is tested with \"nginx -t\" and can be rolled "
		"back. nginx keeps running.",
	.options = options,
	.open = nginx_open,
	.prepare = nginx_prepare,
	.close = nginx_close,
	.exclusive_directory = nginx_exclusive_directory,
	.authenticator = &answers_authenticator,
	.installer = &installer,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
