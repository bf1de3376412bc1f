/* Options by the names that people type, opening a plugin only where its options are meant. */
#ifndef CW_CLI_LOOKUP_H
#define CW_CLI_LOOKUP_H

#include "base/error.h"
#include "cli/options.h"

struct cw_lookup {
	struct cw_option_set *set;
	struct cw_registry *registry;
	struct cw_stand_ins *stand_ins; /* NULL until they were needed */
	const struct cw_strv *named;    /* plugins that the command line names; NULL: none */
};

/* Adds the options that stand for plugins, unless they are there. */
void cw_lookup_stand_ins(struct cw_lookup *lookup);

/*
 * The option with the long name NAME (without "--") or the only one that it abbreviates, judged as
 * if all plugins' options were known. Fails with CW_E_USAGE: an unknown option names the nearest in
 * the hint, one of a plugin that is missing or refused says so, an ambiguous abbreviation names its
 * candidates. SHOWN is how messages have it: "--" or "".
 */
int cw_lookup_name(struct cw_lookup *lookup, const char *name, const char *shown,
		   const struct cw_option **option, struct cw_error *error);
/* The option with a short name; one of a plugin's opens that plugin. */
int cw_lookup_short(struct cw_lookup *lookup, char name, const struct cw_option **option,
		    struct cw_error *error);

#endif
