/* The settings that a lineage's renewal file keeps, put beneath those of the run. */
#ifndef CW_FLOW_DUE_LINEAGE_SETTINGS_H
#define CW_FLOW_DUE_LINEAGE_SETTINGS_H

#include "flow/context.h"
#include "store/lineage.h"

/*
 * Reads them into SETTINGS (a copy of the run's), having opened the modules of the lineage's
 * plugins, or of those that the run names instead, for their options. CW_E_NOT_FOUND with the
 * nearest way out when such a plugin is not installed.
 */
int cw_lineage_settings(struct cw_context *context, const struct cw_lineage *lineage,
			struct cw_settings *settings, struct cw_error *error);

/*
 * What can be known of them without opening a module: that an authenticator is named, that every
 * value is one that its option takes, and, with WITH_PLUGINS, that the plugins are installed.
 * Otherwise fails as cw_lineage_settings() would when the lineage is due.
 */
int cw_lineage_check_settings(const struct cw_context *context, const struct cw_lineage *lineage,
			      bool with_plugins, struct cw_error *error);

#endif
