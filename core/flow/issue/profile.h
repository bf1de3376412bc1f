/* Certificate profiles (draft-ietf-acme-profiles). */
#ifndef CW_FLOW_ISSUE_PROFILE_H
#define CW_FLOW_ISSUE_PROFILE_H

#include "acme/wire.h"
#include "base/option.h"

/* The profile to order: that of --required-profile, which the CA must have (CW_E_UNSUPPORTED with
 * those that it has), else that of --preferred-profile if the CA has it; NULL: none. */
const char *cw_profile_choose(const struct cw_settings *settings,
			      const struct cw_wire_directory *directory, struct cw_error *error);

#endif
