#include "flow/kit/new.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "flow/kit/template.h"
#include "plugin/registry.h"

#ifndef CW_TEMPLATE_DIR
#define CW_TEMPLATE_DIR "/usr/local/share/certwright/plugin-templates"
#endif

enum { TEMPLATE_MAX = 256 * 1024 };

/* What every template's file name ends with, and what stands in it for the plugin's name. */
static const char suffix[] = ".template", placeholder[] = "NAME";

const char *const cw_plugin_languages[] = {"c", "c++", "rust", NULL};

/* The files to write: paths below the folder, and their contents. */
struct files {
	struct cw_strv paths;
	struct cw_strv texts;
};

static int
check_name(const char *name, struct cw_error *error)
{
	if (cw_plugin_name_valid(name) && !cw_starts_with(name, "lib"))
		return CW_OK;
	cw_fail(error, CW_E_USAGE, "\"%s\" cannot be the name of a plugin", name);
	cw_hint(error, "use lower-case letters, digits and '-', with a letter first, not \"lib\" "
		       "at the beginning, and no '-' at the end");
	return CW_E_USAGE;
}

/* *EXISTS: it is a folder, which is empty. */
static int
check_folder(const char *folder, bool *exists, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	struct stat about;
	int status;

	*exists = stat(folder, &about) == 0;
	if (!*exists && errno != ENOENT)
		return cw_fail_path(error, errno, "write to", folder);
	if (!*exists)
		return CW_OK;
	if (!S_ISDIR(about.st_mode))
		return cw_fail(error, CW_E_USAGE, "\"%s\" is not a folder", folder);
	status = cw_folder_list(folder, false, &names, error);
	if (status == CW_OK && names.count > 0) {
		cw_fail(error, CW_E_USAGE, "the folder \"%s\" is not empty", folder);
		cw_hint(error, "give a new folder with --to");
		status = CW_E_USAGE;
	}
	return status;
}

/* The path of the file that the template PATH makes. */
static char *
path_of(const char *path, const char *name)
{
	const char *at = strstr(path, placeholder);
	size_t length = strlen(path) - strlen(suffix);

	if (at == NULL)
		return cw_memdup(path, length);
	return cw_format("%.*s%s%.*s", (int)(at - path), path, name,
			 (int)(length - (size_t)(at - path) - strlen(placeholder)),
			 at + strlen(placeholder));
}

static int
add_file(const char *folder, const char *path, const struct cw_plugin_project *project,
	 const struct cw_template_values *values, struct files *files, struct cw_error *error)
{
	cw_autofree char *full = cw_format("%s/%s", folder, path);
	cw_auto_buf struct cw_buf template = {0}, text = {0};
	int status = cw_file_read(full, TEMPLATE_MAX, &template, error);

	if (status == CW_OK)
		status = cw_template_expand(cw_buf_text(&template), full, values, &text, error);
	if (status < 0)
		return status;
	cw_strv_take(&files->paths, path_of(path, project->name));
	cw_strv_take(&files->texts, cw_buf_take(&text));
	return CW_OK;
}

/* Makes the files of the templates in FOLDER/BELOW. */
static int
add_folder(const char *folder, const char *below, const struct cw_plugin_project *project,
	   const struct cw_template_values *values, struct files *files, struct cw_error *error)
{
	cw_autofree char *here = cw_format("%s/%s", folder, below);
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_folder_list(here, false, &names, error);

	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_autofree char *path =
			cw_format("%s%s%s", below, *below != '\0' ? "/" : "", names.items[i]);
		cw_autofree char *full = cw_format("%s/%s", folder, path);

		if (cw_is_folder(full))
			status = add_folder(folder, path, project, values, files, error);
		else if (cw_ends_with(path, suffix))
			status = add_file(folder, path, project, values, files, error);
	}
	return status;
}

