#include "flow/issue/aliases.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

enum { RECORD_MAX = 253 };

static const char setting[] = "dns_alias";

/* A record's name: that of a host, and "_". */
static bool
is_record(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > RECORD_MAX || *name == '.' || strstr(name, "..") != NULL ||
	    strchr(name, '.') == NULL)
		return false;
	for (const char *at = name; *at != '\0'; at++)
		if (!isalnum((unsigned char)*at) && strchr("-_.", *at) == NULL)
			return false;
	return true;
}

/* Splits VALUE. Both parts are to be released with free(). */
static int
split(const char *value, char **name, char **target, struct cw_error *error)
{
	cw_auto_names struct cw_names names = {0};
	cw_autofree char *copy = cw_strdup(value);
	char *equals = strchr(copy, '=');
	size_t length;

	if (equals == NULL) {
		cw_fail(error, CW_E_USAGE, "--dns-alias \"%s\" is not NAME=TARGET", value);
		cw_hint(error, "give the name of the certificate and the name of the record, as in "
			       "www.example.com=abc.example.net");
		return CW_E_USAGE;
	}
	*equals++ = '\0';
	if (cw_names_add_dns_name(&names, cw_starts_with(copy, "*.") ? copy + 2 : copy, error) < 0)
		return cw_context(error, "--dns-alias \"%s\"", value);
	length = strlen(equals);
	if (length > 0 && equals[length - 1] == '.')
		equals[length - 1] = '\0';
	if (!is_record(equals))
		return cw_fail(error, CW_E_USAGE,
			       "--dns-alias \"%s\": \"%s\" is not the name of a record", value,
			       equals);
	*name = cw_strdup(names.dns.items[0]);
	*target = cw_lower(cw_strdup(equals));
	return CW_OK;
}

int
cw_aliases_check(const struct cw_settings *settings, struct cw_error *error)
{
	const struct cw_strv *values = cw_settings_list(settings, setting);
	int status = CW_OK;

	for (size_t i = 0; i < values->count && status == CW_OK; i++) {
		cw_autofree char *name = NULL;
		cw_autofree char *target = NULL;

		status = split(values->items[i], &name, &target, error);
	}
	return status;
}

/* Whether NAMES has NAME, or the wildcard whose record is at the same place. */
static bool
is_among(const struct cw_names *names, const char *name)
{
	cw_autofree char *wildcard = cw_format("*.%s", name);

	return cw_strv_contains(&names->dns, name) || cw_strv_contains(&names->dns, wildcard);
}

static int
check_one(const struct cw_settings *settings, const char *value, const struct cw_names *names,
	  struct cw_error *error)
{
	cw_autofree char *name = NULL;
	cw_autofree char *target = NULL;
	cw_autofree char *last = NULL;
	int status = split(value, &name, &target, error);

	if (status < 0)
		return status;
	last = cw_alias_find(settings, name);
	if (!cw_equal(last, target)) {
		cw_fail(error, CW_E_USAGE,
			"--dns-alias gives \"%s\" two targets, \"%s\" and \"%s\"", name, target,
			last);
		cw_hint(error, "give the one that _acme-challenge.%s is an alias of", name);
		return CW_E_USAGE;
	}
	if (cw_settings_source(settings, setting) != CW_SOURCE_COMMAND || is_among(names, name))
		return CW_OK;
	cw_fail(error, CW_E_USAGE,
		"--dns-alias \"%s\": the certificate does not have the name \"%s\"", value, name);
	cw_hint(error, "give a name of the certificate, or add this one with -d");
	return CW_E_USAGE;
}

int
cw_aliases_check_names(const struct cw_settings *settings, const struct cw_names *names,
		       struct cw_error *error)
{
	const struct cw_strv *values = cw_settings_list(settings, setting);
	int status = CW_OK;

	for (size_t i = 0; i < values->count && status == CW_OK; i++)
		status = check_one(settings, values->items[i], names, error);
	return status;
}

char *
cw_alias_find(const struct cw_settings *settings, const char *name)
{
	const struct cw_strv *values = cw_settings_list(settings, setting);

	for (size_t i = values->count; i-- > 0;) {
		cw_autofree char *given = NULL;
		cw_autofree char *target = NULL;

		if (split(values->items[i], &given, &target, NULL) == CW_OK &&
		    strcmp(given, name) == 0)
			return cw_take(&target);
	}
	return NULL;
}
