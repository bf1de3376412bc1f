/* The modules there are, by their file names, and the one that a command asks for. */
#include "plugin/registry.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/plugin_name.h"
#include "base/text.h"
#include "plugin/certbot_plugins.h"
#include "plugin/module_internal.h"
#include "plugin/process_internal.h"
#ifdef CW_PRELOADED
#include <ltdl.h>
#endif

#ifndef CW_PLUGIN_DIR
#define CW_PLUGIN_DIR "/usr/local/lib/certwright/plugins"
#endif

enum { MODULES_MAX = 1024 };

struct cw_registry {
	struct cw_module_entry **entries;
	size_t count;
	bool scanned;
	bool has_certbots;              /* Certbot's plugins were added, or could not be */
	struct cw_strv refused_folders; /* what was said of each */
	struct cw_strv refused_modules; /* the names of the modules in them */
	struct cw_strv refused_reasons; /* for each of these: why, and the hint or "" */
	struct cw_strv refused_hints;
	bool keeps_nothing;   /* in files */
	struct cw_loop *loop; /* for the processes that describe modules; NULL: none yet */
};

struct cw_registry *
cw_registry_new(void)
{
	return cw_alloc(sizeof(struct cw_registry));
}

void
cw_registry_end_processes(struct cw_registry *registry)
{
	for (size_t i = 0; i < registry->count; i++)
		cw_plugin_process_free(cw_take(&registry->entries[i]->process));
}

void
cw_registry_free(struct cw_registry *registry)
{
	if (registry == NULL)
		return;
	cw_registry_end_processes(registry);
	for (size_t i = 0; i < registry->count; i++)
		cw_module_free(registry->entries[i]);
	free(registry->entries);
	cw_strv_clear(&registry->refused_modules);
	cw_strv_clear(&registry->refused_reasons);
	cw_strv_clear(&registry->refused_hints);
	cw_strv_clear(&registry->refused_folders);
	cw_loop_free(registry->loop);
	free(registry);
}

static struct cw_module_entry *
find(struct cw_registry *registry, const char *name)
{
	for (size_t i = 0; i < registry->count; i++)
		if (strcmp(registry->entries[i]->module.name, name) == 0)
			return registry->entries[i];
	return NULL;
}

/* Adds a module unless one of its name is there: the first folder wins. */
static struct cw_module_entry *
add(struct cw_registry *registry, const char *name, const char *path)
{
	struct cw_module_entry *entry;

	if (registry->count == MODULES_MAX || find(registry, name) != NULL)
		return NULL;
	entry = cw_module_new(name, path);
	registry->entries = cw_realloc(registry->entries, registry->count + 1,
				       sizeof(struct cw_module_entry *));
	registry->entries[registry->count++] = entry;
	return entry;
}

static void
add_built_in(struct cw_registry *registry)
{
	struct cw_module_entry *entry = add(registry, "null", "(built in)");

	if (entry != NULL)
		entry->built_in = cw_null_installer;
#ifdef CW_PRELOADED
	/* In libltdl's table an entry without an address begins a module's symbols. */
	for (const lt_dlsymlist *symbol = lt_preloaded_symbols; symbol->name != NULL; symbol++) {
		cw_autofree char *name = cw_strdup(symbol->name);
		char *suffix = strrchr(name, '.');

		if (symbol->address != NULL || suffix == NULL || symbol->name[0] == '@')
			continue;
		*suffix = '\0';
		entry = add(registry, name, "(built in)");
		if (entry != NULL)
			entry->preloaded = cw_strdup(symbol->name);
	}
#endif
}

void
cw_registry_keep_nothing(struct cw_registry *registry)
{
	registry->keeps_nothing = true;
}

void
cw_registry_add_host(struct cw_registry *registry)
{
	struct cw_module_entry *entry = add(registry, CW_HOST_PLUGIN, "(built in)");

	if (entry != NULL)
		entry->built_in = cw_host_plugin;
}

