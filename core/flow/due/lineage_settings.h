/* Adds the settings of a lineage's renewal file to those of the run, which take precedence. */
#ifndef CW_FLOW_DUE_LINEAGE_SETTINGS_H
#define CW_FLOW_DUE_LINEAGE_SETTINGS_H

#include "flow/context.h"
#include "store/lineage.h"

/* Checks that other users cannot change the renewal file (base/permissions.h). */
int cw_lineage_check_permissions(const struct cw_lineage *lineage, struct cw_error *error);

/*
 * Reads them into SETTINGS (a copy of the run's). First opens the modules of the lineage's plugins,
 * or of those that the run names instead, for their options. CW_E_NOT_FOUND if such a plugin is not
 * installed; the hint says what to do.
 */
int cw_lineage_settings(struct cw_context *context, const struct cw_lineage *lineage,
			struct cw_settings *settings, struct cw_error *error);

/*
 * Checks them without opening a module: that there is an authenticator, that all values are valid
 * and, with WITH_PLUGINS, that the plugins are installed. Fails like cw_lineage_settings().
 */
int cw_lineage_check_settings(const struct cw_context *context, const struct cw_lineage *lineage,
			      bool with_plugins, struct cw_error *error);

#endif
