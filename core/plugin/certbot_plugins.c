#include "plugin/certbot_plugins.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/permissions.h"
#include "base/process.h"
#include "base/program_path.h"
#include "base/text.h"
#include "plugin/module_internal.h"
#include "plugin/wire.h"

#define DESCRIBE_SECONDS 120
#define LIST_MAX (1024 * 1024) /* bytes */
#define CACHE_FILE "certbot-plugins.json"

/* The programs that the list depends on. */
struct programs {
	char *python;  /* NULL: there is none */
	char *certbot; /* "": there is none */
	char *helper;
	const char *packages; /* PYTHONPATH, or "" */
};

static void
clear_programs(struct programs *programs)
{
	free(programs->python);
	free(programs->certbot);
	free(programs->helper);
}

/* certbot-dns.py, beside the module or, in a build tree, beside the folder that has it. */
static char *
helper_path(const char *runner)
{
	cw_autofree char *folder = cw_path_folder(runner);
	cw_autofree char *parent = cw_path_folder(folder);
	bool built = strcmp(cw_path_base(folder), ".libs") == 0;

	return cw_format("%s/%s.py", built ? parent : folder, CW_CERTBOT_RUNNER);
}

static char *
cache_folder(void)
{
	const char *given = secure_getenv("CERTWRIGHT_CACHE_DIR");
	const char *base = secure_getenv("XDG_CACHE_HOME");
	const char *home = secure_getenv("HOME");

	if (given != NULL && *given == '/')
		return cw_strdup(given);
	if (geteuid() == 0)
		return cw_strdup("/var/cache/certwright");
	if (base != NULL && *base == '/')
		return cw_format("%s/certwright", base);
	return home != NULL && *home == '/' ? cw_format("%s/.cache/certwright", home) : NULL;
}

static bool
is_unchanged(struct json_object *depend)
{
	const char *path = json_object_get_string(json_object_array_get_idx(depend, 0));
	const char *then = json_object_get_string(json_object_array_get_idx(depend, 1));
	cw_autofree char *now = NULL;
	struct stat status;

	if (path == NULL || then == NULL)
		return false;
	if (stat(path, &status) == 0)
		now = cw_format("%lld", (long long)status.st_mtim.tv_sec * 1000000000 +
						(long long)status.st_mtim.tv_nsec);
	return strcmp(now != NULL ? now : "", then) == 0;
}

static bool
is_current(struct json_object *list, const struct programs *programs)
{
	struct json_object *depends = cw_json_array(list, "depends");

	if (depends == NULL || cw_json_array(list, "plugins") == NULL ||
	    !cw_equal(cw_json_string(list, "python"), programs->python) ||
	    !cw_equal(cw_json_string(list, "certbot"), programs->certbot) ||
	    !cw_equal(cw_json_string(list, "packages"), programs->packages))
		return false;
	for (size_t i = 0; i < json_object_array_length(depends); i++) {
		struct json_object *depend = json_object_array_get_idx(depends, i);

		if (!json_object_is_type(depend, json_type_array) || !is_unchanged(depend))
			return false;
	}
	return true;
}

/* NULL: there is none, or it is out of date. */
static struct json_object *
read_cache(const char *path, const struct programs *programs)
{
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_json struct json_object *list = NULL;
	cw_auto_exposure struct cw_exposure exposure = {0};

	cw_permissions_look(path, &exposure);
	if (exposure.path != NULL || cw_file_read(path, LIST_MAX, &text, NULL) != CW_OK ||
	    cw_json_parse(text.data, text.length, path, &list, NULL) != CW_OK ||
	    !is_current(list, programs))
		return NULL;
	return cw_take(&list);
}

/* A plugin that could not be loaded now, for lack of time or memory, may be loaded later. */
static bool
has_problem(struct json_object *list)
{
	struct json_object *plugins = cw_json_array(list, "plugins");
	size_t count = plugins != NULL ? json_object_array_length(plugins) : 0;

	for (size_t i = 0; i < count; i++)
		if (cw_json_string(json_object_array_get_idx(plugins, i), "error") != NULL)
			return true;
	return false;
}

