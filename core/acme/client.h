/*
 * An ACME client (RFC 8555) for one server and one account. It never sees a key or a file path. The
 * caller passes a signer (signer.h) and CSRs.
 *
 * Every request to the server is an operation. A function starts it, and the event loop carries it
 * out. Any number of operations can run at the same time.
 *
 * These rules hold for every request (RFC 8555 sections 6.2 to 6.7). Nonces come from a pool, and
 * every answer adds one. After badNonce the request is sent again with the nonce of the refusal, up
 * to 25 times within the time limit (Pebble can be told to refuse nine of ten). After 5xx, 429 and
 * broken connections it is sent again with bounded back-off, up to 6 times; the directory, twice. A
 * 429, or a 503 with Retry-After, delays all requests of the client until that time. A request
 * whose time limit ends earlier fails at once. A URL from the server is used only if it is absolute
 * and https (http is allowed if the directory is http). At most 100 exchanges are in flight at
 * once. A POST to newOrder or newAccount is sent again if its answer was lost: the server finds the
 * account, and a second order is harmless. Problem documents become CW_E_ACME errors with type and
 * detail, and with one part per identifier if there are subproblems.
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
	int64_t time_limit; /* milliseconds that the retries of one request may take; 0: 60000 */
	/* What an earlier run kept: the JSON text of the directory, and an unused nonce. Both are
	 * copied; NULL: none. The directory is used without asking the server. If a request to one
	 * of its URLs finds nothing there (no such host, 404 ...), the directory is fetched once.
	 * If the URL has changed, the request is sent again. A directory or nonce that is not valid
	 * is ignored. An old directory lacks what the CA has added since, so do not pass one that
	 * is older than a day. */
	const char *directory;
	const char *nonce;
	/* Set to true when a request ends without any answer after 10 seconds or more. Must outlive
	 * the client. May be NULL. */
	bool *silent;
};

/* CW_E_INVALID if URL, which is said to be that of a directory, is not the URL of a server. */
int cw_acme_check_server(const char *url, struct cw_error *error);
/* Makes a client without sending any request. Fetch the directory next. HTTP and LOOP must outlive
 * the client. SIGNER is copied; it may be NULL until an account is needed. Fails as
 * cw_acme_check_server() does. */
int cw_acme_make(struct cw_loop *loop, struct cw_http *http, const struct cw_acme_options *options,
		 const struct cw_acme_signer *signer, struct cw_acme **acme,
		 struct cw_error *error);
/* Frees the client and cancels its operations. NULL is allowed. */
void cw_acme_free(struct cw_acme *acme);

/* The HTTP requests of a client so far. */
struct cw_acme_count {
	int64_t sent;
	int64_t failed; /* no answer came, or one with an HTTP status of 400 or more */
};
const struct cw_acme_count *cw_acme_count(const struct cw_acme *acme);

/* One piece of work with the server. It takes one or more requests. */
struct cw_acme_operation;
/*
 * Called when an operation ends. ERROR is NULL on success; the callee may move it. The operation is
 * freed after the call. The call comes from the loop, never from the function that started the
 * operation. It comes exactly once, unless the operation is cancelled. The callee may start and
 * cancel other operations, and may free the client.
 */
typedef void (*cw_acme_done)(void *context, struct cw_error *error);
/* Cancels OPERATION and everything it has in flight. Its callback is not called. NULL is allowed.
 * Changes that the server has already made are not undone. */
void cw_acme_operation_cancel(struct cw_acme_operation *operation);

/*
 * Every function cw_acme_..._start() starts an operation and returns it. It never fails
 * immediately: all errors go to the callback. Pointer arguments must stay valid until the operation
 * ends. Strings, and arguments that are described as copied, need not. Results are set only if
 * ERROR is NULL.
 */

/* Fetches the directory, unless a valid one was passed in the options. Required before everything
 * below. */
struct cw_acme_operation *cw_acme_directory_start(struct cw_acme *acme, cw_acme_done done,
						  void *context);

