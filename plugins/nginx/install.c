/* Reads, saves and tests the configuration, and reloads nginx. */
#include <string.h>
#include "plugin.h"
#include "reload.h"
#include "tls.h"

int
register_reload(struct nginx *nginx, unsigned *id)
{
	const char *const argv[] = {nginx->program.ctl, "-c", nginx->program.configuration, "-s",
				    "reload",           NULL};

	return *id == 0 ? nginx->host->undo_command(nginx->host, argv, id) : CW_OK;
}

void
reload_done(struct nginx *nginx, unsigned *id)
{
	if (*id != 0)
		nginx->host->undo_done(nginx->host, *id);
	*id = 0;
}

int
install_load(struct nginx *nginx)
{
	int status;

	if (nginx->loaded)
		return CW_OK;
	model_clear(&nginx->model);
	status = model_read(&nginx->model, nginx->host, nginx->root);
	nginx->loaded = status == CW_OK;
	return status;
}

int
install_reread(void *self)
{
	struct nginx *nginx = self;

	model_clear(&nginx->model);
	map_clear(&nginx->turned);
	nginx->loaded = nginx->tested = false;
	return CW_OK;
}

int
install_names(void *self, cw_name_sink sink, void *context)
{
	struct nginx *nginx = self;
	struct map seen = {0};
	int status = install_load(nginx);

	for (size_t i = 0; i < nginx->model.server_count && status == CW_OK; i++) {
		const struct server *server = nginx->model.servers[i];

		for (size_t j = 0; j < server->name_count && status == CW_OK; j++) {
			const char *host = name_host(&server->names[j]);

			if (host == NULL || map_get(&seen, host) != NULL)
				continue;
			map_set(&seen, host, nginx);
			status = sink(context, host);
		}
	}
	map_clear(&seen);
	return status;
}

/* Reverts what was written, and drops what was only planned. */
static int
revert(struct nginx *nginx, int failure)
{
	int status = nginx->host->checkpoint_revert(nginx->host);

	install_reread(nginx);
	if (status == CW_OK)
		reload_done(nginx, &nginx->owed);
	return status == CW_OK ? failure : status;
}

/* Repeats nginx's message, as the revert has replaced the error. */
static int
refuse(struct nginx *nginx, int failure)
{
	autofree char *why = nginx->program.refusal;
	int status = revert(nginx, failure);

	nginx->program.refusal = NULL;
	if (status != failure || why == NULL)
		return status;
	return cw_host_fail(nginx->host, failure,
			    "the files are restored; check them with \"nginx -t\"",
			    "nginx rejects its configuration with the changes: %s", why);
}

int
install_save(void *self, const char *title)
{
	struct nginx *nginx = self;
	int status;

	if (!nginx->loaded || !files_changed(&nginx->model.files))
		return CW_OK;
	status = program_identify(&nginx->program);
	if (status == CW_OK)
		status = tls_check_shared(nginx);
	if (status != CW_OK)
		return status;
	status = register_reload(nginx, &nginx->owed);
	if (status == CW_OK)
		status = files_write(&nginx->model.files);
	if (status != CW_OK)
		return revert(nginx, status);
	status = program_test(&nginx->program, "nginx rejects its configuration");
	if (status != CW_OK)
		return refuse(nginx, status);
	status = nginx->host->checkpoint_commit(nginx->host, title);
	nginx->tested = status == CW_OK;
	return status;
}

int
install_config_test(void *self)
{
	struct nginx *nginx = self;
	int status;

	if (nginx->tested)
		return CW_OK;
	status = program_identify(&nginx->program);
	if (status == CW_OK)
		status = program_test(&nginx->program, "nginx rejects its configuration");
	nginx->tested = status == CW_OK;
	return status;
}

int
install_reload(void *self)
{
	struct nginx *nginx = self;
	int status = install_load(nginx);

	if (status == CW_OK)
		status = install_config_test(nginx);
	/* Files and keys may change before the next run. */
	nginx->tested = false;
	if (status == CW_OK)
		status = register_reload(nginx, &nginx->owed);
	if (status == CW_OK)
		status = reload_nginx(&nginx->program, &nginx->model, nginx->sleep_seconds, NULL);
	reload_done(nginx, &nginx->owed);
	return status;
}
