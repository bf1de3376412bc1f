/*
 * haproxy: proves control of names through a running HAProxy, and gives it certificates. Both go
 * over its runtime socket, so that neither needs a reload. certwright-haproxy(8) has the lines of
 * haproxy.cfg that this needs.
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include "challenges.h"
#include "combined.h"
#include "command.h"
#include "crt_list.h"
#include "runtime.h"
#include "socket.h"

enum { PATH_BYTES = 4096 };

struct changed {
	struct changed *next;
	char path[];
};

struct haproxy {
	const struct cw_host *host;
	struct challenges challenges;
	/* The files that this instance has written or removed: what HAProxy must be told of, also
	 * when they have been restored since. */
	struct changed *changed;
	/* Whether it was called for any lineage. If not, HAProxy must read all of its files. */
	int called;
};

static int
haproxy_open(const struct cw_host *host, void **self)
{
	struct haproxy *haproxy = calloc(1, sizeof(*haproxy));

	if (haproxy == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	haproxy->host = haproxy->challenges.host = host;
	*self = haproxy;
	return CW_OK;
}

static void
haproxy_close(void *self)
{
	struct haproxy *haproxy = self;

	while (haproxy->changed != NULL) {
		struct changed *next = haproxy->changed->next;

		free(haproxy->changed);
		haproxy->changed = next;
	}
	free(haproxy);
}

static int
haproxy_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	return challenges_perform(&((struct haproxy *)self)->challenges, challenges, count);
}

static int
haproxy_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	return challenges_cleanup(&((struct haproxy *)self)->challenges, challenges, count);
}

static int
haproxy_undo(void *self, const char *data)
{
	return challenges_undo(&((struct haproxy *)self)->challenges, data);
}

/* The file for a lineage in the folder of --haproxy-certificates, spelled as HAProxy does. */
static int
certificate_path(const struct cw_host *host, const char *lineage, char *path)
{
	const char *folder = cw_host_option(host, "certificates");
	int length;

	if (folder == NULL)
		return cw_host_fail(host, CW_E_USAGE, "give --haproxy-certificates PATH",
				    "the folder of HAProxy's certificates is not set");
	length = (int)strlen(folder);
	while (length > 1 && folder[length - 1] == '/')
		length--;
	if (snprintf(path, PATH_BYTES, "%.*s/%s.pem", length, folder, lineage) >= PATH_BYTES)
		return cw_host_fail(host, CW_E_INVALID, NULL, "the path \"%s\" is too long",
				    folder);
	return socket_check_word(host, path);
}

static int
haproxy_check(void *self, const struct cw_deployment *deployment)
{
	const struct haproxy *haproxy = self;
	char path[PATH_BYTES];

	return certificate_path(haproxy->host,
				deployment->lineage != NULL ? deployment->lineage : "", path);
}

static int
note_change(struct haproxy *haproxy, const char *path)
{
	struct changed *changed = haproxy->changed;

	while (changed != NULL && strcmp(changed->path, path) != 0)
		changed = changed->next;
	if (changed != NULL)
		return CW_OK;
	changed = malloc(sizeof(*changed) + strlen(path) + 1);
	if (changed == NULL)
		return cw_host_fail(haproxy->host, CW_E_NOMEM, NULL, "out of memory");
	strcpy(changed->path, path);
	changed->next = haproxy->changed;
	haproxy->changed = changed;
	return CW_OK;
}

static int
set_listed(const struct cw_host *host, const char *path, int wanted)
{
	const char *list = cw_host_option(host, "crt-list");

	return list != NULL ? crt_list_set(host, list, path, wanted) : CW_OK;
}

/* Says that PATH, a file of a lineage, is no longer wanted. */
static int
drop(struct haproxy *haproxy, const char *path)
{
	int status = note_change(haproxy, path);

	return status == CW_OK ? set_listed(haproxy->host, path, 0) : status;
}

static int
haproxy_deploy(void *self, const struct cw_deployment *deployment)
{
	struct haproxy *haproxy = self;
	const struct cw_host *host = haproxy->host;
	const char *lineage = deployment->lineage != NULL ? deployment->lineage : "";
	char path[PATH_BYTES], *before = NULL;
	int status = certificate_path(host, lineage, path);

	haproxy->called = 1;
	if (status == CW_OK)
		status = combined_find(host, lineage, &before);
	if (status == CW_OK && before != NULL && strcmp(before, path) != 0)
		status = drop(haproxy, before);
	cw_host_release(host, before);
	if (status == CW_OK)
		status = note_change(haproxy, path);
	if (status == CW_OK)
		status = combined_write(host, deployment, path, NULL, NULL);
	if (status == CW_OK)
		status = set_listed(host, path, 1);
	return status;
}

static int
haproxy_renewed(void *self, const struct cw_deployment *deployment)
{
	struct haproxy *haproxy = self;

	haproxy->called = 1;
	return deployment->hosts_count > 0 ? haproxy_deploy(self, deployment) : CW_OK;
}

