/* The services that touch files: credentials, checkpoints, what is undone after a crash. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/permissions.h"
#include "base/text.h"
#include "plugin/instance_internal.h"
#include "plugin/services_remote.h"
#include "plugin/wire.h"

enum { CREDENTIALS_MAX = 1024 * 1024, FILE_MAX = 1024 * 1024, SECRET_MIN = 4, LINE_MIN = 16 };

/* Reads the file that the check was made of, not one that took its place since. */
static int
read_checked(const char *path, bool strict, struct cw_buf *buf, struct cw_error *error)
{
	cw_autoclose int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	ssize_t got;

	if (descriptor < 0 || fstat(descriptor, &status) != 0) {
		int number = errno;

		cw_fail_errno(error, number, "cannot read the credentials file \"%s\"", path);
		cw_hint(error, "check the path and its permissions");
		return cw_status_of_errno(number);
	}
	if (!S_ISREG(status.st_mode))
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not a regular file", path);
	if (status.st_mode & (S_IWGRP | S_IWOTH | (strict ? S_IROTH : 0))) {
		cw_fail(error, CW_E_PERMISSION, "other users can %s the credentials file \"%s\"",
			status.st_mode & (S_IWGRP | S_IWOTH) ? "write to" : "read", path);
		cw_hint(error, "run \"chmod 600 '%s'\"", path);
		return CW_E_PERMISSION;
	}
	if (cw_permissions_check("the credentials file", path, error) < 0)
		return CW_E_PERMISSION;
	cw_permissions_warn_readable("the credentials file", path, status.st_mode);
	do {
		got = read(descriptor, cw_buf_reserve(buf, 4096), 4096);
		if (got > 0)
			cw_buf_grown(buf, (size_t)got);
	} while ((got > 0 && buf->length <= CREDENTIALS_MAX) || (got < 0 && errno == EINTR));
	if (got < 0)
		return cw_fail_errno(error, errno, "cannot read the credentials file \"%s\"", path);
	if (buf->length > CREDENTIALS_MAX || memchr(buf->data, '\0', buf->length) != NULL)
		return cw_fail(error, CW_E_INVALID,
			       "the credentials file \"%s\" is longer than 1 MiB, or is not text",
			       path);
	return CW_OK;
}

/* A text of several lines, such as a key, may be logged line by line. */
static void
keep_lines(const struct cw_host *host, const char *text)
{
	cw_autosecret char *copy = cw_strdup(text);
	char *rest = copy, *line;

	if (strlen(text) >= SECRET_MIN)
		cw_service_secret(host, text);
	while (strchr(text, '\n') != NULL && (line = strsep(&rest, "\n")) != NULL)
		if (strlen(line) >= LINE_MIN && !cw_starts_with(line, "-----"))
			cw_service_secret(host, line);
}

/* Every string of a JSON file. */
static void
keep_strings(const struct cw_host *host, struct json_object *value)
{
	if (json_object_is_type(value, json_type_string))
		keep_lines(host, json_object_get_string(value));
	for (size_t i = 0;
	     json_object_is_type(value, json_type_array) && i < json_object_array_length(value);
	     i++)
		keep_strings(host, json_object_array_get_idx(value, i));
	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member)
		{
			(void)key;
			keep_strings(host, member);
		}
	}
}

static bool
keep_json(const struct cw_host *host, const char *text)
{
	cw_auto_secret_json struct json_object *value = NULL;

	if (text[strspn(text, " \t\r\n")] != '{' ||
	    cw_json_parse_secret(text, strlen(text), "the credentials", &value, NULL) != CW_OK)
		return false;
	keep_strings(host, value);
	return true;
}

/* Every value after a '=' of a line, also without the quotes around it. */
static void
keep_secrets(const struct cw_host *host, const char *text)
{
	cw_autosecret char *copy = cw_strdup(text);
	char *rest = copy, *line;

	if (keep_json(host, text))
		return;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *value = strchr(line, '=');
		size_t length;

		if (value == NULL || *cw_trim(line) == '#' || *cw_trim(line) == ';')
			continue;
		value = cw_trim(value + 1);
		length = strlen(value);
		if (length >= SECRET_MIN)
			cw_service_secret(host, value);
		if (length >= SECRET_MIN + 2 && (value[0] == '"' || value[0] == '\'') &&
		    value[length - 1] == value[0]) {
			value[length - 1] = '\0';
			cw_service_secret(host, value + 1);
		}
	}
}

int
cw_credentials_read(const char *path, bool strict, char **text, struct cw_error *error)
{
	struct cw_buf buf = {0};
	int status = read_checked(path, strict, &buf, error);

	*text = NULL;
	if (status == CW_OK)
		*text = cw_buf_take(&buf);
	else
		cw_buf_wipe(&buf);
	return status;
}