/* The directory's meta (RFC 8555 section 7.1.1). Strings live as long as the client. */
const char *cw_acme_terms_of_service(const struct cw_acme *acme); /* NULL: none */
bool cw_acme_external_account_required(const struct cw_acme *acme);
/* The CA's domain names in CAA records (RFC 8555 section 9.7.6). NULL: it does not tell them. */
struct json_object *cw_acme_caa_identities(const struct cw_acme *acme);
/* The "profiles" object of meta, from name to description. NULL: the server has no profiles. */
struct json_object *cw_acme_profiles(const struct cw_acme *acme);
/* The directory's URL for NAME, such as "renewalInfo" (RFC 9773); NULL: none. */
const char *cw_acme_resource(const struct cw_acme *acme, const char *name);
/* The same, but returns CW_E_UNSUPPORTED if there is no URL. */
int cw_acme_need_resource(const struct cw_acme *acme, const char *name, const char **url,
			  struct cw_error *error);
/* NULL: none. */
const struct cw_acme_signer *cw_acme_signer(const struct cw_acme *acme);

/* For the next run: the JSON text of the directory, or NULL if there is none yet. *FETCHED is set
 * to whether this run fetched it from the server. Valid until control returns to the loop. */
const char *cw_acme_directory_text(const struct cw_acme *acme, bool *fetched);
/* For the next run: the newest unused nonce, or NULL. Valid until control returns to the loop. */
const char *cw_acme_unused_nonce(const struct cw_acme *acme);

/* The values for a new account (RFC 8555 section 7.3). */
struct cw_acme_registration {
	const struct cw_strv *contacts; /* "mailto:..." */
	bool terms_agreed;
	/* The external account binding: a JWS for the URL of "newAccount" (section 7.3.4,
	 * cw_jws_external_account()); NULL: none. */
	struct json_object *binding;
	bool only_existing; /* onlyReturnExisting */
};
/* Registers the account of the signer's key, or finds it if it exists. The client then uses this
 * account. The caller owns *URL and *BODY (the account object). If the account is not valid any
 * more, the error is CW_E_ACME. */
struct cw_acme_operation *cw_acme_account_new_start(struct cw_acme *acme,
						    const struct cw_acme_registration *registration,
						    char **url, bool *created,
						    struct json_object **body, cw_acme_done done,
						    void *context);
/* All later requests are signed by SIGNER, which is copied. */
void cw_acme_sign_with(struct cw_acme *acme, const struct cw_acme_signer *signer);
/* All later requests name the account at URL (kid). Call this before the functions below, unless
 * cw_acme_account_new_start() has found or made the account. */
void cw_acme_account_use(struct cw_acme *acme, const char *url);
/* Fetches the account object. */
struct cw_acme_operation *cw_acme_account_get_start(struct cw_acme *acme, struct json_object **body,
						    cw_acme_done done, void *context);
struct cw_acme_operation *cw_acme_account_update_start(struct cw_acme *acme,
						       const struct cw_strv *contacts,
						       struct json_object **body, cw_acme_done done,
						       void *context);
struct cw_acme_operation *cw_acme_account_deactivate_start(struct cw_acme *acme, cw_acme_done done,
							   void *context);
/* Changes the account's key (section 7.3.5). CHANGE is the inner JWS for the URL of "keyChange"
 * (cw_jws_key_change()). NEW_SIGNER is copied. On success it becomes the client's signer. If the
 * answer is lost, the client asks the server whether the new key is in use. */
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

/* Whether a challenge may have this token, NULL or any text of a CA: base64url, and too long to be
 * guessed (128 bits are 22 characters, section 8.3). */
bool cw_acme_token_ok(const char *token);

struct cw_acme_challenge {
	char *type;
	char *url;
	/* "" in dns-persist-01, which has neither */
	char *token;
	char *key_authorization; /* section 8.1 */
	/* of dns-persist-01: the CA's issuer domain names, at least one (persistent.h) */
	struct cw_strv issuers;
	enum cw_acme_state state;
};

