/*
 * An ACME client (RFC 8555) for one server and one account. It sees no key and no path: it is given
 * a signer (signer.h) and CSRs.
 *
 * What it asks of the server is an operation: started, then under way on the loop, beside any
 * number of others.
 *
 * Transport rules for every request (RFC 8555 sections 6.2 to 6.7): nonces come from a pool filled
 * by every answer; badNonce is retried with the nonce of the refusal, up to 25 times within the
 * time limit (Pebble can be told to refuse nine of ten); 5xx, 429 and broken connections are
 * retried with bounded back-off, up to 6 times, the directory twice. A 429, and a 503 that says
 * when to come back, hold all requests of the client back until then; where that is past a
 * request's time limit the request fails at once. A URL from the server is used only when it is
 * absolute and https (http where the directory is http). At most 100 exchanges are in flight at
 * once. Further: a POST of newOrder or newAccount whose answer was lost is sent again (the server
 * finds the account; a second order is harmless). Problem documents become CW_E_ACME errors with
 * type, detail and, for subproblems, one part for each identifier.
 */
#ifndef CW_ACME_CLIENT_H
#define CW_ACME_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include "acme/signer.h"
#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/strv.h"
#include "http/client.h"

struct cw_acme;

struct cw_acme_options {
	const char *directory_url;
	int64_t time_limit; /* milliseconds that retries of one request may take; 0: 60000 */
	/* Of an earlier run, both copied: the directory's JSON text and a nonce that was not used;
	 * NULL: none. The directory is used without asking for it. When a request to one of its
	 * URLs finds nothing there (no such host, 404 ...), it is fetched once, and the request is
	 * sent again if its URL is another now. One that cannot be used is not used. What the CA
	 * added to its directory is not seen in an old one: give none that is older than a day. */
	const char *directory;
	const char *nonce;
	/* Set to true once a request ended without any answer, after 10 seconds or more. It must
	 * outlive the client. NULL: nobody wants to know. */
	bool *silent;
};

/* Makes a client, which has asked nothing yet: fetch its directory next. HTTP and LOOP must outlive
 * it. SIGNER is copied; it may be NULL until an account is needed. CW_E_INVALID for what is not the
 * URL of a server. */
int cw_acme_make(struct cw_loop *loop, struct cw_http *http, const struct cw_acme_options *options,
		 const struct cw_acme_signer *signer, struct cw_acme **acme,
		 struct cw_error *error);
/* Cancels what is under way; NULL is allowed. */
void cw_acme_free(struct cw_acme *acme);

/* Something that is asked of the server: one request or many. */
struct cw_acme_operation;
/*
 * The end of an operation, which is gone then: ERROR is NULL when it is done, and may be moved
 * from. It comes from the loop, never from within the function that started the operation, exactly
 * once unless the operation is cancelled. It may start and cancel others, and free the client.
 */
typedef void (*cw_acme_done)(void *context, struct cw_error *error);
/* Ends OPERATION without a call back, whatever is in flight; NULL is allowed. What reached the
 * server is not undone. */
void cw_acme_operation_cancel(struct cw_acme_operation *operation);

/*
 * All functions cw_acme_..._start() begin an operation and return it; none fails on the spot. What
 * is given by pointer must stay until the end, but for texts and what is said to be copied. What
 * they give back is there only when ERROR is NULL.
 */

/* Fetches the directory, unless a usable one was given. All below needs it. */
struct cw_acme_operation *cw_acme_directory_start(struct cw_acme *acme, cw_acme_done done,
						  void *context);

/* The directory's meta (RFC 8555 section 7.1.1). Strings live as long as the client. */
const char *cw_acme_terms_of_service(const struct cw_acme *acme); /* NULL: none */
bool cw_acme_external_account_required(const struct cw_acme *acme);
/* "profiles" of meta: an object name -> description; NULL: the server has none. */
struct json_object *cw_acme_profiles(const struct cw_acme *acme);
/* The directory's URL for NAME, such as "renewalInfo" (RFC 9773); NULL: none. */
const char *cw_acme_resource(const struct cw_acme *acme, const char *name);
/* The same; CW_E_UNSUPPORTED where there is none. */
int cw_acme_need_resource(const struct cw_acme *acme, const char *name, const char **url,
			  struct cw_error *error);
/* NULL: none. */
const struct cw_acme_signer *cw_acme_signer(const struct cw_acme *acme);

/* What the next run can be given. The directory's JSON text, NULL when there is none yet; *FETCHED
 * says whether it came from the server in this run. Valid until the loop turns. */
const char *cw_acme_directory_text(const struct cw_acme *acme, bool *fetched);
/* The latest nonce that was not used; NULL: none. Valid until the loop turns. */
const char *cw_acme_unused_nonce(const struct cw_acme *acme);

/* What an account is made with (RFC 8555 section 7.3). */
struct cw_acme_registration {
	const struct cw_strv *contacts; /* "mailto:..." */
	bool terms_agreed;
	/* The external account binding: a JWS for the URL of "newAccount" (section 7.3.4,
	 * cw_jws_external_account()); NULL: none. */
	struct json_object *binding;
	bool only_existing; /* onlyReturnExisting */
};
/* Registers or finds the account of the signer's key, and uses it from here on. *URL and *BODY (the
 * account object) are the caller's. An account that is no longer valid is CW_E_ACME. */
struct cw_acme_operation *cw_acme_account_new_start(struct cw_acme *acme,
						    const struct cw_acme_registration *registration,
						    char **url, struct json_object **body,
						    cw_acme_done done, void *context);
/* From here on SIGNER (copied) signs. */
void cw_acme_sign_with(struct cw_acme *acme, const struct cw_acme_signer *signer);
/* From here on requests name the account (kid). Needed before all below when no account was made or
 * found. */
