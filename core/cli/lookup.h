/* Finds options by the names that users type. Opens a plugin only if one of its options may be
 * meant. */
#ifndef CW_CLI_LOOKUP_H
#define CW_CLI_LOOKUP_H

#include "base/error.h"
#include "cli/options.h"

struct cw_lookup {
	struct cw_option_set *set;
	struct cw_registry *registry;
	struct cw_plugin_flags *plugin_flags; /* NULL until needed */
	const struct cw_strv *named;          /* plugins on the command line; NULL: none */
};

/* Adds the options that the core knows of plugins (cw_add_plugin_options()), once. */
void cw_lookup_add_plugin_options(struct cw_lookup *lookup);

/* Opens the modules that can have an option which NAME is, or begins, and adds their options. None
 * of Certbot's, unless they were added before. */
void cw_lookup_add_modules(struct cw_lookup *lookup, const char *name);

/*
 * The option with the long name NAME (without "--"), or the only one that NAME abbreviates, as if
 * the options of all plugins were known. CW_E_USAGE if there is none: the hint suggests the nearest
 * option, says that the option's plugin is missing or refused, or lists the candidates of an
 * ambiguous abbreviation. SHOWN is the prefix in messages: "--" or "".
 */
int cw_lookup_name(struct cw_lookup *lookup, const char *name, const char *shown,
		   const struct cw_option **option, struct cw_error *error);
/* The option with a short name. Opens the plugin if it is a plugin's option. */
int cw_lookup_short(struct cw_lookup *lookup, char name, const struct cw_option **option,
		    struct cw_error *error);

#endif
