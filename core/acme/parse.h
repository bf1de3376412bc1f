/* Reads the server's JSON into structs and checks everything. Private to acme/. */
#ifndef CW_ACME_PARSE_H
#define CW_ACME_PARSE_H

#include "acme/client.h"

enum { CW_ACME_IDENTIFIERS_MAX = 1000 };

/*
 * Reads an order object (RFC 8555 section 7.1.3) into ORDER: state, expiry, finalize URL and
 * certificate URL. Its identifiers must be those of ORDER. AUTHORIZATIONS gets the authorizations'
 * URLs; NULL is allowed. URL is the order's URL, for messages. On CW_E_PROTOCOL, ORDER is
 * unchanged.
 */
int cw_acme_order_parse(const struct cw_acme *acme, struct json_object *body, const char *url,
			struct cw_acme_order *order, struct cw_strv *authorizations,
			struct cw_error *error);
/* Reads an authorization object (section 7.1.4), which must be for one of ORDER's identifiers. */
int cw_acme_authorization_parse(const struct cw_acme *acme, struct json_object *body,
				const char *url, const struct cw_acme_order *order,
				struct cw_acme_authorization **authorization,
				struct cw_error *error);
void cw_acme_challenge_free(struct cw_acme_challenge *challenge);
void cw_acme_authorization_free(struct cw_acme_authorization *authorization);
/* Returns the object of the challenge with this URL. BODY is an authorization. NULL if there is
 * none. */
struct json_object *cw_acme_challenge_object(struct json_object *body, const char *url);

/* The name as the user wrote it, with "*." for a wildcard. Release with free(). */
char *cw_acme_authorization_name(const struct cw_acme_authorization *authorization);
/* The order's names for messages: "\"a\"", "\"a\" and \"b\"", "\"a\", \"b\" and 3 more". Release
 * with free(). */
char *cw_acme_order_names(const struct cw_acme_order *order);
const char *cw_acme_state_name(enum cw_acme_state state);

#endif