struct cw_acme_authorization {
	char *url;
	struct cw_acme_identifier identifier; /* the value without "*." */
	bool wildcard;
	enum cw_acme_state state;
	/* only those with a valid type and URL, and with a token or issuers */
	struct cw_acme_challenge **challenges;
	size_t challenge_count;
	/* Set by the caller after the order is opened and before it is validated. NULL: no
	 * challenge is answered. */
	struct cw_acme_challenge *chosen;
	struct cw_error error; /* why it failed; names the identifier */
	char *hint; /* if the CA finds its validation failed; NULL: what fits the problem */
};

/* An order (RFC 8555 section 7.4). The same struct is used in all steps, from cw_acme_orders_open()
 * to the download. */
struct cw_acme_order {
	/* the coordinator's number for the order (wire.h); acme/ does not use it */
	uint32_t number;
	/* Input, set by the caller (cw_acme_order_add_identifier() ...) and freed by
	 * cw_acme_order_free(). */
	struct cw_acme_identifier **identifiers;
	size_t identifier_count;
	char *profile; /* NULL: none */
	/* The ARI identifier of the certificate that this one replaces; NULL: none. It is sent if
	 * the server has renewal information. If the server refuses the order or answers 5xx twice,
	 * the order is requested again without it, and this field is set to NULL. */
	char *replaces;
	/* The URL of an order to continue; NULL: make a new one. cw_acme_orders_open() sets it. */
	char *url;
	/* For the caller (flow/work/ca.h): called as soon as the server has made a new order and
	 * url is set, before any other request about the order. If it returns an error, the order
	 * fails. May be NULL. */
	int (*created)(void *context, struct cw_acme_order *order, struct cw_error *error);
	void *created_context;
	/* for acme/: set while the order waits for cw_acme_order_go_on() */
	struct cw_acme_opening *opening;
	/* Output. */
	enum cw_acme_state state;
	bool continued; /* the order at the given url could be continued */
	struct cw_acme_authorization **authorizations;
	size_t authorization_count;
	char *finalize_url;
	char *certificate_url;
	int64_t expires; /* seconds since the epoch; 0: unknown */
	/* status is CW_OK if there is no error; has a part for each name that failed */
	struct cw_error error;
};

struct cw_acme_order *cw_acme_order_new(void);
void cw_acme_order_add_identifier(struct cw_acme_order *order, const char *type, const char *value);
void cw_acme_order_free(struct cw_acme_order *order);

/*
 * Each of the next three operations takes COUNT orders. It works on all orders without an error at
 * the same time. It fills the error of each order that fails, and continues with the others. The
 * operation itself fails only if nothing could be done at all. The array is copied; the orders are
 * not.
 */

/* Called when the server has made an order; the order's url is set. No further request is sent for
 * this order until cw_acme_order_go_on(). The callee may call that function directly, and may
 * cancel the operation. CONTEXT is the operation's context. */
typedef void (*cw_acme_created)(void *context, struct cw_acme_order *order);
/* Makes or continues the orders and fetches their authorizations. For a continued order that is
 * already processing or valid, no authorizations are fetched. A new order is made if the one to
 * continue is unknown to the server, is for other names, is invalid or expired, or has an
 * authorization that cannot become valid. CREATED is called for each new order. If it is NULL,
 * cw_acme_order_go_on() is not needed. */
struct cw_acme_operation *cw_acme_orders_open_start(struct cw_acme *acme,
						    struct cw_acme_order *const *orders,
						    size_t count, cw_acme_created created,
						    cw_acme_done done, void *context);
/* Continues an order that was passed to CREATED, or fails it with ERROR (copied; NULL: continue).
 * Does nothing for any other order. */