static void
add_refused(struct cw_registry *registry, const char *name, const struct cw_error *error)
{
	const char *hint = cw_error_hint(error);

	if (registry->refused_modules.count == MODULES_MAX ||
	    !cw_strv_add_unique(&registry->refused_modules, name))
		return;
	cw_strv_take(&registry->refused_reasons, cw_error_line(error));
	cw_strv_add(&registry->refused_hints, hint != NULL ? hint : "");
}

static void
say_refused(struct cw_registry *registry, const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);
	const char *hint = cw_error_hint(error);

	cw_strv_addf(&registry->refused_folders, "%s%s%s", line, hint != NULL ? "; " : "",
		     hint != NULL ? hint : "");
	cw_log_warning("%s", registry->refused_folders.items[registry->refused_folders.count - 1]);
}

/* NAME.so files; those that begin with "lib" are libraries, which a build tree has beside its
 * modules. */
static void
add_folder(struct cw_registry *registry, const char *folder)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_auto_error struct cw_error error = {0};
	bool trusted = cw_plugin_path_check(folder, NULL, &error) == CW_OK;

	if (cw_folder_list(folder, true, &names, trusted ? &error : NULL) != CW_OK || !trusted)
		say_refused(registry, &error);
	for (size_t i = 0; i < names.count; i++) {
		const char *file = names.items[i];
		cw_autofree char *name = NULL, *path = NULL;

		if (!cw_ends_with(file, ".so") || file[0] == '.' || cw_starts_with(file, "lib"))
			continue;
		name = cw_memdup(file, strlen(file) - 3);
		path = cw_format("%s/%s", folder, file);
		if (trusted)
			add(registry, name, path);
		else
			add_refused(registry, name, &error);
	}
}

static void
scan_folder(struct cw_registry *registry, const char *folder)
{
	cw_autofree char *absolute = cw_path_absolute(folder);
	cw_autofree char *built = cw_format("%s/.libs", absolute);

	if (!cw_is_folder(absolute)) {
		cw_log_debug("there is no plugin folder \"%s\"", absolute);
		return;
	}
	add_folder(registry, absolute);
	/* Where libtool leaves the modules of a build that is not installed. */
	if (cw_is_folder(built))
		add_folder(registry, built);
}

static int
by_name(const void *a, const void *b)
{
	const struct cw_module_entry *const *left = a, *const *right = b;

	return strcmp((*left)->module.name, (*right)->module.name);
}

static void
scan(struct cw_registry *registry)
{
	const char *path = getenv("CERTWRIGHT_PLUGIN_PATH");
	cw_auto_strv struct cw_strv folders = {0};

	if (registry->scanned)
		return;
	registry->scanned = true;
	add_built_in(registry);
	if (path != NULL && *path != '\0')
		cw_strv_split(&folders, path, ':');
	else
		cw_strv_add(&folders, CW_PLUGIN_DIR);
	for (size_t i = 0; i < folders.count; i++)
		scan_folder(registry, folders.items[i]);
	qsort(registry->entries, registry->count, sizeof(registry->entries[0]), by_name);
}

struct cw_registry *
cw_registry_of_files(const char *const *paths, size_t count)
{
	struct cw_registry *registry = cw_registry_new();

	registry->scanned = true;
	registry->has_certbots = true;
	add_built_in(registry);
	for (size_t i = 0; i < count; i++) {
		const char *base = cw_path_base(paths[i]);
		cw_autofree char *name = cw_memdup(base, strcspn(base, "."));
		struct cw_module_entry *entry = add(registry, name, paths[i]);

		/* As what is linked into the program, it is opened without further questions. */
		if (entry != NULL)
			entry->preloaded = cw_strdup(paths[i]);
	}
	qsort(registry->entries, registry->count, sizeof(registry->entries[0]), by_name);
	return registry;
}

const struct cw_strv *
cw_registry_refused_folders(struct cw_registry *registry)
{
	scan(registry);
	return &registry->refused_folders;
}

size_t
cw_registry_count(struct cw_registry *registry)
{
	scan(registry);
	return registry->count;
}

struct cw_module *
cw_registry_at(struct cw_registry *registry, size_t index)
{
	scan(registry);
	return index < registry->count ? &registry->entries[index]->module : NULL;
}

