/*
 * Unfinished orders: WORK/certwright/orders/ (0700) keeps the URL and the private key of an order
 * until its certificate is saved, so that the next run can continue it.
 */
#ifndef CW_STORE_PENDING_H
#define CW_STORE_PENDING_H

#include "base/error.h"
#include "base/strv.h"

/* What an order belongs to. A record is found only if all values are the same. */
struct cw_pending_binding {
	const char *server;
	const char *account;               /* the account's id */
	const struct cw_strv *identifiers; /* "dns:example.com", "ip:192.0.2.1"; any order */
	const char *profile;               /* NULL: none */
	const char *replaces;              /* NULL: none */
	const char *lineage;               /* the certificate's name */
	const char *key; /* how to make the key: "ecdsa:secp256r1", "rsa:2048", "csr:<sha256>",
			    "same:<thumbprint>" */
};
struct cw_pending {
	char *path; /* of the record */
	char *order_url;
	char *key_pem; /* a secret; NULL with --csr */
};

/* Finds a record; *PENDING is NULL if there is none. A record that cannot be read is removed with a
 * warning. */
int cw_pending_find(const char *work, const struct cw_pending_binding *binding,
		    struct cw_pending **pending, struct cw_error *error);
/* Records an order durably. */
int cw_pending_save(const char *work, const struct cw_pending_binding *binding,
		    const char *order_url, const char *key_pem, struct cw_pending **pending,
		    struct cw_error *error);
/* Removes a record: the certificate is saved, or the order is not needed any more. A power cut may
 * bring it back until cw_pending_sync(). */
int cw_pending_remove(struct cw_pending *pending, struct cw_error *error);
/* Makes the removal of all records durable. */
void cw_pending_sync(const char *work);
void cw_pending_free(struct cw_pending *pending); /* NULL is allowed; wipes the key */
/* Removes records older than AGE seconds (orders expire). */
void cw_pending_sweep(const char *work, int64_t age);

#endif