void cw_acme_order_go_on(struct cw_acme_order *order, const struct cw_error *error);
/* Answers the chosen challenge of each pending authorization. Polls until all are settled, or
 * until DEADLINE (cw_now_ms() clock) has passed. If an order has several authorizations, the
 * order is polled first. Its authorizations are polled once the order is invalid or takes long.
 * Polls start at once. The interval starts at the time that an exchange takes (at most 50 ms)
 * and grows by half each time, up to 5 s. Retry-After is honoured, except for a last poll one
 * second before DEADLINE. */
struct cw_acme_operation *cw_acme_orders_validate_start(struct cw_acme *acme,
							struct cw_acme_order *const *orders,
							size_t count, int64_t deadline,
							cw_acme_done done, void *context);
/* Finalizes the orders with CSRS (DER, one for each order; the array is copied). Then polls until
 * certificate_url is set. An order that is already processing or valid is not finalized again. An
 * order that is not ready yet is polled until it is. */
struct cw_acme_operation *cw_acme_orders_finalize_start(struct cw_acme *acme,
							struct cw_acme_order *const *orders,
							const struct cw_buf *const *csrs,
							size_t count, int64_t deadline,
							cw_acme_done done, void *context);
/* Downloads the certificate of a valid order. CHAINS gets the default chain in PEM first. If
 * ALTERNATES is set, the chains at Link rel="alternate" follow, at most 16 (section 7.4.2). An
 * alternate that cannot be downloaded is left out with a warning. The content of the chains is not
 * checked here. */
struct cw_acme_operation *cw_acme_order_download_start(struct cw_acme *acme,
						       const struct cw_acme_order *order,
						       bool alternates, struct cw_strv *chains,
						       cw_acme_done done, void *context);
/* Deactivates an authorization (section 7.5.2). */
struct cw_acme_operation *cw_acme_authorization_deactivate_start(struct cw_acme *acme,
								 const char *url, cw_acme_done done,
								 void *context);
/* Revokes a certificate (section 7.6). CERTIFICATE is base64url DER. REASON is from RFC 5280
 * section 5.3.1; -1 gives no reason. SIGNER (copied) is for the certificate's own key; NULL: the
 * account's signer. */
struct cw_acme_operation *cw_acme_revoke_start(struct cw_acme *acme, const char *certificate,
					       int reason, const struct cw_acme_signer *signer,
					       cw_acme_done done, void *context);

/* One signed request, whose answer is taken as it came. */
struct cw_acme_post {
	const char *what;     /* for messages: "the order" */
	const char *resource; /* its name in the directory: "newOrder"; NULL: url is used */
	const char *url;
	const char *payload; /* NULL: POST-as-GET */
	bool pem;            /* the answer is a chain in PEM; else it is a JSON object */
	/* Results, for cw_acme_post_clear(). */
	char *body;
	char *location; /* NULL: none, or not a URL of the CA */
	struct cw_strv alternates;
	int64_t retry_after; /* milliseconds; -1: the server did not say */
};
struct cw_acme_operation *cw_acme_post_start(struct cw_acme *acme, struct cw_acme_post *post,
					     cw_acme_done done, void *context);
/* Frees the results. */
void cw_acme_post_clear(struct cw_acme_post *post);

/* When the CA wants a certificate to be renewed (RFC 9773). */
struct cw_acme_renewal_info {
	const char *certificate_id; /* in */
	int64_t window_start;       /* out: seconds since the epoch */
	int64_t window_end;
	char *explanation_url; /* the caller's; NULL: none */
	/* Milliseconds from now, between one minute and one day (section 4.3). Six hours if the
	 * server does not say. */
	int64_t retry_after;
	struct cw_error error; /* set if the request failed */
};
/* Asks for COUNT certificates at the same time. CW_E_UNSUPPORTED if the server has no renewal
 * information. */
struct cw_acme_operation *cw_acme_renewal_info_start(struct cw_acme *acme,
						     struct cw_acme_renewal_info *const *infos,
						     size_t count, cw_acme_done done,
						     void *context);

#endif
