#include "flow/kit/check.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/kit/check_internal.h"

enum { LOG_MAX = 64 * 1024 * 1024, SECRET_MIN = 8, PRIVATE_MAX = 1024 * 1024 };

/* The module, in a registry of its own if it is given by its path. */
static int
find_module(struct cw_trial *trial, const char *plugin, struct cw_error *error)
{
	cw_autofree char *path = NULL, *name = NULL;

	if (strchr(plugin, '/') == NULL && !cw_ends_with(plugin, ".so"))
		return cw_registry_open(trial->context.registry, plugin, &trial->module, error);
	path = cw_path_absolute(plugin);
	if (!cw_file_exists(path)) {
		cw_fail(error, CW_E_NOT_FOUND, "there is no file \"%s\"", path);
		return CW_E_NOT_FOUND;
	}
	trial->context.registry = cw_registry_of_files((const char *const *)&path, 1);
	name = cw_strdup(cw_path_base(path));
	if (cw_ends_with(name, ".so"))
		name[strlen(name) - strlen(".so")] = '\0';
	return cw_registry_open(trial->context.registry, name, &trial->module, error);
}

static const struct cw_option *
option_by_name(const struct cw_module *module, const char *name)
{
	for (struct cw_option **option = module->options; option != NULL && *option != NULL;
	     option++)
		if (strcmp((*option)->names[0], name) == 0)
			return *option;
	return NULL;
}

/* One option as given. Files and folders that it names are compared later on. */
static int
set_option(struct cw_trial *trial, const struct cw_option *option, const char *value,
	   struct cw_error *error)
{
	cw_autofree char *absolute = NULL;

	if (option->kind == CW_OPTION_PATH || option->kind == CW_OPTION_PATH_LIST) {
		value = absolute = cw_path_absolute(value);
		cw_strv_add_unique(&trial->roots, value);
	}
	if (option->fills_map != NULL) {
		int status = cw_settings_set_map(trial->settings, option->fills_map,
						 CW_SOURCE_COMMAND, CW_CHECK_NAME, value, error);

		if (status < 0)
			return status;
	}
	return cw_settings_set(trial->settings, option->internal, CW_SOURCE_COMMAND, value, error);
}

static int
set_options(struct cw_trial *trial, const struct cw_strv *words, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < words->count && status == CW_OK; i++) {
		const char *word = words->items[i];
		const char *name = cw_starts_with(word, "--") ? word + 2 : word;
		const char *equals = strchr(name, '=');
		cw_autofree char *key =
			cw_memdup(name, equals != NULL ? (size_t)(equals - name) : strlen(name));
		const struct cw_option *option = option_by_name(trial->module, key);

		if (option == NULL || name == word)
			return cw_fail(error, CW_E_USAGE, "the plugin \"%s\" has no option \"%s\"",
				       trial->module->name, word);
		if (option->kind == CW_OPTION_FLAG)
			status = set_option(trial, option, "1", error);
		else if (equals != NULL)
			status = set_option(trial, option, equals + 1, error);
		else if (i + 1 < words->count)
			status = set_option(trial, option, words->items[++i], error);
		else
			status =
				cw_fail(error, CW_E_USAGE, "the option \"%s\" needs a value", word);
	}
	return status;
}

static int
make_folders(struct cw_trial *trial, struct cw_error *error)
{
	const char *named = getenv("TMPDIR");
	cw_autofree char *top = cw_format("%s/certwright-check.XXXXXX",
					  named != NULL && *named == '/' ? named : "/tmp");

	if (mkdtemp(top) == NULL)
		return cw_fail_path(error, errno, "make", top);
	trial->folder = cw_take(&top);
	trial->context.directories = (struct cw_directories){
		.config = cw_format("%s/etc", trial->folder),
		.work = cw_format("%s/var", trial->folder),
		.logs = cw_format("%s/log", trial->folder),
	};
	return cw_directories_make(&trial->context.directories, error);
}

/* Has everything logged to a file of the trial; -1 after a failure. */
static int
begin_log(const struct cw_trial *trial, struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/log/check", trial->folder);
	int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (descriptor < 0)
		cw_fail_path(error, errno, "write", path);
	else
		cw_log_set_file(descriptor);
	return descriptor;
}

/* The first line of LOG with MARK; *FOUND is what stands behind the mark. */
static bool
find_line(const char *log, const char *mark, char **found)
{
	const char *at = strstr(log, mark);

	if (at == NULL)
		return false;
	at += strlen(mark);
	*found = cw_memdup(at, strcspn(at, "\n"));
	return true;
}

static void
check_output(struct cw_check *check, const char *log)
{
	static const char name[] = "output";
	cw_autofree char *printed = NULL;

	if (find_line(log, " printed: ", &printed))
		cw_check_wrong(check, name, "log with cw_host_log()", "the plugin printed \"%s\"",
			       printed);
	else
		cw_check_ok(check, name);
}

/* Not every value of a private file is a secret: servers and users are in messages, too. */
static bool
names_secret(char *key)
{
	static const char *const words[] = {"secret", "password", "token", "key", "credential"};

	cw_lower(key);
	for (size_t i = 0; i < CW_COUNT(words); i++)
		if (strstr(key, words[i]) != NULL)
			return true;
	return false;
}