/* Without it the next run asks Python again. */
static void
write_cache(const char *path, struct json_object *list)
{
	cw_autofree char *folder = cw_path_folder(path);
	const char *text = cw_json_text(list);
	const struct cw_file_mode mode = {
		.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1, .unsynced = true};
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *line = NULL;

	if (cw_folder_make(folder, 0755, &error) == CW_OK &&
	    cw_file_write(path, text, strlen(text), &mode, &error) == CW_OK)
		return;
	line = cw_error_line(&error);
	cw_log_debug("the list of Certbot's plugins is not kept: %s", line);
}

static int
ask_python(struct cw_loop *loop, const struct programs *programs, struct json_object **list,
	   struct cw_error *error)
{
	const char *const argv[] = {
		programs->python, programs->helper, "describe",        programs->certbot,
		programs->helper, programs->python, programs->certbot, NULL};
	struct cw_process process = {
		.argv = argv, .time_limit = DESCRIBE_SECONDS, .output_limit = LIST_MAX};
	struct cw_process *pointer = &process;
	int status = cw_plugin_path_check(programs->helper, NULL, error);

	if (status != CW_OK)
		return status;
	cw_log_debug("asking %s for the plugins of Certbot", programs->python);
	status = cw_process_run(loop, &pointer, 1, 1, error);
	if (status == CW_OK)
		status = cw_process_error(&process, error);
	if (status == CW_OK)
		status = cw_json_parse(process.output.data, process.output.length, programs->helper,
				       list, error);
	cw_process_clear(&process);
	if (status != CW_OK)
		return cw_context(error, "cannot find out which plugins of Certbot are installed");
	cw_json_set_string(*list, "python", programs->python);
	cw_json_set_string(*list, "certbot", programs->certbot);
	cw_json_set_string(*list, "packages", programs->packages);
	return CW_OK;
}

static int
list_all(struct cw_loop *loop, const struct programs *programs, bool keep,
	 struct json_object **list, struct cw_error *error)
{
	cw_autofree char *folder = cache_folder();
	cw_autofree char *path = folder != NULL ? cw_format("%s/%s", folder, CACHE_FILE) : NULL;
	int status;

	*list = path != NULL ? read_cache(path, programs) : NULL;
	if (*list != NULL)
		return CW_OK;
	status = ask_python(loop, programs, list, error);
	if (status == CW_OK && keep && path != NULL && !has_problem(*list))
		write_cache(path, *list);
	return status;
}

int
cw_certbot_plugins_list(struct cw_loop *loop, const char *runner, bool keep,
			struct json_object **plugins, struct cw_error *error)
{
	struct programs programs = {.python = cw_program_find("python3"),
				    .certbot = cw_program_find("certbot"),
				    .helper = helper_path(runner),
				    .packages = getenv("PYTHONPATH")};
	cw_auto_json struct json_object *list = NULL;
	int status = CW_OK;

	if (programs.certbot == NULL)
		programs.certbot = cw_strdup("");
	if (programs.packages == NULL)
		programs.packages = "";
	if (programs.python != NULL)
		status = list_all(loop, &programs, keep, &list, error);
	clear_programs(&programs);
	*plugins = list != NULL ? cw_json_array(list, "plugins") : NULL;
	*plugins = *plugins != NULL ? json_object_get(*plugins) : cw_json_new_array();
	return status;
}

static enum cw_option_kind
kind_of(const char *name)
{
	static const struct {
		const char *name;
		enum cw_option_kind kind;
	} kinds[] = {
		{"flag", CW_OPTION_FLAG},
		{"integer", CW_OPTION_INTEGER},
		{"path", CW_OPTION_PATH},
		{"list", CW_OPTION_LIST},
	};

	for (size_t i = 0; name != NULL && i < CW_COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].kind;
	return CW_OPTION_STRING;
}

