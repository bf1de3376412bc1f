/* Certificates in files, as far as it matters which of them a server block has. */
#ifndef NGINX_CERTIFICATE_H
#define NGINX_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

struct certificate {
	char **names; /* DNS names and IP addresses; the common name where there are none */
	size_t name_count;
	int key_type; /* OpenSSL's number of the algorithm */
	bool self_signed;
};

/* Reads the first certificate of the PEM file PATH. Returns false when there is none to read. */
bool certificate_read(const char *path, struct certificate *certificate);
void certificate_clear(struct certificate *certificate);
/* Whether a certificate for COUNT NAMES is for NAME too, which may be a wildcard. */
bool names_cover(const char *const *names, size_t count, const char *name);

#endif
