#include "flow/issue/profile.h"
#include <stdlib.h>
#include "base/log.h"

static bool
has_profile(const struct cw_wire_directory *directory, const char *name)
{
	return cw_strv_contains(&directory->profiles, name);
}

static void
refuse_profile(const struct cw_wire_directory *directory, const char *name, struct cw_error *error)
{
	cw_autofree char *list = cw_strv_join(&directory->profiles, ", ");

	cw_fail(error, CW_E_UNSUPPORTED, "the CA has no profile \"%s\"", name);
	cw_hint(error, "it has %s; use --preferred-profile where that will do",
		directory->profiles.count > 0 ? list : "no profiles");
}

const char *
cw_profile_choose(const struct cw_settings *settings, const struct cw_wire_directory *directory,
		  struct cw_error *error)
{
	const char *required = cw_settings_get(settings, "required_profile");
	const char *preferred = cw_settings_get(settings, "preferred_profile");

	if (required != NULL) {
		if (!has_profile(directory, required))
			refuse_profile(directory, required, error);
		return required;
	}
	if (preferred != NULL && has_profile(directory, preferred))
		return preferred;
	if (preferred != NULL)
		cw_log_warning("the CA has no profile \"%s\"; going on without", preferred);
	return NULL;
}
