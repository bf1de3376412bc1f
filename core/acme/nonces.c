#include "acme/call.h"
#include "acme/reply.h"
#include "base/mem.h"

enum { NONCES_MAX = 64, NONCE_LENGTH_MAX = 512 };

void
cw_acme_nonce_keep(struct cw_acme *acme, const struct cw_http_answer *answer)
{
	const char *nonce = cw_http_header(answer, "replay-nonce");

	/* RFC 8555 section 6.5.1: an invalid value is ignored. */
	if (nonce == NULL || !cw_acme_base64url_ok(nonce, NONCE_LENGTH_MAX))
		return;
	if (acme->nonces.count >= NONCES_MAX)
		cw_strv_remove(&acme->nonces, 0);
	cw_strv_add(&acme->nonces, nonce);
}

char *
cw_acme_nonce_take(struct cw_acme *acme)
{
	char *nonce;

	if (acme->nonces.count == 0)
		return NULL;
	nonce = cw_strdup(acme->nonces.items[acme->nonces.count - 1]);
	cw_strv_remove(&acme->nonces, acme->nonces.count - 1);
	return nonce;
}
