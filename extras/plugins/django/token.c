#include "token.h"
#include <openssl/rand.h>
#include <stdlib.h>
#include <time.h>

enum { NONCE_BYTES = 16, SIGNATURE_MAX = 2048 };

static const char header[] = "{\"alg\": \"RS256\", \"typ\": \"JWT\"}";

/* A + "." + B, to be released with free(); NULL if one of them is, or out of memory. */
static char *
join(const char *a, const char *b)
{
	size_t size = a != NULL && b != NULL ? strlen(a) + strlen(b) + 2 : 0;
	char *text = size > 0 ? malloc(size) : NULL;

	if (text != NULL)
		snprintf(text, size, "%s.%s", a, b);
	return text;
}

/* The claims in base64url, to be released by the host; NULL if that fails. */
static char *
encode_claims(const struct cw_host *host, const char *username)
{
	static const char form[] = "{\"username\": %s, \"time\": %lld, \"nonce\": \"%s\"}";
	unsigned char random[NONCE_BYTES];
	char *nonce = NULL, *quoted = cw_host_json_quote(host, username);
	char *claims = NULL, *encoded = NULL;
	long long now = (long long)time(NULL);

	if (RAND_bytes(random, sizeof(random)) == 1)
		nonce = cw_host_encode(host, CW_BASE16, random, sizeof(random));
	if (nonce != NULL && quoted != NULL) {
		size_t size = sizeof(form) + strlen(nonce) + strlen(quoted) + 24;

		claims = malloc(size);
		if (claims != NULL) {
			snprintf(claims, size, form, quoted, now, nonce);
			encoded = cw_host_encode(host, CW_BASE64URL, claims, strlen(claims));
		}
	}
	free(claims);
	cw_host_release(host, nonce);
	cw_host_release(host, quoted);
	return encoded;
}

/* The signature of TEXT in base64url, to be released by the host; NULL if that fails. */
static char *
sign(const struct cw_host *host, EVP_PKEY *pair, const char *text)
{
	unsigned char signature[SIGNATURE_MAX];
	size_t length = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int done = context != NULL &&
		   EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pair) == 1 &&
		   EVP_DigestSign(context, signature, &length, (const unsigned char *)text,
				  strlen(text)) == 1;

	EVP_MD_CTX_free(context);
	return done ? cw_host_encode(host, CW_BASE64URL, signature, length) : NULL;
}

int
token_make(const struct cw_host *host, EVP_PKEY *pair, const char *username, char **token)
{
	char *first = cw_host_encode(host, CW_BASE64URL, header, strlen(header));
	char *second = encode_claims(host, username);
	char *both = join(first, second);
	char *signature = both != NULL ? sign(host, pair, both) : NULL;

	*token = join(both, signature);
	cw_host_release(host, first);
	cw_host_release(host, second);
	cw_host_release(host, signature);
	free(both);
	return *token != NULL ? CW_OK
			      : cw_host_fail(host, CW_E_CRYPTO, NULL, "cannot sign a request");
}
