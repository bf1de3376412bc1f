#include "store/lineage.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/lineage_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 200 };

static const char suffix[] = ".conf";

void
cw_lineage_free(struct cw_lineage *lineage)
{
	if (lineage == NULL)
		return;
	free(lineage->name);
	free(lineage->config_dir);
	free(lineage->renewal_path);
	free(lineage->archive);
	for (unsigned kind = 0; kind < CW_KIND_COUNT; kind++)
		free(lineage->live[kind]);
	cw_configobj_free(lineage->config);
	free(lineage);
}

void
cw_lineage_cleanup(struct cw_lineage **lineage)
{
	cw_lineage_free(*lineage);
}

int
cw_lineage_check_name(const char *name, struct cw_error *error)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++) {
		unsigned char character = (unsigned char)name[i];

		if (character != '/' && character >= ' ' && character != 0x7f)
			continue;
		cw_fail(error, CW_E_INVALID, "a certificate's name cannot have %s in it",
			character == '/' ? "a '/'" : "a control character");
		cw_hint(error, "choose another one with --cert-name");
		return CW_E_INVALID;
	}
	if (length > 0 && length <= NAME_MAX_BYTES && *name != '.')
		return CW_OK;
	cw_fail(error, CW_E_INVALID, "\"%.*s\" cannot be a certificate's name: it %s",
		NAME_MAX_BYTES, name,
		length == 0    ? "is empty"
		: *name == '.' ? "begins with a '.'"
			       : "is longer than 200 bytes");
	cw_hint(error, "choose another one with --cert-name");
	return CW_E_INVALID;
}

char *
cw_renewal_path(const char *config_dir, const char *name, const char *mark)
{
	if (mark == NULL)
		return cw_format("%s/renewal/%s%s", config_dir, name, suffix);
	return cw_format("%s/renewal/.%s%s.%s", config_dir, name, suffix, mark);
}

char *
cw_lineage_file(const struct cw_lineage *lineage, enum cw_kind kind, unsigned version)
{
	struct cw_version_name name = cw_version_name(kind, version);

	return cw_format("%s/%s", lineage->archive, name.text);
}

bool
cw_lineage_exists(const char *config_dir, const char *name)
{
	cw_autofree char *path = NULL;

	if (cw_lineage_check_name(name, NULL) != CW_OK)
		return false;
	path = cw_renewal_path(config_dir, name, NULL);
	return cw_file_exists(path);
}

int
cw_lineage_list(const char *config_dir, struct cw_strv *names, struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/renewal", config_dir);
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int number;

	if (folder == NULL)
		return errno == ENOENT ? CW_OK
				       : cw_fail_path(error, errno, "open the folder", path);
	while (errno = 0, (entry = readdir(folder)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (*entry->d_name != '.' && length > strlen(suffix) &&
		    cw_ends_with(entry->d_name, suffix))
			cw_strv_addn(names, entry->d_name, length - strlen(suffix));
	}
	number = errno;
	closedir(folder);
	cw_strv_sort(names);
	return number == 0 ? CW_OK : cw_fail_path(error, number, "read the folder", path);
}

/* A relative path counts from the current folder, as with Certbot. */
static char *
take_path(const char *path)
{
	return *path == '/' ? cw_strdup(path) : cw_path_absolute(path);
}

static int
take_paths(struct cw_lineage *lineage, struct cw_error *error)
{
	const char *archive = cw_configobj_get(lineage->config, "", "archive_dir");

	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		const char *kind = cw_kind_name((enum cw_kind)i);
		const char *path = cw_configobj_get(lineage->config, "", kind);

		if (path == NULL || *path == '\0') {
			cw_fail(error, CW_E_INVALID, "\"%s\" lacks the path \"%s\"",
				lineage->renewal_path, kind);
			cw_hint(error, "add the line \"%s = %s/live/%s/%s.pem\" at its top", kind,
				lineage->config_dir, lineage->name, kind);
			return CW_E_INVALID;
		}
		lineage->live[i] = take_path(path);
	}
	lineage->archive = archive != NULL && *archive != '\0'
				   ? take_path(archive)
				   : cw_format("%s/archive/%s", lineage->config_dir, lineage->name);
	return CW_OK;
}

