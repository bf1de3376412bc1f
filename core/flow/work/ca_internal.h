/* What the files of ca.h share. */
#ifndef CW_FLOW_WORK_CA_INTERNAL_H
#define CW_FLOW_WORK_CA_INTERNAL_H

#include "flow/work/ca.h"

/* A key that signs for a CA, as the network process names it. */
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
	char *work; /* NULL: nothing is kept */
	int64_t limit;
	bool only_asks;      /* needs no nonce */
	unsigned generation; /* of the network process that knows it; 0: none does */
	bool known;          /* the directory */
	struct cw_wire_directory directory;
	char *account_uri;
	struct cw_ca_signer *signers;
	struct cw_ca_signer *account_signer; /* NULL: none */
	uint32_t last_signer;
	uint32_t last_order;
	struct cw_ca_call *calls;
};

/* Reads what comes behind the error of an answer, or breaks it. */
typedef void (*cw_ca_take)(struct cw_ca_call *call, struct cw_message *answer);

struct cw_ca_call {
	struct cw_ca *ca;
	struct cw_network_call *asked;
	cw_ca_take take; /* NULL: nothing comes */
	cw_ca_done done;
	void *context;
	/* What the different calls fill. */
	struct cw_ca_account *account;
	struct cw_ca_signer *signer; /* of this call alone */
	struct cw_acme_order **orders;
	struct cw_acme_renewal_info **infos;
	size_t count;
	struct cw_strv *chains;
	struct cw_timer *soon; /* nothing was asked: it is over when the loop turns */
	struct cw_error failure;
	struct cw_ca_call *next;
};

/* The beginning of a request about the CA, which the network process knows from here on. */
struct cw_message *cw_ca_request(struct cw_ca *ca, unsigned type);
/* Sends it. */
struct cw_ca_call *cw_ca_ask(struct cw_ca *ca, struct cw_message *message, cw_ca_take take,
			     cw_ca_done done, void *context);
/* A call that asks nothing: it ends from the loop, with ERROR (copied; NULL: well). */
struct cw_ca_call *cw_ca_fail(struct cw_ca *ca, const struct cw_error *error, cw_ca_done done,
			      void *context);
/* The order that the network process calls by this number; NULL: none that is being opened. */
struct cw_acme_order *cw_ca_find_order(const struct cw_ca *ca, uint32_t number);
/* A signer with a number of its own. */
struct cw_ca_signer *cw_ca_add_signer(struct cw_ca *ca, const struct cw_key *key, bool with_jwk);
void cw_ca_remove_signer(struct cw_ca *ca, struct cw_ca_signer *signer);
/* signing.c: the answer to a request for a signature that was read up to the CA's number. */
struct cw_message *cw_ca_sign(struct cw_network_ca *network_ca, struct cw_message *request);
/* ca_memory.c: what was learned of the server; NULL: nothing. */
void cw_ca_recall(const struct cw_ca *ca, char **directory, char **nonce);
void cw_ca_remember(const struct cw_ca *ca, const char *directory, const char *nonce);

#endif
