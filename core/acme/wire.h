/*
 * The messages between the coordinator and the network process (base/message.h): their types, and
 * the values of acme/client.h as fields. Both sides use the same functions, so that one side reads
 * what the other writes. The comment of each function says which side calls it.
 *
 * The coordinator gives each CA, order and signer a number. The network process keeps an order
 * between the steps of an issuance. The coordinator has a copy of the order's values (struct
 * cw_acme_order). It checks them: every name in them must be one that it asked for.
 *
 * The first field of every answer is an error. If the request failed, no other field follows.
 */
#ifndef CW_ACME_WIRE_H
#define CW_ACME_WIRE_H

#include "acme/client.h"
#include "base/message.h"

enum cw_network_message {
	CW_NETWORK_ANSWER = 1,
	/*
	 * Requests of the coordinator. Each comment lists the fields of the request and, after the
	 * colon, those of the answer.
	 */
	CW_NETWORK_BEGIN, /* user agent, whether to verify certificates, user, whether to refuse an
			     incomplete sandbox: list of what the sandbox lacks */
	CW_NETWORK_CA_OPEN,     /* CA, server, directory or none, nonce or none, time limit in
				   milliseconds, whether the CA is opened for renewal information:
				   (cw_wire_put_directory) */
	CW_NETWORK_CA_CLOSE,    /* CA: directory or none, whether it was fetched, nonce or none */
	CW_NETWORK_ACCOUNT_NEW, /* CA, signer, contacts, terms agreed, binding or none, whether only
				   an existing account: url, whether it is new, status, contacts */
	CW_NETWORK_ACCOUNT_GET, /* CA: status, contacts */
	CW_NETWORK_ACCOUNT_UPDATE,     /* CA, contacts: status, contacts */
	CW_NETWORK_ACCOUNT_DEACTIVATE, /* CA: nothing */
	CW_NETWORK_ACCOUNT_CHANGE_KEY, /* CA, new signer, its thumbprint, inner JWS: nothing */
	CW_NETWORK_ORDERS_OPEN, /* CA, count, (cw_wire_put_wanted) for each: (cw_wire_put_opened)
				   for each */
	CW_NETWORK_ORDERS_VALIDATE, /* CA, milliseconds, count, (cw_wire_put_chosen) for each:
				       (cw_wire_put_validated) for each */
	CW_NETWORK_ORDERS_FINALIZE, /* CA, milliseconds, count, order and CSR for each: state,
				       certificate's URL or none, and error for each */
	CW_NETWORK_ORDER_DOWNLOAD,  /* CA, order, whether to download alternates: chains */
	CW_NETWORK_AUTHORIZATION_DEACTIVATE, /* CA, url: nothing */
	CW_NETWORK_REVOKE,       /* CA, certificate, reason, signer (0: the account's): nothing */
	CW_NETWORK_RENEWAL_INFO, /* CA, identifiers: (cw_wire_put_renewal_info) for each */
	CW_NETWORK_POST, /* CA, what, resource or none, url or none, payload or none, whether the
			    answer is PEM: body, location or none, alternates, milliseconds or -1 */
	CW_NETWORK_OCSP, /* url, certificate and issuer in PEM: enum cw_ocsp_state, the response */
	CW_NETWORK_HTTP, /* method, url, headers, whether there is a body, body, milliseconds,
			    limit in bytes, redirections to follow, whether any certificate is
			    accepted, CA certificates or none, client certificate or none, its
			    key or none: status, headers, body */
	CW_NETWORK_LOCATE,   /* resolver or none, names: status, target, zone and reason for each */
	CW_NETWORK_WAIT_TXT, /* resolver or none, seconds, names, values: status and reason for each
			      */
	CW_NETWORK_LOOKUP,   /* resolver or none, enum cw_dns_type, names: status, reason and texts
				for each */
	CW_NETWORK_DNS_EXCHANGE, /* server, whether over TCP only, query, milliseconds: answer */
	/* Notices of the coordinator. */
	CW_NETWORK_ACCOUNT_USE,   /* CA, signer, its thumbprint, url or none */
	CW_NETWORK_ORDERS_FORGET, /* CA, count, order for each */
	CW_NETWORK_CANCEL,        /* the number of a request whose answer is not needed any more */
	/* Requests of the network process. */
	CW_NETWORK_SIGN,    /* CA, signer, url, nonce, kid or none, payload or none: JWS */
	CW_NETWORK_CREATED, /* CA, order, url: nothing; an error in the answer fails the order */
	/* Notices of the network process. */
	CW_NETWORK_COUNTED, /* CA, requests that were sent since the last notice, and that failed */
	CW_NETWORK_LOG      /* enum cw_log_level, text */
};

