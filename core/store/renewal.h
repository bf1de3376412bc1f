/* Renewal parameters: settings to and from a lineage's renewal file (reference: [renewalparams],
 * [certwright]). */
#ifndef CW_STORE_RENEWAL_H
#define CW_STORE_RENEWAL_H

#include "base/error.h"
#include "base/option.h"
#include "store/configobj.h"

/*
 * Puts the values of [renewalparams], its [[sections]] (maps) and [certwright] into SETTINGS as
 * CW_SOURCE_RENEWAL. ConfigObj's None, True and False are understood; lists where the option is a
 * list; deploy_hook is renew_hook there. Keys that no option has are left alone (they may be a
 * plugin's that is not here) and added to UNKNOWN when that is not NULL. A value that the option
 * does not allow is an error that names the file's WHAT, key and value.
 */
int cw_renewal_read(const struct cw_configobj *config, const char *what,
		    struct cw_settings *settings, struct cw_strv *unknown, struct cw_error *error);
/* Whether that would succeed with a copy of SETTINGS; for checking many files. */
int cw_renewal_check(const struct cw_configobj *config, const char *what,
		     const struct cw_settings *settings, struct cw_error *error);
/*
 * Rewrites [renewalparams] and [certwright] of CONFIG from SETTINGS: account, server and key_type
 * always; options with CW_OPT_RENEWAL where the user set them (source above the default); all
 * options with CW_OPT_PLUGIN whose plugin (internal name up to the plugin's underscored name) is
 * AUTHENTICATOR or INSTALLER; CW_OPT_OWN ones, and those of other plugins that the map
 * "authenticator_map" names, in [certwright]. A key of [renewalparams] that the new settings do not
 * have is removed. Everything else in the file stays byte for byte.
 */
void cw_renewal_write(struct cw_configobj *config, const struct cw_settings *settings,
		      const char *account, const char *authenticator, const char *installer);

/* Writes into [renewalparams] those options of PLUGIN (its name) that a plugin, the user or a
 * renewal file has set. Changes nothing else. */
void cw_renewal_write_plugin(struct cw_configobj *config, const struct cw_settings *settings,
			     const char *plugin);

#endif
