/*
 * An ACME client (RFC 8555) for one server and one account. It sees no key and no path: it is given
 * a signer and CSRs. All functions turn the loop until they are done; what can be concurrent is.
 *
 * Transport rules for every request (RFC 8555 sections 6.2 to 6.7): nonces come from a pool filled
 * by every answer; badNonce is retried with the nonce of the refusal, up to 25 times within the
 * time limit (Pebble can be told to refuse nine of ten); 5xx, 429 with a Retry-After that fits the
 * time left, and broken connections are retried with bounded back-off, up to 6 times, the directory
 * twice. A URL from the server is used only when it is absolute and https (http where the directory
 * is http). At most 50 exchanges are in flight at once. Further:
 * a POST of newOrder or newAccount whose answer was lost is sent again (the server finds the
 * account; a second order is harmless). Problem documents become CW_E_ACME errors with type, detail
 * and, for subproblems, one part for each identifier.
 */
#ifndef CW_ACME_CLIENT_H
#define CW_ACME_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/strv.h"
#include "crypto/jws.h"
#include "http/client.h"

struct cw_acme;

struct cw_acme_options {
	const char *directory_url;
	int64_t time_limit; /* milliseconds that retries of one request may take; 0: 60000 */
	/* Set to true once a request ended without any answer, after 10 seconds or more. It must
	 * outlive the client. NULL: nobody wants to know. */
	bool *silent;
};

/* The end of cw_acme_connect(): ERROR is NULL when the client can be used. */
typedef void (*cw_acme_connected)(void *context, struct cw_error *error);
/* Begins to fetch the directory; CONNECTED is called from the loop, never from within this call.
 * *ACME is the caller's from here on, and may be freed at any time but within CONNECTED, which then
 * is not called. HTTP and LOOP must outlive the client. SIGNER may be NULL until an account is
 * needed. */
int cw_acme_connect(struct cw_loop *loop, struct cw_http *http,
		    const struct cw_acme_options *options, const struct cw_signer *signer,
		    cw_acme_connected connected, void *context, struct cw_acme **acme,
		    struct cw_error *error);
/* The same, turning the loop until the directory is there. */
int cw_acme_new(struct cw_loop *loop, struct cw_http *http, const struct cw_acme_options *options,
		const struct cw_signer *signer, struct cw_acme **acme, struct cw_error *error);
void cw_acme_free(struct cw_acme *acme); /* NULL is allowed */

/* The directory's meta (RFC 8555 section 7.1.1). Strings live as long as the client. */
const char *cw_acme_directory_url(const struct cw_acme *acme);
const char *cw_acme_terms_of_service(const struct cw_acme *acme); /* NULL: none */
bool cw_acme_external_account_required(const struct cw_acme *acme);
/* "profiles" of meta: an object name -> description; NULL: the server has none. */
struct json_object *cw_acme_profiles(const struct cw_acme *acme);
/* Another resource of the directory, such as "renewalInfo" (RFC 9773); NULL: none. */
const char *cw_acme_resource(const struct cw_acme *acme, const char *name);
const struct cw_signer *cw_acme_signer(const struct cw_acme *acme);

/* What an account is made with (RFC 8555 section 7.3). */
struct cw_acme_registration {
	const struct cw_strv *contacts; /* "mailto:..." */
	bool terms_agreed;
	const char *eab_kid;       /* NULL: no external account binding */
	const char *eab_hmac_key;  /* base64url; a secret */
	const char *eab_algorithm; /* "HS256", "HS384", "HS512" */
	bool only_existing;        /* onlyReturnExisting */
};
/* Makes or finds the account of the signer's key, and uses it from here on. *URL and *BODY (the
 * account object) are the caller's. An account that is no longer valid is CW_E_ACME. */
int cw_acme_account_new(struct cw_acme *acme, const struct cw_acme_registration *registration,
			char **url, struct json_object **body, struct cw_error *error);
/* From here on requests name the account (kid). Needed before all below when account_new() was not
 * called. */
void cw_acme_account_use(struct cw_acme *acme, const char *url);
/* The present account object. */
int cw_acme_account_get(struct cw_acme *acme, struct json_object **body, struct cw_error *error);
int cw_acme_account_update(struct cw_acme *acme, const struct cw_strv *contacts,
			   struct json_object **body, struct cw_error *error);
int cw_acme_account_deactivate(struct cw_acme *acme, struct cw_error *error);
/* Section 7.3.5. NEW_SIGNER becomes the client's signer on success. When the answer was lost, the
 * server is asked whether the new key holds. */
int cw_acme_account_change_key(struct cw_acme *acme, const struct cw_signer *new_signer,
			       struct cw_error *error);

struct cw_acme_identifier {
	char *type;  /* "dns" or "ip" */
	char *value; /* A-labels, wildcards with "*."; addresses as inet_ntop(3) writes them */
};

enum cw_acme_state { /* of orders, authorizations and challenges */
		     CW_ACME_PENDING,
		     CW_ACME_READY,
		     CW_ACME_PROCESSING,
		     CW_ACME_VALID,
		     CW_ACME_INVALID,
		     CW_ACME_DEACTIVATED,
		     CW_ACME_EXPIRED,
		     CW_ACME_REVOKED
};

