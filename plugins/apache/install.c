/* Reads, saves and tests the configuration, and reloads Apache. */
#include <string.h>
#include "plugin.h"
#include "reload.h"

int
install_load(struct apache *apache)
{
	int status;

	if (apache->loaded)
		return CW_OK;
	model_clear(&apache->model);
	status = model_read(&apache->model, &apache->program);
	apache->loaded = status == CW_OK;
	return status;
}

int
install_reread(void *self)
{
	struct apache *apache = self;

	model_clear(&apache->model);
	apache->loaded = apache->tested = apache->touched = false;
	return CW_OK;
}

int
install_names(void *self, cw_name_sink sink, void *context)
{
	struct apache *apache = self;
	struct map seen = {0};
	int status = install_load(apache);

	for (size_t i = 0; i < apache->model.host_count && status == CW_OK; i++) {
		const struct host *host = &apache->model.hosts[i];

		for (size_t j = 0; j < host->name_count && status == CW_OK; j++) {
			const char *name = host->names[j];

			if (strchr(name, '.') == NULL || strpbrk(name, "*?_:[") != NULL ||
			    map_get(&seen, name) != NULL)
				continue;
			map_set(&seen, name, apache);
			status = sink(context, name);
		}
	}
	map_clear(&seen);
	return status;
}

/* Reverts what was written, and drops what was only planned. */
static int
revert(struct apache *apache, int failure)
{
	int status = apache->host->checkpoint_revert(apache->host);

	install_reread(apache);
	if (status == CW_OK)
		reload_done(apache, &apache->owed);
	return status == CW_OK ? failure : status;
}

/* Repeats Apache's message, as the revert has replaced the error. */
static int
refuse(struct apache *apache, int failure)
{
	autofree char *why = apache->program.refusal;
	int status;

	apache->program.refusal = NULL;
	status = revert(apache, failure);
	if (status != failure || why == NULL)
		return status;
	return cw_host_fail(apache->host, failure,
			    "the files are restored; check them with \"apache2ctl configtest\"",
			    "Apache rejects its configuration with the changes: %s", why);
}

int
install_save(void *self, const char *title)
{
	struct apache *apache = self;
	int status;

	if (!apache->loaded || (!apache->touched && !files_changed(&apache->model.config.files)))
		return CW_OK;
	register_reload(apache, &apache->owed);
	status = files_write(&apache->model.config.files);
	if (status != CW_OK)
		return revert(apache, status);
	status = program_test(&apache->program, "Apache rejects its configuration");
	if (status != CW_OK)
		return refuse(apache, status);
	status = apache->host->checkpoint_commit(apache->host, title);
	/* New files are read again by the paths that lead to them. */
	install_reread(apache);
	apache->tested = status == CW_OK;
	return status;
}

int
install_config_test(void *self)
{
	struct apache *apache = self;
	int status;

	if (apache->tested)
		return CW_OK;
	status = program_test(&apache->program, "Apache rejects its configuration");
	apache->tested = status == CW_OK;
	return status;
}

int
install_reload(void *self)
{
	struct apache *apache = self;
	int status = program_identify(&apache->program);

	if (status == CW_OK)
		status = reload_apache(&apache->program);
	if (status == CW_OK)
		reload_done(apache, &apache->owed);
	return status;
}
