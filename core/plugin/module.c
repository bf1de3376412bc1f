/* Loading one module with libltdl, after a look at who could have written it. */
#include <dlfcn.h>
#include <errno.h>
#include <ltdl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/permissions.h"
#include "base/text.h"
#include "plugin/module_internal.h"

static unsigned ltdl_users;

/* Opens and closes libltdl as often as there are users of it. */
static int
acquire_ltdl(struct cw_error *error)
{
	if (ltdl_users == 0) {
#ifdef CW_PRELOADED
		LTDL_SET_PRELOADED_SYMBOLS();
#endif
		if (lt_dlinit() != 0)
			return cw_fail(error, CW_E_PLUGIN, "cannot start the plugin loader: %s",
				       lt_dlerror());
	}
	ltdl_users++;
	return CW_OK;
}

static void
release_ltdl(void)
{
	if (--ltdl_users == 0)
		lt_dlexit();
}

static int
check_exposure(const char *kind, const char *path, struct cw_error *error)
{
	cw_auto_exposure struct cw_exposure found = {0};

	cw_permissions_look(path, &found);
	if (found.path == NULL)
		return CW_OK;
	cw_fail(error, CW_E_PERMISSION,
		found.foreign ? "the %s \"%s\" was refused: %s%s%s belongs to another user"
			      : "the %s \"%s\" was refused: other users can write to %s%s%s",
		kind, path, found.itself ? "" : "\"", found.itself ? "it" : found.path,
		found.itself ? "" : "\"");
	cw_hint(error, "run \"%s '%s'\"", found.foreign ? "chown -h root" : "chmod go-w",
		found.path);
	return CW_E_PERMISSION;
}

int
cw_plugin_path_check(const char *path, char **resolved, struct cw_error *error)
{
	cw_autofree char *real = realpath(path, NULL);
	cw_autofree char *folder = NULL;
	int status;

	if (real == NULL)
		return cw_fail_errno(error, errno, "cannot look at \"%s\"", path);
	if (cw_is_folder(real)) {
		status = check_exposure("plugin folder", path, error);
	} else {
		/* Whoever may write to the folder, even if it is sticky, can add a module. */
		folder = cw_path_folder(real);
		status = check_exposure("plugin folder", folder, error);
		if (status == CW_OK)
			status = check_exposure("plugin", path, error);
	}
	if (status == CW_OK && resolved != NULL)
		*resolved = cw_take(&real);
	return status;
}

/*
 * libltdl binds functions at their first call, where a missing one would end the process. Bound
 * once at the beginning, the module stays so for libltdl, and a missing function is an error that
 * can be told. Returns the loader's handle, to be closed when libltdl has its own.
 */
static void *
bind_now(const struct cw_module *module, const char *path, struct cw_error *error)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const char *why, *rest;

	if (handle != NULL)
		return handle;
	why = dlerror();
	if (why == NULL)
		why = "for an unknown reason";
	rest = path != NULL && cw_starts_with(why, path) ? why + strlen(path) : why;
	rest += strspn(rest, ": ");
	cw_fail(error, CW_E_PLUGIN, "the plugin \"%s\" was refused: it cannot be loaded: %s",
		module->path, rest);
	cw_hint(error, "install the plugin anew, and the libraries that it needs");
	return NULL;
}

static lt_dlhandle
open_advised(const char *path, struct cw_error *error)
{
	lt_dladvise advise;
	lt_dlhandle handle = NULL;

	if (lt_dladvise_init(&advise) == 0) {
		if (lt_dladvise_local(&advise) == 0)
			handle = lt_dlopenadvise(path, advise);
		lt_dladvise_destroy(&advise);
	}
	if (handle == NULL) {
		const char *why = lt_dlerror();

		cw_fail(error, CW_E_PLUGIN, "the plugin \"%s\" was refused: %s", path,
			why != NULL ? why : "it cannot be loaded");
	}
	return handle;
}

