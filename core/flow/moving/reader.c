#include "flow/moving/reader.h"
#include <string.h>
#include "base/text.h"

/* Some clients keep only a CA's host, others a short name. */
static const struct known_ca {
	const char *preset; /* dehydrated's; NULL: none */
	const char *url;
} known_cas[] = {
	{"letsencrypt", CW_LETS_ENCRYPT},
	{"letsencrypt-test", "https://acme-staging-v02.api.letsencrypt.org/directory"},
	{"zerossl", "https://acme.zerossl.com/v2/DV90"},
	{"buypass", "https://api.buypass.com/acme/directory"},
	{"buypass-test", "https://api.test4.buypass.no/acme/directory"},
	{"google", "https://dv.acme-v02.api.pki.goog/directory"},
	{"google-test", "https://dv.acme-v02.test-api.pki.goog/directory"},
	{NULL, "https://acme.ssl.com/sslcom-dv-rsa"},
};

char *
cw_host_of(const char *url)
{
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	return cw_memdup(host, strcspn(host, "/?#"));
}

static bool
is_at(const char *url, const char *host)
{
	cw_autofree char *with_colon = cw_host_of(url);
	cw_autofree char *with_line = cw_replace_char(cw_strdup(with_colon), ':', '_');

	return cw_equal_nocase(with_colon, host) || cw_equal_nocase(with_line, host);
}

const char *
cw_directory_at(const struct cw_moving_source *source, const char *host)
{
	if (source->server != NULL && is_at(source->server, host))
		return source->server;
	for (size_t i = 0; i < CW_COUNT(known_cas); i++)
		if (is_at(known_cas[i].url, host))
			return known_cas[i].url;
	return NULL;
}

const char *
cw_directory_of_preset(const char *preset)
{
	for (size_t i = 0; i < CW_COUNT(known_cas); i++)
		if (cw_equal(known_cas[i].preset, preset))
			return known_cas[i].url;
	return NULL;
}

int
cw_moving_source_lacks(const struct cw_moving_source *source, const char *what,
		       struct cw_error *error)
{
	cw_fail(error, CW_E_NOT_FOUND, "\"%s\" is not what %s keeps: it has no %s", source->path,
		source->name, what);
	cw_hint(error, "\"certwright help import\" says which folder or file to give");
	return CW_E_NOT_FOUND;
}

void
cw_moving_remark_unclear(struct cw_moving *moving, const struct cw_conf *conf, const char *place)
{
	cw_auto_strv struct cw_strv keys = {0};
	cw_autofree char *list = NULL;

	cw_conf_unclear(conf, &keys);
	list = cw_strv_join(&keys, ", ");
	if (keys.count > 0)
		cw_moving_remark(moving, place,
				 "give what they stand for as options of this import",
				 "only a shell can tell the values of %s", list);
}

void
cw_moving_remark_days(struct cw_moving *moving, const struct cw_conf *conf, const char *key,
		      const char *place)
{
	const char *days = cw_conf_get(conf, key);

	if (days != NULL)
		cw_moving_remark(
			moving, place,
			"to renew a number of days before the expiry, add for example the "
			"line \"renew_before_expiry = 20 days\" at the beginning of the "
			"renewal file",
			"%s=%s is not taken over: certwright renews when the CA advises "
			"it, or else when two thirds of the lifetime have passed (half, if "
			"that is under ten days)",
			key, days);
}
