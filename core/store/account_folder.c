#include "store/account_folder.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "store/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Servers whose accounts are also valid at a newer server. */
static const struct {
	const char *newer, *older;
} reused[] = {
	{"acme-v02.api.letsencrypt.org/directory", "acme-v01.api.letsencrypt.org/directory"},
	{"acme-staging-v02.api.letsencrypt.org/directory",
	 "acme-staging.api.letsencrypt.org/directory"},
};

static bool
has_control_character(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

/* "host[:port]/path" of a URL, without parameters, query and fragment (RFC 3986; a ';' begins
 * parameters in the last segment only, as RFC 1808 has it); release *PATH with free(). */
static int
server_path(const char *server, char **path, struct cw_error *error)
{
	cw_autofree char *lower = cw_lower(cw_strdup(server));
	cw_auto_strv struct cw_strv parts = {0};
	cw_autofree char *text = NULL;
	const char *rest = NULL;
	char *last, *parameters;

	if (cw_starts_with(lower, "http://"))
		rest = server + strlen("http://");
	else if (cw_starts_with(lower, "https://"))
		rest = server + strlen("https://");
	if (rest == NULL || has_control_character(server) || strcspn(rest, "/?#") == 0) {
		cw_fail(error, CW_E_INVALID, "\"%s\" is not the URL of an ACME server", server);
		cw_hint(error, "give the URL of the ACME directory with --server, such as "
			       "https://acme-v02.api.letsencrypt.org/directory");
		return CW_E_INVALID;
	}
	text = cw_memdup(rest, strcspn(rest, "?#"));
	last = strrchr(text, '/');
	parameters = last == NULL ? NULL : strchr(last, ';');
	if (parameters != NULL)
		*parameters = '\0';
	cw_strv_split(&parts, text, '/');
	if (cw_strv_contains(&parts, "..")) {
		cw_fail(error, CW_E_INVALID, "the server's URL \"%s\" contains \"..\"", server);
		return CW_E_INVALID;
	}
	*path = cw_strv_join(&parts, "/");
	return CW_OK;
}

int
cw_account_place(const char *config, const char *server, struct cw_account_place *place,
		 struct cw_error *error)
{
	cw_autofree char *path = NULL;
	int status = server_path(server, &path, error);

	if (status != CW_OK)
		return status;
	place->root = cw_format("%s/accounts", config);
	place->folder = cw_format("%s/%s", place->root, path);
	for (size_t i = 0; i < CW_COUNT(reused); i++) {
		if (strcmp(path, reused[i].newer) == 0)
			place->older = cw_format("%s/%s", place->root, reused[i].older);
		if (strcmp(path, reused[i].older) == 0)
			place->newer = cw_format("%s/%s", place->root, reused[i].newer);
	}
	return CW_OK;
}

void
cw_account_place_clear(struct cw_account_place *place)
{
	free(place->root);
	free(place->folder);
	free(place->older);
	free(place->newer);
	*place = (struct cw_account_place){0};
}

int
cw_account_folder(const char *config, const char *server, char **folder, struct cw_error *error)
{
	cw_auto(cw_account_place_clear) struct cw_account_place place = {0};
	int status = cw_account_place(config, server, &place, error);

	*folder = cw_take(&place.folder);
	return status;
}

/* Makes the folders from the accounts' root down to PATH. */
static int
make_private(const char *root, const char *path, struct cw_error *error)
{
	cw_autofree char *part = cw_strdup(path);
	int status = cw_folder_make(root, 0700, error);

	for (char *slash = part + strlen(root); slash != NULL && status == CW_OK;) {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		status = cw_folder_make(part, 0700, error);
		if (slash != NULL)
			*slash = '/';
	}
	return status;
}

int
cw_account_place_make(const struct cw_account_place *place, struct cw_error *error)
{
	return make_private(place->root, place->folder, error);
}

static bool
is_link(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

/* Whether there is nothing in PATH, or no PATH. */
static bool
is_empty(const char *path)
{
	cw_auto_strv struct cw_strv names = {0};

	return cw_folder_list(path, true, &names, NULL) == CW_OK && names.count == 0;
}

static int
link_place(const struct cw_account_place *place, const char *id, struct cw_error *error)
{
	cw_autofree char *parent = cw_path_folder(place->folder);

	if (is_empty(place->folder)) {
		/* rename() puts no link in the place of a folder. */
		if (!is_link(place->folder) && rmdir(place->folder) != 0 && errno != ENOENT)
			return cw_fail_path(error, errno, "replace the folder", place->folder);
		if (make_private(place->root, parent, error) != CW_OK)
			return error->status;
		return cw_file_symlink(place->older, place->folder, error);
	}
	if (id != NULL) {
		cw_autofree char *target = cw_format("%s/%s", place->older, id);
		cw_autofree char *path = cw_format("%s/%s", place->folder, id);

		return cw_file_symlink(target, path, error);
	}
	return CW_OK;
}

void
cw_account_place_link(const struct cw_account_place *place, const char *id)
{
	cw_auto_error struct cw_error problem = {0};

	if (link_place(place, id, &problem) != CW_OK) {
		cw_autofree char *line = cw_error_line(&problem);

		cw_log_debug("\"%s\" is not linked to \"%s\": %s", place->folder, place->older,
			     line);
	}
}

bool
cw_account_place_leads_on(const struct cw_account_place *place, const char *id)
{
	cw_autofree char *path = cw_format("%s/%s", place->folder, id);

	return is_link(place->folder) || is_link(path) || !cw_file_exists(path);
}

int
cw_account_place_unlink(const char *folder, const char *id, struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/%s", folder, id);

	if (is_link(folder) || !is_link(path))
		return CW_OK;
	return cw_tree_remove(path, error);
}

static void
prune(const char *root, const char *path)
{
	cw_autofree char *part = cw_strdup(path);

	/* rmdir() leaves what is not empty. */
	while (strlen(part) > strlen(root) &&
	       ((is_link(part) && is_empty(part) && unlink(part) == 0) || rmdir(part) == 0)) {
		cw_autofree char *below = part;

		part = cw_path_folder(below);
	}
}

void
cw_account_place_prune(const struct cw_account_place *place)
{
	/* The links before what they lead to. */
	const char *const paths[] = {place->newer, place->folder, place->older};

	for (size_t i = 0; i < CW_COUNT(paths); i++) {
		if (paths[i] != NULL)
			prune(place->root, paths[i]);
	}
}
