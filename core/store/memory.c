#include "store/memory.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "store/directories.h"

#define FOLDER "lineages"
#define MEMORY_MAX (1024 * 1024)

static char *
memory_path(const char *work, const char *name)
{
	return cw_format("%s/certwright/" FOLDER "/%s.json", work, name);
}

struct json_object *
cw_memory_read(const char *work, const char *name)
{
	cw_autofree char *path = memory_path(work, name);
	cw_auto_buf struct cw_buf text = {0};
	struct json_object *memory = NULL;

	if (cw_file_read(path, MEMORY_MAX, &text, NULL) < 0 ||
	    cw_json_parse(cw_buf_text(&text), text.length, "it", &memory, NULL) < 0)
		return NULL;
	return memory;
}

/* Adds ITEM, of now, as KEY. */
static int
remember(const char *work, const char *name, const char *key, struct json_object *item,
	 struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_auto_json struct json_object *memory = cw_memory_read(work, name);
	cw_autofree char *folder = NULL;
	cw_autofree char *path = NULL;
	const char *text;
	int status = cw_private_folder(work, FOLDER, true, &folder, error);

	if (!json_object_is_type(memory, json_type_object)) {
		json_object_put(memory);
		memory = cw_json_new_object();
	}
	cw_json_set_time(item, "time", cw_time());
	cw_json_set(memory, key, item);
	if (status < 0)
		return status;
	path = cw_format("%s/%s.json", folder, name);
	text = cw_json_text(memory);
	return cw_file_write(path, text, strlen(text), &mode, error);
}

int
cw_memory_failed(const char *work, const char *name, const struct cw_error *failure,
		 struct cw_error *error)
{
	struct json_object *item = cw_json_new_object();

	cw_json_set(item, "error", cw_json_error(failure));
	return remember(work, name, "last_failure", item, error);
}

int
cw_memory_revoked(const char *work, const char *name, const char *serial, struct cw_error *error)
{
	struct json_object *item = cw_json_new_object();

	cw_json_set_string(item, "serial", serial);
	return remember(work, name, "revoked", item, error);
}

void
cw_memory_forget(const char *work, const char *name)
{
	cw_autofree char *path = memory_path(work, name);

	unlink(path);
}
