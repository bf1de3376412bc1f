/* Chooses the plugins of a run: from the settings, or by asking the user. */
#ifndef CW_FLOW_ASK_CHOOSE_PLUGIN_H
#define CW_FLOW_ASK_CHOOSE_PLUGIN_H

#include "flow/context.h"
#include "flow/issue/request.h"

/*
 * Chooses the authenticator and opens its module. *INSTALLER is the installer in the settings
 * (NULL: none); a flag for both roles (--nginx) makes it the authenticator too. Without a terminal,
 * the error names the options to give. Release both with free().
 */
int cw_choose_authenticator(struct cw_context *context, char **authenticator, char **installer,
			    struct cw_error *error);
/* Chooses both for a verb that also installs. A plugin with both roles is used for both. */
int cw_choose_both(struct cw_context *context, char **authenticator, char **installer,
		   struct cw_error *error);
/*
 * Call this after one of the above, once the names of REQUEST are known. Opens the plugins of
 * individual names (--authenticator-map, or several -a). Leaves in the request's settings a map of
 * exactly its names, or none if one plugin is used for all. The request's authenticator is then one
 * of them, and its installer is the one that a flag selected for some names.
 */
int cw_choose_for_names(struct cw_context *context, struct cw_request *request,
			struct cw_error *error);
/* Chooses only the installer. */
int cw_choose_installer(struct cw_context *context, char **installer, struct cw_error *error);

/* Checks the plugins that SETTINGS select, without asking anybody: that each is there, has its
 * role, and has the options that it requires. Adds their options to OPTIONS, of SETTINGS. */
int cw_check_plugins(struct cw_registry *registry, struct cw_option_set *options,
		     struct cw_settings *settings, struct cw_error *error);

#endif
