#include "combined.h"
#include "text.h"

static const char state_key[] = "file";

/* DATA NULL: removes the file. */
static int
put(const struct cw_host *host, const char *path, const struct text *text, const char *owner,
    const char *group)
{
	struct cw_file file;

	memset(&file, 0, sizeof(file));
	file.size = sizeof(file);
	file.path = path;
	file.data = text->data;
	file.length = text->length;
	file.secret = 1;
	file.owner = owner;
	file.group = group;
	file.mode = group != NULL ? 0640 : 0600;
	return cw_host_put_file(host, &file);
}

static int
remove_file(const struct cw_host *host, const char *path)
{
	static const struct text none = {NULL, 0};
	int status = put(host, path, &none, NULL, NULL);

	return status == CW_E_NOT_FOUND ? CW_OK : status;
}

int
combined_find(const struct cw_host *host, const char *lineage, char **path)
{
	size_t length;
	int status = cw_host_state_get(host, lineage, state_key, path, &length);

	if (status == CW_E_NOT_FOUND) {
		*path = NULL;
		return CW_OK;
	}
	return status;
}

int
combined_write(const struct cw_host *host, const struct cw_deployment *deployment, const char *path,
	       const char *owner, const char *group)
{
	struct text text = {NULL, 0};
	char *before = NULL;
	int status;

	if (deployment->lineage == NULL || deployment->fullchain_path == NULL)
		return cw_host_fail(host, CW_E_UNSUPPORTED, "give --cert-name NAME",
				    "only certificates of certwright can be installed");
	status = text_add_file(host, &text, deployment->fullchain_path);
	if (status == CW_OK)
		status = text_add_file(host, &text, deployment->key_path);
	if (status == CW_OK)
		status = combined_find(host, deployment->lineage, &before);
	if (status == CW_OK)
		status = put(host, path, &text, owner, group);
	if (status == CW_OK && before != NULL && strcmp(before, path) != 0)
		status = remove_file(host, before);
	if (status == CW_OK)
		status =
			cw_host_state_put(host, deployment->lineage, state_key, path, strlen(path));
	cw_host_release(host, before);
	text_free(&text);
	return status;
}

int
combined_remove(const struct cw_host *host, const char *lineage)
{
	char *path = NULL;
	int status = combined_find(host, lineage, &path);

	if (status == CW_OK && path != NULL)
		status = remove_file(host, path);
	cw_host_release(host, path);
	return status;
}
