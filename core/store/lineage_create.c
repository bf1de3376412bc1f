#include "base/file.h"
#include "base/mem.h"
#include "store/lineage_files.h"
#include "store/stand_in.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SUFFIX_MAX = 9999 };

/* The format of the renewal file is that of this version of Certbot; a newer number would make an
 * older Certbot warn. */
static const char format_version[] = "2.1.0";

static const char readme_above[] =
	"Each folder here holds the files of one certificate, under its name:\n"
	"\n"
	"  NAME/fullchain.pem  the certificate followed by its chain: what a server is given\n"
	"  NAME/privkey.pem    the private key that belongs to it\n"
	"  NAME/cert.pem       the certificate alone\n"
	"  NAME/chain.pem      the certificates between it and the root\n"
	"\n"
	"They are links to the newest version in ../archive and are changed at each renewal.\n"
	"Let your servers use these paths, and copy rather than move or rename what is here:\n"
	"renewals need the links where they are.\n";

static const char readme[] =
	"The files of one certificate:\n"
	"\n"
	"  fullchain.pem  the certificate followed by its chain: what a server is given\n"
	"  privkey.pem    the private key that belongs to it\n"
	"  cert.pem       the certificate alone\n"
	"  chain.pem      the certificates between it and the root\n"
	"\n"
	"They are links to the newest version in the archive and are changed at each renewal.\n"
	"Let your server use these paths, and copy rather than move or rename what is here:\n"
	"renewals need the links where they are.\n";

int
cw_lineage_check_free(const char *config_dir, const char *name, struct cw_error *error)
{
	cw_autofree char *renewal = cw_renewal_path(config_dir, name, NULL);
	cw_autofree char *live = cw_format("%s/live/%s", config_dir, name);
	cw_autofree char *archive = cw_format("%s/archive/%s", config_dir, name);
	const char *const paths[] = {renewal, live, archive};

	for (size_t i = 0; i < CW_COUNT(paths); i++) {
		if (!cw_file_exists(paths[i]) ||
		    (paths[i] == live && cw_live_gives_way(config_dir, name)))
			continue;
		cw_fail(error, CW_E_EXISTS, "\"%s\" is left from an earlier certificate \"%s\"",
			paths[i], name);
		cw_hint(error, "move it away if it is not used any more, or choose another name "
			       "with --cert-name");
		return CW_E_EXISTS;
	}
	return CW_OK;
}

int
cw_lineage_free_name(const char *config_dir, const char *wanted, char **name,
		     struct cw_error *error)
{
	int status = cw_lineage_check_name(wanted, error);

	*name = NULL;
	if (status != CW_OK)
		return status;
	for (int number = 0; number <= SUFFIX_MAX; number++) {
		cw_autofree char *candidate =
			number == 0 ? cw_strdup(wanted) : cw_format("%s-%04d", wanted, number);

		if (cw_lineage_check_free(config_dir, candidate, NULL) < 0)
			continue;
		*name = cw_take(&candidate);
		return CW_OK;
	}
	cw_fail(error, CW_E_EXISTS, "every name from \"%s\" to \"%s-%d\" is taken", wanted, wanted,
		SUFFIX_MAX);
	cw_hint(error, "choose another name with --cert-name, or delete certificates");
	return CW_E_EXISTS;
}

static int
make_folders(const char *config_dir, struct cw_error *error)
{
	static const char *const folders[] = {"renewal", "archive", "live"};
	cw_autofree char *path = cw_format("%s/live/README", config_dir);
	struct cw_file_mode mode = {
		.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1, .exclusive = true};
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(folders) && status == CW_OK; i++) {
		cw_autofree char *folder = cw_format("%s/%s", config_dir, folders[i]);

		status = cw_folder_make(folder, 0700, error);
	}
	if (status != CW_OK || cw_file_exists(path))
		return status;
	return cw_file_write(path, readme_above, strlen(readme_above), &mode, error);
}

/* The renewal file of a new lineage: what is general comes before what CONFIG has. */
static int
compose(const char *config_dir, const char *name, const struct cw_configobj *config,
	struct cw_buf *text, struct cw_error *error)
{
	cw_auto_configobj struct cw_configobj *head = cw_configobj_new();
	cw_auto_configobj struct cw_configobj *rest = cw_configobj_copy(config);
	cw_autofree char *archive = cw_format("%s/archive/%s", config_dir, name);
	int status;

	if (cw_configobj_get(config, "", "renew_before_expiry") == NULL)
		cw_configobj_add_comment(head, "", "# renew_before_expiry = 30 days");
	cw_configobj_set(head, "", "version", format_version);
	cw_configobj_set(head, "", "archive_dir", archive);
	cw_configobj_remove(rest, "", "version");
	cw_configobj_remove(rest, "", "archive_dir");
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		const char *kind = cw_kind_name((enum cw_kind)i);
		cw_autofree char *path =
			cw_format("%s/live/%s/%s", config_dir, name, cw_kind_link((enum cw_kind)i));

		cw_configobj_set(head, "", kind, path);
		cw_configobj_remove(rest, "", kind);
	}
	status = cw_configobj_check(head, error);
	if (status == CW_OK)
		status = cw_configobj_check(rest, error);
	cw_configobj_write(head, text);
	cw_configobj_write(rest, text);
	return status;
}

