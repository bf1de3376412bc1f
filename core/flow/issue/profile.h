/* Certificate profiles (draft-ietf-acme-profiles). */
#ifndef CW_FLOW_ISSUE_PROFILE_H
#define CW_FLOW_ISSUE_PROFILE_H

#include "acme/wire.h"
#include "base/option.h"

/* Returns the profile to order: --required-profile, else --preferred-profile if the CA has it, else
 * NULL. If the CA does not have the required one, the error is CW_E_UNSUPPORTED and lists the CA's
 * profiles. */
const char *cw_profile_choose(const struct cw_settings *settings,
			      const struct cw_wire_directory *directory, struct cw_error *error);

#endif