/* Limits that both sides enforce. */
enum {
	CW_WIRE_ORDERS = 1000,      /* in one request */
	CW_WIRE_IDENTIFIERS = 1000, /* of one order; the same limit holds for authorizations */
	CW_WIRE_CHALLENGES = 32,    /* of one authorization */
	CW_WIRE_LOOKUPS = 10000,    /* names in one request */
	CW_WIRE_TEXTS = 1024,       /* records of one name: all that dns/message.c reads */
	CW_WIRE_CHAINS = 17,
	CW_WIRE_RENEWALS = 10000
};

/* The values of a directory (RFC 8555 section 7.1.1). */
struct cw_wire_directory {
	char *terms_of_service; /* NULL: none */
	bool external_account_required;
	bool has_profiles;
	struct cw_strv profiles;             /* their names */
	struct cw_strv profile_descriptions; /* one for each profile; "" if there is none */
	char *new_account;                   /* URLs; NULL: none */
	char *key_change;
	bool renewal_info; /* RFC 9773 */
	struct cw_strv caa_identities;
};
void cw_wire_directory_clear(struct cw_wire_directory *directory);
/* Called by the network process. The client's directory must be there. */
void cw_wire_put_directory(struct cw_message *message, const struct cw_acme *acme);
void cw_wire_get_directory(struct cw_message *message, struct cw_wire_directory *directory);

/* Called by the coordinator: what it wants of an order to be opened, and the order's NUMBER. */
void cw_wire_put_wanted(struct cw_message *message, uint32_t number,
			const struct cw_acme_order *order);
/* Called by the network process. ORDER is new. */
void cw_wire_get_wanted(struct cw_message *message, uint32_t *number, struct cw_acme_order *order);
/* Called by the network process: the result of opening the order. */
void cw_wire_put_opened(struct cw_message *message, const struct cw_acme_order *order);
/* Called by the coordinator. ORDER is the order that it asked for. An authorization that is not for
 * one of its identifiers, or a second one for the same identifier, makes the message invalid. */
void cw_wire_get_opened(struct cw_message *message, struct cw_acme_order *order);

/* Called by the coordinator: the chosen challenge of each authorization. */
void cw_wire_put_chosen(struct cw_message *message, uint32_t number,
			const struct cw_acme_order *order);
/* Called by the network process. ORDER has the authorizations from when it was opened. */
void cw_wire_get_chosen(struct cw_message *message, struct cw_acme_order *order);
/* Called by the network process: states and errors. */
void cw_wire_put_validated(struct cw_message *message, const struct cw_acme_order *order);
/* Called by the coordinator. */
void cw_wire_get_validated(struct cw_message *message, struct cw_acme_order *order);

/* The network process calls the first, the coordinator the second. The coordinator owns
 * explanation_url and error. */
void cw_wire_put_renewal_info(struct cw_message *message, const struct cw_acme_renewal_info *info);
void cw_wire_get_renewal_info(struct cw_message *message, struct cw_acme_renewal_info *info);

enum cw_acme_state cw_wire_get_state(struct cw_message *message);
/* Reads a number that the coordinator chose, 1 or more. */
uint32_t cw_wire_get_number(struct cw_message *message);
/* Reads a list of short texts, such as contacts: each has at most CW_MESSAGE_NAME bytes. */
void cw_wire_get_names(struct cw_message *message, struct cw_strv *names);

#endif