static void
copy_texts(struct json_object *array, size_t most, struct cw_strv *texts)
{
	size_t count = array != NULL ? json_object_array_length(array) : 0;

	for (size_t i = 0; i < count && i < most; i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(array, i));

		if (text != NULL)
			cw_strv_add(texts, text);
	}
}

static void
add_option(struct cw_plugin_description *about, struct json_object *object)
{
	cw_auto_strv struct cw_strv choices = {0};
	const char *help = cw_json_string(object, "help");
	const char *name = cw_json_string(object, "name");

	/* Others can still be set in the renewal file of Certbot's, but not here. */
	if (name == NULL || !cw_plugin_name_valid(name))
		return;
	copy_texts(cw_json_array(object, "choices"), CW_PLUGIN_CHOICES_MAX, &choices);
	cw_plugin_description_add(
		about,
		&(struct cw_plugin_option){
			.size = sizeof(struct cw_plugin_option),
			.name = name,
			.kind = kind_of(cw_json_string(object, "kind")),
			.default_value = cw_json_string(object, "default"),
			.metavar = cw_json_string(object, "metavar"),
			.help = help != NULL ? help : "An option of Certbot's plugin.",
			.choices = choices.count > 0 ? (const char *const *)cw_strv_items(&choices)
						     : NULL,
		});
}

static struct cw_plugin_description *
description_of(struct json_object *plugin)
{
	struct cw_plugin_description *about = cw_alloc(sizeof(*about));
	struct json_object *options = cw_json_array(plugin, "options");
	size_t count = options != NULL ? json_object_array_length(options) : 0;
	const char *distribution = cw_json_string(plugin, "distribution");
	const char *version = cw_json_string(plugin, "version");
	const char *description = cw_json_string(plugin, "description");

	about->version = cw_strdup(version != NULL ? version : "0");
	about->description = cw_strdup(description != NULL ? description : "A plugin of Certbot.");
	about->help = cw_format("This is the authenticator of %s, a plugin of Certbot in Python, "
				"which the plugin %s runs. See certwright-%s(8).",
				distribution != NULL ? distribution : "another program",
				CW_CERTBOT_RUNNER, CW_CERTBOT_RUNNER);
	about->abi_major = CW_ABI_MAJOR;
	about->abi_minor = CW_ABI_MINOR;
	about->authenticator = true;
	copy_texts(cw_json_array(plugin, "dns_types"), CW_PLUGIN_TYPES_MAX, &about->dns_types);
	copy_texts(cw_json_array(plugin, "ip_types"), CW_PLUGIN_TYPES_MAX, &about->ip_types);
	for (size_t i = 0; i < count && i < CW_PLUGIN_OPTIONS_MAX; i++)
		add_option(about, json_object_array_get_idx(options, i));
	return about;
}

void
cw_certbot_plugin_describe(struct json_object *plugin, struct cw_module *module)
{
	const char *problem = cw_json_string(plugin, "error");
	const char *distribution = cw_json_string(plugin, "distribution");
	struct cw_plugin_description *about;

	if (problem != NULL) {
		cw_autofree char *shown = cw_json_prose(plugin, "error");

		cw_fail(&module->error, CW_E_PLUGIN, "Certbot's plugin \"%s\" was refused: %s",
			module->name, shown != NULL ? shown : problem);
		cw_hint(&module->error,
			"install \"%s\" anew, in a version that fits the installed Certbot",
			distribution != NULL ? distribution : module->name);
		return;
	}
	about = description_of(plugin);
	if (cw_module_check_options(module, (const struct cw_plugin_option *const *)about->options,
				    &module->error) == CW_OK)
		cw_module_set_description(module, about);
	else
		cw_plugin_description_free(about);
}

char *
cw_certbot_package(const char *name)
{
	return cw_starts_with(name, "dns-") ? cw_format("python3-certbot-%s", name) : NULL;
}
