#include "flow/issue/profile.h"
#include <stdlib.h>
#include "base/json.h"
#include "base/log.h"
#include "base/strv.h"

static bool
has_profile(struct json_object *profiles, const char *name)
{
	return profiles != NULL && json_object_object_get_ex(profiles, name, NULL);
}

static void
refuse_profile(struct json_object *profiles, const char *name, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *list = NULL;

	if (profiles != NULL) {
		json_object_object_foreach(profiles, offered, description)
		{
			(void)description;
			cw_strv_add(&names, offered);
		}
	}
	list = cw_strv_join(&names, ", ");
	cw_fail(error, CW_E_UNSUPPORTED, "the CA has no profile \"%s\"", name);
	cw_hint(error, "it has %s; use --preferred-profile where that will do",
		names.count > 0 ? list : "no profiles");
}

const char *
cw_profile_choose(const struct cw_settings *settings, const struct cw_acme *acme,
		  struct cw_error *error)
{
	struct json_object *profiles = cw_acme_profiles(acme);
	const char *required = cw_settings_get(settings, "required_profile");
	const char *preferred = cw_settings_get(settings, "preferred_profile");

	if (required != NULL) {
		if (!has_profile(profiles, required))
			refuse_profile(profiles, required, error);
		return required;
	}
	if (preferred != NULL && has_profile(profiles, preferred))
		return preferred;
	if (preferred != NULL)
		cw_log_warning("the CA has no profile \"%s\"; going on without", preferred);
	return NULL;
}