struct cw_acme_challenge {
	char *type;
	char *url;
	char *token;
	char *key_authorization; /* section 8.1 */
	enum cw_acme_state state;
};

struct cw_acme_authorization {
	char *url;
	struct cw_acme_identifier identifier; /* the value without "*." */
	bool wildcard;
	enum cw_acme_state state;
	struct cw_acme_challenge *
		*challenges; /* those with a type, a URL and a token that are well-formed */
	size_t challenge_count;
	struct cw_acme_challenge
		*chosen; /* set by the caller between open() and validate(); NULL: leave it alone */
	struct cw_error error; /* why it failed, with its identifier */
};

/* An order (RFC 8555 section 7.4), the same one in all steps from cw_acme_orders_open() to the
 * download. */
struct cw_acme_order {
	/* in, set by the caller (cw_acme_order_add_identifier() ...); freed by cw_acme_order_free()
	 */
	struct cw_acme_identifier **identifiers;
	size_t identifier_count;
	char *profile;  /* NULL: none */
	char *replaces; /* the ARI identifier of the certificate this one replaces; NULL: none. Sent
			   when the server has renewal information; set to NULL when the server
			   refused it and the order was made without */
	char *url; /* of an order to continue; NULL: make a new one. Set after cw_acme_orders_open()
		    */
	/* Called as soon as the server has made a new order (url is set), before anything else is
	 * asked of it; what it returns fails the order. NULL: nobody is told. */
	int (*created)(void *context, struct cw_acme_order *order, struct cw_error *error);
	void *created_context;
	/* out */
	enum cw_acme_state state;
	bool continued; /* the order at the given url was usable */
	struct cw_acme_authorization **authorizations;
	size_t authorization_count;
	char *finalize_url;
	char *certificate_url;
	int64_t expires; /* seconds since the epoch, 0: not said */
	struct cw_error
		error; /* status CW_OK while all is well; with a part for each name that failed */
};

struct cw_acme_order *cw_acme_order_new(void);
void cw_acme_order_add_identifier(struct cw_acme_order *order, const char *type, const char *value);
void cw_acme_order_free(struct cw_acme_order *order);

/*
 * Each of the three takes COUNT orders, works on those without an error concurrently, and fills the
 * error of those that fail; the others go on. CW_OK unless the loop was interrupted or all was
 * impossible (then with ERROR).
 */

/* Makes or continues the orders and fetches their authorizations (not those of a continued order
 * that is processing or valid already). An order to continue that the server does not know, that is
 * for other names, invalid or expired, or that has a dead authorization, is made anew. */
int cw_acme_orders_open(struct cw_acme *acme, struct cw_acme_order *const *orders, size_t count,
			struct cw_error *error);
/* Answers the chosen challenge of each pending authorization and polls until every one is settled,
 * or DEADLINE (cw_now_ms() clock) passed. Polls start at once, back off from the time that an
 * exchange takes (at most 50 ms) by half up to 5 s, and honour Retry-After, but for a last one a
 * second before DEADLINE. */
int cw_acme_orders_validate(struct cw_acme *acme, struct cw_acme_order *const *orders, size_t count,
			    int64_t deadline, struct cw_error *error);
/* Finalizes with CSRS (DER, one for each order), polls, and leaves certificate_url. An order that
 * is processing or valid already is not finalized again; one that is not ready yet is polled until
 * it is. */
int cw_acme_orders_finalize(struct cw_acme *acme, struct cw_acme_order *const *orders,
			    const struct cw_buf *const *csrs, size_t count, int64_t deadline,
			    struct cw_error *error);
/* Downloads the certificate of a valid order: CHAINS gets the default chain in PEM first, then,
 * when ALTERNATES, those behind Link rel="alternate" (section 7.4.2), at most 16; one of these that
 * cannot be had is left out with a warning. The chains are not looked into here. */
int cw_acme_order_download(struct cw_acme *acme, const struct cw_acme_order *order, bool alternates,
			   struct cw_strv *chains, struct cw_error *error);
/* Deactivates an authorization (section 7.5.2). */
int cw_acme_authorization_deactivate(struct cw_acme *acme, const char *url, struct cw_error *error);
/* Revokes a certificate (section 7.6), given as base64url DER. REASON: RFC 5280 section 5.3.1, -1
 * to give none. SIGNER: the certificate's own key, or NULL to use the account. */
int cw_acme_revoke(struct cw_acme *acme, const char *certificate, int reason,
		   const struct cw_signer *signer, struct cw_error *error);

/* When to renew a certificate, by the CA's own word (RFC 9773). */
struct cw_acme_renewal_info {
	const char *certificate_id; /* in */
	int64_t window_start;       /* out: seconds since the epoch */
	int64_t window_end;
	char *explanation_url; /* the caller's; NULL: none */
	int64_t retry_after;   /* milliseconds from now, at least a minute, at most a day
				  (section 4.3); six hours when not said */
	struct cw_error error; /* when it could not be had */
};
/* Asks for COUNT certificates concurrently (at most 50 in flight). CW_E_UNSUPPORTED when the server
 * has none. */
int cw_acme_renewal_info(struct cw_acme *acme, struct cw_acme_renewal_info *const *infos,
			 size_t count, struct cw_error *error);

#endif
