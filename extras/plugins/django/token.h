/* The JSON Web Token (RFC 7519) that each request to an application has. */
#ifndef DJANGO_TOKEN_H
#define DJANGO_TOKEN_H

#include <certwright/plugin.h>
#include <openssl/evp.h>

/*
 * A token with the claims username, time and nonce, signed with PAIR by RS256 (RFC 7515). Each has
 * another nonce. CW_OK: *TOKEN is to be released with free(). Else the host is told why.
 */
int token_make(const struct cw_host *host, EVP_PKEY *pair, const char *username, char **token);

#endif
