#include "acme/problem.h"

#include <string.h>
#include "base/buf.h"
#include "base/text.h"

#define PREFIX "urn:ietf:params:acme:error:"

enum { DETAIL_MAX = 2000, TYPE_MAX = 200, NAME_MAX_LENGTH = 300, PARTS_MAX = 1000 };

/* What a person can do about a problem of this type, where there is something. */
static const struct {
	const char *type;
	const char *hint;
} hints[] = {
	{"accountDoesNotExist", "the CA does not know this account (any more); register a new one "
				"with: certwright register"},
	{"alreadyReplaced", "the CA has already replaced this certificate with a newer one"},
	{"alreadyRevoked", "nothing is left to do"},
	{"badCSR", "the CA does not accept this certificate request; check its key and its names"},
	{"badNonce", "the CA keeps refusing its own nonces; try again later"},
	{"badPublicKey", "use a key of another type or size, such as ECDSA P-256 or RSA with 2048 "
			 "bits"},
	{"badRevocationReason", "give another --reason, or none"},
	{"badSignatureAlgorithm",
	 "the CA does not accept the account key's type; register with another key"},
	{"caa", "the domain's CAA records do not allow this CA; add one that names it"},
	{"compound", "see the problems of the individual names"},
	{"connection",
	 "check that the name points to this machine and that no firewall blocks the connection"},
	{"dns", "check that the name exists in the public DNS and that its name servers answer"},
	{"externalAccountRequired",
	 "get a key identifier and an HMAC key from the CA and give --eab-kid and --eab-hmac-key"},
	{"incorrectResponse", "check that the challenge is on the server that the name points to"},
	{"invalidContact", "check the e-mail address"},
	{"invalidProfile", "choose a profile that the CA offers, or none"},
	{"malformed",
	 "the CA does not understand this request; check the names and the CA's announcements"},
	{"orderNotReady", "not every name of the order was validated"},
	{"rateLimited",
	 "wait until the CA's rate limit allows it again; use the CA's staging server for tests"},
	{"rejectedIdentifier",
	 "the CA does not issue certificates for this name; leave it out or choose another CA"},
	{"serverInternal", "this is a problem of the CA; try again later"},
	{"tls", "check the TLS configuration of the server that the name points to"},
	{"unauthorized", "check that the account is valid and is allowed to do this"},
	{"unsupportedContact", "the CA needs another kind of contact; give an e-mail address"},
	{"unsupportedIdentifier",
	 "the CA does not issue certificates for identifiers of this type"},
	{"userActionRequired",
	 "do what the CA asks for, such as agreeing to its new terms of service"},
};

/* The same for a challenge that failed; a NULL challenge stands for any. */
static const struct {
	const char *challenge;
	const char *type;
	const char *hint;
} validation_hints[] = {
	{"http-01", "connection",
	 "port 80 must be reachable from the Internet: check that all the name's addresses, also "
	 "IPv6, are those of this machine, and check the firewall"},
	{"http-01", "unauthorized",
	 "the answer came from another web server or folder: check that the name points to this "
	 "machine and that its web server serves the challenge"},
	{"http-01", "incorrectResponse",
	 "the answer came from another web server or folder: check that the name points to this "
	 "machine and that its web server serves the challenge"},
	{"http-01", "tls",
	 "the server redirects to HTTPS, which fails; repair HTTPS or do not redirect "
	 "/.well-known/acme-challenge/"},
	{"dns-01", "unauthorized",
	 "the CA found no TXT record: check that it was added to the delegated zone, and allow "
	 "more time for it to propagate"},
	{"dns-01", "incorrectResponse",
	 "the CA found another TXT record: check that the record was added to the delegated zone, "
	 "and allow more time for it to propagate"},
	{"dns-01", "dns",
	 "check the zone's delegation, its name servers and DNSSEC, and allow more time for the "
	 "record to propagate"},
	{"dns-account-01", "unauthorized",
	 "the CA found no TXT record: check that it was added to the delegated zone, and allow "
	 "more time for it to propagate"},
	{"dns-persist-01", "unauthorized",
	 "the CA found no record for this account: \"certwright dns-records\" shows what it has "
	 "to say; allow more time for it to propagate"},
	{"tls-alpn-01", "connection",
	 "port 443 must be reachable from the Internet: check that all the name's addresses, also "
	 "IPv6, are those of this machine, and check the firewall"},
	{"tls-alpn-01", "unauthorized",
	 "another TLS server answered: check that the name points to this machine and that no "
	 "proxy in front of it terminates TLS"},
	{"tls-alpn-01", "tls",
	 "another TLS server answered: check that the name points to this machine and that no "
	 "proxy in front of it terminates TLS"},
};

char *
cw_acme_printable(const char *text, size_t max)
{
	struct cw_buf buf = {0};
	size_t length = strnlen(text, max + 1);
	const char *trimmed;
	char *whole, *result;

	if (length > max) {
		/* Cut between characters. */
		for (length = max; length > 0 && (text[length] & 0xc0) == 0x80; length--)
			;
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		/* U+0080 to U+009F are control characters too: terminals obey them. */
		if (byte == 0xc2 && i + 1 < length && (unsigned char)text[i + 1] < 0xa0)
			i++, byte = ' ';
		cw_buf_add_char(&buf, byte < ' ' || byte == 0x7f ? ' ' : (char)byte);
	}
	whole = cw_buf_take(&buf);
	trimmed = cw_trim(whole);
	length = strlen(trimmed);
	if (length > 1 && trimmed[length - 1] == '.' && trimmed[length - 2] != '.')
		length--;
	result = cw_memdup(trimmed, length);
	free(whole);
	return result;
}