static int
haproxy_undeploy(void *self, const struct cw_deployment *deployment)
{
	struct haproxy *haproxy = self;
	char *path = NULL;
	int status = combined_find(haproxy->host, deployment->lineage, &path);

	haproxy->called = 1;
	if (status == CW_OK && path != NULL)
		status = drop(haproxy, path);
	if (status == CW_OK)
		status = combined_remove(haproxy->host, deployment->lineage);
	cw_host_release(haproxy->host, path);
	return status;
}

static int
haproxy_save(void *self, const char *title)
{
	const struct cw_host *host = ((struct haproxy *)self)->host;

	return host->checkpoint_commit(host, title);
}

static int
haproxy_config_test(void *self)
{
	const struct cw_host *host = ((struct haproxy *)self)->host;
	const char *const argv[] = {cw_host_option(host, "ctl"), "-c", "-f",
				    cw_host_option(host, "config"), NULL};

	return command_run(host, argv, "correct the configuration of HAProxy");
}

/* Tells the running HAProxy of each changed file. */
static int
update(struct haproxy *haproxy)
{
	const struct cw_host *host = haproxy->host;
	const char *list = cw_host_option(host, "crt-list");
	char folder[PATH_BYTES];
	int status = CW_OK;

	for (struct changed *one = haproxy->changed; status == CW_OK && one != NULL;
	     one = one->next) {
		/* A file that was moved is in another folder than the option's. */
		snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(one->path, '/') - one->path),
			 one->path);
		status = runtime_take(host, list != NULL ? list : folder, one->path);
	}
	return status;
}

static int
haproxy_reload(void *self)
{
	struct haproxy *haproxy = self;
	const struct cw_host *host = haproxy->host;
	const char *command = cw_host_option(host, "reload-command");
	int status = CW_OK;

	if (haproxy->called)
		status = update(haproxy);
	if (command != NULL && (!haproxy->called || status != CW_OK)) {
		if (status != CW_OK)
			cw_host_log(host, CW_LOG_INFO,
				    "HAProxy does not take the certificate over its socket: it is "
				    "reloaded");
		status = command_shell(host, command, "see whether HAProxy runs");
	}
	return status;
}

static const struct cw_plugin_option certificates_option = {
	.size = sizeof(certificates_option),
	.name = "certificates",
	.kind = CW_OPTION_PATH,
	.help = "The folder for the certificates. A line \"bind\" of haproxy.cfg has it after "
		"\"crt\", "
		"or --haproxy-crt-list names a file that is there after \"crt-list\". An installer "
		"needs it.",
};

static const struct cw_plugin_option crt_list_option = {
	.size = sizeof(crt_list_option),
	.name = "crt-list",
	.kind = CW_OPTION_PATH,
	.help = "The crt-list that the certificates are added to. The default is none.",
};

static const struct cw_plugin_option socket_option = {
	.size = sizeof(socket_option),
	.name = "socket",
	.kind = CW_OPTION_PATH,
	.default_value = "/run/haproxy/admin.sock",
	.help = "The runtime socket of HAProxy, with \"level admin\".",
};

static const struct cw_plugin_option map_option = {
	.size = sizeof(map_option),
	.name = "map",
	.kind = CW_OPTION_PATH,
	.default_value = "/etc/haproxy/acme.map",
	.help = "The map file from which HAProxy answers challenges.",
};

static const struct cw_plugin_option config_option = {
	.size = sizeof(config_option),
	.name = "config",
	.kind = CW_OPTION_PATH,
	.default_value = "/etc/haproxy/haproxy.cfg",
	.help = "HAProxy's configuration. It is tested before a certificate is used.",
};

static const struct cw_plugin_option ctl_option = {
	.size = sizeof(ctl_option),
	.name = "ctl",
	.kind = CW_OPTION_STRING,
	.default_value = "haproxy",
	.metavar = "PROGRAM",
	.help = "The program haproxy, which tests the configuration.",
};

static const struct cw_plugin_option reload_option = {
	.size = sizeof(reload_option),
	.name = "reload-command",
	.kind = CW_OPTION_STRING,
	.metavar = "COMMAND",
	.help = "A shell command that reloads HAProxy, such as \"systemctl reload haproxy\". It "
		"runs if "
		"HAProxy does not take a certificate over its socket, and after a rollback. The "
		"default is none: that is an error then.",
};

static const struct cw_plugin_option *const options[] = {
	&certificates_option, &crt_list_option, &socket_option, &map_option,
	&config_option,       &ctl_option,      &reload_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = challenges_types,
	.perform = haproxy_perform,
	.cleanup = haproxy_cleanup,
};

static const struct cw_installer installer = {
	.size = sizeof(installer),
	.save = haproxy_save,
	.config_test = haproxy_config_test,
	.reload = haproxy_reload,
	.check = haproxy_check,
	.deploy_lineage = haproxy_deploy,
	.renewed = haproxy_renewed,
	.undeploy = haproxy_undeploy,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "haproxy",
	.version = "1.0",
	.description = "HAProxy, over its runtime socket",
	.help = "Has a running HAProxy answer challenges and use certificates, without a reload.",
	.options = options,
	.open = haproxy_open,
	.close = haproxy_close,
	.authenticator = &authenticator,
	.installer = &installer,
	.undo = haproxy_undo,
};

CW_EXPORT const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
