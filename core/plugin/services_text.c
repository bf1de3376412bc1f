/* The services that work on texts and bytes alone: credentials by key, JSON, encodings, digests. */
#include <json-c/json_pointer.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "plugin/instance_internal.h"
#include "store/configobj.h"

int
cw_service_credential(const struct cw_host *host, const char *path, const char *key, char **value)
{
	cw_auto_configobj struct cw_configobj *config = NULL;
	cw_autosecret char *text = NULL;
	const char *found;
	int status = cw_service_read_private(host, path, &text);

	*value = NULL;
	if (status == CW_OK)
		status = cw_configobj_parse(text, strlen(text), path, &config, cw_host_error(host));
	if (status != CW_OK)
		return status;
	found = cw_configobj_get(config, "", key);
	if (found == NULL || *found == '\0') {
		cw_fail(cw_host_error(host), CW_E_NOT_FOUND,
			"the credentials file \"%s\" has no \"%s\"", path, key);
		cw_hint(cw_host_error(host), "add a line to it: %s = ...", key);
		return CW_E_NOT_FOUND;
	}
	cw_service_secret(host, found);
	*value = cw_strdup(found);
	return CW_OK;
}

/* The characters of a string, anything else as JSON; NULL for what has none. */
static char *
value_text(struct json_object *value)
{
	if (!json_object_is_type(value, json_type_string))
		return cw_strdup(cw_json_text(value));
	/* A NUL would cut it short. */
	if (strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return NULL;
	return cw_strdup(json_object_get_string(value));
}

int
cw_service_json_get(const struct cw_host *host, const char *text, size_t length,
		    const char *pointer, char **value)
{
	cw_auto_secret_json struct json_object *whole = NULL;
	struct json_object *found = NULL;
	int status;

	*value = NULL;
	if (*pointer != '\0' && *pointer != '/')
		return cw_host_misused(host, "json_get", "the pointer does not begin with \"/\"");
	status = cw_json_parse(text, length, "the JSON text", &whole, cw_host_error(host));
	if (status != CW_OK)
		return status;
	if (whole != NULL && json_pointer_get(whole, pointer, &found) == 0 && found != NULL)
		*value = value_text(found);
	return *value != NULL ? CW_OK
			      : cw_fail(cw_host_error(host), CW_E_NOT_FOUND,
					"the JSON text has no value at \"%s\"", pointer);
}

char *
cw_service_json_quote(const struct cw_host *host, const char *text)
{
	cw_auto_secret_json struct json_object *object = cw_json_new_object();
	const char *whole, *colon;

	(void)host;
	/* As a member, for the treatment of what is not UTF-8: {"":"..."} */
	cw_json_set_string(object, "", text);
	whole = cw_json_text(object);
	colon = strchr(whole, ':');
	return cw_memdup(colon + 1, strlen(colon + 1) - 1);
}

static char *
base64(const void *data, size_t length)
{
	cw_autosecret char *digits = cw_base64url(data, length);
	size_t count = strlen(digits), padded = (count + 3) / 4 * 4;
	char *text = cw_alloc(padded + 1);

	for (size_t i = 0; i < padded; i++) {
		text[i] = i < count ? digits[i] : '=';
		if (text[i] == '-')
			text[i] = '+';
		else if (text[i] == '_')
			text[i] = '/';
	}
	return text;
}

char *
cw_service_encode(const struct cw_host *host, enum cw_encoding encoding, const void *data,
		  size_t length)
{
	(void)host;
	switch (encoding) {
	case CW_BASE64: return base64(data, length);
	case CW_BASE64URL: return cw_base64url(data, length);
	case CW_BASE16: return cw_hex(data, length);
	default: return NULL;
	}
}

/* NULL: it is malformed. */
static unsigned char *
decode_base16(const char *text, size_t *length)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	size_t count = strlen(text);
	unsigned char *data;

	if (count % 2 != 0 || strspn(text, digits) != count)
		return NULL;
	data = cw_alloc(count / 2 + 1);
	for (size_t i = 0; i < count; i++) {
		size_t value = (size_t)(strchr(digits, text[i]) - digits);

		value = value > 15 ? value - 6 : value;
		data[i / 2] = (unsigned char)(data[i / 2] << 4 | value);
	}
	*length = count / 2;
	return data;
}

int
cw_service_decode(const struct cw_host *host, enum cw_encoding encoding, const char *text,
		  char **data, size_t *length)
{
	cw_autofree unsigned char *bytes = NULL;

	*data = NULL;
	*length = 0;
	switch (encoding) {
	case CW_BASE64: bytes = cw_base64_decode(text, length); break;
	case CW_BASE64URL: bytes = cw_base64url_decode(text, length); break;
	case CW_BASE16: bytes = decode_base16(text, length); break;
	default: return cw_host_misused(host, "decode", "the encoding is unknown");
	}
	if (bytes == NULL)
		return cw_fail(cw_host_error(host), CW_E_INVALID,
			       "a text is not in the encoding that it should have");
	*data = cw_memdup(bytes, *length);
	cw_wipe(bytes, *length);
	return CW_OK;
}

int
cw_service_sha256(const struct cw_host *host, const void *data, size_t length,
		  unsigned char *digest)
{
	(void)host;
	cw_sha256(data, length, digest);
	return CW_OK;
}

int
cw_service_hmac_sha256(const struct cw_host *host, const void *key, size_t key_length,
		       const void *data, size_t length, unsigned char *digest)
{
	if (key_length > INT32_MAX)
		return cw_host_misused(host, "hmac_sha256", "the key is too long");
	/* NULL would be the key of an earlier call. */
	if (HMAC(EVP_sha256(), key_length == 0 ? "" : key, (int)key_length, data, length, digest,
		 NULL) == NULL)
		return cw_fail(cw_host_error(host), CW_E_CRYPTO, "cannot compute an HMAC");
	return CW_OK;
}
