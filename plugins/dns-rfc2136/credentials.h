/* The name server to update and its TSIG key, in the format of Certbot's plugin. */
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
	int sign_query;  /* 1: sign the questions for the zone too */
};

/* Reads the INI file at PATH. Returns CW_OK, or fails through the host: CW_E_PERMISSION if other
 * users can read it. Release with credentials_clear() in either case. */
int credentials_read(const struct cw_host *host, const char *path, struct credentials *credentials);
void credentials_clear(struct credentials *credentials);

#endif
