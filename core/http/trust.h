/* Which certificates to trust; for http/ only. */
#ifndef CW_HTTP_TRUST_H
#define CW_HTTP_TRUST_H

#include <stdbool.h>
#include "http/curl_api.h"

/*
 * The trust store. A bundle is parsed whole for the first connection (milliseconds, and memory for
 * every CA of the world), while of a folder by hash only the certificate asked for is read; so
 * where nothing else is set and the system's folder is hashed, it goes first, and the system's
 * bundle is tried only for a server that the folder does not know.
 */
struct cw_trust {
	char *file;                  /* NULL: none */
	char *folder;                /* NULL: none; both NULL: libcurl's own choice */
	const char *variable;        /* the environment variable that says so; NULL: none is set */
	const char *bundle_left;     /* the system's bundle, still to be tried; NULL: none */
	struct x509_store_st *store; /* all of it, in memory; NULL: libcurl reads the files */
};

/* Reads the environment; libcurl must be loaded. */
void cw_trust_choose(struct cw_trust *trust);
/* Reads all of it, the system's own where none was named. What cannot be read is left out, as
 * libcurl would. CW_E_CRYPTO when libcurl's TLS library is not the one that we use. */
int cw_trust_preload(struct cw_trust *trust, struct cw_error *error);
/* Adds the bundle that is left, if any. */
void cw_trust_widen(struct cw_trust *trust);
/* Sets it for a transfer, and for the connection to an https proxy. */
CURLcode cw_trust_apply(const struct cw_trust *trust, CURL *easy);
void cw_trust_clear(struct cw_trust *trust);

#endif
