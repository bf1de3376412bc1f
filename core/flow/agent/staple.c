#include "flow/agent/staple.h"
#include "base/clock.h"
#include "base/file.h"
#include "crypto/ocsp.h"
#include "crypto/summary.h"
#include "store/stand_in.h"

enum { HOUR = 3600, DAY = 24 * HOUR };

static int
check(const char *folder, const struct cw_buf *response, int64_t *until, struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/cert.pem", folder);
	cw_autofree char *chain = cw_format("%s/chain.pem", folder);
	cw_auto_certificate struct cw_certificate *certificate = NULL, *issuer = NULL;
	enum cw_ocsp_state state;
	int status = cw_certificate_load(path, &certificate, error);

	if (status == CW_OK)
		status = cw_certificate_load(chain, &issuer, error);
	if (status == CW_OK)
		status = cw_ocsp_read(response->data, response->length, certificate, issuer, &state,
				      until, error);
	if (status == CW_OK && state != CW_OCSP_GOOD)
		status = cw_fail(error, CW_E_INVALID,
				 "the OCSP response does not say that the certificate is good");
	return status;
}

int
cw_staple_save(const struct cw_context *context, const char *name, const struct cw_buf *response,
	       int64_t *next, struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *folder = cw_format("%s/live/%s", context->directories.config, name);
	cw_autofree char *path = cw_format("%s/" CW_STAPLE_FILE, folder);
	int64_t now = cw_time(), until = 0;
	int status = check(folder, response, &until, error);

	*next = now + HOUR;
	if (status < 0)
		return status;
	*next = until > now + 2 * HOUR ? now + (until - now) / 2 : now + (until > 0 ? HOUR : DAY);
	return cw_file_write(path, response->data, response->length, &mode, error);
}

int64_t
cw_staple_retry(const char *path)
{
	cw_auto_certificate_summary struct cw_certificate_summary summary = {0};

	if (cw_certificate_summary_read(path, 0, &summary, NULL) < 0 || summary.ocsp_url == NULL)
		return 0;
	return cw_time() + HOUR;
}
