/*
 * acmetool: accounts/<the CA's URL without "https://", escaped>/ID/privkey, live/NAME, a link to
 * certs/ID with cert, chain, privkey and a link "account"; conf/target (YAML). It does not keep
 * accounts' URLs.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "flow/moving/source.h"

#define TARGET_MAX (64 * 1024)

/* "a%2fb" as "a/b"; release with free(). */
static char *
unescape(const char *text)
{
	struct cw_buf plain = {0};

	while (*text != '\0') {
		char digits[3] = "";

		if (*text == '%' && strspn(text + 1, "0123456789abcdefABCDEF") >= 2) {
			memcpy(digits, text + 1, 2);
			cw_buf_add_char(&plain, (char)strtoul(digits, NULL, 16));
			text += 3;
		} else {
			cw_buf_add_char(&plain, *text++);
		}
	}
	return cw_buf_take(&plain);
}

static int
read_accounts(const struct cw_moving_source *source, struct cw_moving *moving,
	      struct cw_error *error)
{
	cw_autofree char *top = cw_format("%s/accounts", source->path);
	cw_auto_strv struct cw_strv servers = {0};
	int status = cw_folder_list(top, false, &servers, error);

	for (size_t i = 0; i < servers.count && status == CW_OK; i++) {
		cw_autofree char *plain = unescape(servers.items[i]);
		cw_autofree char *server = cw_format("https://%s", plain);
		cw_autofree char *folder = cw_format("%s/%s", top, servers.items[i]);
		cw_auto_strv struct cw_strv ids = {0};

		if (!cw_is_folder(folder))
			continue;
		status = cw_folder_list(folder, false, &ids, error);
		for (size_t j = 0; j < ids.count && status == CW_OK; j++) {
			cw_autofree char *key = cw_format("%s/%s/privkey", folder, ids.items[j]);

			/* Other clients have a folder "accounts", too. */
			if (cw_file_exists(key))
				cw_moving_add_account(moving, key, server);
		}
	}
	return status;
}

/* The account whose folder the link leads to; without one, there may be only one. */
static const struct cw_moved_account *
find_account(const struct cw_moving *moving, const char *folder)
{
	cw_autofree char *link = cw_format("%s/account", folder);
	cw_autofree char *target = NULL;

	if (cw_file_readlink(link, &target, NULL) == CW_OK) {
		const char *place = strstr(target, "accounts/");
		cw_autofree char *end = cw_format("/%s/privkey", place != NULL ? place : target);

		for (size_t i = 0; i < moving->account_count; i++)
			if (cw_ends_with(moving->accounts[i]->source, end))
				return moving->accounts[i];
	}
	return moving->account_count == 1 ? moving->accounts[0] : NULL;
}

/* The items of the list "webroot-paths:" of a target file, as acmetool writes it. */
static void
read_token_folders(const char *text, struct cw_strv *folders)
{
	const char *list = strstr(text, "webroot-paths:");
	cw_auto_strv struct cw_strv lines = {0};

	if (list == NULL)
		return;
	cw_strv_split(&lines, list + strlen("webroot-paths:"), '\n');
	for (size_t i = 0; i < lines.count && lines.items[i][0] == '-'; i++) {
		char *item = cw_trim(lines.items[i] + 1);
		size_t length = strlen(item);

		if (length > 1 && strchr("\"'", *item) != NULL && item[length - 1] == *item)
			item[length - 1] = '\0', item++;
		cw_strv_add(folders, item);
	}
}

static void
take_challenge(const struct cw_moving_source *source, struct cw_moving *moving, const char *target,
	       const struct cw_strv *folders, struct cw_moved_certificate *certificate)
{
	for (size_t i = 0; i < folders->count; i++) {
		cw_autofree char *webroot = cw_moved_webroot_of(folders->items[i]);

		if (webroot == NULL)
			continue;
		certificate->authenticator = cw_strdup("webroot");
		cw_moved_set_webroot(certificate, NULL, webroot);
		return;
	}
	if (folders->count > 0 && !source->gives_method)
		cw_moving_remark(
			moving, target,
			"have the server serve /.well-known/acme-challenge/ from a folder "
			"FOLDER/.well-known/acme-challenge, then give -a webroot -w FOLDER",
			"the tokens of \"%s\" are in \"%s\", which is not below a webroot",
			certificate->name, folders->items[0]);
}

static struct cw_moved_certificate *
read_certificate(struct cw_moving *moving, const char *name, const char *folder)
{
	cw_autofree char *key = cw_format("%s/privkey", folder);
	cw_autofree char *leaf = cw_format("%s/cert", folder);
	cw_autofree char *issuers = cw_format("%s/chain", folder);
	struct cw_moved_certificate *certificate =
		cw_moving_add_certificate(moving, name, "wildcard", folder);

	certificate->account = find_account(moving, folder);
	cw_moved_load(certificate, key, (const char *const[]){leaf, issuers, NULL});
	return certificate;
}

/* Each certificate has as many links as names. The first one names it. */
static int
read_live(const struct cw_moving_source *source, struct cw_moving *moving,
	  const struct cw_strv *folders, struct cw_error *error)
{
	cw_autofree char *live = cw_format("%s/live", source->path);
	cw_autofree char *target = cw_format("%s/conf/target", source->path);
	cw_auto_strv struct cw_strv names = {0};
	cw_auto_strv struct cw_strv seen = {0};
	int status = cw_folder_list(live, true, &names, error);

	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_autofree char *link = cw_format("%s/%s", live, names.items[i]);
		cw_autofree char *folder = realpath(link, NULL);

		if (!cw_strv_add_unique(&seen, folder != NULL ? folder : link))
			continue;
		take_challenge(
			source, moving, target, folders,
			read_certificate(moving, names.items[i], folder != NULL ? folder : link));
	}
	return status;
}

/* It runs what is there after each renewal, for example to reload servers. */
static void
remark_hooks(struct cw_moving *moving)
{
	static const char *const folders[] = {"/etc/acme/hooks", "/usr/lib/acme/hooks",
					      "/usr/libexec/acme/hooks"};

	for (size_t i = 0; i < CW_COUNT(folders); i++) {
		cw_auto_strv struct cw_strv names = {0};

		cw_folder_list(folders[i], true, &names, NULL);
		for (size_t j = 0; j < names.count; j++) {
			cw_autofree char *path = cw_format("%s/%s", folders[i], names.items[j]);

			if (!cw_is_folder(path) && access(path, X_OK) == 0)
				cw_moving_remark(moving, path,
						 "have a hook in renewal-hooks/deploy or "
						 "--deploy-hook do what it does",
						 "the hook \"%s\" is one of acmetool, and does not "
						 "run after renewals",
						 names.items[j]);
		}
	}
}

int
cw_read_acmetool(const struct cw_moving_source *source, struct cw_moving *moving,
		 struct cw_error *error)
{
	cw_autofree char *accounts = cw_format("%s/accounts", source->path);
	cw_autofree char *target = cw_format("%s/conf/target", source->path);
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_strv struct cw_strv folders = {0};
	int status = CW_OK;

	if (!cw_is_folder(accounts))
		return cw_moving_source_lacks(source, "folder \"accounts\"", error);
	if (cw_file_exists(target))
		status = cw_file_read(target, TARGET_MAX, &text, error);
	if (status == CW_OK)
		status = read_accounts(source, moving, error);
	if (status < 0)
		return status;
	read_token_folders(cw_buf_text(&text), &folders);
	status = read_live(source, moving, &folders, error);
	if (moving->certificate_count > 0)
		remark_hooks(moving);
	return status;
}
