/* Which certificates to trust; for http/ only. */
#ifndef CW_HTTP_TRUST_H
#define CW_HTTP_TRUST_H

#include <stdbool.h>
#include "http/curl_api.h"

/*
 * The trust store. A bundle is parsed completely for the first connection: that costs milliseconds,
 * and memory for every CA in it. From a hashed folder only the requested certificate is read. So if
 * no variable is set and the system's folder is hashed, the folder is used first. The system's
 * bundle is tried only if the folder does not have the CA of a server.
 */
struct cw_trust {
	char *file;              /* NULL: none */
	char *folder;            /* NULL: none; if both are NULL, libcurl chooses */
	const char *variable;    /* the environment variable that chose it; NULL: none is set */
	int unreadable;          /* errno, if what the variable names cannot be read; 0: it can */
	const char *bundle_left; /* the system's bundle, if it is still to be tried; NULL: none */
	struct x509_store_st *store; /* the whole store, in memory; NULL: libcurl reads the files */
};

/* Chooses the trust store from the environment. libcurl must be loaded. */
void cw_trust_choose(struct cw_trust *trust);
/* Reads the whole store into memory: the one that the environment names, or the system's. Files
 * that cannot be read are left out, as libcurl does. CW_E_CRYPTO if libcurl uses a different TLS
 * library from ours. */
int cw_trust_preload(struct cw_trust *trust, struct cw_error *error);
/* Adds the bundle that is still to be tried, if any. */
void cw_trust_widen(struct cw_trust *trust);
/* Sets the trust store for a transfer, and for the connection to an https proxy. */
CURLcode cw_trust_apply(const struct cw_trust *trust, CURL *easy);
void cw_trust_clear(struct cw_trust *trust);

#endif
