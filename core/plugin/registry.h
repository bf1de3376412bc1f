/*
 * The modules there are. A module is known by its file name (NAME.so in a plugin folder, or
 * preloaded into a static build) before it is opened; it is opened only when the command needs it:
 * a plugin process (plugin/process.h) loads it with libltdl and says what it is like. Nothing of a
 * plugin runs in this process.
 *
 * Folders: CERTWRIGHT_PLUGIN_PATH (colon-separated) when set and the program is not set-user-id,
 * else the installation's plugin folder; and the ".libs" in each, where libtool leaves what is not
 * installed. Files that begin with "lib" are taken for libraries. A module or folder that users
 * other than root and ourselves can write to is refused.
 */
#ifndef CW_PLUGIN_REGISTRY_H
#define CW_PLUGIN_REGISTRY_H

#include <certwright/plugin.h>
#include <stdbool.h>
#include "base/error.h"
#include "base/option.h"
#include "base/strv.h"

/* Milliseconds that a module may take to be loaded and described. */
#define CW_PLUGIN_LOAD_LIMIT 10000

struct cw_registry;

/* What a plugin says of itself. It is said in a plugin process, and every value is checked. */
struct cw_plugin_description {
	char *version;
	char *description;
	char *help; /* NULL: none */
	unsigned abi_major, abi_minor;
	bool authenticator, installer; /* its roles */
	bool exclusive;                /* it has an exclusive directory */
	struct cw_strv dns_types;      /* challenge types, as it lists them for no instance */
	struct cw_strv ip_types;
	bool undeploys;                    /* its installer removes certificates */
	struct cw_strv enhancements;       /* none without the function for them */
	struct cw_plugin_option **options; /* NULL-terminated; NULL: none */
	size_t option_count;
	struct cw_strv texts; /* those that the options point to */
};

struct cw_module {
	char *name;                          /* by its file name */
	char *path;                          /* "(built in)" for preloaded and core ones */
	struct cw_plugin_description *about; /* NULL until opened, and when refused */
	struct cw_error error;      /* why it was refused: one sentence that names the file */
	struct cw_option **options; /* the plugin's options as --NAME-OPTION, NULL-terminated; set
				       when opened */
};

struct cw_registry *cw_registry_new(void);
/* One with the COUNT module files PATHS and what is built in, for the documentation of a build: who
 * could have written them is not asked. */
struct cw_registry *cw_registry_of_files(const char *const *paths, size_t count);
void cw_registry_free(struct cw_registry *registry);

/* Whether a plugin or option may be called so: lower-case letters, digits and '-', a letter first,
 * no '-' last, at most 64 bytes. */
bool cw_plugin_name_valid(const char *name);

/* All modules by name, sorted, none opened for it. A folder that is refused is a warning in the log
 * and gives none. */
size_t cw_registry_count(struct cw_registry *registry);
struct cw_module *cw_registry_at(struct cw_registry *registry, size_t index);

/* Why folders were refused, a sentence each; none opened for it. */
const struct cw_strv *cw_registry_refused_folders(struct cw_registry *registry);

/* Whether there is a module NAME (or another spelling of it), by its file name alone: it can still
 * be refused when it is opened. */
bool cw_registry_has(struct cw_registry *registry, const char *name);

/*
 * The module NAME, opened: its file, the entry symbol, the size and ABI of its struct, its name,
 * its options are checked. Other spellings are accepted (base/plugin_name.h). CW_E_NOT_FOUND with
 * the nearest name and the installed ones in the hint; CW_E_PLUGIN when it is refused, also because
 * it crashed, or did not come to an end in CW_PLUGIN_LOAD_LIMIT. The null installer is found here
 * too, which is part of the core.
 */
int cw_registry_open(struct cw_registry *registry, const char *name, struct cw_module **module,
		     struct cw_error *error);
/* Opens all, side by side; those refused keep their error. */
void cw_registry_open_all(struct cw_registry *registry);
/* Whether an opened module's installer has ENHANCEMENT. */
bool cw_module_enhances(const struct cw_module *module, const char *enhancement);
/* Has an opened module's option NAME, as its plugin calls it, take the place of the present value
 * in SETTINGS, whoever gave that, to be saved for renewals. KEY: of a map; NULL: the whole option.
 * VALUE NULL: back to the default. A value that is refused leaves the present one. */
int cw_module_set_option(const struct cw_module *module, struct cw_settings *settings,
			 const char *name, const char *key, const char *value,
			 struct cw_error *error);
/* Adds to LIST what SETTINGS have of an opened module's options beyond defaults, and sets that
 * again: three texts each, internal name, a map's key or "", value. */
void cw_module_save_options(const struct cw_module *module, const struct cw_settings *settings,
			    struct cw_strv *list);
int cw_module_restore_options(const struct cw_module *module, struct cw_settings *settings,
			      const struct cw_strv *list, struct cw_error *error);
/* Sets options of an opened module that neither the command line nor a configuration file gives
 * from their environment variables. */
int cw_module_take_environment(const struct cw_module *module, struct cw_settings *settings,
			       struct cw_error *error);
/* CW_E_USAGE if SETTINGS lack an option that an opened module requires. */
int cw_module_check_required(const struct cw_module *module, const struct cw_settings *settings,
			     struct cw_error *error);
/* Adds the options of an opened module to SET, once. */
int cw_module_add_options(struct cw_module *module, struct cw_option_set *set,
			  struct cw_error *error);

#endif