static int
make_live(const char *live, const char *name, struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/README", live);
	struct cw_file_mode mode = {.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};
	int status = cw_folder_make(live, 0755, error);

	for (unsigned i = 0; i < CW_KIND_COUNT && status == CW_OK; i++) {
		struct cw_version_name version = cw_version_name((enum cw_kind)i, 1);
		cw_autofree char *target = cw_format("../../archive/%s/%s", name, version.text);
		cw_autofree char *link = cw_format("%s/%s", live, cw_kind_link((enum cw_kind)i));

		if (symlink(target, link) != 0)
			status = cw_fail_path(error, errno, "create the link", link);
	}
	/* Syncs the folder with the links, too. */
	if (status == CW_OK)
		status = cw_file_write(path, readme, strlen(readme), &mode, error);
	return status;
}

static int
make_parts(const char *config_dir, const char *name, const struct cw_version_files *files,
	   bool takes_place, struct cw_error *error)
{
	cw_autofree char *archive = cw_format("%s/archive/%s", config_dir, name);
	cw_autofree char *live = takes_place ? cw_live_next(config_dir, name)
					     : cw_format("%s/live/%s", config_dir, name);
	int status = cw_folder_make(archive, 0755, error);

	if (status == CW_OK)
		status = cw_archive_add(archive, 1, files, NULL, NULL, error);
	if (status == CW_OK && takes_place)
		status = cw_live_dispose(config_dir, name, NULL, error);
	if (status == CW_OK)
		status = make_live(live, name, error);
	/* Whoever read there where the certificate comes from reads on. */
	if (status == CW_OK && takes_place)
		status = cw_live_mark(config_dir, cw_path_base(live), CW_ORIGIN_ACME, false, error);
	return status;
}

/* From here on Certbot and we see the lineage. */
static int
finish(const char *config_dir, const char *name, struct cw_error *error)
{
	cw_autofree char *mark = cw_renewal_path(config_dir, name, "new");
	cw_autofree char *path = cw_renewal_path(config_dir, name, NULL);
	cw_autofree char *folder = cw_format("%s/renewal", config_dir);

	if (rename(mark, path) != 0)
		return cw_fail_path(error, errno, "create the renewal file", path);
	return cw_folder_sync(folder, error);
}

int
cw_lineage_create(const char *config_dir, const char *name, const struct cw_version_files *files,
		  const struct cw_configobj *config, struct cw_lineage **lineage,
		  struct cw_error *error)
{
	struct cw_file_mode mode = {.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *mark = NULL;
	cw_auto_buf struct cw_buf text = {0};
	bool takes_place = false;
	int status = cw_lineage_check_name(name, error);

	if (lineage != NULL)
		*lineage = NULL;
	if (status == CW_OK && files->same_key)
		status = cw_fail(error, CW_E_INVALID, "there is no key to reuse yet");
	if (status == CW_OK)
		status = compose(config_dir, name, config, &text, error);
	if (status == CW_OK)
		status = make_folders(config_dir, error);
	if (status == CW_OK)
		status = cw_lineage_check_free(config_dir, name, error);
	if (status != CW_OK)
		return status;
	mark = cw_renewal_path(config_dir, name, "new");
	status = cw_file_write(mark, cw_buf_text(&text), text.length, &mode, error);
	takes_place = cw_live_gives_way(config_dir, name);
	if (status == CW_OK)
		status = make_parts(config_dir, name, files, takes_place, error);
	if (status == CW_OK)
		status = finish(config_dir, name, error);
	if (status != CW_OK) {
		cw_lineage_unmake(config_dir, name, NULL);
		return status;
	}
	/* After a crash before this, cw_lineage_sweep() does it: what stands in stays until then.
	 */
	if (takes_place)
		status = cw_live_take_place(config_dir, name, NULL, error);
	if (status != CW_OK)
		return status;
	return lineage == NULL ? CW_OK : cw_lineage_load(config_dir, name, lineage, error);
}

/* What a renewal file needs and CONFIG lacks. */
static void
add_missing(const struct cw_lineage *lineage, struct cw_configobj *config)
{
	if (cw_configobj_get(config, "", "version") == NULL)
		cw_configobj_set(config, "", "version", format_version);
	if (cw_configobj_get(config, "", "archive_dir") == NULL)
		cw_configobj_set(config, "", "archive_dir", lineage->archive);
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		const char *kind = cw_kind_name((enum cw_kind)i);

		if (cw_configobj_get(config, "", kind) == NULL)
			cw_configobj_set(config, "", kind, lineage->live[i]);
	}
}

int
cw_lineage_save_config(struct cw_lineage *lineage, const struct cw_configobj *config,
		       struct cw_error *error)
{
	cw_auto_configobj struct cw_configobj *saved = cw_configobj_copy(config);
	struct cw_file_mode mode = {.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_auto_buf struct cw_buf before = {0};
	cw_auto_buf struct cw_buf after = {0};
	struct stat old;
	int status;

	add_missing(lineage, saved);
	status = cw_configobj_check(saved, error);
	if (status != CW_OK)
		return status;
	cw_configobj_write(lineage->config, &before);
	cw_configobj_write(saved, &after);
	if (stat(lineage->renewal_path, &old) == 0) {
		mode.mode = old.st_mode & 07777;
		mode.owner = old.st_uid;
		mode.group = old.st_gid;
		if (strcmp(cw_buf_text(&before), cw_buf_text(&after)) == 0)
			return CW_OK;
	}
	status = cw_file_write(lineage->renewal_path, cw_buf_text(&after), after.length, &mode,
			       error);
	if (status != CW_OK)
		return status;
	cw_configobj_free(lineage->config);
	lineage->config = cw_take(&saved);
	return CW_OK;
}
