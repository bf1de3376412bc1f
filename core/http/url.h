/* URLs (RFC 3986), as far as HTTP needs them; for http/ only. */
#ifndef CW_HTTP_URL_H
#define CW_HTTP_URL_H

#include <stdbool.h>

/* Whom a URL leads to. */
struct cw_endpoint {
	char *host; /* without brackets */
	unsigned port;
	bool secure; /* https */
};

/* Reads an http or https URL with a host; false: TEXT is none, and ENDPOINT is empty. */
bool cw_url_endpoint(const char *text, struct cw_endpoint *endpoint);
void cw_endpoint_clear(struct cw_endpoint *endpoint);
#define cw_auto_endpoint cw_auto(cw_endpoint_clear)
/* TEXT, a URL, without a user name and password, for people to read; release with free(). */
char *cw_url_printable(const char *text);

#endif
