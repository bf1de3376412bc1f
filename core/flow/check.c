#include "flow/check.h"
#include <stdint.h>
#include <string.h>

struct range {
	const char *internal;
	int64_t least, most;
};

static const struct range ranges[] = {
	{"http01_port", 1, 65535},      {"https_port", 1, 65535},
	{"tls_alpn01_port", 1, 65535},  {"rsa_key_size", 2048, 8192},
	{"max_log_backups", 0, 100000}, {"issuance_timeout", 1, 86400},
	{"hook_timeout", 0, 604800},    {"plugin_timeout", 0, 604800},
	{"lock_timeout", -1, 604800},   {"jobs", 1, 1024},
	{"checkpoints", 1, 100000},
};

static const char *const hmac_algorithms[] = {"HS256", "HS384", "HS512"};

static int
check_hmac_algorithm(const struct cw_settings *settings, struct cw_error *error)
{
	const char *value = cw_settings_get(settings, "eab_hmac_alg");

	if (value == NULL)
		return CW_OK;
	for (size_t i = 0; i < CW_COUNT(hmac_algorithms); i++)
		if (strcmp(value, hmac_algorithms[i]) == 0)
			return CW_OK;
	cw_fail(error, CW_E_USAGE, "--eab-hmac-alg cannot be \"%s\"", value);
	cw_hint(error, "give HS256, HS384 or HS512");
	return CW_E_USAGE;
}

int
cw_check_settings(const struct cw_settings *settings, struct cw_error *error)
{
	for (size_t i = 0; i < CW_COUNT(ranges); i++) {
		const struct range *range = &ranges[i];
		int64_t value = cw_settings_int(settings, range->internal, range->least);
		const struct cw_option *option;

		if (value >= range->least && value <= range->most)
			continue;
		option = cw_option_by_internal(cw_settings_options(settings), range->internal);
		cw_fail(error, CW_E_USAGE, "--%s cannot be %lld", option->names[0],
			(long long)value);
		cw_hint(error, "give a number from %lld to %lld", (long long)range->least,
			(long long)range->most);
		return CW_E_USAGE;
	}
	return check_hmac_algorithm(settings, error);
}
