#include "place.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "edit.h"

/* Where a copy goes. */
struct place {
	char *path;          /* of the file */
	char *link, *target; /* a link that enables it; NULL: none is needed */
};

static void
place_clear(struct place *place)
{
	free(place->path);
	free(place->link);
	free(place->target);
}

/* PATH with the ending of files with TLS hosts. */
static char *
ssl_path(const struct apache *apache, const char *path)
{
	const char *suffix = apache_option(apache, "le-vhost-ext", "-le-ssl.conf");
	size_t length = strlen(path);

	if (length > 5 && strcmp(path + length - 5, ".conf") == 0)
		length -= 5;
	return memory_format("%.*s%s", (int)length, path, suffix);
}

/* Whether TARGET, of the link at PATH, is the file REAL itself, not one more link to it. */
static bool
leads_to(const char *path, const char *target, const char *real)
{
	const char *slash = strrchr(path, '/');
	autofree char *file = *target == '/' || slash == NULL
				      ? memory_copy(target, strlen(target))
				      : memory_format("%.*s/%s", (int)(slash - path), path, target);
	char *name = strrchr(file, '/');
	autofree char *folder = NULL;
	autofree char *found = NULL;

	if (name == NULL)
		return false;
	*name = '\0';
	folder = realpath(*file != '\0' ? file : "/", NULL);
	found = memory_format("%s/%s", folder != NULL ? folder : "", name + 1);
	return strcmp(found, real) == 0;
}

/* A site that is enabled by a link is copied beside the link's target, and a link beside the link
 * enables the copy. */
static void
find_place(const struct apache *apache, const struct file *file, struct place *place)
{
	const char *folder = apache_option(apache, "vhost-root", NULL);
	autofree char *real = realpath(file->path, NULL);
	char target[PATH_MAX];
	ssize_t length = readlink(file->path, target, sizeof(target) - 1);

	memset(place, 0, sizeof(*place));
	if (real == NULL)
		real = memory_copy(file->path, strlen(file->path));
	place->path = ssl_path(apache, real);
	if (folder != NULL) {
		const char *name = strrchr(place->path, '/');
		char *moved = memory_format("%s%s", folder, name != NULL ? name : "/");

		free(place->path);
		place->path = moved;
	}
	if (length <= 0)
		return;
	target[length] = '\0';
	place->link = ssl_path(apache, file->path);
	place->target = folder == NULL && leads_to(file->path, target, real)
				? ssl_path(apache, target)
				: memory_copy(place->path, strlen(place->path));
}

/* The file at PATH if it is new, or if Apache reads it. */
static struct file *
find_file(const struct files *files, const char *path)
{
	struct file *file = files_on_disk(files, path);

	if (file != NULL)
		return file->uses > 0 ? file : NULL;
	for (size_t i = 0; i < files->count; i++)
		if (files->items[i]->created && strcmp(files->items[i]->path, path) == 0)
			return files->items[i];
	return NULL;
}

static bool
handles_sites(const struct apache *apache)
{
	return strcasecmp(apache_option(apache, "handle-sites", "True"), "True") == 0;
}

static int
check_folder(struct apache *apache, const char *path)
{
	autofree char *folder = memory_copy(path, (size_t)(strrchr(path, '/') - path));

	if (access(folder, F_OK) == 0)
		return CW_OK;
	return cw_host_fail(apache->host, CW_E_NOT_FOUND,
			    "make that folder, or give another one with --apache-vhost-root",
			    "cannot write the virtual host to \"%s\": there is no such folder",
			    path);
}

int
place_find(struct apache *apache, const struct file *original, struct file **file)
{
	struct place place;
	int status = CW_OK;

	find_place(apache, original, &place);
	*file = find_file(&apache->model.config.files, place.path);
	if (*file == NULL && access(place.path, F_OK) == 0)
		status = cw_host_fail(apache->host, CW_E_EXISTS, "remove or enable that file",
				      "cannot write the virtual host to \"%s\": the file exists, "
				      "but Apache does not read it",
				      place.path);
	else if (*file == NULL)
		status = check_folder(apache, place.path);
	place_clear(&place);
	return status;
}

int
place_open(struct apache *apache, const struct file *original, struct file **file)
{
	struct place place;
	int status = place_find(apache, original, file);

	if (status != CW_OK || *file != NULL)
		return status;
	find_place(apache, original, &place);
	*file = files_create(&apache->model.config.files, place.path,
			     handles_sites(apache) ? place.link : NULL, place.target);
	place_clear(&place);
	return CW_OK;
}

int
place_enable(struct apache *apache, const struct file *file)
{
	struct config *config = &apache->model.config;
	struct edits edits = {0};
	autofree char *word = NULL;
	autofree char *line = NULL;

	if (file->uses > 0)
		return CW_OK;
	if (!handles_sites(apache)) {
		cw_host_log(apache->host, CW_LOG_WARNING,
			    "Apache does not read the new virtual host in \"%s\" until you enable "
			    "it, because of --apache-handle-sites",
			    file->path);
		return CW_OK;
	}
	word = words_quote(files_found_as(file));
	line = memory_format("Include %s\n", word);
	edits_end_file(&edits, config->main, line);
	edits_apply(&edits);
	return model_rebuild(&apache->model);
}
