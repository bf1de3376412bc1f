#include "flow/issue/revoke.h"
#include <string.h>
#include "base/text.h"

/* As far as subscribers may give them. */
static const struct {
	const char *name;
	int code;
} reasons[] = {
	{"unspecified", 0}, {"keycompromise", 1},        {"affiliationchanged", 3},
	{"superseded", 4},  {"cessationofoperation", 5},
};

int
cw_revocation_reason(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(reasons); i++)
		if (strcmp(reasons[i].name, name) == 0)
			return reasons[i].code;
	return -1;
}

bool
cw_is_revoked_already(const struct cw_error *error)
{
	const char *type = cw_error_problem_type(error);

	return type != NULL && cw_ends_with(type, ":alreadyRevoked");
}
