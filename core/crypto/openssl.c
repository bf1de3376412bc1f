#include "crypto/openssl.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

int
cw_fail_openssl(struct cw_error *error, int status, const char *format, ...)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
	cw_autofree char *message = NULL;
	va_list arguments;

	ERR_clear_error();
	va_start(arguments, format);
	message = cw_vformat(format, arguments);
	va_end(arguments);
	if (reason == NULL)
		return cw_fail(error, status, "%s", message);
	return cw_fail(error, status, "%s: %s", message, reason);
}

BIO *
cw_bio_over(const void *data, size_t length)
{
	if (length > INT_MAX)
		return NULL;
	/* A length of -1 would mean strlen(), 0 does not. */
	return cw_need(BIO_new_mem_buf(data, (int)length));
}

char *
cw_bio_take(BIO *bio)
{
	char *data = NULL;
	long length = BIO_get_mem_data(bio, &data);

	return cw_memdup(length > 0 ? data : "", length > 0 ? (size_t)length : 0);
}

bool
cw_looks_like_der(const void *data, size_t length)
{
	return length > 2 && *(const unsigned char *)data == 0x30;
}

int
cw_address_bytes(const char *text, unsigned char bytes[16])
{
	if (inet_pton(AF_INET, text, bytes) == 1)
		return 4;
	return inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
}

char *
cw_address_text(const unsigned char *bytes, int length)
{
	char text[INET6_ADDRSTRLEN];

	if (length != 4 && length != 16)
		return NULL;
	if (inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text)) == NULL)
		return NULL;
	return cw_strdup(text);
}

void
cw_bio_cleanup(BIO **bio)
{
	BIO_free_all(*bio);
}

void
cw_bignum_cleanup(BIGNUM **number)
{
	BN_clear_free(*number);
}
