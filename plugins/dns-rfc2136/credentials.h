/* The name server to update and the TSIG key for it, as Certbot's plugin reads them. */
#ifndef RFC2136_CREDENTIALS_H
#define RFC2136_CREDENTIALS_H

#include <certwright/plugin.h>

struct credentials {
	char *path;
	char *server; /* an IPv4 or IPv6 address */
	unsigned port;
	char *name;      /* of the key */
	char *secret;    /* base64 */
	char *algorithm; /* "HMAC-SHA512", in any case */
	int sign_query;  /* 1: questions for the zone are signed too */
};

/* Reads the INI file at PATH. CW_OK, or the reason is told to the host: CW_E_PERMISSION when others
 * can read it. Release with credentials_clear() in either case. */
int credentials_read(const struct cw_host *host, const char *path, struct credentials *credentials);
void credentials_clear(struct credentials *credentials);

#endif
