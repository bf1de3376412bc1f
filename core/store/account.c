#include "store/account.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "store/account_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 256 * 1024 };

static const char KEY_FILE[] = "private_key.json";
static const char REGISTRATION_FILE[] = "regr.json";
static const char META_FILE[] = "meta.json";

/* Begins the names of folders that are being made or removed; no id begins with a dot. */
static const char UNFINISHED[] = ".certwright-";

void
cw_account_free(struct cw_account *account)
{
	if (account == NULL)
		return;
	free(account->id);
	free(account->server);
	free(account->uri);
	free(account->creation_date);
	free(account->creation_host);
	cw_json_clear(&account->body);
	cw_key_free(account->key);
	free(account);
}

void
cw_account_cleanup(struct cw_account **account)
{
	cw_account_free(*account);
}

static int
check_id(const char *id, struct cw_error *error)
{
	if (*id != '\0' && *id != '.' && strchr(id, '/') == NULL)
		return CW_OK;
	cw_fail(error, CW_E_INVALID, "\"%s\" is not an account ID", id);
	cw_hint(error, "run: certwright show_account");
	return CW_E_INVALID;
}

static bool
has_all_files(const char *folder)
{
	const char *const names[] = {KEY_FILE, REGISTRATION_FILE, META_FILE};

	for (size_t i = 0; i < CW_COUNT(names); i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, names[i]);

		if (access(path, F_OK) != 0) {
			cw_log_warning("the account in \"%s\" is incomplete and is not used: "
				       "\"%s\" is missing",
				       folder, names[i]);
			return false;
		}
	}
	return true;
}

static int
list_folder(const char *folder, struct cw_strv *ids, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_folder_list(folder, true, &names, error);

	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		cw_autofree char *path = cw_format("%s/%s", folder, name);

		/* Another server's folder may lie in this one's; an id has 32 hex digits. */
		if (strlen(name) == 32 && strspn(name, "0123456789abcdef") == 32 &&
		    cw_is_folder(path) && has_all_files(path))
			cw_strv_add(ids, name);
	}
	return status;
}

int
cw_account_list(const char *config, const char *server, struct cw_strv *ids, struct cw_error *error)
{
	cw_auto(cw_account_place_clear) struct cw_account_place place = {0};
	int status = cw_account_place(config, server, &place, error);

	if (status == CW_OK)
		status = list_folder(place.folder, ids, error);
	if (status != CW_OK || ids->count > 0 || place.older == NULL)
		return status;
	status = list_folder(place.older, ids, error);
	if (status == CW_OK && ids->count > 0)
		cw_account_place_link(&place, NULL);
	return status;
}

/* An object from a file of an account, which may be its key. */
static int
read_object(const char *folder, const char *name, struct json_object **object,
	    struct cw_error *error)
{
	cw_auto(cw_buf_wipe) struct cw_buf text = {0};
	cw_autofree char *path = cw_format("%s/%s", folder, name);
	cw_autofree char *what = cw_format("\"%s\"", path);
	int status = cw_file_read(path, FILE_MAX, &text, error);

	if (status == CW_OK)
		status = cw_json_parse_secret(cw_buf_text(&text), text.length, what, object, error);
	if (status == CW_OK && !json_object_is_type(*object, json_type_object))
		status = cw_fail(error, CW_E_INVALID, "%s is not a JSON object", what);
	if (status != CW_OK)
		cw_hint(error,
			"restore \"%s\" from a backup, or move the folder away and register again",
			path);
	return status;
}

static int
load_folder(const char *folder, struct cw_account *account, struct cw_error *error)
{
	cw_auto_json struct json_object *registration = NULL, *meta = NULL;
	cw_auto_secret_json struct json_object *key = NULL;
	cw_autofree char *key_name = cw_format("\"%s/%s\"", folder, KEY_FILE);
	const char *uri;
	int status = read_object(folder, REGISTRATION_FILE, &registration, error);

	if (status == CW_OK)
		status = read_object(folder, META_FILE, &meta, error);
	if (status == CW_OK)
		status = read_object(folder, KEY_FILE, &key, error);
	if (status == CW_OK)
		status = cw_key_from_jwk(key, key_name, &account->key, error);
	if (status != CW_OK)
		return status;
	uri = cw_json_string(registration, "uri");
	if (uri == NULL)
		return cw_fail(error, CW_E_INVALID, "\"%s/%s\" has no account URL (uri)", folder,
			       REGISTRATION_FILE);
	account->uri = cw_strdup(uri);
	account->body = cw_json_object(registration, "body");
	account->body =
		account->body == NULL ? cw_json_new_object() : json_object_get(account->body);
	account->creation_date = cw_strdup(cw_json_string(meta, "creation_dt"));
	account->creation_host = cw_strdup(cw_json_string(meta, "creation_host"));
	return CW_OK;
}

