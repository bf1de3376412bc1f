/* Private to the files that implement ca.h. */
#ifndef CW_FLOW_WORK_CA_INTERNAL_H
#define CW_FLOW_WORK_CA_INTERNAL_H

#include "flow/work/ca.h"

/* A key that signs for a CA, with its number for the network process. */
struct cw_ca_signer {
	uint32_t number;
	struct cw_key *key;
	struct cw_signer *signer;
	bool with_jwk; /* it may sign with the public key instead of the account's URL */
	struct cw_ca_signer *next;
};

struct cw_ca {
	struct cw_network_ca network_ca;
	struct cw_network *network;
	char *server;
	char *work;                  /* as for cw_ca_new() */
	struct cw_ca_memory *memory; /* likewise */
	int64_t limit;
	bool only_asks;      /* needs no nonce */
	bool anew;           /* the directory that is known is not used */
	unsigned generation; /* of the network process that knows this CA; 0: none */
	bool known;          /* the directory */
	struct cw_wire_directory directory;
	char *account_uri;
	struct cw_ca_signer *signers;
	struct cw_ca_signer *account_signer; /* NULL: none */
	uint32_t last_signer;
	uint32_t last_order;
	struct cw_ca_call *calls;
};

/* Reads the fields after the error of an answer, or marks the answer as broken. */
typedef void (*cw_ca_take)(struct cw_ca_call *call, struct cw_message *answer);

struct cw_ca_call {
	struct cw_ca *ca;
	struct cw_network_call *asked;
	cw_ca_take take; /* NULL: there are no more fields */
	cw_ca_done done;
	void *context;
	/* Results; which of them are used depends on the kind of call. */
	struct cw_ca_account *account;
	struct cw_ca_signer *signer; /* for this call only */
	struct cw_acme_order **orders;
	struct cw_acme_renewal_info **infos;
	size_t count;
	struct cw_strv *chains;
	struct cw_ca_post *post;
	bool pem;
	struct cw_timer *soon; /* no request was sent: ends the call from the loop */
	struct cw_error failure;
	struct cw_ca_call *next;
};

/* Starts a message of type TYPE about the CA. Tells the network process about the CA first if
 * needed. */
struct cw_message *cw_ca_request(struct cw_ca *ca, unsigned type);
/* Sends MESSAGE. */
struct cw_ca_call *cw_ca_ask(struct cw_ca *ca, struct cw_message *message, cw_ca_take take,
			     cw_ca_done done, void *context);
/* Makes a call that sends nothing. It ends from the loop with ERROR (copied; NULL: success). */
struct cw_ca_call *cw_ca_fail(struct cw_ca *ca, const struct cw_error *error, cw_ca_done done,
			      void *context);
/* Returns the order with this number, or NULL if no such order is being opened. */
struct cw_acme_order *cw_ca_find_order(const struct cw_ca *ca, uint32_t number);
/* Makes a signer with a new number. */
struct cw_ca_signer *cw_ca_add_signer(struct cw_ca *ca, const struct cw_key *key, bool with_jwk);
void cw_ca_remove_signer(struct cw_ca *ca, struct cw_ca_signer *signer);
/* signing.c: returns the answer to a request for a signature. REQUEST was read up to the CA's
 * number. */
struct cw_message *cw_ca_sign(struct cw_network_ca *network_ca, struct cw_message *request);
/* ca_memory.c: reads and writes what is known of the server; NULL: nothing. FETCHED: the directory
 * is of this run. */
void cw_ca_recall(const struct cw_ca *ca, char **directory, char **nonce);
void cw_ca_remember(const struct cw_ca *ca, const char *directory, bool fetched, const char *nonce);

#endif
