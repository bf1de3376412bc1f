/*
 * postfix: has the mail server Postfix show a certificate to its clients. main.cf names the files
 * under live/, which smtpd reads as root and before it goes into its chroot, so nothing is copied.
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include <unistd.h>
#include "command.h"
#include "main_cf.h"

enum { PATH_BYTES = 4096, VALUE_BYTES = 2 * PATH_BYTES + 3 };

struct postfix {
	const struct cw_host *host;
};

enum when { ALWAYS, IF_SET, IF_UNSET };

/* What main.cf shall say; VALUE NULL: the files. */
static const struct setting {
	const char *name;
	const char *value;
	enum when when;
} settings[] = {
	{"smtpd_tls_chain_files", NULL, ALWAYS},
	/* Postfix ignores these now, with warnings. */
	{"smtpd_tls_cert_file", "", IF_SET},
	{"smtpd_tls_key_file", "", IF_SET},
	{"smtpd_tls_eccert_file", "", IF_SET},
	{"smtpd_tls_eckey_file", "", IF_SET},
	{"smtpd_tls_dcert_file", "", IF_SET},
	{"smtpd_tls_dkey_file", "", IF_SET},
	{"smtpd_tls_security_level", "may", IF_UNSET},
};

enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

static int
postfix_open(const struct cw_host *host, void **self)
{
	struct postfix *postfix = calloc(1, sizeof(*postfix));

	if (postfix == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	postfix->host = host;
	*self = postfix;
	return CW_OK;
}

static const char *
postfix_directory(void *self)
{
	return cw_host_option(((struct postfix *)self)->host, "config-dir");
}

static int
main_cf_path(const struct cw_host *host, char *path)
{
	const char *folder = cw_host_option(host, "config-dir");

	if (snprintf(path, PATH_BYTES, "%s/main.cf", folder) >= PATH_BYTES)
		return cw_host_fail(host, CW_E_INVALID, NULL, "the path \"%s\" is too long",
				    folder);
	return CW_OK;
}

static int
postfix_prepare(void *self)
{
	const struct cw_host *host = ((struct postfix *)self)->host;
	struct text file = {NULL, 0};
	char path[PATH_BYTES];
	int status = main_cf_path(host, path);

	if (status == CW_OK && text_add_file(host, &file, path) != CW_OK)
		status = cw_host_fail(host, CW_E_NOT_FOUND,
				      "give the folder of main.cf with --postfix-config-dir",
				      "cannot read \"%s\"", path);
	text_free(&file);
	return status;
}

/* The value of smtpd_tls_chain_files: the key comes first. */
static int
chain_files(const struct cw_host *host, const struct cw_deployment *deployment, char *value)
{
	if (deployment->lineage == NULL || deployment->fullchain_path == NULL)
		return cw_host_fail(host, CW_E_UNSUPPORTED, "give --cert-name NAME",
				    "only certificates of certwright can be installed");
	if (strpbrk(deployment->key_path, " \t,$") != NULL ||
	    strpbrk(deployment->fullchain_path, " \t,$") != NULL)
		return cw_host_fail(host, CW_E_UNSUPPORTED, "choose another --config-dir",
				    "\"%s\" has a character that is not possible in main.cf",
				    deployment->fullchain_path);
	if (snprintf(value, VALUE_BYTES, "%s, %s", deployment->key_path,
		     deployment->fullchain_path) >= VALUE_BYTES)
		return cw_host_fail(host, CW_E_INVALID, NULL, "the path \"%s\" is too long",
				    deployment->key_path);
	return CW_OK;
}

static int
postfix_check(void *self, const struct cw_deployment *deployment)
{
	char value[VALUE_BYTES];

	return chain_files(((struct postfix *)self)->host, deployment, value);
}

static int
is_wanted(const struct setting *setting, const char *before)
{
	int is_set = before != NULL && before[0] != '\0' && strcmp(before, "none") != 0;

	return setting->when == ALWAYS || is_set == (setting->when == IF_SET);
}

/* Remembers what undeploy() restores: nothing for a parameter that was not set. */
static int
remember(const struct cw_host *host, const char *lineage, const char *name, const char *before)
{
	char value[VALUE_BYTES];

	snprintf(value, sizeof(value), "%s%s", before != NULL ? "=" : "",
		 before != NULL ? before : "");
	return cw_host_state_put(host, lineage, name, value, strlen(value));
}

static int
set_one(const struct cw_host *host, const char *lineage, struct text *file,
	const struct setting *setting, const char *value)
{
	char *before = main_cf_get(file->data, setting->name);
	int status = CW_OK;

	if (is_wanted(setting, before) && (before == NULL || strcmp(before, value) != 0)) {
		status = remember(host, lineage, setting->name, before);
		if (status == CW_OK)
			status = main_cf_set(host, file, setting->name, value);
	}
	free(before);
	return status;
}

/* What edits main.cf, read into FILE, for a lineage whose files are VALUE. */
typedef int (*editor)(const struct cw_host *host, const char *lineage, struct text *file,
		      const char *value);

static int
edit(const struct cw_host *host, const struct cw_deployment *deployment, editor change)
{
	struct text before = {NULL, 0}, after = {NULL, 0};
	char path[PATH_BYTES], value[VALUE_BYTES];
	int status = chain_files(host, deployment, value);

	if (status == CW_OK)
		status = main_cf_path(host, path);
	if (status == CW_OK)
		status = text_add(host, &before, "", 0);
	if (status == CW_OK)
		status = text_add_file(host, &before, path);
	if (status == CW_OK)
		status = text_add(host, &after, before.data, before.length);
	if (status == CW_OK)
		status = change(host, deployment->lineage, &after, value);
	if (status == CW_OK && strcmp(before.data, after.data) != 0)
		status = host->write_file(host, path, after.data, after.length, before.data,
					  before.length);
	text_free(&before);
	text_free(&after);
	return status;
}

static int
set_all(const struct cw_host *host, const char *lineage, struct text *file, const char *value)
{
	int status = CW_OK;

	for (size_t i = 0; status == CW_OK && i < SETTINGS; i++)
		status = set_one(host, lineage, file, &settings[i],
				 settings[i].value != NULL ? settings[i].value : value);
	return status;
}

static int
postfix_deploy(void *self, const struct cw_deployment *deployment)
{
	return edit(((struct postfix *)self)->host, deployment, set_all);
}

/* main.cf names files that have changed: the reload is all that is needed. */
static int
postfix_renewed(void *self, const struct cw_deployment *deployment)
{
	(void)self;
	(void)deployment;
	return CW_OK;
}

/* Whether the first file of a list in main.cf is there. An empty list has none to miss. */
static int
is_there(const char *files)
{
	char *path = strndup(files, strcspn(files, ", \t\n"));
	int found = path == NULL || path[0] != '/' || access(path, F_OK) == 0;

	free(path);
	return found;
}

static int
restore_one(const struct cw_host *host, const char *lineage, struct text *file, const char *name)
{
	char *before = NULL;
	size_t length = 0;
	int status = cw_host_state_get(host, lineage, name, &before, &length);

	if (status == CW_OK && length > 0 && !is_there(before + 1)) {
		cw_host_log(host, CW_LOG_WARNING,
			    "Postfix has no certificate now: \"%s\" had \"%s\", which is gone",
			    name, before + 1);
		length = 0;
	}
	if (status == CW_OK)
		status = main_cf_set(host, file, name, length > 0 ? before + 1 : NULL);
	cw_host_release(host, before);
	return status == CW_E_NOT_FOUND ? CW_OK : status;
}

static int
restore_all(const struct cw_host *host, const char *lineage, struct text *file, const char *value)
{
	char *now = main_cf_get(file->data, settings[0].name);
	int is_ours = now != NULL && strcmp(now, value) == 0, status = CW_OK;

	free(now);
	for (size_t i = 0; is_ours && status == CW_OK && i < SETTINGS; i++)
		status = restore_one(host, lineage, file, settings[i].name);
	return status;
}

static int
postfix_undeploy(void *self, const struct cw_deployment *deployment)
{
	return edit(((struct postfix *)self)->host, deployment, restore_all);
}

static int
postfix_save(void *self, const char *title)
{
	const struct cw_host *host = ((struct postfix *)self)->host;

	return host->checkpoint_commit(host, title);
}

static int
call_postfix(void *self, const char *verb, const char *hint)
{
	const struct cw_host *host = ((struct postfix *)self)->host;
	const char *const argv[] = {"postfix", "-c", cw_host_option(host, "config-dir"), verb,
				    NULL};

	return command_run(host, argv, hint);
}

static int
postfix_config_test(void *self)
{
	return call_postfix(self, "check", "Postfix's log says what to correct");
}

static int
postfix_reload(void *self)
{
	return call_postfix(self, "reload", "see whether Postfix runs, and what its log says");
}

static const struct cw_plugin_option config_dir_option = {
	.size = sizeof(config_dir_option),
	.name = "config-dir",
	.kind = CW_OPTION_PATH,
	.default_value = "/etc/postfix",
	.help = "The folder of main.cf.",
};

static const struct cw_plugin_option *const options[] = {&config_dir_option, NULL};

static const struct cw_installer installer = {
	.size = sizeof(installer),
	.save = postfix_save,
	.config_test = postfix_config_test,
	.reload = postfix_reload,
	.check = postfix_check,
	.deploy_lineage = postfix_deploy,
	.renewed = postfix_renewed,
	.undeploy = postfix_undeploy,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "postfix",
	.version = "1.0",
	.description = "The mail server Postfix",
	.help = "Has Postfix show a certificate to clients that use STARTTLS.",
	.options = options,
	.open = postfix_open,
	.prepare = postfix_prepare,
	.close = free,
	.exclusive_directory = postfix_directory,
	.installer = &installer,
};

CW_EXPORT const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