void cw_acme_account_use(struct cw_acme *acme, const char *url);
/* The present account object. */
struct cw_acme_operation *cw_acme_account_get_start(struct cw_acme *acme, struct json_object **body,
						    cw_acme_done done, void *context);
struct cw_acme_operation *cw_acme_account_update_start(struct cw_acme *acme,
						       const struct cw_strv *contacts,
						       struct json_object **body, cw_acme_done done,
						       void *context);
struct cw_acme_operation *cw_acme_account_deactivate_start(struct cw_acme *acme, cw_acme_done done,
							   void *context);
/* Section 7.3.5. CHANGE is the inner JWS, for the URL of "keyChange" (cw_jws_key_change()).
 * NEW_SIGNER, which is copied, becomes the client's signer on success. When the answer was lost,
 * the server is asked whether the new key holds. */
struct cw_acme_operation *cw_acme_account_change_key_start(struct cw_acme *acme,
							   const struct cw_acme_signer *new_signer,
							   const char *change, cw_acme_done done,
							   void *context);

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
	uint32_t number; /* the coordinator's for it (wire.h); of no meaning to acme/ */
	/* in, set by the caller (cw_acme_order_add_identifier() ...); freed by cw_acme_order_free()
	 */
	struct cw_acme_identifier **identifiers;
	size_t identifier_count;
	char *profile;  /* NULL: none */
	char *replaces; /* the ARI identifier of the certificate this one replaces; NULL: none. Sent
			   when the server has renewal information; set to NULL when the server
			   refused the order, or answered 5xx twice, and was asked without */
	char *url; /* of an order to continue; NULL: make a new one. Set after cw_acme_orders_open()
		    */
	/* Of the caller (flow/work/ca.h): called as soon as the server has made a new order
	 * (url is set), before anything else is asked of it; what it returns fails the order. NULL:
	 * nobody is told. */
	int (*created)(void *context, struct cw_acme_order *order, struct cw_error *error);
	void *created_context;
	struct cw_acme_opening *opening; /* of acme/: waits for cw_acme_order_go_on() */
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
 * error of those that fail; the others go on. The operation itself fails only where all was
 * impossible. The array is copied, the orders are not.
 */

/* An order was made (its url is set); nothing more is asked of it before cw_acme_order_go_on(). It
 * may be called from within, and the operation may be cancelled. CONTEXT is that of the operation.
 */
typedef void (*cw_acme_created)(void *context, struct cw_acme_order *order);
/* Makes or continues the orders and fetches their authorizations (not those of a continued order
 * that is processing or valid already). An order to continue that the server does not know, that is
 * for other names, invalid or expired, or that has a dead authorization, is made anew. CREATED is
 * told of each order that is made; NULL: nobody is told, and nobody needs to say go_on(). */
struct cw_acme_operation *cw_acme_orders_open_start(struct cw_acme *acme,
						    struct cw_acme_order *const *orders,
						    size_t count, cw_acme_created created,
						    cw_acme_done done, void *context);
/* Goes on with an order that CREATED was told of, or fails it with ERROR (copied). Does nothing for
 * any other order. */
void cw_acme_order_go_on(struct cw_acme_order *order, const struct cw_error *error);
/* Answers the chosen challenge of each pending authorization and polls until every one is settled,
 * or DEADLINE (cw_now_ms() clock) passed. Of several authorizations of one order the order is
 * polled first, and they themselves once it is invalid or takes long. Polls start at once, back off
 * from the time that an exchange takes (at most 50 ms) by half up to 5 s, and honour Retry-After,
 * but for a last one a second before DEADLINE. */
struct cw_acme_operation *cw_acme_orders_validate_start(struct cw_acme *acme,
							struct cw_acme_order *const *orders,
							size_t count, int64_t deadline,
							cw_acme_done done, void *context);
/* Finalizes with CSRS (DER, one for each order; the array is copied), polls, and leaves
 * certificate_url. An order that is processing or valid already is not finalized again; one that is
 * not ready yet is polled until it is. */
struct cw_acme_operation *cw_acme_orders_finalize_start(struct cw_acme *acme,
							struct cw_acme_order *const *orders,
							const struct cw_buf *const *csrs,
							size_t count, int64_t deadline,
							cw_acme_done done, void *context);
/* Downloads the certificate of a valid order: CHAINS gets the default chain in PEM first, then,
 * when ALTERNATES, those behind Link rel="alternate" (section 7.4.2), at most 16; one of these that
 * cannot be had is left out with a warning. The chains are not looked into here. */
struct cw_acme_operation *cw_acme_order_download_start(struct cw_acme *acme,
						       const struct cw_acme_order *order,
						       bool alternates, struct cw_strv *chains,
						       cw_acme_done done, void *context);
/* Deactivates an authorization (section 7.5.2). */
struct cw_acme_operation *cw_acme_authorization_deactivate_start(struct cw_acme *acme,
								 const char *url, cw_acme_done done,
								 void *context);
/* Revokes a certificate (section 7.6), given as base64url DER. REASON: RFC 5280 section 5.3.1, -1
 * to give none. SIGNER, which is copied: the certificate's own key, or NULL to use the account. */
struct cw_acme_operation *cw_acme_revoke_start(struct cw_acme *acme, const char *certificate,
					       int reason, const struct cw_acme_signer *signer,
					       cw_acme_done done, void *context);

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
/* Asks for COUNT certificates concurrently. CW_E_UNSUPPORTED when the server has none. */
struct cw_acme_operation *cw_acme_renewal_info_start(struct cw_acme *acme,
						     struct cw_acme_renewal_info *const *infos,
						     size_t count, cw_acme_done done,
						     void *context);

#endif
