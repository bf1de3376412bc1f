#include "flow/agent/stand_in.h"
#include "crypto/self_signed.h"

enum { DAYS = 30, DAY = 86400 };

int
cw_stand_in_make(const struct cw_managed *managed, const struct cw_key *key, char **pem,
		 char **private_key, struct cw_error *error)
{
	static const struct cw_key_spec spec = {.type = CW_KEY_EC, .curve = "secp256r1"};
	cw_auto_key struct cw_key *made = NULL;
	cw_auto_strv struct cw_strv names = {0};
	int status = key == NULL ? cw_key_generate(&spec, &made, error) : CW_OK;

	cw_strv_add_all(&names, &managed->domains);
	if (names.count == 0)
		cw_strv_add(&names, managed->name);
	if (status == CW_OK)
		status = cw_self_signed(key != NULL ? key : made, &names, DAYS, pem, error);
	if (status == CW_OK && made != NULL)
		*private_key = cw_key_to_pem(made);
	return status;
}

int64_t
cw_stand_in_check(int64_t now)
{
	return now + DAYS * DAY - CW_STAND_IN_RENEWED;
}
