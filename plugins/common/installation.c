#include "installation.h"
#include <ctype.h>
#include <string.h>
#include "certificate.h"

int
install_load(void *self)
{
	struct web_plugin *web = self;
	int status;

	if (web->loaded)
		return CW_OK;
	web_server.forget(self);
	status = web_server.read(self);
	web->loaded = status == CW_OK;
	return status;
}

static int
deploy(void *self, const struct cw_deployment *deployment, bool check)
{
	autofree char *name = memory_copy(deployment->name, strlen(deployment->name));
	struct certificate certificate = {0};
	struct deploying deploying = {.deployment = deployment, .name = name, .check = check};
	int status;

	for (char *byte = name; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	if (CW_HAS(deployment, struct cw_deployment, names_count) && deployment->names_count > 0) {
		deploying.names = deployment->names;
		deploying.name_count = deployment->names_count;
	} else if (certificate_read(deployment->fullchain_path != NULL ? deployment->fullchain_path
								       : deployment->cert_path,
				    &certificate)) {
		deploying.names = (const char *const *)certificate.names;
		deploying.name_count = certificate.name_count;
	}
	status = web_server.deploy(self, &deploying);
	certificate_clear(&certificate);
	return status;
}

int
install_deploy(void *self, const struct cw_deployment *deployment)
{
	return deploy(self, deployment, false);
}

int
install_check(void *self, const struct cw_deployment *deployment)
{
	return deploy(self, deployment, true);
}

int
install_reread(void *self)
{
	struct web_plugin *web = self;

	web_server.forget(self);
	web->loaded = web->tested = web->touched = false;
	return CW_OK;
}

/* Reverts what was written, and drops what was only planned. */
static int
revert(struct web_plugin *web, int failure)
{
	int status = web->host->checkpoint_revert(web->host);

	install_reread(web);
	if (status != CW_OK)
		return status;
	reload_done(web, &web->owed);
	return failure;
}

/* Tests what was written, or reverts it. */
static int
test_written(struct web_plugin *web)
{
	autofree char *refusal = NULL;
	autofree char *hint = NULL;
	int failure = test_server(web, "", &refusal);
	int status;

	if (failure == CW_OK)
		return CW_OK;
	status = revert(web, failure);
	if (status != failure || refusal == NULL)
		return status;
	/* The revert has replaced the error. */
	hint = memory_format("the files are restored; check them with \"%s\"",
			     web_server.test_command);
	return cw_host_fail(web->host, failure, hint,
			    "%s rejects its configuration with the changes: %s", dialect.server,
			    refusal);
}

int
install_save(void *self, const char *title)
{
	struct web_plugin *web = self;
	int status;

	if (!web->loaded || (!web->touched && !files_changed(web->files)))
		return CW_OK;
	status = web_server.may_write != NULL ? web_server.may_write(self) : CW_OK;
	if (status != CW_OK)
		return status;
	status = register_reload(web, &web->owed);
	if (status == CW_OK)
		status = files_write(web->files);
	if (status != CW_OK)
		return revert(web, status);
	status = test_written(web);
	if (status != CW_OK)
		return status;
	status = web->host->checkpoint_commit(web->host, title);
	web->touched = false;
	web->tested = status == CW_OK;
	return status;
}

int
install_config_test(void *self)
{
	struct web_plugin *web = self;
	autofree char *refusal = NULL;
	int status;

	if (web->tested)
		return CW_OK;
	status = test_server(web, "", &refusal);
	web->tested = status == CW_OK;
	return status;
}

int
install_reload(void *self)
{
	struct web_plugin *web = self;
	int status = install_load(self);

	if (status == CW_OK)
		status = install_config_test(self);
	/* Files and keys may change before the next run. */
	web->tested = false;
	if (status == CW_OK)
		status = register_reload(web, &web->owed);
	if (status == CW_OK)
		status = web_server.reload(self);
	/* This process lives, and tells of a failure. */
	reload_done(web, &web->owed);
	return status;
}

int
install_renewed(void *self, const struct cw_deployment *deployment)
{
	(void)self;
	(void)deployment;
	return CW_OK;
}
