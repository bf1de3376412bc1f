#include "store/lineage.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/lineage_files.h"

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
		cw_fail(error, CW_E_INVALID, "a certificate's name cannot contain %s",
			character == '/' ? "a '/'" : "a control character");
		cw_hint(error, "choose another name with --cert-name");
		return CW_E_INVALID;
	}
	if (length > 0 && length <= NAME_MAX_BYTES && *name != '.')
		return CW_OK;
	cw_fail(error, CW_E_INVALID, "\"%.*s\" cannot be a certificate's name: it %s",
		NAME_MAX_BYTES, name,
		length == 0    ? "is empty"
		: *name == '.' ? "begins with a '.'"
			       : "is longer than 200 bytes");
	cw_hint(error, "choose another name with --cert-name");
	return CW_E_INVALID;
}

char *
cw_renewal_path(const char *config_dir, const char *name, const char *mark)
{
	if (mark == NULL)
		return cw_format("%s/renewal/%s%s", config_dir, name, suffix);
	return cw_format("%s/renewal/.%s%s.%s", config_dir, name, suffix, mark);
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
	cw_auto_strv struct cw_strv files = {0};
	int status = cw_folder_list(path, true, &files, error);

	for (size_t i = 0; i < files.count; i++) {
		const char *file = files.items[i];
		size_t length = strlen(file);

		if (*file != '.' && length > strlen(suffix) && cw_ends_with(file, suffix))
			cw_strv_addn(names, file, length - strlen(suffix));
	}
	/* Without their ending they have another order. */
	cw_strv_sort(names);
	return status;
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
			cw_fail(error, CW_E_INVALID, "\"%s\" does not set the path \"%s\"",
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
cw_lineage_new(const char *config_dir, const char *name, struct cw_lineage **lineage,
	       struct cw_error *error)
{
	int status = cw_lineage_check_name(name, error);

	*lineage = NULL;
	if (status != CW_OK)
		return status;
	*lineage = cw_alloc(sizeof(**lineage));
	(*lineage)->name = cw_strdup(name);
	(*lineage)->config_dir = cw_strdup(config_dir);
	(*lineage)->renewal_path = cw_renewal_path(config_dir, name, NULL);
	return CW_OK;
}

int
cw_lineage_open(const char *config_dir, const char *name, struct cw_lineage **lineage,
		struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *opened = NULL;
	int status = cw_lineage_new(config_dir, name, &opened, error);

	*lineage = NULL;
	if (status != CW_OK)
		return status;
	status = cw_configobj_load_and_stat(opened->renewal_path, &opened->config,
					    &opened->renewal_status, error);
	if (status == CW_E_NOT_FOUND) {
		cw_fail(error, status, "there is no certificate \"%s\" (no file \"%s\")", name,
			opened->renewal_path);
		cw_hint(error, "see: certwright certificates");
	}
	if (status == CW_OK)
		status = take_paths(opened, error);
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
