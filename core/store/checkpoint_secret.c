#include "store/checkpoint_secret.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/checkpoint_files.h"
#include "store/replace.h"

#include <stdlib.h>

int
cw_checkpoint_is_secret(const char *folder, const char *path, bool *is, struct cw_error *error)
{
	cw_autofree char *secret = cw_checkpoint_secret_folder(folder);
	cw_auto_strv struct cw_strv paths = {0};
	int status = cw_checkpoint_read_list(secret, CW_FILEPATHS, &paths, error);

	if (status == CW_OK)
		status = cw_checkpoint_read_list(secret, CW_NEW_FILES, &paths, error);
	*is = status == CW_OK && cw_strv_contains(&paths, path);
	return status;
}

int
cw_checkpoint_add_secret(const char *folder, const char *path, struct cw_error *error)
{
	cw_autofree char *secret = cw_checkpoint_secret_folder(folder);
	cw_auto_strv struct cw_strv paths = {0};
	int status = cw_folder_make(secret, 0700, error);

	if (status == CW_OK)
		status = cw_checkpoint_read_list(folder, CW_SECRETS, &paths, error);
	if (status == CW_OK && cw_strv_add_unique(&paths, path))
		status = cw_checkpoint_write_list(folder, CW_SECRETS, &paths, error);
	return status;
}

static char *
like_path(const char *copy)
{
	return cw_format("%s.like", copy);
}

int
cw_checkpoint_copy_secret(const char *from, const char *to, struct cw_error *error)
{
	const struct cw_file_mode private = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *like = like_path(to);
	cw_autofree char *attributes = cw_checkpoint_attributes_of(from);
	cw_auto_buf struct cw_buf data = {0};
	int status = cw_file_read(from, CW_REPLACE_MAX, &data, error);

	if (status == CW_OK)
		status = cw_replace_file(
			like,
			&(struct cw_replacement){
				.data = "", .length = 0, .like = attributes, .times = true},
			error);
	if (status == CW_OK)
		status = cw_file_write(to, cw_buf_text(&data), data.length, &private, error);
	cw_buf_wipe(&data);
	return status;
}

char *
cw_checkpoint_attributes_of(const char *copy)
{
	char *like = like_path(copy);

	if (cw_file_exists(like))
		return like;
	free(like);
	return cw_strdup(copy);
}

int
cw_checkpoint_settle(const char *folder, struct cw_error *error)
{
	cw_autofree char *secret = cw_checkpoint_secret_folder(folder);

	if (!cw_file_exists(secret))
		return CW_OK;
	return cw_tree_remove(secret, error);
}
