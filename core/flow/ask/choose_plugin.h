/* The plugins of a run: those that the settings name, or that the user chooses. */
#ifndef CW_FLOW_ASK_CHOOSE_PLUGIN_H
#define CW_FLOW_ASK_CHOOSE_PLUGIN_H

#include "flow/context.h"
#include "flow/issue/request.h"

/*
 * The authenticator's name, its module opened; *INSTALLER is what the settings name (NULL: none),
 * which is also the authenticator where a flag selected it in both roles (--nginx). Without anybody
 * to ask an error names the options to give. Release both with free().
 */
int cw_choose_authenticator(struct cw_context *context, char **authenticator, char **installer,
			    struct cw_error *error);
/* Both for a verb that also installs; one plugin that can do both is chosen for both. */
int cw_choose_both(struct cw_context *context, char **authenticator, char **installer,
		   struct cw_error *error);
/*
 * After one of these, when the names of REQUEST are known: opens the plugins that single names have
 * (--authenticator-map, or -a given several times), and leaves in the request's settings a map of
 * exactly its names, or none where one plugin is for all of them. The request's authenticator is
 * then the one of a name, and it gets an installer that a flag selected for some names.
 */
int cw_choose_for_names(struct cw_context *context, struct cw_request *request,
			struct cw_error *error);
/* The installer alone. */
int cw_choose_installer(struct cw_context *context, char **installer, struct cw_error *error);

#endif
