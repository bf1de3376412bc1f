/*
 * uacme: private/key.pem (the account), private/NAME/key.pem and NAME/cert.pem (the whole chain).
 * It keeps neither the CA, the account's URL nor how names are proved.
 */
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "flow/moving/source.h"

static void
read_certificate(const struct cw_moving_source *source, struct cw_moving *moving,
		 const struct cw_moved_account *account, const char *name)
{
	cw_autofree char *key = cw_format("%s/private/%s/key.pem", source->path, name);
	cw_autofree char *chain = cw_format("%s/%s/cert.pem", source->path, name);
	struct cw_moved_certificate *certificate;

	/* Before the first issuance there is only a key. */
	if (!cw_file_exists(chain))
		return;
	certificate = cw_moving_add_certificate(moving, name, "wildcard", chain);
	certificate->account = account;
	cw_moved_load(certificate, key, (const char *const[]){chain, NULL});
	/* uacme never makes a new key for a certificate that has one. */
	cw_moved_set(certificate, "reuse_key", "1");
}

int
cw_read_uacme(const struct cw_moving_source *source, struct cw_moving *moving,
	      struct cw_error *error)
{
	cw_autofree char *key = cw_format("%s/private/key.pem", source->path);
	const struct cw_moved_account *account;
	cw_auto_strv struct cw_strv names = {0};
	int status;

	if (!cw_file_exists(key))
		return cw_moving_source_lacks(source, "file \"private/key.pem\"", error);
	account = cw_moving_add_account(moving, key,
					source->server != NULL ? source->server : CW_LETS_ENCRYPT);
	status = cw_folder_list(source->path, false, &names, error);
	for (size_t i = 0; i < names.count && status == CW_OK; i++)
		if (strcmp(names.items[i], "private") != 0)
			read_certificate(source, moving, account, names.items[i]);
	return status;
}
