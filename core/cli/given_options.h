/* The options that were given, in order: for the maps that go by position, and for warnings. */
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

/* Keeps what later steps want to know; secrets are not among it. */
void cw_given_options_add(struct cw_given_options *given, const struct cw_option *option,
			  enum cw_source source, const char *value);
void cw_given_options_clear(struct cw_given_options *given);

/*
 * Fills the maps of options that go by position (fills_map) with the names of -d and --ip-address:
 * each value holds for the names after it, the first also for those before it; what the map has
 * been given itself comes first. With TAKE_NAMES the names of such a map count as given with -d.
 * All are put in the form that they have in the certificate.
 *
 * Flags that select plugins (--standalone; those of REGISTRY) count as -a does. The authenticators'
 * map is filled where several are given with names, and "authenticator" is the first one then.
 */
int cw_given_options_fill_maps(const struct cw_given_options *given, struct cw_settings *settings,
			       struct cw_registry *registry, bool take_names,
			       struct cw_error *error);
/* Says of each option that has no effect that this is so, once. */
void cw_given_options_warn(const struct cw_given_options *given);

#endif
