#include "flow/install/makers.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/install/install.h"
#include "store/directories.h"

#define RECORD_MAX 65536 /* bytes */

void
cw_makers_clear(struct cw_makers *makers)
{
	for (size_t i = 0; i < makers->count; i++) {
		free(makers->items[i].installer);
		cw_settings_free(makers->items[i].settings);
	}
	free(makers->items);
	makers->items = NULL;
	makers->count = 0;
}

struct cw_maker *
cw_makers_add(struct cw_makers *makers, const char *installer)
{
	struct cw_maker *maker;

	makers->items = cw_realloc(makers->items, makers->count + 1, sizeof(*maker));
	maker = &makers->items[makers->count++];
	*maker = (struct cw_maker){.installer = cw_strdup(installer),
				   .settings = cw_settings_copy(makers->context->settings)};
	return maker;
}

static int
take_options(struct cw_maker *maker, struct json_object *options, struct cw_error *error)
{
	int status = CW_OK;

	if (options == NULL)
		return CW_OK;
	json_object_object_foreach(options, key, value)
	{
		const char *text = json_object_get_string(value);

		if (status == CW_OK && text != NULL &&
		    cw_option_by_internal(cw_settings_options(maker->settings), key) != NULL)
			status = cw_settings_set(maker->settings, key, CW_SOURCE_RENEWAL, text,
						 error);
	}
	return status;
}

int
cw_makers_add_record(struct cw_makers *makers, const char *record, bool *found,
		     struct cw_error *error)
{
	struct cw_context *context = makers->context;
	cw_auto_json struct json_object *maker = NULL;
	struct cw_module *module = NULL;
	const char *installer;
	int status;

	*found = false;
	if (cw_json_parse(record, strlen(record), "it", &maker, NULL) < 0)
		return CW_OK;
	installer = cw_json_string(maker, "installer");
	if (installer == NULL)
		return CW_OK;
	*found = true;
	status = cw_registry_open(context->registry, installer, &module, error);
	if (status == CW_OK)
		status = cw_module_add_options(module, context->options, error);
	if (status == CW_OK)
		status = take_options(cw_makers_add(makers, installer),
				      cw_json_object(maker, "options"), error);
	if (status < 0)
		cw_context(error,
			   "cannot reload the server of \"%s\", which made a checkpoint; give "
			   "another installer with -i",
			   installer);
	return status;
}

/* The record, as the checkpoint has it. */
static void
describe(const struct cw_maker *maker, struct cw_buf *out)
{
	const struct cw_option_set *set = cw_settings_options(maker->settings);
	cw_autofree char *prefix = cw_replace_char(cw_format("%s_", maker->installer), '-', '_');
	cw_auto_json struct json_object *record = cw_json_new_object();
	struct json_object *options = cw_json_new_object();

	for (size_t i = 0; i < cw_option_set_count(set); i++) {
		const struct cw_option *option = cw_option_set_at(set, i);

		if (cw_starts_with(option->internal, prefix) &&
		    (option->flags & CW_OPT_SECRET) == 0 &&
		    cw_settings_given(maker->settings, option->internal))
			cw_json_set_string(options, option->internal,
					   cw_settings_get(maker->settings, option->internal));
	}
	cw_json_set_string(record, "installer", maker->installer);
	cw_json_set(record, "options", options);
	cw_buf_addf(out, "%s\n", cw_json_text(record));
}

static int
find_record(const struct cw_context *context, bool make, char **path, struct cw_error *error)
{
	cw_autofree char *folder = NULL;
	int status = cw_private_folder(context->directories.work, "rollback", make, &folder, error);

	*path = status == CW_OK ? cw_format("%s/servers", folder) : NULL;
	return status;
}

int
cw_makers_owe(const struct cw_makers *makers, struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *path = NULL;
	cw_auto_buf struct cw_buf text = {0};
	int status = find_record(makers->context, true, &path, error);

	for (size_t i = 0; i < makers->count; i++)
		describe(&makers->items[i], &text);
	return status == CW_OK ? cw_file_write(path, cw_buf_text(&text), text.length, &mode, error)
			       : status;
}

void
cw_makers_settled(const struct cw_context *context)
{
	cw_autofree char *path = NULL;

	if (find_record(context, false, &path, NULL) == CW_OK)
		unlink(path);
}

int
cw_makers_reload(const struct cw_makers *makers, const struct cw_strv *done, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < makers->count; i++) {
		struct cw_context context = *makers->context;
		cw_auto_error struct cw_error failure = {0};

		if (cw_strv_contains(done, makers->items[i].installer))
			continue;
		context.settings = makers->items[i].settings;
		/* One server that does not reload keeps no other one from it. */
		if (cw_reload_server(&context, makers->items[i].installer, &failure) < 0)
			status = cw_error_move(error, &failure);
	}
	return status;
}

void
cw_reload_rolled_back(struct cw_context *context)
{
	const struct cw_strv none = {0};
	struct cw_makers makers = {.context = context};
	cw_autofree char *path = NULL;
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_strv struct cw_strv lines = {0};
	cw_auto_error struct cw_error error = {0};
	int status = CW_OK;
	bool found;

	if (find_record(context, false, &path, NULL) < 0 ||
	    cw_file_read(path, RECORD_MAX, &text, NULL) < 0)
		return;
	cw_strv_split(&lines, cw_buf_text(&text), '\n');
	for (size_t i = 0; i < lines.count && status == CW_OK; i++)
		status = cw_makers_add_record(&makers, lines.items[i], &found, &error);
	if (status == CW_OK)
		status = cw_makers_reload(&makers, &none, &error);
	if (status < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_error("a rollback was interrupted, and its server could not be reloaded: %s",
			     line);
	} else {
		cw_log_info("reloaded the server after a rollback that was interrupted");
	}
	cw_makers_settled(context);
	cw_makers_clear(&makers);
}