bool
cw_acme_problem_is(struct json_object *value)
{
	cw_autofree char *type = cw_json_prose(value, "type");
	cw_autofree char *detail = cw_json_prose(value, "detail");
	cw_autofree char *title = cw_json_prose(value, "title");

	return type != NULL || detail != NULL || title != NULL;
}

const char *
cw_acme_problem_name(const char *type)
{
	if (type == NULL)
		return "";
	return cw_starts_with(type, PREFIX) ? type + strlen(PREFIX) : type;
}

bool
cw_acme_problem_named(const struct cw_error *error, const char *name)
{
	const char *type = cw_error_problem_type(error);

	return type != NULL && cw_equal(cw_acme_problem_name(type), name);
}

static const char *
hint_for(const char *name, const char *challenge)
{
	for (size_t i = 0; challenge != NULL && i < CW_COUNT(validation_hints); i++) {
		if (cw_equal(validation_hints[i].challenge, challenge) &&
		    cw_equal(validation_hints[i].type, name))
			return validation_hints[i].hint;
	}
	for (size_t i = 0; i < CW_COUNT(hints); i++) {
		if (cw_equal(hints[i].type, name))
			return hints[i].hint;
	}
	return NULL;
}

/* Type, detail and hint of PROBLEM into ERROR, whose message so far is MESSAGE. */
static void
fill(struct cw_error *error, struct json_object *problem, const char *challenge,
     const char *message)
{
	cw_autofree char *type = cw_json_prose(problem, "type");
	cw_autofree char *detail = cw_json_prose(problem, "detail");
	const char *instance = cw_json_string(problem, "instance");
	cw_autofree char *shown_type = cw_acme_printable(type == NULL ? "" : type, TYPE_MAX);
	cw_autofree char *shown = NULL;
	const char *name = cw_acme_problem_name(shown_type);
	const char *hint = hint_for(name, challenge);

	if (detail == NULL)
		detail = cw_json_prose(problem, "title");
	shown = cw_acme_printable(detail == NULL ? "" : detail, DETAIL_MAX);
	/* A validation's message names the challenge's type where others have the problem's. */
	if (challenge != NULL || *name == '\0' || cw_equal(name, "about:blank"))
		cw_fail(error, CW_E_ACME, "%s: %s", message,
			*shown != '\0' ? shown : "it gave no reason");
	else
		cw_fail(error, CW_E_ACME, "%s (%s)%s%s", message, name, *shown != '\0' ? ": " : "",
			shown);
	if (error == NULL)
		return;
	if (*shown_type != '\0')
		error->problem_type = cw_take(&shown_type);
	if (detail != NULL)
		error->problem_detail = cw_take(&shown);
	if (cw_equal(name, "userActionRequired") && instance != NULL) {
		cw_autofree char *where = cw_acme_printable(instance, DETAIL_MAX);

		cw_hint(error, "read \"%s\" and do what the CA asks for", where);
	} else if (hint != NULL) {
		cw_hint(error, "%s", hint);
	}
}

static void
add_subproblem(struct cw_error *error, struct json_object *subproblem)
{
	cw_auto_error struct cw_error part = {0};
	cw_autofree char *value = cw_json_prose(cw_json_object(subproblem, "identifier"), "value");
	cw_autofree char *name = NULL, *message = NULL;

	if (!cw_acme_problem_is(subproblem))
		return;
	if (value != NULL)
		name = cw_acme_printable(value, NAME_MAX_LENGTH);
	message = name == NULL ? cw_strdup("the CA refused part of the request")
			       : cw_format("the CA refused \"%s\"", name);
	fill(&part, subproblem, NULL, message);
	if (name != NULL)
		cw_error_set_identifier(&part, name);
	cw_error_add_part(error, &part);
}

static void
add_subproblems(struct cw_error *error, struct json_object *problem)
{
	struct json_object *array = cw_json_array(problem, "subproblems");
	size_t count = array == NULL ? 0 : json_object_array_length(array);

	for (size_t i = 0; error != NULL && i < count && i < PARTS_MAX; i++)
		add_subproblem(error, json_object_array_get_idx(array, i));
}

int
cw_acme_problem(struct cw_error *error, struct json_object *problem, const char *format, ...)
{
	cw_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = cw_vformat(format, arguments);
	va_end(arguments);
	fill(error, problem, NULL, message);
	add_subproblems(error, problem);
	return CW_E_ACME;
}

int
cw_acme_validation_problem(struct cw_error *error, struct json_object *problem, const char *name,
			   const char *challenge)
{
	cw_autofree char *message =
		cw_format("the CA could not validate \"%s\" (%s)", name, challenge);

	fill(error, problem, challenge, message);
	cw_error_set_identifier(error, name);
	return CW_E_ACME;
}
