/* Reads what matters to an installer about a certificate file. */
#ifndef COMMON_CERTIFICATE_H
#define COMMON_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

struct certificate {
	char **names; /* DNS names and IP addresses; the common name if there are none */
	size_t name_count;
	int key_type; /* OpenSSL's number of the algorithm */
	bool self_signed;
};

/* Reads the first certificate of the PEM file PATH. Returns false if there is none. */
bool certificate_read(const char *path, struct certificate *certificate);
void certificate_clear(struct certificate *certificate);
/* The type, as above, of the first certificate's key in the PEM file PATH or, if there is no
 * certificate, of the private key. 0: unknown. */
int key_type_of(const char *path);
/* Whether a certificate for COUNT NAMES covers NAME, which may be a wildcard. */
bool names_cover(const char *const *names, size_t count, const char *name);

#endif
