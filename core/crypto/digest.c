#include "crypto/digest.h"

#include "base/mem.h"
#include "base/text.h"

#include <openssl/evp.h>

void
cw_sha256(const void *data, size_t length, unsigned char digest[CW_SHA256_LENGTH])
{
	/* Every provider has it, so only memory can be missing. */
	if (EVP_Digest(data, length, digest, NULL, EVP_sha256(), NULL) != 1)
		cw_nomem();
}

char *
cw_sha256_hex(const void *data, size_t length)
{
	unsigned char digest[CW_SHA256_LENGTH];

	cw_sha256(data, length, digest);
	return cw_hex(digest, sizeof(digest));
}
