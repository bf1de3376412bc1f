#include "flow/ask/still_used.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/log.h"

/* Bounds of a search, which somebody waits for. */
enum { FILES_MAX = 5000, DEPTH_MAX = 8, FILE_MAX = 1024 * 1024, WARNINGS_MAX = 10 };

struct search {
	struct cw_strv paths; /* that are searched for, in the order of their warnings */
	struct cw_strv seen;  /* files that were warned of, links followed */
	size_t files;
};

static void
look_into(struct search *search, const char *file)
{
	cw_autofree char *real = realpath(file, NULL);
	cw_auto_buf struct cw_buf text = {0};

	if (real == NULL || cw_strv_contains(&search->seen, real) ||
	    cw_file_read(real, FILE_MAX, &text, NULL) < 0)
		return;
	for (size_t i = 0; i < search->paths.count; i++) {
		if (strstr(cw_buf_text(&text), search->paths.items[i]) == NULL)
			continue;
		if (search->seen.count < WARNINGS_MAX)
			cw_log_warning("\"%s\" still names files in \"%s\"", file,
				       search->paths.items[i]);
		cw_strv_add(&search->seen, real);
		return;
	}
}

/* Links to files are followed, as sites-enabled/ has them, and those to folders are not. */
static void
look_through(struct search *search, const char *folder, unsigned depth)
{
	cw_auto_strv struct cw_strv names = {0};

	if (depth > DEPTH_MAX || cw_folder_list(folder, true, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.count && search->files < FILES_MAX; i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, names.items[i]);
		struct stat status;

		search->files++;
		if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode))
			look_through(search, path, depth + 1);
		else if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
			look_into(search, path);
	}
}

/* The folders of the links, and the archive; with the '/' behind them, "a" is not taken for "ab".
 */
static void
add_paths(struct search *search, const struct cw_lineage *lineage)
{
	for (size_t i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *folder = cw_path_folder(lineage->live[i]);
		cw_autofree char *prefix = cw_format("%s/", folder);

		cw_strv_add_unique(&search->paths, prefix);
	}
	cw_strv_addf(&search->paths, "%s/", lineage->archive);
}

static void
add_folder(struct cw_strv *folders, const char *folder)
{
	if (folder != NULL && *folder == '/')
		cw_strv_add_unique(folders, folder);
}

bool
cw_warn_still_used(const struct cw_context *context, const struct cw_lineage *lineage)
{
	static const char *const usual[] = {"/etc/nginx", "/usr/local/etc/nginx", "/etc/apache2",
					    "/etc/httpd"};
	static const char *const settings[] = {"nginx_server_root", "apache_server_root"};
	cw_auto_strv struct cw_strv folders = {0};
	struct search search = {0};
	bool found;

	for (size_t i = 0; i < CW_COUNT(settings); i++) {
		add_folder(&folders, cw_settings_get(context->settings, settings[i]));
		if (lineage->config != NULL)
			add_folder(&folders,
				   cw_configobj_get(lineage->config, "renewalparams", settings[i]));
	}
	for (size_t i = 0; i < CW_COUNT(usual); i++)
		cw_strv_add_unique(&folders, usual[i]);
	add_paths(&search, lineage);
	for (size_t i = 0; i < folders.count; i++)
		look_through(&search, folders.items[i], 0);
	found = search.seen.count > 0;
	cw_strv_clear(&search.paths);
	cw_strv_clear(&search.seen);
	return found;
}
