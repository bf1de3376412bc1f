/*
 * A tar archive of Certbot's configuration directory, with whatever folders in front:
 * accounts/HOST/PATH/ID/{private_key,regr}.json, renewal/NAME.conf, live/NAME/, archive/NAME/.
 */
#include <stdlib.h>
#include <string.h>
#include "base/permissions.h"
#include "base/text.h"
#include "flow/moving/source.h"
#include "flow/moving/tar.h"

struct reading {
	const struct cw_moving_source *source;
	struct cw_moving *moving;
	struct cw_tar *tar;
	char *prefix; /* what is in front of "renewal/": "" or "letsencrypt/" */
};

/* Renewal files name commands. */
static int
check_exposure(const struct cw_moving_source *source, struct cw_error *error)
{
	cw_auto_exposure struct cw_exposure exposure = {0};

	cw_permissions_look(source->path, &exposure);
	if (exposure.path == NULL)
		return CW_OK;
	cw_fail(error, CW_E_PERMISSION, "other users can change \"%s\", which decides about \"%s\"",
		exposure.path, source->path);
	cw_hint(error, "copy the archive to a folder of your own, and make sure that it is the one "
		       "that you made");
	return CW_E_PERMISSION;
}

static int
find_prefix(struct reading *reading, const struct cw_strv *paths, struct cw_error *error)
{
	static const char *const folders[] = {"renewal", "accounts"};

	for (size_t i = 0; i < CW_COUNT(folders); i++) {
		cw_autofree char *inside = cw_format("/%s/", folders[i]);

		for (size_t j = 0; j < paths->count; j++) {
			cw_autofree char *path = cw_format("/%s", paths->items[j]);
			const char *at = strstr(path, inside);

			if (at == NULL)
				continue;
			reading->prefix = at > path ? cw_memdup(path + 1, (size_t)(at - path))
						    : cw_strdup("");
			return CW_OK;
		}
	}
	return cw_moving_source_lacks(reading->source, "folder \"renewal\" or \"accounts\"", error);
}

/* What messages call a file of the archive; release with free(). */
static char *
place_of(const struct reading *reading, const char *path)
{
	return cw_format("%s: %s", reading->source->path, path);
}

static int
get_file(const struct reading *reading, const char *path, const char **text, size_t *length,
	 struct cw_error *error)
{
	*text = cw_tar_file(reading->tar, path, length);
	if (*text != NULL)
		return CW_OK;
	return cw_fail(error, CW_E_NOT_FOUND, "the archive \"%s\" has no file \"%s\"",
		       reading->source->path, path);
}

static int
read_account_key(const struct reading *reading, const char *path, struct cw_key **key,
		 struct cw_error *error)
{
	cw_autofree char *place = place_of(reading, path);
	cw_auto_secret_json struct json_object *jwk = NULL;
	const char *text;
	size_t length;
	int status = get_file(reading, path, &text, &length, error);

	if (status == CW_OK)
		status = cw_json_parse_secret(text, length, place, &jwk, error);
	return status < 0 ? status : cw_key_from_jwk(jwk, place, key, error);
}

static struct cw_moved_account *
account_with_key(const struct reading *reading, const char *server, const struct cw_key *key)
{
	for (size_t i = 0; i < reading->moving->account_count; i++) {
		struct cw_moved_account *account = reading->moving->accounts[i];

		if (account->key != NULL && cw_key_equal(account->key, key) &&
		    (server == NULL || cw_equal(account->server, server)))
			return account;
	}
	return NULL;
}

/* FOLDER: "PREFIXaccounts/HOST/PATH/ID". */
static struct cw_moved_account *
read_account(const struct reading *reading, const char *folder, const char *server)
{
	cw_autofree char *key_path = cw_format("%s/private_key.json", folder);
	cw_autofree char *regr_path = cw_format("%s/regr.json", folder);
	cw_autofree char *place = place_of(reading, key_path);
	cw_auto_json struct json_object *regr = NULL;
	cw_auto_error struct cw_error problem = {0};
	struct cw_key *key = NULL;
	struct cw_moved_account *account;
	const char *text;
	size_t length;

	if (read_account_key(reading, key_path, &key, &problem) == CW_OK) {
		account = account_with_key(reading, server, key);
		if (account != NULL) {
			cw_key_free(key);
			return account;
		}
	}
	account = cw_moving_add_account_of(reading->moving, place, server, key);
	if (problem.status == CW_OK &&
	    get_file(reading, regr_path, &text, &length, &problem) == CW_OK &&
	    cw_json_parse(text, length, regr_path, &regr, &problem) == CW_OK) {
		account->uri = cw_strdup(cw_json_string(regr, "uri"));
		cw_moved_account_describe(account, cw_json_object(regr, "body"));
	}
	if (problem.status < 0)
		cw_error_move(&account->error, &problem);
	return account;
}

/* The account that a renewal file names; NULL: it names none. */
static struct cw_moved_account *
account_of(const struct reading *reading, const char *server, const char *id)
{
	cw_autofree char *folder = NULL;
	const char *path;

	if (server == NULL || id == NULL || strcmp(id, "None") == 0)
		return NULL;
	path = strstr(server, "://");
	folder = cw_format("%saccounts/%s/%s", reading->prefix, path != NULL ? path + 3 : server,
			   id);
	return read_account(reading, folder, server);
}

