/* Opening and judging one module; private to plugin/. */
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
	void *handle;                      /* libltdl's; NULL: none */
};

/* The null installer, which is part of the core. */
const struct cw_plugin *cw_null_installer(void);

/* Opens ENTRY unless that was tried before; returns its status, the error being in the module. */
int cw_module_open(struct cw_module_entry *entry);
void cw_module_free(struct cw_module_entry *entry);

/* Whether a plugin or option may be called so: lower-case letters, digits and '-', a letter first,
 * no '-' last, at most 64 bytes. */
bool cw_plugin_name_valid(const char *name);
/* Checks what a module's entry function gave: sizes, versions, the name, roles, options. */
int cw_module_check(const struct cw_module *module, const struct cw_plugin *plugin,
		    struct cw_error *error);
/* Makes MODULE's options from its plugin's, which were checked. */
void cw_module_convert_options(struct cw_module *module);
void cw_module_free_options(struct cw_module *module);

/* CW_E_PERMISSION when users other than root and ourselves could write to PATH, or to the folder
 * that it lies in, links resolved. RESOLVED (may be NULL): the resolved path, release with free().
 */
int cw_plugin_path_check(const char *path, char **resolved, struct cw_error *error);
/* Opens and closes libltdl as often as there are users of it. */
int cw_ltdl_acquire(struct cw_error *error);
void cw_ltdl_release(void);

#endif
