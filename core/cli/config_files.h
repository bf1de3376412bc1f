/* Reads settings from configuration files. */
#ifndef CW_CLI_CONFIG_FILES_H
#define CW_CLI_CONFIG_FILES_H

#include "cli/given_options.h"
#include "cli/lookup.h"

/*
 * Reads the files at PATHS into the settings, as CW_SOURCE_INI. Later files and later lines
 * override earlier ones. MISSING_OK: ignores files that do not exist. Errors name the file, line
 * and key; the hint for an unknown key suggests the nearest known one. Adds each option that was
 * set to GIVEN.
 */
int cw_config_read(const struct cw_strv *paths, bool missing_ok, struct cw_lookup *lookup,
		   struct cw_settings *settings, struct cw_given_options *given,
		   struct cw_error *error);
/* Checks that other users cannot change the files that were read (base/permissions.h). */
int cw_config_check(const struct cw_settings *settings, struct cw_error *error);
/* Sets OPTION and adds it to GIVEN. A secret value is kept out of the log. */
int cw_config_set(struct cw_settings *settings, struct cw_given_options *given,
		  const struct cw_option *option, enum cw_source source, const char *value,
		  struct cw_error *error);

#endif