/* A secret of a private file that the log shows: the value in "key = value", or a whole line. */
static bool
shows_value(const char *log, char *line)
{
	size_t begin = strcspn(line, "=:");
	bool has_key = line[begin] != '\0';
	char *value = has_key ? cw_trim(line + begin + 1) : line;
	size_t length = strlen(value);

	line[begin] = '\0';
	if (has_key && !names_secret(line))
		return false;

	if (length > 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value) {
		value[length - 1] = '\0';
		value++;
	}
	return strlen(value) >= SECRET_MIN && *value != '/' && strstr(log, value) != NULL;
}

static bool
shows_file(const char *path, const char *log)
{
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_strv struct cw_strv lines = {0};
	struct stat about;

	if (stat(path, &about) < 0 || !S_ISREG(about.st_mode) || (about.st_mode & 077) != 0 ||
	    cw_file_read(path, PRIVATE_MAX, &text, NULL) < 0)
		return false;
	cw_strv_split(&lines, cw_buf_text(&text), '\n');
	for (size_t i = 0; i < lines.count; i++)
		if (lines.items[i][0] != '#' && shows_value(log, lines.items[i]))
			return true;
	return false;
}

static void
check_secrets(struct cw_check *check, const char *log)
{
	static const char name[] = "secrets";

	for (size_t i = 0; i < check->trial.roots.count; i++) {
		const char *path = check->trial.roots.items[i];

		if (!shows_file(path, log))
			continue;
		cw_check_wrong(check, name,
			       "give each secret to secret() as soon as it is known, or read it "
			       "with cw_host_credential()",
			       "the log shows a value of the private file \"%s\"", path);
		return;
	}
	cw_check_ok(check, name);
}

static int
read_log(struct cw_check *check, struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/log/check", check->trial.folder);
	cw_auto_buf struct cw_buf log = {0};
	int status = cw_file_read(path, LOG_MAX, &log, error);

	if (status == CW_OK) {
		check_output(check, cw_buf_text(&log));
		check_secrets(check, cw_buf_text(&log));
	}
	return status;
}

static int
run_checks(struct cw_check *check, struct cw_error *error)
{
	const struct cw_plugin_description *about = check->trial.module->about;
	int status = cw_check_options(check, error);

	if (status == CW_OK)
		status = cw_check_leaks(check, error);
	if (status == CW_OK && about->authenticator)
		status = cw_check_authenticator(check, error);
	if (status == CW_OK && about->installer)
		status = cw_check_installer(check, error);
	return status == CW_OK ? read_log(check, error) : status;
}

static int
prepare(struct cw_check *check, const struct cw_plugin_checking *checking, struct cw_error *error)
{
	struct cw_trial *trial = &check->trial;
	int status = find_module(trial, checking->plugin, error);

	if (status == CW_OK)
		status = cw_module_add_options(trial->module, trial->context.options, error);
	if (status < 0)
		return status;
	trial->settings = cw_settings_copy(trial->context.settings);
	status = set_options(trial, checking->options, error);
	if (status == CW_OK)
		status = cw_module_take_environment(trial->module, trial->settings, error);
	if (status == CW_OK)
		status = make_folders(trial, error);
	trial->store = cw_shared_store_new();
	trial->limit = checking->limit;
	return status;
}

static void
end_trial(struct cw_trial *trial, const struct cw_context *context)
{
	cw_trial_end(trial);
	if (trial->folder != NULL)
		cw_tree_remove(trial->folder, NULL);
	free(trial->folder);
	cw_directories_clear(&trial->context.directories);
	cw_shared_store_free(trial->store);
	cw_settings_free(trial->settings);
	cw_strv_clear(&trial->roots);
	cw_trial_plan(trial, CW_TRIAL_FAIL, NULL, 0);
	cw_strv_clear(&trial->points);
	cw_error_clear(&trial->error);
	if (trial->context.registry != context->registry)
		cw_registry_free(trial->context.registry);
}

static struct json_object *
describe(const struct cw_check *check)
{
	struct json_object *checked = cw_json_new_object();

	cw_json_set_string(checked, "name", check->trial.module->name);
	cw_json_set_string(checked, "path", check->trial.module->path);
	cw_json_set(checked, "findings", json_object_get(check->findings));
	return checked;
}

int
cw_plugin_check(struct cw_context *context, const struct cw_plugin_checking *checking,
		struct json_object *result, struct cw_error *error)
{
	struct cw_check check = {.trial = {.context = *context}};
	int descriptor = -1;
	int status;

	check.trial.context.directories = (struct cw_directories){0};
	check.findings = cw_json_new_array();
	status = prepare(&check, checking, error);
	if (status == CW_OK) {
		descriptor = begin_log(&check.trial, error);
		status = descriptor < 0 ? CW_E_IO : run_checks(&check, error);
		cw_log_set_file(-1);
	}
	if (descriptor >= 0)
		close(descriptor);
	if (status == CW_OK) {
		cw_json_set(result, "checked", describe(&check));
		if (check.wrong > 0)
			status = cw_fail(error, CW_E_PLUGIN,
					 "the plugin \"%s\" does not keep the contract: %zu of %zu "
					 "checks found something wrong",
					 check.trial.module->name, check.wrong,
					 json_object_array_length(check.findings));
	}
	json_object_put(check.findings);
	cw_strv_clear(&check.tried);
	end_trial(&check.trial, context);
	return status;
}