int
cw_account_load(const char *config, const char *server, const char *id, struct cw_account **account,
		struct cw_error *error)
{
	cw_auto(cw_account_place_clear) struct cw_account_place place = {0};
	cw_auto_account struct cw_account *loaded = cw_alloc(sizeof(*loaded));
	cw_autofree char *folder = NULL;
	cw_autofree char *older = NULL;
	int status = check_id(id, error);

	*account = NULL;
	if (status == CW_OK)
		status = cw_account_place(config, server, &place, error);
	if (status != CW_OK)
		return status;
	folder = cw_format("%s/%s", place.folder, id);
	older = place.older == NULL ? NULL : cw_format("%s/%s", place.older, id);
	if (!cw_is_folder(folder) && (older == NULL || !cw_is_folder(older))) {
		cw_fail(error, CW_E_NOT_FOUND, "there is no account \"%s\" at \"%s\" in \"%s\"", id,
			server, place.folder);
		cw_hint(error, "see: certwright show_account; to register an account: certwright "
			       "register");
		return CW_E_NOT_FOUND;
	}
	loaded->id = cw_strdup(id);
	loaded->server = cw_strdup(server);
	status = load_folder(cw_is_folder(folder) ? folder : older, loaded, error);
	if (status != CW_OK)
		return cw_context(error, "cannot use the account \"%s\"", id);
	if (!cw_is_folder(folder))
		cw_account_place_link(&place, id);
	*account = cw_take(&loaded);
	return CW_OK;
}

static int
write_object(const char *folder, const char *name, struct json_object *object, mode_t mode,
	     struct cw_error *error)
{
	const struct cw_file_mode how = {.mode = mode, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *path = cw_format("%s/%s", folder, name);
	cw_autosecret char *text = cw_json_secret_text(object);

	return cw_file_write(path, text, strlen(text), &how, error);
}

/* What is in NAME of FOLDER now, so that members we know nothing of stay; else an empty object. */
static struct json_object *
present_object(const char *folder, const char *name)
{
	struct json_object *object = NULL;

	if (folder != NULL && read_object(folder, name, &object, NULL) == CW_OK)
		return object;
	cw_json_clear(&object);
	return cw_json_new_object();
}

/* OLD is the folder whose other members are kept; NULL: none. */
static int
write_registration(const char *folder, const char *old, const struct cw_account *account,
		   struct cw_error *error)
{
	cw_auto_json struct json_object *object = present_object(old, REGISTRATION_FILE);

	cw_json_set(object, "body",
		    account->body == NULL ? cw_json_new_object() : json_object_get(account->body));
	cw_json_set_string(object, "uri", account->uri);
	return write_object(folder, REGISTRATION_FILE, object, 0644, error);
}

static int
write_meta(const char *folder, const char *old, const struct cw_account *account,
	   struct cw_error *error)
{
	cw_auto_json struct json_object *object = present_object(old, META_FILE);
	struct json_object *unused;

	cw_json_set_string(object, "creation_dt", account->creation_date);
	cw_json_set_string(object, "creation_host", account->creation_host);
	if (!json_object_object_get_ex(object, "register_to_eff", &unused))
		cw_json_set(object, "register_to_eff", NULL);
	return write_object(folder, META_FILE, object, 0644, error);
}

static int
write_key(const char *folder, const struct cw_account *account, struct cw_error *error)
{
	cw_auto_secret_json struct json_object *jwk = cw_key_to_jwk(account->key);

	return write_object(folder, KEY_FILE, jwk, 0400, error);
}

/* What runs that died left of accounts they were making or removing. */
static int
remove_unfinished(const char *folder, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_folder_list(folder, true, &names, error);

	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, names.items[i]);

		if (cw_starts_with(names.items[i], UNFINISHED))
			status = cw_tree_remove(path, error);
	}
	return status;
}

/* Created under a temporary name and renamed: there is never half an account. */
static int
make_account(const char *parent, const char *folder, const char *old,
	     const struct cw_account *account, struct cw_error *error)
{
	cw_autofree char *unfinished = cw_format("%s/%s%s", parent, UNFINISHED, account->id);
	int status = remove_unfinished(parent, error);

	if (status == CW_OK)
		status = cw_folder_make(unfinished, 0700, error);
	if (status == CW_OK)
		status = write_registration(unfinished, old, account, error);
	if (status == CW_OK)
		status = write_meta(unfinished, old, account, error);
	if (status == CW_OK)
		status = write_key(unfinished, account, error);
	if (status == CW_OK && rename(unfinished, folder) != 0)
		status = cw_fail_path(error, errno, "create the account's folder", folder);
	if (status != CW_OK) {
		cw_tree_remove(unfinished, NULL);
		return status;
	}
	return cw_folder_sync(parent, error);
}

