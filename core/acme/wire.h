/*
 * What the coordinator and the network process say to each other (base/message.h): the types of the
 * messages, and the values of acme/client.h as fields. Both sides use these functions, so that what
 * one writes the other reads; each function says which side it is for.
 *
 * A CA, an order and a signer are numbers that the coordinator chooses. The network process keeps
 * an order between the steps of an issuance; the coordinator has a copy of its values (struct
 * cw_acme_order), which it checks: nothing in it can be of another name than was asked for.
 *
 * The first field of every answer is an error; where that says that the request failed, no other
 * field follows.
 */
#ifndef CW_ACME_WIRE_H
#define CW_ACME_WIRE_H

#include "acme/client.h"
#include "base/message.h"

enum cw_network_message {
	CW_NETWORK_ANSWER = 1,
	/*
	 * Requests of the coordinator, with their fields, and behind the colon those of the answer.
	 */
	CW_NETWORK_BEGIN,    /* user agent, whether to verify, user, whether to refuse an incomplete
				sandbox: list of what it lacks */
	CW_NETWORK_CA_OPEN,  /* CA, server, directory or none, nonce or none, time limit in
				milliseconds, whether renewal information is what it is for:
				(cw_wire_put_directory) */
	CW_NETWORK_CA_CLOSE, /* CA: directory or none, whether it was fetched, nonce or none */
	CW_NETWORK_ACCOUNT_NEW,    /* CA, signer, contacts, terms agreed, binding or none, only an
				      existing one: url, status, contacts */
	CW_NETWORK_ACCOUNT_GET,    /* CA: status, contacts */
	CW_NETWORK_ACCOUNT_UPDATE, /* CA, contacts: status, contacts */
	CW_NETWORK_ACCOUNT_DEACTIVATE, /* CA: nothing */
	CW_NETWORK_ACCOUNT_CHANGE_KEY, /* CA, new signer, its thumbprint, inner JWS: nothing */
	CW_NETWORK_ORDERS_OPEN,        /* CA, count, (cw_wire_put_wanted) each: (cw_wire_put_opened)
					  each */
	CW_NETWORK_ORDERS_VALIDATE,    /* CA, milliseconds, count, (cw_wire_put_chosen) each:
					  (cw_wire_put_validated) each */
	CW_NETWORK_ORDERS_FINALIZE, /* CA, milliseconds, count, order and CSR each: state and error
				       each */
	CW_NETWORK_ORDER_DOWNLOAD,  /* CA, order, whether alternates too: chains */
	CW_NETWORK_AUTHORIZATION_DEACTIVATE, /* CA, url: nothing */
	CW_NETWORK_REVOKE, /* CA, certificate, reason, signer or 0 for the account's: nothing */
	CW_NETWORK_RENEWAL_INFO, /* CA, identifiers: (cw_wire_put_renewal_info) each */
	CW_NETWORK_OCSP,         /* url, certificate and issuer in PEM: enum cw_ocsp_state */
	CW_NETWORK_HTTP,     /* method, url, headers, whether there is a body, body, milliseconds,
				limit in bytes, redirections to follow, whether any certificate is
				accepted, CA certificates or none, client certificate or none, its
				key or none: status, headers, body */
	CW_NETWORK_LOCATE,   /* resolver or none, names: status, target, zone and reason each */
	CW_NETWORK_WAIT_TXT, /* resolver or none, seconds, names, values: status and reason each */
	CW_NETWORK_DNS_EXCHANGE, /* server, whether over TCP only, query, milliseconds: answer */
	/* Notices of the coordinator. */
	CW_NETWORK_ACCOUNT_USE,   /* CA, signer, its thumbprint, url or none */
	CW_NETWORK_ORDERS_FORGET, /* CA, count, order each */
	CW_NETWORK_CANCEL, /* the number of a request, whose answer nobody waits for any more */
	/* Requests of the network process. */
	CW_NETWORK_SIGN,    /* CA, signer, url, nonce, kid or none, payload or none: JWS */
	CW_NETWORK_CREATED, /* CA, order, url; an error in the answer fails the order: nothing */
	/* Notices of the network process. */
	CW_NETWORK_LOG /* enum cw_log_level, text */
};

/* Bounds that both sides keep. */
enum {
	CW_WIRE_ORDERS = 1000,      /* in one request */
	CW_WIRE_IDENTIFIERS = 1000, /* of one order, and authorizations */
	CW_WIRE_CHALLENGES = 32,    /* of one authorization */
	CW_WIRE_CHAINS = 17,
	CW_WIRE_RENEWALS = 10000
};

/* What is known of a directory, as values (RFC 8555 section 7.1.1). */
struct cw_wire_directory {
	char *terms_of_service; /* NULL: none */
	bool external_account_required;
	bool has_profiles;
	struct cw_strv profiles;             /* their names */
	struct cw_strv profile_descriptions; /* as many; "" where there is none */
	char *new_account;                   /* URLs; NULL: none */
	char *key_change;
	bool renewal_info; /* RFC 9773 */
};
void cw_wire_directory_clear(struct cw_wire_directory *directory);
/* The network process's: of a client whose directory is there. */
void cw_wire_put_directory(struct cw_message *message, const struct cw_acme *acme);
void cw_wire_get_directory(struct cw_message *message, struct cw_wire_directory *directory);

/* The coordinator's: what is wanted of an order that is opened, and its NUMBER. */
void cw_wire_put_wanted(struct cw_message *message, uint32_t number,
			const struct cw_acme_order *order);
/* The network process's. ORDER is new. */
void cw_wire_get_wanted(struct cw_message *message, uint32_t *number, struct cw_acme_order *order);
/* The network process's: what became of it. */
void cw_wire_put_opened(struct cw_message *message, const struct cw_acme_order *order);
/* The coordinator's. ORDER is the one that was wanted. An authorization for what is none of its
 * identifiers, or a second one for the same, breaks the message. */
void cw_wire_get_opened(struct cw_message *message, struct cw_acme_order *order);

/* The coordinator's: which challenge of each authorization was chosen. */
void cw_wire_put_chosen(struct cw_message *message, uint32_t number,
			const struct cw_acme_order *order);
/* The network process's. ORDER has the authorizations that it was opened with. */
void cw_wire_get_chosen(struct cw_message *message, struct cw_acme_order *order);
/* The network process's: states and errors. */
void cw_wire_put_validated(struct cw_message *message, const struct cw_acme_order *order);
/* The coordinator's. */
void cw_wire_get_validated(struct cw_message *message, struct cw_acme_order *order);

/* The network process's, and the coordinator's, who owns explanation_url and error. */
void cw_wire_put_renewal_info(struct cw_message *message, const struct cw_acme_renewal_info *info);
void cw_wire_get_renewal_info(struct cw_message *message, struct cw_acme_renewal_info *info);

enum cw_acme_state cw_wire_get_state(struct cw_message *message);
/* A number that the coordinator chose: 1 and up. */
uint32_t cw_wire_get_number(struct cw_message *message);
/* A list of TYPE: identifiers of a CA's account, contacts ... : texts of at most CW_MESSAGE_NAME
 * bytes. */
void cw_wire_get_names(struct cw_message *message, struct cw_strv *names);

#endif
