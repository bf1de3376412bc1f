/* Parses URLs (RFC 3986), as far as HTTP needs that. For http/ only. */
#ifndef CW_HTTP_URL_H
#define CW_HTTP_URL_H

#include <stdbool.h>

/* The server that a URL names. */
struct cw_endpoint {
	char *host; /* without brackets */
	unsigned port;
	bool secure; /* https */
};

/* Reads an http or https URL with a host. Returns false if TEXT is not one; ENDPOINT is then
 * empty. */
bool cw_url_endpoint(const char *text, struct cw_endpoint *endpoint);
void cw_endpoint_clear(struct cw_endpoint *endpoint);
#define cw_auto_endpoint cw_auto(cw_endpoint_clear)
/* Returns the URL in TEXT without user name and password, for people to read. Release with
 * free(). */
char *cw_url_printable(const char *text);

#endif