static int
read_credentials(const struct cw_host *host, const char *path, bool strict, char **text)
{
	if (cw_host_instance(host)->services->restricted)
		return cw_remote_credentials(host, path, strict, text);
	return cw_credentials_read(path, strict, text, cw_host_error(host));
}

int
cw_service_read_credentials(const struct cw_host *host, const char *path, char **text)
{
	int status = cw_host_begin(host, "read_credentials");

	*text = NULL;
	if (status == CW_OK)
		status = read_credentials(host, path, false, text);
	if (status == CW_OK)
		keep_secrets(host, *text);
	return status;
}

int
cw_service_read_private(const struct cw_host *host, const char *path, char **text)
{
	int status = cw_host_begin(host, "read_private");

	*text = NULL;
	return status == CW_OK ? read_credentials(host, path, true, text) : status;
}

int
cw_service_read_below(const struct cw_host *host, const char *folder, const char *path,
		      size_t limit, char **data, size_t *length)
{
	cw_auto_buf struct cw_buf buf = {0};
	int status = cw_host_may(host, "read_below");

	*data = NULL;
	*length = 0;
	if (status == CW_OK)
		status = cw_file_read_below(folder, path, limit == 0 ? FILE_MAX : limit, &buf,
					    cw_host_error(host));
	if (status != CW_OK)
		return status;
	*length = buf.length;
	*data = cw_buf_take(&buf);
	return CW_OK;
}

/* Edits for challenges are temporary, those of an installer stay; all state is on disk, so that
 * going from one to the other is opening again. */
struct cw_checkpoints *
cw_host_checkpoints(const struct cw_host *host)
{
	struct cw_instance *instance = cw_host_instance(host);
	const struct cw_directories *directories = instance->services->directories;

	if (instance->checkpoints != NULL &&
	    instance->checkpoints_temporary != instance->for_challenges) {
		cw_checkpoints_close(instance->checkpoints);
		instance->checkpoints = NULL;
	}
	if (instance->checkpoints == NULL) {
		instance->checkpoints_temporary = instance->for_challenges;
		instance->checkpoints = cw_checkpoints_open(directories->work, directories->config,
							    instance->for_challenges);
	}
	return instance->checkpoints;
}

static bool
absolute(const char *path)
{
	return path != NULL && path[0] == '/';
}

static const char relative_path[] = "the path is not absolute";

int
cw_service_write_file(const struct cw_host *host, const char *path, const char *data, size_t length,
		      const char *expected, size_t expected_length)
{
	int status = cw_host_may(host, "write_file");

	if (status != CW_OK)
		return status;
	if (!absolute(path))
		return cw_host_misused(host, "write_file", relative_path);
	return cw_checkpoints_write(cw_host_checkpoints(host), path, data, length, expected,
				    expected_length, cw_host_error(host));
}

int
cw_service_remove_file(const struct cw_host *host, const char *path)
{
	int status = cw_host_may(host, "remove_file");

	if (status != CW_OK)
		return status;
	if (!absolute(path))
		return cw_host_misused(host, "remove_file", relative_path);
	return cw_checkpoints_remove(cw_host_checkpoints(host), path, cw_host_error(host));
}

int
cw_service_checkpoint_command(const struct cw_host *host, const char *const *argv)
{
	int status = cw_host_may(host, "checkpoint_command");

	if (status != CW_OK)
		return status;
	if (argv == NULL || argv[0] == NULL)
		return cw_host_misused(host, "checkpoint_command", "there is no program");
	return cw_checkpoints_command(cw_host_checkpoints(host), argv, cw_host_error(host));
}

/* {"installer", "options"}: what a later rollback needs to have the same server reload. */
static void
name_maker(struct cw_checkpoints *checkpoints, const struct cw_instance *instance)
{
	cw_auto_json struct json_object *maker = cw_json_new_object();
	struct json_object *options = cw_json_new_object();
	struct cw_option *const *option = instance->module->options;

	for (; option != NULL && *option != NULL; option++) {
		const char *internal = (*option)->internal;

		if ((*option)->kind != CW_OPTION_LIST && (*option)->kind != CW_OPTION_PATH_LIST &&
		    (*option)->kind != CW_OPTION_MAP && ((*option)->flags & CW_OPT_SECRET) == 0 &&
		    cw_settings_given(instance->settings, internal))
			cw_json_set_string(options, internal,
					   cw_settings_get(instance->settings, internal));
	}
	cw_json_set_string(maker, "installer", instance->module->name);
	cw_json_set(maker, "options", options);
	cw_checkpoints_set_maker(checkpoints, cw_json_text(maker));
}

int
cw_service_checkpoint_commit(const struct cw_host *host, const char *title)
{
	struct cw_checkpoints *made;
	int status = cw_host_may(host, "checkpoint_commit");

	if (status != CW_OK)
		return status;
	made = cw_host_checkpoints(host);
	name_maker(made, cw_host_instance(host));
	cw_checkpoints_set_lineages(made, &cw_host_instance(host)->lineages);
	return cw_checkpoints_commit(made, title, cw_host_error(host));
}

