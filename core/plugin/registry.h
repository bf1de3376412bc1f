/*
 * The registry of modules. A module is known by its file name (NAME.so in a plugin folder, or
 * preloaded into a static build) before it is opened. It is opened only when a command needs it: a
 * plugin process (plugin/process.h) loads it with libltdl and describes it. No code of a plugin
 * runs in this process.
 *
 * The plugin folders are those of CERTWRIGHT_PLUGIN_PATH (colon-separated) if it is set and the
 * program is not set-user-id, else the plugin folder of the installation. The folder ".libs" in
 * each is searched too: libtool leaves modules there that are not installed. Files that begin with
 * "lib" are taken for libraries. A module or folder is refused if users other than root and
 * ourselves can write to it.
 *
 * If there is no module of a name, the authenticators of Certbot on this machine are added
 * (plugin/certbot_plugins.h). They then look like modules.
 */
#ifndef CW_PLUGIN_REGISTRY_H
#define CW_PLUGIN_REGISTRY_H

#include <certwright/plugin.h>
#include <stdbool.h>
#include "base/error.h"
#include "base/option.h"
#include "base/strv.h"

/* Milliseconds that loading and describing a module may take. */
#define CW_PLUGIN_LOAD_LIMIT 10000

struct cw_registry;

/* A plugin's description of itself. It is made in a plugin process, and every value is checked. */
struct cw_plugin_description {
	char *version;
	char *description;
	char *help; /* NULL: none */
	unsigned abi_major, abi_minor;
	bool authenticator, installer; /* its roles */
	bool exclusive;                /* it has an exclusive directory */
	struct cw_strv dns_types;      /* the challenge types that it lists without an instance */
	struct cw_strv ip_types;
	bool undeploys;                    /* its installer removes certificates */
	struct cw_strv enhancements;       /* empty if it lacks the function enhance */
	struct cw_plugin_option **options; /* NULL-terminated; NULL: none */
	size_t option_count;
	struct cw_strv texts; /* the strings that the options point to */
};

struct cw_module {
	char *name; /* from its file name */
	char *path; /* "(built in)" for modules that are preloaded or part of the core */
	/* It is a plugin of Certbot (certbot_plugins.h): the path is that of the module
	 * certbot-dns, which does not know what it runs. */
	bool certbots;
	struct cw_plugin_description *about; /* NULL if not opened yet or refused */
	struct cw_error error; /* why it was refused: one sentence that names the file */
	/* the plugin's options as --NAME-OPTION, NULL-terminated; set when it is opened */
	struct cw_option **options;
};

struct cw_registry *cw_registry_new(void);
/* Makes a registry of the COUNT module files PATHS and the built-in ones, to document a build. It
 * does not check who can write to the files. */
struct cw_registry *cw_registry_of_files(const char *const *paths, size_t count);
void cw_registry_free(struct cw_registry *registry);
/* Ends the plugin processes that have described modules and are kept for a first batch: there is
 * none. */
void cw_registry_end_processes(struct cw_registry *registry);

/* What is learned of Certbot's plugins is not written to the cache folder. */
void cw_registry_keep_nothing(struct cw_registry *registry);
/* The authenticator that stands for the program that uses the library. */
#define CW_HOST_PLUGIN "host"
/* Adds it. Call this before any other function. The command has no such program. */
void cw_registry_add_host(struct cw_registry *registry);

/* Whether NAME is a valid name for a plugin or an option: lower-case letters, digits and '-',
 * beginning with a letter, not ending with '-', at most 64 bytes. */
bool cw_plugin_name_valid(const char *name);

/* All modules, sorted by name. No module is opened for this. A folder that is refused is skipped,
 * with a warning in the log. */
size_t cw_registry_count(struct cw_registry *registry);
struct cw_module *cw_registry_at(struct cw_registry *registry, size_t index);

/* Returns why folders were refused, one sentence for each. No module is opened for this. */
const struct cw_strv *cw_registry_refused_folders(struct cw_registry *registry);

/* Returns the names of the modules in these folders. For them cw_registry_open() fails with why the
 * folder was refused. */
const struct cw_strv *cw_registry_refused_modules(struct cw_registry *registry);

/* Whether there is a module NAME (or another spelling of it), also in a refused folder. Looks only
 * at file names: the module can still be refused when it is opened. The first function knows
 * plugins of Certbot only if they were added before; the second adds them if there is no such file.
 */
bool cw_registry_has_file(struct cw_registry *registry, const char *name);
bool cw_registry_has(struct cw_registry *registry, const char *name);
/* Adds the authenticators of Certbot behind the other modules, also those that are refused. Returns
 * whether there were any: only the first call does something. If they cannot be listed,
 * there is a warning in the log. */
bool cw_registry_add_certbots(struct cw_registry *registry);

/*
 * Opens the module NAME and checks its file, entry symbol, the size and ABI of its struct, its name
 * and its options. Other spellings of the name are accepted (base/plugin_name.h). On CW_E_NOT_FOUND
 * the hint has the nearest name and the installed ones. CW_E_PERMISSION if other users can change
 * it or its folder. CW_E_PLUGIN if it is refused for another reason, also if it crashed or took
 * longer than CW_PLUGIN_LOAD_LIMIT. Also finds the null installer, which is part of the core.
 */
int cw_registry_open(struct cw_registry *registry, const char *name, struct cw_module **module,
		     struct cw_error *error);
/* Opens all modules at the same time, with those of Certbot. A refused module has its error set. */
void cw_registry_open_all(struct cw_registry *registry);
/* Whether an opened module's installer has ENHANCEMENT. */
bool cw_module_enhances(const struct cw_module *module, const char *enhancement);
/* Replaces the value of an opened module's option in SETTINGS, regardless of who set it, to be
 * saved for renewals. NAME is the plugin's own name for the option. KEY is a key of a map; NULL:
 * the whole option. VALUE NULL restores the default. If VALUE is refused, the present value
 * stays. */
int cw_module_set_option(const struct cw_module *module, struct cw_settings *settings,
			 const char *name, const char *key, const char *value,
			 struct cw_error *error);
/* The first function adds to LIST the values of an opened module's options in SETTINGS that are not
 * defaults. Each has three strings: internal name, a map's key or "", value. The second function
 * sets them again. */
void cw_module_save_options(const struct cw_module *module, const struct cw_settings *settings,
			    struct cw_strv *list);
int cw_module_restore_options(const struct cw_module *module, struct cw_settings *settings,
			      const struct cw_strv *list, struct cw_error *error);
/* For options of an opened module that neither the command line nor a configuration file sets: sets
 * them from their environment variables. */
int cw_module_take_environment(const struct cw_module *module, struct cw_settings *settings,
			       struct cw_error *error);
/* Returns CW_E_USAGE if SETTINGS lack an option that an opened module requires. */
int cw_module_check_required(const struct cw_module *module, const struct cw_settings *settings,
			     struct cw_error *error);
/* Adds the options of an opened module to SET, once. */
int cw_module_add_options(struct cw_module *module, struct cw_option_set *set,
			  struct cw_error *error);

/* The plugin that has an option with this letter; NULL: none is known. */
const char *cw_plugin_of_letter(char letter);
/* The main name of the option that is also called NAME ("dns-lexicon-provider"), or else NAME. */
const char *cw_plugin_option_name(const char *name);

#endif
