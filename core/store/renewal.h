/* Reads and writes settings in a lineage's renewal file (reference: [renewalparams],
 * [certwright]). */
#ifndef CW_STORE_RENEWAL_H
#define CW_STORE_RENEWAL_H

#include "base/error.h"
#include "base/option.h"
#include "store/configobj.h"

/*
 * Reads the values of [renewalparams], its [[sections]] (maps) and [certwright] into SETTINGS as
 * CW_SOURCE_RENEWAL. Understands ConfigObj's None, True and False, and lists if the option is a
 * list. The key renew_hook is the option deploy_hook. Keys without an option are ignored, because
 * they may belong to a plugin that is not installed; they are added to UNKNOWN, which may be NULL.
 * A value that the option does not allow is an error that names the file (WHAT), the key and the
 * value.
 */
int cw_renewal_read(const struct cw_configobj *config, const char *what,
		    struct cw_settings *settings, struct cw_strv *unknown, struct cw_error *error);
/* Checks whether cw_renewal_read() would succeed with a copy of SETTINGS. For checking many
 * files. */
int cw_renewal_check(const struct cw_configobj *config, const char *what,
		     const struct cw_settings *settings, struct cw_error *error);
/*
 * Rewrites [renewalparams] and [certwright] of CONFIG from SETTINGS. It writes:
 *
 * - account, server and key_type, always;
 *
 * - options with CW_OPT_RENEWAL that the user has set (source above the default);
 *
 * - all options with CW_OPT_PLUGIN whose plugin is AUTHENTICATOR or INSTALLER (the internal name
 * begins with the plugin's underscored name);
 *
 * - to [certwright]: options with CW_OPT_OWN, and those of other plugins that the map
 * "authenticator_map" names, and of further installers.
 *
 * A key of [renewalparams] that the new settings do not have is removed, and further installers are
 * if INSTALLER is not the file's installer. Everything else in the file stays the same, byte for
 * byte.
 */
void cw_renewal_write(struct cw_configobj *config, const struct cw_settings *settings,
		      const char *account, const char *authenticator, const char *installer);

/* Writes those options of PLUGIN (its name) that a plugin, the user or a renewal file has set: into
 * [renewalparams] if that names PLUGIN, otherwise into [certwright]. Changes nothing else. */
void cw_renewal_write_plugin(struct cw_configobj *config, const struct cw_settings *settings,
			     const char *plugin);

/*
 * The installers that renewals reach. Certbot knows one, in [renewalparams]. The names of others,
 * which "install" has added, are the list further_installers of [certwright].
 */
void cw_renewal_further_installers(const struct cw_configobj *config, struct cw_strv *installers);
/* Adds INSTALLER (its name), unless it is there. */
void cw_renewal_add_installer(struct cw_configobj *config, const char *installer);
void cw_renewal_forget_further_installers(struct cw_configobj *config);

#endif
