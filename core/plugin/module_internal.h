/* Loads, describes and checks one module. Private to plugin/. */
#ifndef CW_PLUGIN_MODULE_INTERNAL_H
#define CW_PLUGIN_MODULE_INTERNAL_H

#include <stdbool.h>
#include "plugin/registry.h"

/* A module in the registry. The public part comes first, so that each can be converted to the
 * other. */
struct cw_module_entry {
	struct cw_module module;
	cw_plugin_entry_function built_in; /* NULL: it is a file or is preloaded */
	char *preloaded;                   /* its name in libltdl's table; NULL: it is a file */
	bool tried;                        /* it was opened or refused; the result is in module */
	/* The process that described it, until someone takes that process; NULL: none. */
	struct cw_plugin_process *process;
	/* Set if it is loaded into this process: */
	const struct cw_plugin *plugin; /* NULL: not loaded */
	void *handle;                   /* libltdl's handle; NULL: none */
};

/* Returns the null installer, which is part of the core. */
const struct cw_plugin *cw_null_installer(void);
/* Returns the authenticator CW_HOST_PLUGIN. It describes itself; flow/issue does its work. */
const struct cw_plugin *cw_host_plugin(void);

/* Makes a module that is not opened yet. */
struct cw_module_entry *cw_module_new(const char *name, const char *path);
void cw_module_free(struct cw_module_entry *entry); /* NULL is allowed */
/*
 * Loads MODULE into this process and checks it, unless that was done before. MODULE must be part of
 * a struct cw_module_entry. Runs the plugin's code, so only plugin processes may call this, except
 * for modules that are part of the core.
 */
int cw_module_load(struct cw_module *module, const struct cw_plugin **plugin,
		   struct cw_error *error);
/* Returns the description of PLUGIN, which must be checked. Calls the plugin's functions. */
struct cw_plugin_description *cw_plugin_describe(const struct cw_plugin *plugin);
/* Adds a copy of OPTION. */
void cw_plugin_description_add(struct cw_plugin_description *about,
			       const struct cw_plugin_option *option);
void cw_plugin_description_free(struct cw_plugin_description *about); /* NULL is allowed */
/* Sets MODULE's description, which it takes, and its options. */
void cw_module_set_description(struct cw_module *module, struct cw_plugin_description *about);

/* Checks what a module's entry function returned: sizes, versions, name, roles, options. */
int cw_module_check(const struct cw_module *module, const struct cw_plugin *plugin,
		    struct cw_error *error);
/* The same for the options alone. */
int cw_module_check_options(const struct cw_module *module,
			    const struct cw_plugin_option *const *options, struct cw_error *error);
/* Makes MODULE's options from those of its description, which must be checked. */
void cw_module_convert_options(struct cw_module *module);
void cw_module_free_options(struct cw_module *module);

/* Returns CW_E_PERMISSION if users other than root and ourselves can change PATH, its folder, or
 * what leads there (base/permissions.h). RESOLVED may be NULL; else it gets the resolved path, to
 * be released with free(). */
int cw_plugin_path_check(const char *path, char **resolved, struct cw_error *error);

#endif
