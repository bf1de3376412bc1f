#include "flow/ask/check.h"
#include <stdint.h>
#include <string.h>
#include "base/text.h"
#include "flow/issue/server.h"

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
	cw_fail(error, CW_E_USAGE, "invalid --eab-hmac-alg \"%s\"", value);
	cw_hint(error, "give HS256, HS384 or HS512");
	return CW_E_USAGE;
}

/* What the verb would do in spite of the option; a verb that only reads ignores it. */
static int
check_verb(const struct cw_verb *verb, const struct cw_settings *settings, struct cw_error *error)
{
	if (verb->writes && !verb->has_dry_run && cw_settings_flag(settings, "dry_run")) {
		cw_fail(error, CW_E_USAGE, "--dry-run cannot be used with %s", verb->name);
		cw_hint(error, "use certonly --dry-run or renew --dry-run instead");
		return CW_E_USAGE;
	}
	if (verb->csr != NULL && cw_settings_get(settings, "csr") != NULL) {
		cw_fail(error, CW_E_USAGE, "--csr can only be given with certonly");
		cw_hint(error, "%s", verb->csr);
		return CW_E_USAGE;
	}
	if (verb->asks_nobody && cw_settings_flag(settings, "force_interactive")) {
		cw_fail(error, CW_E_USAGE, "--force-interactive cannot be used with %s",
			verb->name);
		cw_hint(error, "%s never asks anything", verb->name);
		return CW_E_USAGE;
	}
	return verb->check != NULL ? verb->check(settings, error) : CW_OK;
}

static int
check_contradictions(const struct cw_settings *settings, struct cw_error *error)
{
	if (cw_settings_flag(settings, "hsts") && cw_settings_flag(settings, "auto_hsts"))
		return cw_fail(error, CW_E_USAGE,
			       "--hsts and --auto-hsts exclude each other; give only one of them");
	if (cw_settings_flag(settings, "force_interactive") &&
	    cw_settings_flag(settings, "noninteractive_mode"))
		return cw_fail(error, CW_E_USAGE,
			       "--force-interactive and --non-interactive exclude each other; give "
			       "only one of them");
	if (cw_settings_flag(settings, "staging") && !cw_is_standard_server(settings)) {
		cw_fail(error, CW_E_USAGE, "--staging and --server %s exclude each other",
			cw_settings_get(settings, "server"));
		cw_hint(error,
			"give only one of them: --staging means Let's Encrypt's staging server");
		return CW_E_USAGE;
	}
	return CW_OK;
}

static int
check_ranges(const struct cw_settings *settings, struct cw_error *error)
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
	return CW_OK;
}

int
cw_check_settings(const struct cw_verb *verb, const struct cw_settings *settings,
		  struct cw_error *error)
{
	int status = check_ranges(settings, error);

	if (status == CW_OK)
		status = check_hmac_algorithm(settings, error);
	if (status == CW_OK)
		status = check_verb(verb, settings, error);
	return status == CW_OK ? check_contradictions(settings, error) : status;
}