static int
make_files(const struct cw_plugin_project *project, struct files *files, struct cw_error *error)
{
	const char *named = getenv("CERTWRIGHT_TEMPLATE_PATH");
	const char *templates = named != NULL && *named != '\0' ? named : CW_TEMPLATE_DIR;
	cw_autofree char *common = cw_format("%s/common", templates);
	cw_autofree char *own = cw_format("%s/%s", templates, project->language);
	cw_autofree char *identifier = cw_replace_char(cw_strdup(project->name), '-', '_');
	const struct cw_template_word words[] = {
		{"name", project->name}, {"identifier", identifier}, {NULL, NULL}};
	struct cw_template_values values = {.words = words};
	int status;

	cw_strv_add(&values.conditions, project->language);
	if (project->authenticator)
		cw_strv_add(&values.conditions, "authenticator");
	if (project->installer)
		cw_strv_add(&values.conditions, "installer");
	status = add_folder(common, "", project, &values, files, error);
	if (status == CW_OK)
		status = add_folder(own, "", project, &values, files, error);
	cw_strv_clear(&values.conditions);
	if (status < 0)
		cw_context(error, "cannot use the templates for plugins");
	return status;
}

static int
write_files(const char *folder, const struct files *files, struct cw_error *error)
{
	const struct cw_file_mode mode = {
		.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1, .unsynced = true};
	int status = CW_OK;

	for (size_t i = 0; i < files->paths.count && status == CW_OK; i++) {
		const char *text = files->texts.items[i];
		cw_autofree char *path = cw_format("%s/%s", folder, files->paths.items[i]);
		cw_autofree char *parent = cw_path_folder(path);

		status = cw_folder_make(parent, 0755, error);
		if (status == CW_OK)
			status = cw_file_write(path, text, strlen(text), &mode, error);
	}
	return status;
}

/* Moves everything in FROM to the empty folder TO, or back what was moved. */
static int
move_contents(const char *from, const char *to, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_folder_list(from, false, &names, error);

	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_autofree char *old = cw_format("%s/%s", from, names.items[i]);
		cw_autofree char *new = cw_format("%s/%s", to, names.items[i]);

		if (rename(old, new) == 0)
			continue;
		status = cw_fail_path(error, errno, "write", new);
		while (i-- > 0) {
			cw_autofree char *moved = cw_format("%s/%s", to, names.items[i]);

			cw_tree_remove(moved, NULL);
		}
		break;
	}
	return status;
}

/* All is written to a folder beside it first. An empty folder stays the one that it is: somebody's
 * shell may be in it. */
static int
write_project(const char *folder, bool exists, const struct files *files, struct cw_error *error)
{
	cw_autofree char *beside = cw_format("%s.XXXXXX", folder);
	int status = CW_OK;

	if (mkdtemp(beside) == NULL)
		return cw_fail_path(error, errno, "make", folder);
	if (chmod(beside, 0755) < 0)
		status = cw_fail_path(error, errno, "change the permissions of", beside);
	if (status == CW_OK)
		status = write_files(beside, files, error);
	if (status == CW_OK && exists)
		status = move_contents(beside, folder, error);
	else if (status == CW_OK && rename(beside, folder) < 0)
		status = cw_fail_path(error, errno, "make", folder);
	if (cw_is_folder(beside))
		cw_tree_remove(beside, NULL);
	return status;
}

static struct json_object *
describe(const struct cw_plugin_project *project, const char *folder, const struct files *files)
{
	struct json_object *created = cw_json_new_object();
	cw_auto_strv struct cw_strv roles = {0};

	if (project->authenticator)
		cw_strv_add(&roles, "authenticator");
	if (project->installer)
		cw_strv_add(&roles, "installer");
	cw_json_set_string(created, "name", project->name);
	cw_json_set_string(created, "folder", folder);
	cw_json_set_string(created, "language", project->language);
	cw_json_set(created, "roles", cw_json_from_strv(&roles));
	cw_json_set(created, "files", cw_json_from_strv(&files->paths));
	return created;
}

int
cw_plugin_new(const struct cw_plugin_project *project, struct json_object *result,
	      struct cw_error *error)
{
	cw_autofree char *folder = cw_path_absolute(project->folder);
	struct files files = {0};
	bool exists = false;
	int status = check_name(project->name, error);

	if (status == CW_OK)
		status = check_folder(folder, &exists, error);
	if (status == CW_OK)
		status = make_files(project, &files, error);
	if (status == CW_OK)
		status = write_project(folder, exists, &files, error);
	if (status == CW_OK)
		cw_json_set(result, "created", describe(project, folder, &files));
	cw_strv_clear(&files.paths);
	cw_strv_clear(&files.texts);
	return status;
}
