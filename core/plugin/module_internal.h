/* Loading, describing and judging one module; private to plugin/. */
#ifndef CW_PLUGIN_MODULE_INTERNAL_H
#define CW_PLUGIN_MODULE_INTERNAL_H

#include <stdbool.h>
#include "plugin/registry.h"

/* A module as the registry keeps it. The public part comes first, so that one can be had from the
 * other. */
struct cw_module_entry {
	struct cw_module module;
	cw_plugin_entry_function built_in; /* NULL: a file, or preloaded */
	char *preloaded;                   /* its name in libltdl's table; NULL: a file */
	bool tried;                        /* open was tried; the result stands in MODULE */
	/* The process that described it, as long as nobody has taken it; NULL: none. */
	struct cw_plugin_process *process;
	/* Where it is loaded into this process: */
	const struct cw_plugin *plugin; /* NULL: it is not */
	void *handle;                   /* libltdl's; NULL: none */
};

/* The null installer, which is part of the core. */
const struct cw_plugin *cw_null_installer(void);

/* A module that was not opened. */
struct cw_module_entry *cw_module_new(const char *name, const char *path);
void cw_module_free(struct cw_module_entry *entry); /* NULL is allowed */
/*
 * Loads MODULE, which a struct cw_module_entry begins with, into this process and checks it, unless
 * that was done before. Runs the plugin's code: for plugin processes, and for what is part of the
 * core.
 */
int cw_module_load(struct cw_module *module, const struct cw_plugin **plugin,
		   struct cw_error *error);
/* What PLUGIN, which was checked, says of itself. Calls it, too. */
struct cw_plugin_description *cw_plugin_describe(const struct cw_plugin *plugin);
/* Adds a copy of OPTION. */
void cw_plugin_description_add(struct cw_plugin_description *about,
			       const struct cw_plugin_option *option);
void cw_plugin_description_free(struct cw_plugin_description *about); /* NULL is allowed */
/* Sets MODULE's description, which is taken, and its options. */
void cw_module_set_description(struct cw_module *module, struct cw_plugin_description *about);

/* Checks what a module's entry function gave: sizes, versions, the name, roles, options. */
int cw_module_check(const struct cw_module *module, const struct cw_plugin *plugin,
		    struct cw_error *error);
/* The same for the options alone. */
int cw_module_check_options(const struct cw_module *module,
			    const struct cw_plugin_option *const *options, struct cw_error *error);
/* Makes MODULE's options from those of its description, which were checked. */
void cw_module_convert_options(struct cw_module *module);
void cw_module_free_options(struct cw_module *module);

/* CW_E_PERMISSION when users other than root and ourselves could write to PATH, or to the folder
 * that it lies in, links resolved. RESOLVED (may be NULL): the resolved path, release with free().
 */
int cw_plugin_path_check(const char *path, char **resolved, struct cw_error *error);

#endif