/* What a plugin reverts for has failed: that stays the error of its call. */
int
cw_service_checkpoint_revert(const struct cw_host *host)
{
	cw_auto_error struct cw_error error = {0};
	const struct cw_directories *directories = cw_host_instance(host)->services->directories;
	int status = cw_host_may(host, "checkpoint_revert");

	/* Without a work folder nothing was edited (host_call.c). */
	if (status != CW_OK || (directories != NULL && directories->work == NULL))
		return status;
	status = cw_checkpoints_revert(cw_host_checkpoints(host), &error);
	return status == CW_OK ? CW_OK : cw_error_move(cw_host_error(host), &error);
}

int
cw_service_undo_remove(const struct cw_host *host, const char *path, unsigned *id)
{
	int status = cw_host_may(host, "undo_remove");

	if (status != CW_OK)
		return status;
	if (!absolute(path))
		return cw_host_misused(host, "undo_remove", relative_path);
	return cw_undo_add_path(cw_host_instance(host)->services->undo, path, id,
				cw_host_error(host));
}

int
cw_service_undo_command(const struct cw_host *host, const char *const *argv, unsigned *id)
{
	int status = cw_host_may(host, "undo_command");

	if (status != CW_OK)
		return status;
	if (argv == NULL || argv[0] == NULL)
		return cw_host_misused(host, "undo_command", "there is no program");
	return cw_undo_add_command(cw_host_instance(host)->services->undo, argv, id,
				   cw_host_error(host));
}

/* Whether the plugin can undo DATA, given to SERVICE. */
static int
check_undo(const struct cw_host *host, const char *service, const char *data)
{
	const struct cw_plugin *plugin = cw_host_instance(host)->plugin;

	if (!CW_HAS(plugin, struct cw_plugin, undo) || plugin->undo == NULL)
		return cw_host_misused(host, service, "it has no undo()");
	if (data == NULL || strlen(data) > CW_PLUGIN_UNDO_MAX)
		return cw_host_misused(host, service, "the data is too long, or missing");
	return CW_OK;
}

/* Without the right to write a checkpoint: in the journal that the coordinator keeps. */
static int
register_change(const struct cw_host *host, const char *data)
{
	struct cw_instance *instance = cw_host_instance(host);
	unsigned id = 0;
	int status = cw_remote_undo_plugin(host, data, &id);

	if (status != CW_OK)
		return status;
	instance->undo_ids = cw_realloc(instance->undo_ids, instance->undo_data.count + 1,
					sizeof(*instance->undo_ids));
	instance->undo_ids[instance->undo_data.count] = id;
	cw_strv_add(&instance->undo_data, data);
	return CW_OK;
}

void
cw_host_change_over(struct cw_instance *instance)
{
	for (size_t i = 0; i < instance->undo_data.count; i++)
		cw_remote_undo_done(&instance->host, instance->undo_ids[i]);
	cw_strv_clear(&instance->undo_data);
}

int
cw_service_checkpoint_plugin(const struct cw_host *host, const char *data)
{
	const struct cw_instance *instance = cw_host_instance(host);
	cw_auto_strv struct cw_strv options = {0};
	int status = check_undo(host, "checkpoint_plugin", data);

	if (status == CW_OK)
		status = cw_host_begin(host, "checkpoint_plugin");
	if (status != CW_OK)
		return status;
	if (instance->services->restricted)
		return register_change(host, data);
	cw_module_save_options(instance->module, instance->settings, &options);
	return cw_checkpoints_plugin(cw_host_checkpoints(host), instance->module->name, &options,
				     data, cw_host_error(host));
}

int
cw_service_undo_plugin(const struct cw_host *host, const char *data, unsigned *id)
{
	const struct cw_instance *instance = cw_host_instance(host);
	cw_auto_strv struct cw_strv options = {0};
	int status = check_undo(host, "undo_plugin", data);

	if (status == CW_OK)
		status = cw_host_begin(host, "undo_plugin");
	if (status != CW_OK)
		return status;
	if (instance->services->restricted)
		return cw_remote_undo_plugin(host, data, id);
	cw_module_save_options(instance->module, instance->settings, &options);
	return cw_undo_add_plugin(instance->services->undo, instance->module->name, &options, data,
				  id, cw_host_error(host));
}

int
cw_service_undo_done(const struct cw_host *host, unsigned id)
{
	int status = cw_host_begin(host, "undo_done");

	if (status != CW_OK)
		return status;
	if (cw_host_instance(host)->services->restricted)
		return cw_remote_undo_done(host, id);
	return cw_undo_done(cw_host_instance(host)->services->undo, id, cw_host_error(host));
}
