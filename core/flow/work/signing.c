/* Which JWS the network process may have. It can be taken over; the key cannot be had through it,
 * and what is signed is of use for the account's own CA alone. */
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "flow/work/ca_internal.h"

/* The length of scheme, host and port of an absolute URL, without the path; 0: it is none. */
static size_t
origin_length(const char *url)
{
	const char *host = strstr(url, "://");

	if (host == NULL || (!cw_starts_with(url, "https://") && !cw_starts_with(url, "http://")))
		return 0;
	host += 3;
	/* A user name before the host could make it look like another. */
	if (host[strcspn(host, "/?#@\\")] == '@')
		return 0;
	return (size_t)(host - url) + strcspn(host, "/?#\\");
}

static bool
same_origin(const char *url, const char *server)
{
	size_t length = origin_length(server);

	return length > 0 && origin_length(url) == length && strncasecmp(url, server, length) == 0;
}

static const struct cw_ca_signer *
find_signer(const struct cw_ca *ca, uint32_t number)
{
	const struct cw_ca_signer *signer = ca->signers;

	while (signer != NULL && signer->number != number)
		signer = signer->next;
	return signer;
}

static int
judge(const struct cw_ca *ca, const struct cw_ca_signer *signer, const char *url, const char *kid,
      struct cw_error *error)
{
	if (signer == NULL)
		return cw_fail(error, CW_E_PERMISSION,
			       "the network process wants a key to sign that is not in use");
	if (!same_origin(url, ca->server)) {
		cw_fail(error, CW_E_PERMISSION,
			"the network process wants something signed for \"%s\", which is not at "
			"the CA "
			"\"%s\"",
			url, ca->server);
		return error->status;
	}
	if (kid == NULL && !signer->with_jwk)
		return cw_fail(error, CW_E_PERMISSION,
			       "the network process wants a signature without an account");
	if (kid != NULL && !cw_equal(kid, ca->account_uri))
		return cw_fail(
			error, CW_E_PERMISSION,
			"the network process wants a signature for the account \"%s\", which "
			"is another one",
			kid);
	return CW_OK;
}

static int
sign(const struct cw_signer *signer, const char *url, const char *nonce, const char *kid,
     const char *payload, char **jws, struct cw_error *error)
{
	cw_auto_json struct json_object *header = cw_json_new_object();

	cw_json_set_string(header, "nonce", nonce);
	cw_json_set_string(header, "url", url);
	if (kid != NULL)
		cw_json_set_string(header, "kid", kid);
	else
		cw_json_set(header, "jwk", json_object_get(signer->jwk));
	return cw_jws_sign(signer, header, payload, jws, error);
}

struct cw_message *
cw_ca_sign(struct cw_network_ca *network_ca, struct cw_message *request)
{
	const struct cw_ca *ca = (const struct cw_ca *)network_ca;
	const struct cw_ca_signer *signer = find_signer(ca, cw_wire_get_number(request));
	cw_autofree char *url = cw_message_need_text(request, CW_MESSAGE_LINE);
	cw_autofree char *nonce = cw_message_need_text(request, CW_MESSAGE_LINE);
	cw_autofree char *kid = cw_message_get_text(request, CW_MESSAGE_LINE);
	cw_autofree char *payload = cw_message_get_text(request, CW_MESSAGE_BODY);
	cw_autofree char *jws = NULL;
	cw_auto_error struct cw_error error = {0};
	struct cw_message *answer = cw_message_new(CW_NETWORK_ANSWER);
	int status = cw_message_finish(request, "the network process", &error);

	if (status == CW_OK)
		status = judge(ca, signer, url, kid, &error);
	if (status == CW_OK)
		status = sign(signer->signer, url, nonce, kid, payload, &jws, &error);
	if (status < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_warning("not signed: %s", line);
	}
	cw_message_put_error(answer, &error);
	if (status == CW_OK)
		cw_message_put_text(answer, jws);
	return answer;
}
