#include "acme/signer.h"

#include <stdint.h>
#include "base/mem.h"

static void
sign_now(void *context, const struct cw_acme_to_sign *what, cw_acme_signed done, void *done_context)
{
	const struct cw_signer *signer = context;
	cw_auto_json struct json_object *header = cw_json_new_object();
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *jws = NULL;

	cw_json_set_string(header, "nonce", what->nonce);
	cw_json_set_string(header, "url", what->url);
	if (what->kid != NULL)
		cw_json_set_string(header, "kid", what->kid);
	else
		cw_json_set(header, "jwk", json_object_get(signer->jwk));
	if (cw_jws_sign(signer, header, what->payload, &jws, &error) == CW_OK)
		done(done_context, jws, NULL);
	else
		done(done_context, NULL, &error);
}

struct cw_acme_signer
cw_acme_local_signer(const struct cw_signer *signer)
{
	/* Signing only reads it. */
	return (struct cw_acme_signer){.thumbprint = signer->thumbprint,
				       .sign = sign_now,
				       .context = (void *)(uintptr_t)signer};
}
