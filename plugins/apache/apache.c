#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../common/answers.h"
#include "plugin.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

const char *
apache_option(const struct apache *apache, const char *name, const char *otherwise)
{
	const struct cw_host *host = apache->host;
	const char *value = host->option_given(host, name) ? cw_host_option(host, name) : NULL;

	return value != NULL && *value != '\0' ? value : otherwise;
}

static int
apache_open(const struct cw_host *host, void **self)
{
	struct apache *apache = memory_resize(NULL, 1, sizeof(*apache));

	memset(apache, 0, sizeof(*apache));
	apache->host = apache->web.host = host;
	apache->web.files = &apache->model.config.files;
	apache->keep = arena_new();
	program_init(&apache->program, host, apache_option(apache, "server-root", NULL),
		     apache_option(apache, "ctl", NULL), apache_option(apache, "bin", NULL));
	apache->http_port = port_setting(host, "http-01-port", HTTP_PORT);
	apache->https_port = port_setting(host, "https-port", HTTPS_PORT);
	*self = apache;
	return CW_OK;
}

static void
apache_close(void *self)
{
	struct apache *apache = self;

	/* The process lives, so nothing is owed. */
	reload_done(&apache->web, &apache->web.owed);
	map_clear(&apache->answers);
	arena_free(apache->keep);
	model_clear(&apache->model);
	program_clear(&apache->program);
	free(apache);
}

/* What a plain "no" means is not guessed. */
static int
check_boolean(const struct apache *apache, const char *name)
{
	const char *value = apache_option(apache, name, "True");

	if (strcasecmp(value, "True") == 0 || strcasecmp(value, "False") == 0)
		return CW_OK;
	return cw_host_fail(apache->host, CW_E_INVALID, "give True or False",
			    "\"%s\" is not a value of --apache-%s", value, name);
}

static int
apache_prepare(void *self)
{
	struct apache *apache = self;
	int status = check_boolean(apache, "handle-sites");

	if (status == CW_OK)
		status = check_boolean(apache, "handle-modules");
	if (status != CW_OK)
		return status;
	return program_identify(&apache->program);
}

static const char *
apache_exclusive_directory(void *self)
{
	const struct apache *apache = self;

	return apache->program.root;
}

static const struct cw_plugin_option server_root_option = {
	.size = sizeof(server_root_option),
	.name = "server-root",
	.kind = CW_OPTION_PATH,
	.default_value = "/etc/apache2",
	.metavar = "FOLDER",
	.help = "The folder of Apache's configuration. The default is that of this system's "
		"packages.",
};

static const struct cw_plugin_option ctl_option = {
	.size = sizeof(ctl_option),
	.name = "ctl",
	.kind = CW_OPTION_STRING,
	.default_value = "apache2ctl",
	.metavar = "PROGRAM",
	.help = "Apache's control script, used to test the configuration and to start Apache. The "
		"default is that of this system's packages.",
};

static const struct cw_plugin_option bin_option = {
	.size = sizeof(bin_option),
	.name = "bin",
	.kind = CW_OPTION_STRING,
	.default_value = NULL,
	.metavar = "PROGRAM",
	.help = "Apache's own program, asked about the configuration in place of the control "
		"script. The default is that of this system's packages.",
};

static const struct cw_plugin_option challenge_location_option = {
	.size = sizeof(challenge_location_option),
	.name = "challenge-location",
	.kind = CW_OPTION_PATH,
	.default_value = "/etc/apache2",
	.metavar = "FOLDER",
	.help = "Where the configuration files that answer challenges are, as long as they exist. "
		"The default is the server root.",
};

static const struct cw_plugin_option vhost_root_option = {
	.size = sizeof(vhost_root_option),
	.name = "vhost-root",
	.kind = CW_OPTION_PATH,
	.default_value = NULL,
	.metavar = "FOLDER",
	.help = "Where new virtual hosts are written. The default is the folder of the virtual "
		"host that they are made from.",
};

static const struct cw_plugin_option logs_root_option = {
	.size = sizeof(logs_root_option),
	.name = "logs-root",
	.kind = CW_OPTION_PATH,
	.default_value = "/var/log/apache2",
	.metavar = "FOLDER",
	.help = "It has no effect: no directive for a log is added.",
};

static const struct cw_plugin_option le_vhost_ext_option = {
	.size = sizeof(le_vhost_ext_option),
	.name = "le-vhost-ext",
	.kind = CW_OPTION_STRING,
	.default_value = "-le-ssl.conf",
	.metavar = "SUFFIX",
	.help = "What the name of a file with new virtual hosts ends in.",
};

static const struct cw_plugin_option enmod_option = {
	.size = sizeof(enmod_option),
	.name = "enmod",
	.kind = CW_OPTION_STRING,
	.default_value = "a2enmod",
	.metavar = "PROGRAM",
	.help = "The program that enables a module.",
};

static const struct cw_plugin_option dismod_option = {
	.size = sizeof(dismod_option),
	.name = "dismod",
	.kind = CW_OPTION_STRING,
	.default_value = "a2dismod",
	.metavar = "PROGRAM",
	.help = "The program that disables a module.",
};

static const struct cw_plugin_option handle_modules_option = {
	.size = sizeof(handle_modules_option),
	.name = "handle-modules",
	.kind = CW_OPTION_STRING,
	.default_value = "True",
	.metavar = "BOOLEAN",
	.help = "Whether to enable modules that are needed (True or False).",
};

static const struct cw_plugin_option handle_sites_option = {
	.size = sizeof(handle_sites_option),
	.name = "handle-sites",
	.kind = CW_OPTION_STRING,
	.default_value = "True",
	.metavar = "BOOLEAN",
	.help = "Whether to enable new virtual hosts (True or False).",
};

static const struct cw_plugin_option *const options[] = {
	&server_root_option,        &ctl_option,          &bin_option,
	&challenge_location_option, &vhost_root_option,   &logs_root_option,
	&le_vhost_ext_option,       &enmod_option,        &dismod_option,
	&handle_modules_option,     &handle_sites_option, NULL,
};

static const char *const enhancements[] = {"redirect",  "hsts",        "uir",
					   "auto-hsts", "staple-ocsp", NULL};

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
	.name = "apache",
	.version = PACKAGE_VERSION,
	.description = "Apache Web Server plugin",
	.help = "Answers the CA through a running Apache (http-01), and installs certificates in "
		"its configuration. Every change is tested with \"apache2ctl -t\" and can be "
		"rolled back. Apache keeps running.",
	.options = options,
	.open = apache_open,
	.prepare = apache_prepare,
	.close = apache_close,
	.exclusive_directory = apache_exclusive_directory,
	.authenticator = &answers_authenticator,
	.installer = &installer,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