/* The chain in PEM: certificate and issuers. */
static int
read_chain(const struct reading *reading, const char *name, char **chain, struct cw_error *error)
{
	static const char *const kinds[] = {"cert", "chain"};
	cw_auto_buf struct cw_buf joined = {0};

	for (size_t i = 0; i < CW_COUNT(kinds); i++) {
		cw_autofree char *path =
			cw_format("%slive/%s/%s.pem", reading->prefix, name, kinds[i]);
		const char *text;
		size_t length;
		int status = get_file(reading, path, &text, &length, error);

		if (status < 0)
			return status;
		cw_buf_add(&joined, text, length);
		cw_buf_add_char(&joined, '\n');
	}
	*chain = cw_buf_take(&joined);
	return CW_OK;
}

static int
read_lineage(const struct reading *reading, const char *path,
	     struct cw_moved_certificate *certificate, struct cw_error *error)
{
	cw_autofree char *key =
		cw_format("%slive/%s/privkey.pem", reading->prefix, certificate->name);
	const char *text;
	size_t length;
	int status = get_file(reading, path, &text, &length, error);

	if (status == CW_OK)
		status = cw_configobj_parse(text, length, certificate->source, &certificate->config,
					    error);
	if (status == CW_OK)
		status = read_chain(reading, certificate->name, &certificate->chain, error);
	if (status == CW_OK)
		status = get_file(reading, key, &text, &length, error);
	return status < 0 ? status : cw_key_from_pem(text, length, key, &certificate->key, error);
}

static void
read_certificate(const struct reading *reading, const char *path, const char *name)
{
	static const char params[] = "renewalparams";
	cw_autofree char *place = place_of(reading, path);
	struct cw_moved_certificate *certificate =
		cw_moving_add_certificate(reading->moving, name, "again", place);
	const char *authenticator;

	if (read_lineage(reading, path, certificate, &certificate->error) < 0)
		return;
	authenticator = cw_configobj_get(certificate->config, params, "authenticator");
	if (!cw_equal(authenticator, "None"))
		certificate->authenticator = cw_strdup(authenticator);
	certificate->server = cw_strdup(cw_configobj_get(certificate->config, params, "server"));
	certificate->account = account_of(reading, certificate->server,
					  cw_configobj_get(certificate->config, params, "account"));
}

/* "NAME" of "PREFIXrenewal/NAME.conf"; NULL: PATH is not that. Release with free(). */
static char *
lineage_of(const struct reading *reading, const char *path)
{
	static const char end[] = ".conf";
	cw_autofree char *begin = cw_format("%srenewal/", reading->prefix);
	const char *name;

	if (!cw_starts_with(path, begin) || !cw_ends_with(path, end))
		return NULL;
	name = path + strlen(begin);
	return strchr(name, '/') == NULL ? cw_memdup(name, strlen(name) - strlen(end)) : NULL;
}

/* An account that no certificate uses. */
static void
read_other_account(const struct reading *reading, const char *path)
{
	static const char end[] = "/private_key.json";
	cw_autofree char *begin = cw_format("%saccounts/", reading->prefix);
	cw_autofree char *folder = NULL;
	cw_autofree char *server = NULL;
	struct cw_key *key = NULL;
	const char *place, *id;

	if (!cw_starts_with(path, begin) || !cw_ends_with(path, end) ||
	    strlen(path) <= strlen(begin) + strlen(end))
		return;
	folder = cw_memdup(path, strlen(path) - strlen(end));
	place = folder + strlen(begin);
	id = strrchr(place, '/');
	if (id == NULL || id == place)
		return;
	server = cw_format("https://%.*s", (int)(id - place), place);
	/* Of one that links give a second server, too. */
	if (read_account_key(reading, path, &key, NULL) == CW_OK &&
	    account_with_key(reading, NULL, key) == NULL)
		read_account(reading, folder, server);
	cw_key_free(key);
}

static void
remark_other(const struct reading *reading, const char *path)
{
	cw_autofree char *place = place_of(reading, path);
	cw_autofree char *ini = cw_format("%scli.ini", reading->prefix);
	cw_autofree char *hooks = cw_format("%srenewal-hooks/", reading->prefix);

	if (strcmp(path, ini) == 0)
		cw_moving_remark(reading->moving, place, "copy those of its lines that you want",
				 "cli.ini is not taken over");
	else if (cw_starts_with(path, hooks))
		cw_moving_remark(reading->moving, place,
				 "read it, then copy it to the folder of the same name",
				 "the hook \"%s\" is not taken over", path + strlen(hooks));
}

static int
read_all(struct reading *reading, struct cw_error *error)
{
	cw_auto_strv struct cw_strv paths = {0};
	int status;

	cw_tar_paths(reading->tar, &paths);
	status = find_prefix(reading, &paths, error);
	for (size_t i = 0; i < paths.count && status == CW_OK; i++) {
		cw_autofree char *name = lineage_of(reading, paths.items[i]);

		if (name != NULL)
			read_certificate(reading, paths.items[i], name);
	}
	for (size_t i = 0; i < paths.count && status == CW_OK; i++) {
		read_other_account(reading, paths.items[i]);
		remark_other(reading, paths.items[i]);
	}
	return status;
}

int
cw_read_certbot_tarball(const struct cw_moving_source *source, struct cw_moving *moving,
			struct cw_error *error)
{
	struct reading reading = {.source = source, .moving = moving};
	int status = check_exposure(source, error);

	if (status == CW_OK)
		status = cw_tar_open(source->path, &reading.tar, error);
	if (status == CW_OK)
		status = read_all(&reading, error);
	cw_tar_free(reading.tar);
	free(reading.prefix);
	return status;
}