static int
open_file(struct cw_module_entry *entry, struct cw_error *error)
{
	cw_autofree char *path = NULL;
	void *bound;
	int status = cw_plugin_path_check(entry->module.path, &path, error);

	if (status != CW_OK)
		return status;
	bound = bind_now(&entry->module, path, error);
	if (bound == NULL)
		return CW_E_PLUGIN;
	entry->handle = open_advised(path, error);
	dlclose(bound);
	return entry->handle != NULL ? CW_OK : CW_E_PLUGIN;
}

static int
find_entry(struct cw_module_entry *entry, cw_plugin_entry_function *function,
	   struct cw_error *error)
{
	void *symbol;
	int status;

	if (entry->built_in != NULL) {
		*function = entry->built_in;
		return CW_OK;
	}
	if (entry->preloaded != NULL) {
		entry->handle = open_advised(entry->preloaded, error);
		status = entry->handle != NULL ? CW_OK : CW_E_PLUGIN;
	} else {
		status = open_file(entry, error);
	}
	if (status != CW_OK)
		return status;
	symbol = lt_dlsym(entry->handle, "cw_plugin_entry");
	if (symbol == NULL) {
		cw_fail(error, CW_E_PLUGIN,
			"the plugin \"%s\" was refused: it has no function \"cw_plugin_entry\"",
			entry->module.path);
		cw_hint(error, "this may be no plugin of certwright: move it out of the folder");
		return CW_E_PLUGIN;
	}
	/* The way that POSIX has for a function from dlsym(). */
	memcpy(function, &symbol, sizeof(symbol));
	return CW_OK;
}

static void
close_handle(struct cw_module_entry *entry)
{
	if (entry->handle != NULL)
		lt_dlclose(entry->handle);
	entry->handle = NULL;
}

static int
load(struct cw_module_entry *entry, const struct cw_plugin **plugin, struct cw_error *error)
{
	cw_plugin_entry_function function;
	int status;

	if (!cw_plugin_name_valid(entry->module.name))
		return cw_fail(error, CW_E_PLUGIN,
			       "the plugin \"%s\" was refused: its name is not made of lower-case "
			       "letters, digits and \"-\"",
			       entry->module.path);
	status = find_entry(entry, &function, error);
	if (status != CW_OK)
		return status;
	*plugin = function();
	status = cw_module_check(&entry->module, *plugin, error);
	if (status == CW_OK && (*plugin)->abi_minor > CW_ABI_MINOR)
		cw_log_debug("the plugin \"%s\" was built for version %u.%u of the plugin "
			     "interface, which is newer than ours, %d.%d",
			     entry->module.path, (unsigned)(*plugin)->abi_major,
			     (unsigned)(*plugin)->abi_minor, CW_ABI_MAJOR, CW_ABI_MINOR);
	return status;
}

int
cw_module_load(struct cw_module *module, const struct cw_plugin **plugin, struct cw_error *error)
{
	struct cw_module_entry *entry = (struct cw_module_entry *)(void *)module;
	const struct cw_plugin *loaded = NULL;
	int status = CW_OK;

	if (entry->plugin == NULL && entry->built_in == NULL)
		status = acquire_ltdl(error);
	if (status == CW_OK && entry->plugin == NULL) {
		status = load(entry, &loaded, error);
		if (status == CW_OK)
			entry->plugin = loaded;
		else
			close_handle(entry);
		if (status != CW_OK && entry->built_in == NULL)
			release_ltdl();
	}
	*plugin = entry->plugin;
	return status;
}

struct cw_module_entry *
cw_module_new(const char *name, const char *path)
{
	struct cw_module_entry *entry = cw_alloc(sizeof(*entry));

	entry->module.name = cw_strdup(name);
	entry->module.path = cw_strdup(path);
	return entry;
}

void
cw_module_set_description(struct cw_module *module, struct cw_plugin_description *about)
{
	module->about = about;
	cw_module_convert_options(module);
}

void
cw_module_free(struct cw_module_entry *entry)
{
	if (entry == NULL)
		return;
	cw_module_free_options(&entry->module);
	cw_plugin_description_free(entry->module.about);
	close_handle(entry);
	if (entry->plugin != NULL && entry->built_in == NULL)
		release_ltdl();
	cw_error_clear(&entry->module.error);
	free(entry->module.name);
	free(entry->module.path);
	free(entry->preloaded);
	free(entry);
}