static struct cw_loop *
loop_of(struct cw_registry *registry)
{
	if (registry->loop == NULL)
		registry->loop = cw_loop_new();
	return registry->loop;
}

/* A plugin of Certbot, which RUNNER will run. */
static void
add_certbots_plugin(struct cw_registry *registry, const struct cw_module_entry *runner,
		    struct json_object *plugin)
{
	const char *name = cw_json_string(plugin, "name");
	struct cw_module_entry *entry;

	if (name == NULL || !cw_plugin_name_valid(name))
		return;
	entry = add(registry, name, runner->module.path);
	if (entry == NULL)
		return;
	entry->preloaded = cw_strdup(runner->preloaded);
	entry->module.certbots = true;
	entry->tried = true;
	cw_certbot_plugin_describe(plugin, &entry->module);
}

bool
cw_registry_add_certbots(struct cw_registry *registry)
{
	const struct cw_module_entry *runner;
	cw_auto_json struct json_object *plugins = NULL;
	cw_auto_error struct cw_error error = {0};
	size_t before;

	scan(registry);
	before = registry->count;
	runner = find(registry, CW_CERTBOT_RUNNER);
	if (registry->has_certbots || runner == NULL)
		return false;
	registry->has_certbots = true;
	if (cw_certbot_plugins_list(loop_of(registry), runner->module.path,
				    !registry->keeps_nothing, &plugins, &error) != CW_OK) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_warning("%s", line);
	}
	for (size_t i = 0; i < json_object_array_length(plugins); i++)
		add_certbots_plugin(registry, runner, json_object_array_get_idx(plugins, i));
	return registry->count > before;
}

/* The module of this name, of ours or of Certbot's; NULL: there is none. */
static struct cw_module_entry *
find_any(struct cw_registry *registry, const char *name)
{
	struct cw_module_entry *entry;

	scan(registry);
	entry = find(registry, name);
	if (entry == NULL && !cw_strv_contains(&registry->refused_modules, name) &&
	    cw_registry_add_certbots(registry))
		entry = find(registry, name);
	return entry;
}

bool
cw_registry_has_file(struct cw_registry *registry, const char *name)
{
	scan(registry);
	return find(registry, cw_plugin_name(name)) != NULL ||
	       cw_strv_contains(&registry->refused_modules, cw_plugin_name(name));
}

bool
cw_registry_has(struct cw_registry *registry, const char *name)
{
	return cw_registry_has_file(registry, name) ||
	       find_any(registry, cw_plugin_name(name)) != NULL;
}

const struct cw_strv *
cw_registry_refused_modules(struct cw_registry *registry)
{
	scan(registry);
	return &registry->refused_modules;
}

static int
in_refused_folder(const struct cw_registry *registry, size_t index, struct cw_error *error)
{
	const char *hint = registry->refused_hints.items[index];

	cw_fail(error, CW_E_PERMISSION, "%s", registry->refused_reasons.items[index]);
	if (*hint != '\0')
		cw_hint(error, "%s", hint);
	cw_context(error, "the plugin \"%s\" was not loaded",
		   registry->refused_modules.items[index]);
	return CW_E_PERMISSION;
}

static int
not_found(struct cw_registry *registry, const char *name, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *list = NULL;
	cw_autofree char *package = NULL;
	const char *nearest;

	for (size_t i = 0; i < registry->refused_modules.count; i++)
		if (strcmp(registry->refused_modules.items[i], name) == 0)
			return in_refused_folder(registry, i, error);
	for (size_t i = 0; i < registry->count; i++)
		cw_strv_add(&names, registry->entries[i]->module.name);
	list = cw_strv_join(&names, ", ");
	nearest = cw_nearest(name, (const char *const *)cw_strv_items(&names));
	package = cw_certbot_package(name);
	cw_fail(error, CW_E_NOT_FOUND, "there is no plugin \"%s\"", name);
	if (cw_plugin_package(name) != NULL)
		cw_hint(error, "install the package %s", cw_plugin_package(name));
	else if (package != NULL)
		cw_hint(error, "install the package %s, or its like, with Certbot's plugin",
			package);
	else if (nearest != NULL)
		cw_hint(error, "did you mean \"%s\"? Installed are: %s", nearest, list);
	else
		cw_hint(error, "installed are: %s", list);
	return CW_E_NOT_FOUND;
}

