/*
 * dovecot: has the mail server Dovecot show certificates to its clients. Each lineage has a file of
 * its own in conf.d, which names the files under live/: Dovecot reads those as root.
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include "command.h"
#include "text.h"

enum { PATH_BYTES = 4096 };

static const char state_key[] = "file";

/* How the lines begin that name the files. */
struct settings {
	const char *certificate, *key;
};

static const struct settings settings_2_3 = {"ssl_cert = <", "ssl_key = <"};
static const struct settings settings_2_4 = {"ssl_server_cert_file = ", "ssl_server_key_file = "};

struct dovecot {
	const struct cw_host *host;
	/* Those that Dovecot knows; dovecot_check() sets it. */
	const struct settings *settings;
	/* Of the last deployment: what Dovecot's configuration must name. */
	char certificate[PATH_BYTES];
};

static int
dovecot_open(const struct cw_host *host, void **self)
{
	struct dovecot *dovecot = calloc(1, sizeof(*dovecot));

	if (dovecot == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	dovecot->host = host;
	*self = dovecot;
	return CW_OK;
}

static const char *
dovecot_directory(void *self)
{
	return cw_host_option(((struct dovecot *)self)->host, "config-dir");
}

/* PATH: FOLDER/BEFORE NAME AFTER. */
static int
make_path(const struct cw_host *host, char *path, const char *before, const char *name,
	  const char *after)
{
	const char *folder = cw_host_option(host, "config-dir");

	if (snprintf(path, PATH_BYTES, "%s/%s%s%s", folder, before, name, after) >= PATH_BYTES)
		return cw_host_fail(host, CW_E_INVALID, NULL, "the path \"%s\" is too long",
				    folder);
	return CW_OK;
}

static int
dovecot_prepare(void *self)
{
	const struct cw_host *host = ((struct dovecot *)self)->host;
	struct text file = {NULL, 0};
	char path[PATH_BYTES];
	int status = make_path(host, path, "", "dovecot.conf", "");

	if (status == CW_OK && text_add_file(host, &file, path) != CW_OK)
		status = cw_host_fail(host, CW_E_NOT_FOUND,
				      "give the folder of dovecot.conf with --dovecot-config-dir",
				      "cannot read \"%s\"", path);
	text_free(&file);
	return status;
}

static int
find_settings(struct dovecot *dovecot)
{
	const char *const argv[] = {"dovecot", "--version", NULL};
	char *version = NULL;
	int status =
		command_read(dovecot->host, argv, "see whether Dovecot is installed", &version);

	if (status == CW_OK)
		dovecot->settings =
			strncmp(version, "2.3.", 4) == 0 ? &settings_2_3 : &settings_2_4;
	cw_host_release(dovecot->host, version);
	return status;
}

static int
dovecot_check(void *self, const struct cw_deployment *deployment)
{
	struct dovecot *dovecot = self;
	const struct cw_host *host = dovecot->host;

	if (deployment->lineage == NULL || deployment->fullchain_path == NULL)
		return cw_host_fail(host, CW_E_UNSUPPORTED, "give --cert-name NAME",
				    "only certificates of certwright can be installed");
	if (strpbrk(deployment->key_path, " \t#\"") != NULL ||
	    strpbrk(deployment->fullchain_path, " \t#\"") != NULL)
		return cw_host_fail(host, CW_E_UNSUPPORTED, "choose another --config-dir",
				    "\"%s\" has a character that is not possible in dovecot.conf",
				    deployment->fullchain_path);
	return find_settings(dovecot);
}

static int
add_files(const struct dovecot *dovecot, struct text *text, const char *indent,
	  const struct cw_deployment *deployment)
{
	const struct settings *settings = dovecot->settings;
	char lines[3 * PATH_BYTES];

	snprintf(lines, sizeof(lines), "%s%s%s\n%s%s%s\n", indent, settings->certificate,
		 deployment->fullchain_path, indent, settings->key, deployment->key_path);
	return text_add(dovecot->host, text, lines, strlen(lines));
}

static int
add_name(const struct dovecot *dovecot, struct text *text, const char *name,
	 const struct cw_deployment *deployment)
{
	const struct cw_host *host = dovecot->host;
	char line[PATH_BYTES];
	int status;

	snprintf(line, sizeof(line), "local_name %s {\n", name);
	status = text_add(host, text, line, strlen(line));
	if (status == CW_OK)
		status = add_files(dovecot, text, "  ", deployment);
	return status == CW_OK ? text_add(host, text, "}\n", 2) : status;
}

/* The certificate for clients that name a host, and, from the last file of conf.d, for the others.
 */
static int
compose(const struct dovecot *dovecot, struct text *text, const struct cw_deployment *deployment)
{
	static const char heading[] = "# Made by certwright, which replaces it.\n";
	int status = text_add(dovecot->host, text, heading, strlen(heading));

	if (status == CW_OK)
		status = add_files(dovecot, text, "", deployment);
	for (size_t i = 0; status == CW_OK && i < deployment->hosts_count; i++)
		status = add_name(dovecot, text, deployment->hosts[i], deployment);
	return status;
}

/* Removes the file that the lineage has, unless it is PATH. */
static int
remove_other(const struct cw_host *host, const char *lineage, const char *path)
{
	char *before = NULL;
	size_t length;
	int status = cw_host_state_get(host, lineage, state_key, &before, &length);

	if (status == CW_OK && strcmp(before, path) != 0)
		status = host->remove_file(host, before);
	cw_host_release(host, before);
	return status == CW_E_NOT_FOUND ? CW_OK : status;
}

static int
dovecot_undeploy(void *self, const struct cw_deployment *deployment)
{
	return remove_other(((struct dovecot *)self)->host, deployment->lineage, "");
}

static int
dovecot_deploy(void *self, const struct cw_deployment *deployment)
{
	struct dovecot *dovecot = self;
	const struct cw_host *host = dovecot->host;
	struct text text = {NULL, 0};
	char path[PATH_BYTES];
	int status = dovecot_check(self, deployment);

	if (status == CW_OK)
		status = make_path(host, path, "conf.d/99-certwright-", deployment->lineage,
				   ".conf");
	if (status == CW_OK)
		status = compose(dovecot, &text, deployment);
	/* The folder may be another one than last time. */
	if (status == CW_OK)
		status = remove_other(host, deployment->lineage, path);
	if (status == CW_OK)
		status = host->write_file(host, path, text.data, text.length, NULL, 0);
	if (status == CW_OK)
		status =
			cw_host_state_put(host, deployment->lineage, state_key, path, strlen(path));
	snprintf(dovecot->certificate, sizeof(dovecot->certificate), "%s",
		 deployment->fullchain_path);
	text_free(&text);
	return status;
}

/* The configuration names files that have changed: the reload is all that is needed. */
static int
dovecot_renewed(void *self, const struct cw_deployment *deployment)
{
	(void)self;
	(void)deployment;
	return CW_OK;
}

static int
dovecot_save(void *self, const char *title)
{
	const struct cw_host *host = ((struct dovecot *)self)->host;

	return host->checkpoint_commit(host, title);
}

static int
dovecot_config_test(void *self)
{
	static const char hint[] = "correct the configuration of Dovecot";
	const struct dovecot *dovecot = self;
	const struct cw_host *host = dovecot->host;
	char path[PATH_BYTES], *output = NULL;
	/* -x: reads the files that are named, too. */
	const char *const test[] = {"doveconf", "-c", path, "-x", "-n", NULL};
	const char *const show[] = {"doveconf", "-c", path, "-n", NULL};
	int status = make_path(host, path, "", "dovecot.conf", "");

	if (status == CW_OK)
		status = command_run(host, test, hint);
	if (status == CW_OK)
		status = command_read(host, show, hint, &output);
	if (status == CW_OK && strstr(output, dovecot->certificate) == NULL)
		status = cw_host_fail(host, CW_E_NOT_FOUND,
				      "add the line \"!include conf.d/*.conf\" at its end",
				      "\"%s\" does not include the files of conf.d", path);
	cw_host_release(host, output);
	return status;
}

static int
dovecot_reload(void *self)
{
	const struct cw_host *host = ((struct dovecot *)self)->host;
	char path[PATH_BYTES];
	const char *const argv[] = {"doveadm", "-c", path, "reload", NULL};
	int status = make_path(host, path, "", "dovecot.conf", "");

	return status == CW_OK ? command_run(host, argv, "see whether Dovecot runs") : status;
}

static const struct cw_plugin_option config_dir_option = {
	.size = sizeof(config_dir_option),
	.name = "config-dir",
	.kind = CW_OPTION_PATH,
	.default_value = "/etc/dovecot",
	.help = "The folder of dovecot.conf and of conf.d.",
};

static const struct cw_plugin_option *const options[] = {&config_dir_option, NULL};

static const struct cw_installer installer = {
	.size = sizeof(installer),
	.save = dovecot_save,
	.config_test = dovecot_config_test,
	.reload = dovecot_reload,
	.check = dovecot_check,
	.deploy_lineage = dovecot_deploy,
	.renewed = dovecot_renewed,
	.undeploy = dovecot_undeploy,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "dovecot",
	.version = "1.0",
	.description = "The mail server Dovecot",
	.help = "Has Dovecot show certificates to clients of IMAP, POP3 and its other services.",
	.options = options,
	.open = dovecot_open,
	.prepare = dovecot_prepare,
	.close = free,
	.exclusive_directory = dovecot_directory,
	.installer = &installer,
};

CW_EXPORT const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
