/*
 * A CA for flow/: one server with one account, or with none. All requests go to the network process
 * (network_process.h); many can run at once. It uses the types of acme/client.h, and the rules
 * there hold.
 *
 * The account's key stays in this process. When the network process asks for a signature, the JWS
 * must be for a URL of this CA, with the same origin as its directory. It must name the account's
 * own URL. It may contain the public key instead only if the current request needs that.
 */
#ifndef CW_FLOW_WORK_CA_H
#define CW_FLOW_WORK_CA_H

#include "acme/wire.h"
#include "crypto/jws.h"
#include "crypto/key.h"
#include "flow/work/network_process.h"
#include "store/account.h"

struct cw_ca;
struct cw_ca_call; /* a request in progress */

/* Called once from the loop when a request ends. ERROR is NULL on success; the callee may move
 * it. */
typedef void (*cw_ca_done)(void *context, struct cw_error *error);

struct cw_ca_memory;
/*
 * Sends nothing yet. WORK is the work folder, with what earlier runs learned of the server (its
 * directory, a nonce). NULL: MEMORY has that (ca_memory.h), which is borrowed; NULL: nothing has.
 */
struct cw_ca *cw_ca_new(struct cw_network *network, const char *server, const char *work,
			struct cw_ca_memory *memory);
/* Frees the CA and cancels its requests. NULL is allowed. */
void cw_ca_free(struct cw_ca *ca);
/* Saves what the next run can use, which takes one second at most. Then frees the CA. */
void cw_ca_close(struct cw_ca *ca);

/* All later requests are signed with this key, for the account at URI (NULL: it has no URI yet). */
void cw_ca_use_account(struct cw_ca *ca, const struct cw_key *key, const char *uri);
const char *cw_ca_server(const struct cw_ca *ca);
/* Call this before the first request if no request needs a signature. LIMIT: milliseconds that the
 * retries of one request may take. */
void cw_ca_only_ask(struct cw_ca *ca, int64_t limit);
/* Call this before the first request if the directory has to be what the CA says now. */
void cw_ca_fetch_anew(struct cw_ca *ca);

/* Fetches the directory. The requests below do that too if it is not known yet. */
struct cw_ca_call *cw_ca_open(struct cw_ca *ca, cw_ca_done done, void *context);
/* Returns the directory, or NULL if it is not known yet. Valid as long as the CA. */
const struct cw_wire_directory *cw_ca_directory(const struct cw_ca *ca);

/* An account as the CA describes it. */
struct cw_ca_account {
	char *uri;    /* only set by cw_ca_account_new() */
	bool created; /* likewise: the CA had no account of the key before */
	char *status; /* NULL: the CA did not say */
	struct cw_strv contacts;
};
void cw_ca_account_clear(struct cw_ca_account *account);
#define cw_auto_ca_account cw_auto(cw_ca_account_clear)
/* Returns an account object (RFC 8555 section 7.1.2) with these members. */
struct json_object *cw_ca_account_body(const struct cw_ca_account *account);
struct cw_ca_registration {
	bool only_existing;             /* find the account of the key, make none (section 7.3.1) */
	const struct cw_strv *contacts; /* "mailto:..." */
	const char *eab_kid;            /* NULL: no external account binding */
	const char *eab_hmac_key;       /* base64url */
	const char *eab_algorithm;
};
/* Registers the account of the current key (cw_ca_use_account()) and uses it. The user must have
 * agreed to the CA's terms. The directory must be known. */
struct cw_ca_call *cw_ca_account_new(struct cw_ca *ca,
				     const struct cw_ca_registration *registration,
				     struct cw_ca_account *account, cw_ca_done done, void *context);
struct cw_ca_call *cw_ca_account_get(struct cw_ca *ca, struct cw_ca_account *account,
				     cw_ca_done done, void *context);
struct cw_ca_call *cw_ca_account_update(struct cw_ca *ca, const struct cw_strv *contacts,
					struct cw_ca_account *account, cw_ca_done done,
					void *context);
