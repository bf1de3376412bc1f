#include "acme/parse.h"

#include <arpa/inet.h>
#include <string.h>
#include "acme/internal.h"
#include "acme/persistent.h"
#include "acme/problem.h"
#include "acme/reply.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

enum { CHALLENGES_MAX = 32, TYPE_MAX = 64, TOKEN_MIN = 22, TOKEN_MAX = 512, SHOWN_MAX = 200 };

static const char *const state_names[] = {
	[CW_ACME_PENDING] = "pending",       [CW_ACME_READY] = "ready",
	[CW_ACME_PROCESSING] = "processing", [CW_ACME_VALID] = "valid",
	[CW_ACME_INVALID] = "invalid",       [CW_ACME_DEACTIVATED] = "deactivated",
	[CW_ACME_EXPIRED] = "expired",       [CW_ACME_REVOKED] = "revoked",
};

#define STATE(state) (1u << (state))

/* RFC 8555 section 7.1.6. */
static const unsigned order_states = STATE(CW_ACME_PENDING) | STATE(CW_ACME_READY) |
				     STATE(CW_ACME_PROCESSING) | STATE(CW_ACME_VALID) |
				     STATE(CW_ACME_INVALID);
static const unsigned authorization_states = STATE(CW_ACME_PENDING) | STATE(CW_ACME_VALID) |
					     STATE(CW_ACME_INVALID) | STATE(CW_ACME_DEACTIVATED) |
					     STATE(CW_ACME_EXPIRED) | STATE(CW_ACME_REVOKED);
static const unsigned challenge_states = STATE(CW_ACME_PENDING) | STATE(CW_ACME_PROCESSING) |
					 STATE(CW_ACME_VALID) | STATE(CW_ACME_INVALID);

const char *
cw_acme_state_name(enum cw_acme_state state)
{
	return state_names[state];
}

static bool
parse_state(struct json_object *body, unsigned allowed, enum cw_acme_state *state)
{
	const char *text = cw_json_string(body, "status");

	for (size_t i = 0; text != NULL && i < CW_COUNT(state_names); i++) {
		if ((allowed & STATE(i)) != 0 && cw_equal(text, state_names[i])) {
			*state = (enum cw_acme_state)i;
			return true;
		}
	}
	return false;
}

static int
bad_state(struct json_object *body, const char *what, const char *url, struct cw_error *error)
{
	const char *text = cw_json_string(body, "status");
	cw_autofree char *shown = NULL;

	if (text == NULL)
		return cw_fail(error, CW_E_PROTOCOL, "the %s \"%s\" has no status", what, url);
	shown = cw_acme_printable(text, SHOWN_MAX);
	return cw_fail(error, CW_E_PROTOCOL, "the %s \"%s\" has the unknown status \"%s\"", what,
		       url, shown);
}

static bool
same_address(const char *a, const char *b)
{
	static const int families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < CW_COUNT(families); i++) {
		unsigned char first[16] = {0}, second[16] = {0};

		if (inet_pton(families[i], a, first) == 1 && inet_pton(families[i], b, second) == 1)
			return memcmp(first, second, sizeof(first)) == 0;
	}
	return false;
}

static bool
is_identifier(const struct cw_acme_identifier *identifier, const char *type, const char *value)
{
	if (!cw_equal(identifier->type, type))
		return false;
	return cw_equal(type, "ip") ? same_address(identifier->value, value)
				    : cw_equal_nocase(identifier->value, value);
}

static bool
order_has(const struct cw_acme_order *order, const char *type, const char *value)
{
	for (size_t i = 0; i < order->identifier_count; i++) {
		if (is_identifier(order->identifiers[i], type, value))
			return true;
	}
	return false;
}

static bool
array_has(struct json_object *array, size_t count, const struct cw_acme_identifier *identifier)
{
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);
		const char *type = cw_json_string(item, "type");
		const char *value = cw_json_string(item, "value");

		if (type != NULL && value != NULL && is_identifier(identifier, type, value))
			return true;
	}
	return false;
}

/* The order must be for exactly the names that were asked for. */
static int
check_identifiers(const struct cw_acme_order *order, struct json_object *body, const char *url,
		  struct cw_error *error)
{
	struct json_object *array = cw_json_array(body, "identifiers");
	size_t count = array == NULL ? 0 : json_object_array_length(array);

	if (count == 0 || count > CW_ACME_IDENTIFIERS_MAX)
		return cw_fail(error, CW_E_PROTOCOL, "the order \"%s\" has %s identifiers", url,
			       count == 0 ? "no" : "too many");
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);
		const char *type = cw_json_string(item, "type");
		const char *value = cw_json_string(item, "value");
		cw_autofree char *shown = NULL;

		if (type == NULL || value == NULL)
			return cw_fail(error, CW_E_PROTOCOL,
				       "the order \"%s\" has an identifier without type or value",
				       url);
		if (order_has(order, type, value))
			continue;
		shown = cw_acme_printable(value, SHOWN_MAX);
		return cw_fail(error, CW_E_PROTOCOL,
			       "the order \"%s\" is for \"%s\", which was not requested", url,
			       shown);
	}
	for (size_t i = 0; i < order->identifier_count; i++) {
		if (!array_has(array, count, order->identifiers[i]))
			return cw_fail(error, CW_E_PROTOCOL,
				       "the order \"%s\" is not for \"%s\", which was requested",
				       url, order->identifiers[i]->value);
	}
	return CW_OK;
}