/* A module while it is described. */
struct opening {
	struct cw_module_entry *entry;
	size_t *pending; /* descriptions that are waited for */
};

/* The process' own words stand for themselves; its end is told with the file that was its end. */
static void
refuse(struct cw_module_entry *entry, const struct cw_error *error)
{
	struct cw_module *module = &entry->module;
	cw_autofree char *line = cw_error_line(error);
	const char *hint = cw_error_hint(error);

	if (entry->process != NULL && cw_plugin_process_is_alive(entry->process))
		cw_error_copy(&module->error, error);
	else
		cw_fail(&module->error,
			error->status == CW_E_CANCELLED ? CW_E_CANCELLED : CW_E_PLUGIN,
			"the plugin \"%s\" was refused: %s", module->path, line);
	if (hint != NULL)
		cw_hint(&module->error, "%s", hint);
	cw_plugin_process_free(cw_take(&entry->process));
}

static void
described(void *context, const struct cw_error *error)
{
	struct opening *opening = context;

	--*opening->pending;
	if (error->status != CW_OK)
		refuse(opening->entry, error);
	else
		cw_log_debug("opened the plugin \"%s\" from \"%s\"", opening->entry->module.name,
			     opening->entry->module.path);
}

/* What is part of the core is described right here. */
static void
describe_here(struct cw_module_entry *entry)
{
	const struct cw_plugin *plugin;

	if (cw_module_load(&entry->module, &plugin, &entry->module.error) == CW_OK)
		cw_module_set_description(&entry->module, cw_plugin_describe(plugin));
}

/* Has the module described, unless that was tried before. */
static void
begin_opening(struct cw_registry *registry, struct opening *opening)
{
	struct cw_module_entry *entry = opening->entry;
	cw_auto_error struct cw_error error = {0};

	if (entry->tried)
		return;
	entry->tried = true;
	if (entry->built_in != NULL) {
		describe_here(entry);
		return;
	}
	if (cw_plugin_process_start(&entry->module, loop_of(registry), &entry->process, &error) !=
	    CW_OK) {
		refuse(entry, &error);
		return;
	}
	++*opening->pending;
	cw_plugin_process_load(entry->process, described, opening);
}

static void
open_entries(struct cw_registry *registry, struct cw_module_entry *const *entries, size_t count)
{
	cw_autofree struct opening *openings = cw_calloc(count + 1, sizeof(*openings));
	cw_auto_error struct cw_error error = {0};
	size_t pending = 0;

	for (size_t i = 0; i < count; i++) {
		openings[i].entry = entries[i];
		openings[i].pending = &pending;
		begin_opening(registry, &openings[i]);
	}
	while (pending > 0 && error.status == CW_OK)
		cw_loop_turn(registry->loop, -1, &error);
	/* After a signal those that are not there yet never will be. */
	for (size_t i = 0; i < count && pending > 0; i++)
		if (entries[i]->module.about == NULL && entries[i]->module.error.status == CW_OK)
			refuse(entries[i], &error);
}

static int
open_entry(struct cw_registry *registry, struct cw_module_entry *entry)
{
	open_entries(registry, &entry, 1);
	return entry->module.about != NULL ? CW_OK : entry->module.error.status;
}

int
cw_registry_open(struct cw_registry *registry, const char *name, struct cw_module **module,
		 struct cw_error *error)
{
	const char *plain = cw_plugin_name(name);
	struct cw_module_entry *entry;
	int status;

	*module = NULL;
	entry = find_any(registry, plain);
	if (entry == NULL)
		return not_found(registry, plain, error);
	status = open_entry(registry, entry);
	if (status != CW_OK) {
		if (error != NULL)
			cw_error_copy(error, &entry->module.error);
		return status;
	}
	*module = &entry->module;
	return CW_OK;
}

void
cw_registry_open_all(struct cw_registry *registry)
{
	scan(registry);
	open_entries(registry, registry->entries, registry->count);
	cw_registry_add_certbots(registry);
}