struct cw_ca_call *cw_ca_account_deactivate(struct cw_ca *ca, cw_ca_done done, void *context);
/* Makes KEY the account's key. The directory must be known. */
struct cw_ca_call *cw_ca_account_change_key(struct cw_ca *ca, const struct cw_key *key,
					    cw_ca_done done, void *context);

/*
 * The steps of an issuance, each for COUNT orders (1000 at most). The orders may not move in
 * memory. The error of one order is set in that order. order->created is called from the loop for
 * each order that the server has made, before any other request about the order. If an order is
 * opened again, also because the network process died, the network process treats it as a new one.
 */
struct cw_ca_call *cw_ca_orders_open(struct cw_ca *ca, struct cw_acme_order *const *orders,
				     size_t count, cw_ca_done done, void *context);
/* LIMIT: milliseconds. */
struct cw_ca_call *cw_ca_orders_validate(struct cw_ca *ca, struct cw_acme_order *const *orders,
					 size_t count, int64_t limit, cw_ca_done done,
					 void *context);
struct cw_ca_call *cw_ca_orders_finalize(struct cw_ca *ca, struct cw_acme_order *const *orders,
					 const struct cw_buf *const *csrs, size_t count,
					 int64_t limit, cw_ca_done done, void *context);
/* CHAINS gets the default chain in PEM, then the alternates. */
struct cw_ca_call *cw_ca_order_download(struct cw_ca *ca, const struct cw_acme_order *order,
					bool alternates, struct cw_strv *chains, cw_ca_done done,
					void *context);
/* Tells the network process to forget ORDER. No request for it may follow. */
void cw_ca_order_forget(struct cw_ca *ca, struct cw_acme_order *order);
/* One signed request, whose answer is taken as it came (ca_post.c). */
struct cw_ca_post {
	const char *what;     /* for messages: "the order" */
	const char *resource; /* its name in the directory: "newOrder"; NULL: url is used */
	const char *url;
	const char *payload; /* NULL: POST-as-GET */
	/* Results, for cw_ca_post_clear(). */
	struct json_object *object; /* NULL: the answer is PEM */
	char *pem;
	char *location; /* NULL: none */
	struct cw_strv alternates;
	int64_t retry_after; /* milliseconds; -1: the CA did not say */
};
/* PEM: the answer is a chain in PEM; else it is a JSON object. */
struct cw_ca_call *cw_ca_send_post(struct cw_ca *ca, struct cw_ca_post *post, bool pem,
				   cw_ca_done done, void *context);
void cw_ca_post_clear(struct cw_ca_post *post);
#define cw_auto_ca_post cw_auto(cw_ca_post_clear)
struct cw_ca_call *cw_ca_authorization_deactivate(struct cw_ca *ca, const char *url,
						  cw_ca_done done, void *context);
/* CERTIFICATE is base64url DER. KEY is the certificate's own key; NULL: the account's key. */
struct cw_ca_call *cw_ca_revoke(struct cw_ca *ca, const char *certificate, int reason,
				const struct cw_key *key, cw_ca_done done, void *context);
/* Fills the output fields of COUNT (10000 at most) INFOS. */
struct cw_ca_call *cw_ca_renewal_info(struct cw_ca *ca, struct cw_acme_renewal_info *const *infos,
				      size_t count, cw_ca_done done, void *context);

/* Cancels CALL. DONE is not called. NULL is allowed. */
void cw_ca_cancel(struct cw_ca_call *call);

/*
 * For callers who have nothing else to do:
 *
 *     struct cw_ca_wait wait = {0};
 *     status = cw_ca_wait_for(ca, cw_ca_open(ca, cw_ca_waited, &wait), &wait, error);
 */
struct cw_ca_wait {
	bool done;
	struct cw_error error;
};
void cw_ca_waited(void *context, struct cw_error *error);
/* Turns the loop until CALL ends. After a signal, cancels CALL and returns CW_E_CANCELLED. */
int cw_ca_wait_for(struct cw_ca *ca, struct cw_ca_call *call, struct cw_ca_wait *wait,
		   struct cw_error *error);

#endif