static int
parse_authorization_urls(const struct cw_acme *acme, struct json_object *body, const char *url,
			 const struct cw_acme_order *order, struct cw_strv *urls,
			 struct cw_error *error)
{
	struct json_object *array = cw_json_array(body, "authorizations");
	size_t count = array == NULL ? 0 : json_object_array_length(array);

	if (count == 0)
		return cw_fail(error, CW_E_PROTOCOL, "the order \"%s\" has no authorizations", url);
	if (count > order->identifier_count)
		return cw_fail(error, CW_E_PROTOCOL,
			       "the order \"%s\" has %zu authorizations for %zu names", url, count,
			       order->identifier_count);
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);
		const char *text = json_object_is_type(item, json_type_string)
					   ? json_object_get_string(item)
					   : NULL;

		if (!cw_acme_url_ok(acme, text))
			return cw_fail(error, CW_E_PROTOCOL,
				       "the order \"%s\" has an authorization without a usable URL",
				       url);
		if (!cw_strv_add_unique(urls, text))
			return cw_fail(error, CW_E_PROTOCOL,
				       "the order \"%s\" has the authorization \"%s\" twice", url,
				       text);
	}
	return CW_OK;
}

static void
replace(char **to, const char *text)
{
	free(*to);
	*to = cw_strdup(text);
}

int
cw_acme_order_parse(const struct cw_acme *acme, struct json_object *body, const char *url,
		    struct cw_acme_order *order, struct cw_strv *authorizations,
		    struct cw_error *error)
{
	const char *finalize = cw_json_string(body, "finalize");
	const char *certificate = cw_json_string(body, "certificate");
	const char *expires = cw_json_string(body, "expires");
	enum cw_acme_state state;
	int64_t seconds;
	int status;

	if (!parse_state(body, order_states, &state))
		return bad_state(body, "order", url, error);
	status = check_identifiers(order, body, url, error);
	if (status == CW_OK && authorizations != NULL)
		status = parse_authorization_urls(acme, body, url, order, authorizations, error);
	if (status != CW_OK)
		return status;
	if (state != CW_ACME_INVALID && !cw_acme_url_ok(acme, finalize))
		return cw_fail(error, CW_E_PROTOCOL, "the order \"%s\" has no usable finalize URL",
			       url);
	if (state == CW_ACME_VALID && !cw_acme_url_ok(acme, certificate))
		return cw_fail(error, CW_E_PROTOCOL,
			       "the order \"%s\" is valid but has no usable certificate URL", url);
	order->state = state;
	if (cw_acme_url_ok(acme, finalize))
		replace(&order->finalize_url, finalize);
	replace(&order->certificate_url, state == CW_ACME_VALID ? certificate : NULL);
	order->expires = 0;
	if (expires != NULL && cw_parse_rfc3339(expires, &seconds))
		order->expires = seconds;
	return CW_OK;
}

/* draft-ietf-acme-dns-persist: 1 to 10 names, in lower case and without a dot at the end. */
static bool
parse_issuers(struct json_object *body, struct cw_strv *issuers)
{
	struct json_object *array = cw_json_array(body, "issuer-domain-names");
	size_t count = array == NULL ? 0 : json_object_array_length(array);

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);
		const char *name = json_object_is_type(item, json_type_string)
					   ? json_object_get_string(item)
					   : "";

		if (!cw_acme_issuer_ok(name))
			return false;
		cw_strv_add(issuers, name);
	}
	return count > 0 && count <= CW_ACME_ISSUERS_MAX;
}

bool
cw_acme_token_ok(const char *token)
{
	return token != NULL && strlen(token) >= TOKEN_MIN &&
	       cw_acme_base64url_ok(token, TOKEN_MAX);
}

static bool
parse_token(const struct cw_acme *acme, struct json_object *body,
	    struct cw_acme_challenge *challenge)
{
	const char *token = cw_json_string(body, "token");

	if (!cw_acme_token_ok(token))
		return false;
	challenge->token = cw_strdup(token);
	if (acme->signer.thumbprint != NULL)
		challenge->key_authorization = cw_format("%s.%s", token, acme->signer.thumbprint);
	return true;
}

