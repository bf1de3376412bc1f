#include "flow/due.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/text.h"
#include "crypto/x509.h"

#define DAY (24 * 3600)
#define SHORT_LIVED (10 * DAY)

struct unit {
	const char *name; /* singular; an "s" may follow */
	int64_t seconds;
};

static const struct unit units[] = {
	{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", DAY}, {"week", 7 * DAY},
};

/* "30 days", "12 hours"; a number alone is days, as Certbot takes it. */
static bool
parse_interval(const char *text, int64_t *seconds)
{
	cw_autofree char *copy = cw_strdup(text);
	char *trimmed = cw_trim(copy);
	size_t digits = strspn(trimmed, "0123456789");
	char *name = trimmed + digits;
	uint64_t number;

	if (digits == 0)
		return false;
	while (*name == ' ')
		*name++ = '\0';
	if (*name == '\0') {
		if (!cw_parse_uint(trimmed, 36500, &number))
			return false;
		*seconds = (int64_t)number * DAY;
		return true;
	}
	for (size_t i = 0; i < CW_COUNT(units); i++) {
		size_t length = strlen(units[i].name);

		if (strncmp(name, units[i].name, length) != 0 ||
		    (strcmp(name + length, "") != 0 && strcmp(name + length, "s") != 0))
			continue;
		cw_autofree char *count = cw_memdup(trimmed, digits);
		if (!cw_parse_uint(count, 3153600000U / (uint64_t)units[i].seconds, &number))
			return false;
		*seconds = (int64_t)number * units[i].seconds;
		return true;
	}
	return false;
}

int
cw_due_by_time(const struct cw_lineage *lineage, bool *due, int64_t *when, struct cw_error *error)
{
	const char *interval = cw_configobj_get(lineage->config, "", "renew_before_expiry");
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	int64_t start, end, before;
	int status = cw_certificate_load(lineage->live[CW_KIND_CERT], &certificate, error);

	if (status < 0)
		return status;
	start = cw_certificate_not_before(certificate);
	end = cw_certificate_not_after(certificate);
	if (interval != NULL && strcmp(interval, "None") != 0) {
		if (!parse_interval(interval, &before)) {
			cw_fail(error, CW_E_INVALID, "renew_before_expiry in %s is \"%s\"",
				lineage->renewal_path, interval);
			cw_hint(error, "write a number and a unit, such as 30 days");
			return CW_E_INVALID;
		}
	} else {
		int64_t lifetime = end > start ? end - start : 0;

		before = lifetime < SHORT_LIVED ? lifetime / 2 : lifetime / 3;
	}
	*when = end - before;
	*due = cw_time() >= *when;
	return CW_OK;
}