/* A Certbot that died may have left an account without all its files. */
static int
complete_account(const char *folder, const struct cw_account *account, struct cw_error *error)
{
	cw_autofree char *key = cw_format("%s/%s", folder, KEY_FILE);
	cw_autofree char *meta = cw_format("%s/%s", folder, META_FILE);
	int status = write_registration(folder, folder, account, error);

	if (status == CW_OK && !cw_file_exists(meta))
		status = write_meta(folder, NULL, account, error);
	if (status == CW_OK && !cw_file_exists(key))
		status = write_key(folder, account, error);
	return status;
}

static int
save(const char *config, const struct cw_account *account, const char *old, struct cw_error *error)
{
	cw_auto(cw_account_place_clear) struct cw_account_place place = {0};
	cw_autofree char *folder = NULL;
	int status = check_id(account->id, error);

	if (status == CW_OK)
		status = cw_account_place(config, account->server, &place, error);
	if (status == CW_OK)
		status = cw_account_place_make(&place, error);
	if (status == CW_OK) {
		folder = cw_format("%s/%s", place.folder, account->id);
		if (cw_is_folder(folder))
			status = complete_account(folder, account, error);
		else
			status = make_account(place.folder, folder, old, account, error);
	}
	if (status != CW_OK)
		return cw_context(error, "cannot save the account at \"%s\"", account->server);
	return CW_OK;
}

int
cw_account_save(const char *config, const struct cw_account *account, struct cw_error *error)
{
	return save(config, account, NULL, error);
}

int
cw_account_add_key(const char *config, const struct cw_account *account, struct cw_key *new_key,
		   struct cw_account **next, struct cw_error *error)
{
	cw_auto(cw_account_place_clear) struct cw_account_place place = {0};
	cw_autofree char *old = NULL;
	struct cw_account *made;
	int status = cw_account_place(config, account->server, &place, error);

	if (status != CW_OK)
		return status;
	if (cw_key_equal(account->key, new_key))
		return cw_fail(error, CW_E_INVALID,
			       "the new key is the same as the account's current key");
	old = cw_format("%s/%s", place.folder, account->id);
	made = cw_alloc(sizeof(*made));
	made->id = cw_key_account_id(new_key);
	made->server = cw_strdup(account->server);
	made->uri = cw_strdup(account->uri);
	made->creation_date = cw_strdup(account->creation_date);
	made->creation_host = cw_strdup(account->creation_host);
	made->body = json_object_get(account->body);
	made->key = new_key;
	status = save(config, made, old, error);
	if (status != CW_OK) {
		made->key = NULL;
		cw_account_free(made);
		return status;
	}
	*next = made;
	return CW_OK;
}

/* Removes an account's folder. Renamed first: half of it must not look like an account. */
static int
remove_folder(const char *parent, const char *id, struct cw_error *error)
{
	cw_autofree char *folder = cw_format("%s/%s", parent, id);
	cw_autofree char *unfinished = cw_format("%s/%s%s", parent, UNFINISHED, id);
	struct stat status;
	int result;

	if (lstat(folder, &status) != 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? CW_OK
			       : cw_fail_path(error, errno, "remove", folder);
	if (S_ISLNK(status.st_mode))
		return cw_tree_remove(folder, error);
	result = cw_tree_remove(unfinished, error);
	if (result == CW_OK && rename(folder, unfinished) != 0)
		result = cw_fail_path(error, errno, "remove", folder);
	if (result == CW_OK)
		result = cw_tree_remove(unfinished, error);
	return result;
}

int
cw_account_delete(const char *config, const struct cw_account *account, struct cw_error *error)
{
	cw_auto(cw_account_place_clear) struct cw_account_place place = {0};
	int status = check_id(account->id, error);

	if (status == CW_OK)
		status = cw_account_place(config, account->server, &place, error);
	/* The newer server's folder and the older one's may lead to the same account. */
	if (status == CW_OK && place.newer != NULL)
		status = cw_account_place_unlink(place.newer, account->id, error);
	if (status == CW_OK && place.older != NULL &&
	    cw_account_place_leads_on(&place, account->id))
		status = remove_folder(place.older, account->id, error);
	if (status == CW_OK)
		status = remove_folder(place.folder, account->id, error);
	if (status != CW_OK)
		return cw_context(error, "cannot remove the account \"%s\"", account->id);
	cw_account_place_prune(&place);
	return CW_OK;
}