/* NULL for a challenge that cannot be used. */
static struct cw_acme_challenge *
parse_challenge(const struct cw_acme *acme, struct json_object *body)
{
	const char *type = cw_json_string(body, "type");
	const char *url = cw_json_string(body, "url");
	struct cw_acme_challenge *challenge;
	enum cw_acme_state state;
	bool good;

	if (type == NULL || *type == '\0' || strlen(type) > TYPE_MAX ||
	    !cw_acme_url_ok(acme, url) || !parse_state(body, challenge_states, &state))
		return NULL;
	challenge = cw_alloc(sizeof(*challenge));
	challenge->type = cw_acme_printable(type, TYPE_MAX);
	challenge->url = cw_strdup(url);
	challenge->state = state;
	if (cw_equal(type, CW_ACME_PERSISTENT)) {
		challenge->token = cw_strdup("");
		challenge->key_authorization = cw_strdup("");
		good = parse_issuers(body, &challenge->issuers);
	} else {
		good = parse_token(acme, body, challenge);
	}
	if (!good) {
		cw_acme_challenge_free(challenge);
		return NULL;
	}
	return challenge;
}

static int
parse_challenges(const struct cw_acme *acme, struct json_object *body,
		 struct cw_acme_authorization *authorization, struct cw_error *error)
{
	struct json_object *array = cw_json_array(body, "challenges");
	size_t count = array == NULL ? 0 : json_object_array_length(array);

	if (count > CHALLENGES_MAX)
		return cw_fail(error, CW_E_PROTOCOL,
			       "the authorization \"%s\" has too many challenges",
			       authorization->url);
	authorization->challenges = cw_calloc(count + 1, sizeof(struct cw_acme_challenge *));
	for (size_t i = 0; i < count; i++) {
		struct cw_acme_challenge *challenge =
			parse_challenge(acme, json_object_array_get_idx(array, i));

		if (challenge != NULL)
			authorization->challenges[authorization->challenge_count++] = challenge;
	}
	if (authorization->challenge_count > 0 || authorization->state != CW_ACME_PENDING)
		return CW_OK;
	cw_fail(error, CW_E_PROTOCOL, "the authorization \"%s\" for \"%s\" has no usable challenge",
		authorization->url, authorization->identifier.value);
	cw_hint(error, "a usable challenge has an https URL and a token of %d to %d characters",
		TOKEN_MIN, TOKEN_MAX);
	return CW_E_PROTOCOL;
}

/* Finds the order's identifier that the authorization is for. */
static int
parse_identifier(struct json_object *body, const struct cw_acme_order *order,
		 struct cw_acme_authorization *authorization, struct cw_error *error)
{
	struct json_object *identifier = cw_json_object(body, "identifier");
	const char *type = cw_json_string(identifier, "type");
	const char *value = cw_json_string(identifier, "value");
	cw_autofree char *wild = NULL, *shown = NULL;
	bool plain_ok, wild_ok;

	if (type == NULL || value == NULL || *value == '\0')
		return cw_fail(error, CW_E_PROTOCOL, "the authorization \"%s\" has no identifier",
			       authorization->url);
	wild = cw_format("*.%s", value);
	wild_ok = cw_equal(type, "dns") && order_has(order, type, wild);
	plain_ok = !cw_starts_with(value, "*.") && order_has(order, type, value);
	authorization->wildcard = cw_json_bool(body, "wildcard", false);
	/* Some servers leave the member out. */
	if (!authorization->wildcard && !plain_ok)
		authorization->wildcard = wild_ok;
	if (authorization->wildcard ? !wild_ok : !plain_ok) {
		shown = cw_acme_printable(value, SHOWN_MAX);
		return cw_fail(error, CW_E_PROTOCOL,
			       "the authorization \"%s\" is for \"%s%s\", which was not requested",
			       authorization->url, authorization->wildcard ? "*." : "", shown);
	}
	authorization->identifier.type = cw_strdup(type);
	authorization->identifier.value = cw_lower(cw_strdup(value));
	return CW_OK;
}

int
cw_acme_authorization_parse(const struct cw_acme *acme, struct json_object *body, const char *url,
			    const struct cw_acme_order *order,
			    struct cw_acme_authorization **authorization, struct cw_error *error)
{
	struct cw_acme_authorization *made;
	enum cw_acme_state state;
	int status;

	*authorization = NULL;
	if (!parse_state(body, authorization_states, &state))
		return bad_state(body, "authorization", url, error);
	made = cw_alloc(sizeof(*made));
	made->url = cw_strdup(url);
	made->state = state;
	status = parse_identifier(body, order, made, error);
	if (status == CW_OK)
		status = parse_challenges(acme, body, made, error);
	if (status != CW_OK)
		cw_acme_authorization_free(made);
	else
		*authorization = made;
	return status;
}

struct json_object *
cw_acme_challenge_object(struct json_object *body, const char *url)
{
	struct json_object *array = cw_json_array(body, "challenges");
	size_t count = array == NULL ? 0 : json_object_array_length(array);

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		if (cw_equal(cw_json_string(item, "url"), url) && url != NULL)
			return item;
	}
	return NULL;
}
