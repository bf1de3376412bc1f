/* The options that the user gave, in order: for the maps that depend on their position, and for
 * warnings. */
#ifndef CW_CLI_GIVEN_OPTIONS_H
#define CW_CLI_GIVEN_OPTIONS_H

#include "base/option.h"
#include "plugin/registry.h"

/* One option with one value. */
struct cw_given_option {
	const struct cw_option *option;
	enum cw_source source;
	char *value;
};

struct cw_given_options {
	struct cw_given_option *items;
	size_t count;
};

/* Keeps what later steps need. Secrets are not kept. */
void cw_given_options_add(struct cw_given_options *given, const struct cw_option *option,
			  enum cw_source source, const char *value);
void cw_given_options_clear(struct cw_given_options *given);

/*
 * Fills the maps of options whose position matters (fills_map) with the names of -d and
 * --ip-address. Each value applies to the names after it, the first one also to the names before
 * it. Entries of the map itself take precedence. With TAKE_NAMES, the names in such a map count as
 * given with -d. All names get the form that they have in the certificate.
 *
 * Flags that select plugins (--standalone, and the plugins of REGISTRY) count like -a. If several
 * authenticators are given with names, the authenticator map is filled and "authenticator" is the
 * first one.
 */
int cw_given_options_fill_maps(const struct cw_given_options *given, struct cw_settings *settings,
			       struct cw_registry *registry, bool take_names,
			       struct cw_error *error);
/* Warns once about each option that has no effect. */
void cw_given_options_warn(const struct cw_given_options *given);

#endif
