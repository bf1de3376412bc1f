/*
 * A CA as flow/ sees it: one server, and one account with it or none. Everything is asked of the
 * network process (network_process.h), all at once if need be; the values of acme/client.h are
 * used, and its rules hold. The account's key stays here: what the network process wants signed is
 * signed only where the JWS is for a URL of this CA (that of its directory's origin), with the
 * account's own URL, or with the public key where the request under way is one that needs that.
 */
#ifndef CW_FLOW_WORK_CA_H
#define CW_FLOW_WORK_CA_H

#include "acme/wire.h"
#include "crypto/jws.h"
#include "crypto/key.h"
#include "flow/work/network_process.h"
#include "store/account.h"

struct cw_ca;
struct cw_ca_call; /* a request under way */

/* The end of a request: ERROR is NULL when it is done, and may be moved from. Comes from the loop,
 * once. */
typedef void (*cw_ca_done)(void *context, struct cw_error *error);

/*
 * Nothing is asked yet. WORK, the work folder, has what an earlier run learned of the server
 * (directory, a nonce); NULL: it is neither read nor written.
 */
struct cw_ca *cw_ca_new(struct cw_network *network, const char *server, const char *work);
/* Cancels what is under way. NULL is allowed. */
void cw_ca_free(struct cw_ca *ca);
/* Keeps what the next run can use, waiting for it a second at most; then as cw_ca_free(). */
void cw_ca_close(struct cw_ca *ca);

/* From now on this key signs, for the account at URI (NULL: it has none yet). */
void cw_ca_use_account(struct cw_ca *ca, const struct cw_key *key, const char *uri);
const char *cw_ca_server(const struct cw_ca *ca);
/* Before the first request: it will only be asked what needs no signature, LIMIT milliseconds at
 * most for the retries of one request. */
void cw_ca_only_ask(struct cw_ca *ca, int64_t limit);

/* Learns the directory, which all below does too, where it was not known. */
struct cw_ca_call *cw_ca_open(struct cw_ca *ca, cw_ca_done done, void *context);
/* What is known of it; NULL before. Lives as long as the CA. */
const struct cw_wire_directory *cw_ca_directory(const struct cw_ca *ca);

/* The account as the CA has it. */
struct cw_ca_account {
	char *uri;    /* only of one that was made or found */
	char *status; /* NULL: not said */
	struct cw_strv contacts;
};
void cw_ca_account_clear(struct cw_ca_account *account);
#define cw_auto_ca_account cw_auto(cw_ca_account_clear)
/* As an account object (RFC 8555 section 7.1.2), with these members. */
struct json_object *cw_ca_account_body(const struct cw_ca_account *account);
struct cw_ca_registration {
	const struct cw_strv *contacts; /* "mailto:..." */
	const char *eab_kid;            /* NULL: no external account binding */
	const char *eab_hmac_key;       /* base64url */
	const char *eab_algorithm;
};
/* Makes the account of the key in use (cw_ca_use_account()), whose terms were agreed to, and uses
 * it. The directory must be known. */
struct cw_ca_call *cw_ca_account_new(struct cw_ca *ca,
				     const struct cw_ca_registration *registration,
				     struct cw_ca_account *account, cw_ca_done done, void *context);
struct cw_ca_call *cw_ca_account_get(struct cw_ca *ca, struct cw_ca_account *account,
				     cw_ca_done done, void *context);
struct cw_ca_call *cw_ca_account_update(struct cw_ca *ca, const struct cw_strv *contacts,
					struct cw_ca_account *account, cw_ca_done done,
					void *context);
struct cw_ca_call *cw_ca_account_deactivate(struct cw_ca *ca, cw_ca_done done, void *context);
/* KEY is the account's on success. The directory must be known. */
struct cw_ca_call *cw_ca_account_change_key(struct cw_ca *ca, const struct cw_key *key,
					    cw_ca_done done, void *context);

/*
 * The steps of an issuance, each for COUNT orders (1000 at most) that stay where they are. A
 * failure of one order stands in it. order->created is called from the loop for each order that the
 * server has made, before anything else is asked of it. An order that is opened anew, also after
 * the network process died, is a new one for it.
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
/* CHAINS gets the default chain in PEM, and the others. */
struct cw_ca_call *cw_ca_order_download(struct cw_ca *ca, const struct cw_acme_order *order,
					bool alternates, struct cw_strv *chains, cw_ca_done done,
					void *context);
/* Nothing more will be asked of it. */
void cw_ca_order_forget(struct cw_ca *ca, struct cw_acme_order *order);
struct cw_ca_call *cw_ca_authorization_deactivate(struct cw_ca *ca, const char *url,
						  cw_ca_done done, void *context);
/* CERTIFICATE: base64url of the DER. KEY: the certificate's own; NULL: the account's. */
struct cw_ca_call *cw_ca_revoke(struct cw_ca *ca, const char *certificate, int reason,
				const struct cw_key *key, cw_ca_done done, void *context);
/* Fills the out parts of COUNT (10000 at most) INFOS. */
struct cw_ca_call *cw_ca_renewal_info(struct cw_ca *ca, struct cw_acme_renewal_info *const *infos,
				      size_t count, cw_ca_done done, void *context);

/* DONE is not called. NULL is allowed. */
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
/* Turns the loop until CALL is over; CW_E_CANCELLED after a signal, the call being cancelled. */
int cw_ca_wait_for(struct cw_ca *ca, struct cw_ca_call *call, struct cw_ca_wait *wait,
		   struct cw_error *error);

#endif