int
cw_lineage_open(const char *config_dir, const char *name, struct cw_lineage **lineage,
		struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *opened = NULL;
	int status = cw_lineage_check_name(name, error);

	*lineage = NULL;
	if (status != CW_OK)
		return status;
	opened = cw_alloc(sizeof(*opened));
	opened->name = cw_strdup(name);
	opened->config_dir = cw_strdup(config_dir);
	opened->renewal_path = cw_renewal_path(config_dir, name, NULL);
	status = cw_configobj_load(opened->renewal_path, &opened->config, error);
	if (status == CW_E_NOT_FOUND) {
		cw_fail(error, status, "there is no certificate named \"%s\" (no file \"%s\")",
			name, opened->renewal_path);
		cw_hint(error, "the command \"certificates\" lists those there are");
	}
	if (status == CW_OK)
		status = take_paths(opened, error);
	if (status == CW_OK)
		*lineage = cw_take(&opened);
	return status;
}

/* Whether another lineage has a link in the folder of LINEAGE's. */
static int
check_apart(const struct cw_lineage *lineage, struct cw_error *error)
{
	cw_autofree char *folder = cw_path_folder(lineage->live[CW_KIND_CERT]);
	cw_auto_strv struct cw_strv names = {0};
	bool shared = cw_lineage_archive_is_shared(lineage);
	int status = cw_lineage_list(lineage->config_dir, &names, error);

	for (size_t i = 0; i < names.count && status == CW_OK && !shared; i++) {
		cw_auto_lineage struct cw_lineage *other = NULL;

		if (strcmp(names.items[i], lineage->name) == 0 ||
		    cw_lineage_open(lineage->config_dir, names.items[i], &other, NULL) < 0)
			continue;
		for (unsigned kind = 0; kind < CW_KIND_COUNT; kind++) {
			cw_autofree char *others = cw_path_folder(other->live[kind]);

			shared |= strcmp(others, folder) == 0;
		}
	}
	if (status < 0 || !shared)
		return status;
	cw_fail(error, CW_E_BUSY,
		"the renewal file \"%s\" is damaged, and another certificate has files in the "
		"folders of \"%s\"",
		lineage->renewal_path, lineage->name);
	cw_hint(error, "repair the renewal file, or remove it yourself");
	return CW_E_BUSY;
}

int
cw_lineage_open_damaged(const char *config_dir, const char *name, struct cw_lineage **lineage,
			struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *opened = NULL;
	int status = cw_lineage_check_name(name, error);

	*lineage = NULL;
	if (status != CW_OK)
		return status;
	opened = cw_alloc(sizeof(*opened));
	opened->name = cw_strdup(name);
	opened->config_dir = cw_strdup(config_dir);
	opened->renewal_path = cw_renewal_path(config_dir, name, NULL);
	opened->archive = cw_format("%s/archive/%s", config_dir, name);
	for (unsigned kind = 0; kind < CW_KIND_COUNT; kind++)
		opened->live[kind] = cw_format("%s/live/%s/%s", config_dir, name,
					       cw_kind_link((enum cw_kind)kind));
	status = check_apart(opened, error);
	if (status == CW_OK)
		*lineage = cw_take(&opened);
	return status;
}

int
cw_lineage_load(const char *config_dir, const char *name, struct cw_lineage **lineage,
		struct cw_error *error)
{
	int status = cw_lineage_open(config_dir, name, lineage, error);

	if (status != CW_OK)
		return status;
	status = cw_lineage_refresh(*lineage, error);
	if (status == CW_OK)
		return CW_OK;
	cw_lineage_free(*lineage);
	*lineage = NULL;
	return status;
}
