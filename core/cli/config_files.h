/* The settings that configuration files make. */
#ifndef CW_CLI_CONFIG_FILES_H
#define CW_CLI_CONFIG_FILES_H

#include "cli/given.h"
#include "cli/lookup.h"

/*
 * Sets what the files at PATHS say, as CW_SOURCE_INI; a later file wins over an earlier one, and a
 * later line over an earlier one. MISSING_OK: files that do not exist are left out. Errors name
 * file, line and key; an unknown key has the nearest known one in the hint. What was set is added
 * to GIVEN.
 */
int cw_config_read(const struct cw_strv *paths, bool missing_ok, struct cw_lookup *lookup,
		   struct cw_settings *settings, struct cw_given_list *given,
		   struct cw_error *error);
/* Whether the files that were read may be relied on, as base/permissions.h says. */
int cw_config_check(const struct cw_settings *settings, struct cw_error *error);
/* Sets OPTION, adds it to GIVEN, and keeps the value out of the log where it is a secret. */
int cw_config_set(struct cw_settings *settings, struct cw_given_list *given,
		  const struct cw_option *option, enum cw_source source, const char *value,
		  struct cw_error *error);

#endif
