#include "store/pending.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "store/directories.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_MAX = 1024 * 1024 };

static const char FOLDER[] = "orders";

static void
add_field(struct cw_buf *buf, const char *value)
{
	/* Lengths, so that no two bindings give the same bytes. */
	if (value == NULL)
		cw_buf_add_text(buf, "-;");
	else
		cw_buf_addf(buf, "%zu:%s;", strlen(value), value);
}

static void
sorted_identifiers(const struct cw_pending_binding *binding, struct cw_strv *sorted)
{
	for (size_t i = 0; i < binding->identifiers->count; i++)
		cw_strv_add_unique(sorted, binding->identifiers->items[i]);
	cw_strv_sort(sorted);
}

/* The name of the binding's record; release with free(). */
static char *
record_name(const struct cw_pending_binding *binding)
{
	const char *const fields[] = {binding->server,   binding->account, binding->profile,
				      binding->replaces, binding->lineage, binding->key};
	cw_auto_strv struct cw_strv identifiers = {0};
	cw_auto_buf struct cw_buf buf = {0};

	for (size_t i = 0; i < CW_COUNT(fields); i++)
		add_field(&buf, fields[i]);
	sorted_identifiers(binding, &identifiers);
	for (size_t i = 0; i < identifiers.count; i++)
		add_field(&buf, identifiers.items[i]);
	return cw_sha256_hex(cw_buf_text(&buf), buf.length);
}

static struct json_object *
binding_object(const struct cw_pending_binding *binding)
{
	struct json_object *object = cw_json_new_object();
	cw_auto_strv struct cw_strv identifiers = {0};

	sorted_identifiers(binding, &identifiers);
	cw_json_set_string(object, "server", binding->server);
	cw_json_set_string(object, "account", binding->account);
	cw_json_set(object, "identifiers", cw_json_from_strv(&identifiers));
	cw_json_set_string(object, "profile", binding->profile);
	cw_json_set_string(object, "replaces", binding->replaces);
	cw_json_set_string(object, "lineage", binding->lineage);
	cw_json_set_string(object, "key", binding->key);
	return object;
}

static struct cw_pending *
new_pending(const char *path, const char *order_url, const char *key_pem)
{
	struct cw_pending *pending = cw_alloc(sizeof(*pending));

	pending->path = cw_strdup(path);
	pending->order_url = cw_strdup(order_url);
	pending->key_pem = cw_strdup(key_pem);
	return pending;
}

static int
read_record(const char *path, const struct cw_pending_binding *binding, struct cw_pending **pending,
	    struct cw_error *error)
{
	cw_auto(cw_buf_wipe) struct cw_buf text = {0};
	cw_auto_secret_json struct json_object *record = NULL;
	cw_auto_json struct json_object *wanted = binding_object(binding);
	const char *url;
	int status = cw_file_read(path, RECORD_MAX, &text, error);

	if (status == CW_OK)
		status =
			cw_json_parse_secret(cw_buf_text(&text), text.length, "it", &record, error);
	if (status != CW_OK)
		return status;
	url = cw_json_string(record, "order");
	if (url == NULL || !json_object_equal(cw_json_object(record, "binding"), wanted))
		return cw_fail(error, CW_E_INVALID, "its contents do not match its name");
	*pending = new_pending(path, url, cw_json_string(record, "key"));
	return CW_OK;
}

int
cw_pending_find(const char *work, const struct cw_pending_binding *binding,
		struct cw_pending **pending, struct cw_error *error)
{
	cw_auto_error struct cw_error problem = {0};
	cw_autofree char *name = record_name(binding);
	cw_autofree char *folder = NULL;
	cw_autofree char *path = NULL;
	cw_autofree char *line = NULL;
	int status = cw_private_folder(work, FOLDER, false, &folder, &problem);

	*pending = NULL;
	if (status == CW_E_NOT_FOUND)
		return CW_OK;
	if (status != CW_OK)
		return cw_error_move(error, &problem);
	path = cw_format("%s/%s.json", folder, name);
	if (!cw_file_exists(path) || read_record(path, binding, pending, &problem) == CW_OK)
		return CW_OK;
	line = cw_error_line(&problem);
	cw_log_warning(
		"cannot use the record \"%s\" of an unfinished order, making a new order: %s", path,
		line);
	return cw_tree_remove(path, error);
}

int
cw_pending_save(const char *work, const struct cw_pending_binding *binding, const char *order_url,
		const char *key_pem, struct cw_pending **pending, struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_auto_secret_json struct json_object *record = cw_json_new_object();
	cw_autofree char *name = record_name(binding);
	cw_autofree char *folder = NULL;
	cw_autofree char *path = NULL;
	cw_autosecret char *text = NULL;
	int status = cw_private_folder(work, FOLDER, true, &folder, error);

	*pending = NULL;
	if (status != CW_OK)
		return cw_context(error, "cannot record the order");
	path = cw_format("%s/%s.json", folder, name);
	cw_json_set(record, "binding", binding_object(binding));
	cw_json_set_string(record, "order", order_url);
	cw_json_set_string(record, "key", key_pem);
	text = cw_json_secret_text(record);
	status = cw_file_write(path, text, strlen(text), &mode, error);
	if (status != CW_OK)
		return cw_context(error, "cannot record the order");
	*pending = new_pending(path, order_url, key_pem);
	return CW_OK;
}

int
cw_pending_remove(struct cw_pending *pending, struct cw_error *error)
{
	if (unlink(pending->path) == 0 || errno == ENOENT)
		return CW_OK;
	return cw_fail_path(error, errno, "remove the record of an order", pending->path);
}

void
cw_pending_sync(const char *work)
{
	cw_autofree char *folder = NULL;

	if (cw_private_folder(work, FOLDER, false, &folder, NULL) == CW_OK)
		cw_folder_sync(folder, NULL);
}

void
cw_pending_free(struct cw_pending *pending)
{
	if (pending == NULL)
		return;
	free(pending->path);
	free(pending->order_url);
	cw_free_secret(pending->key_pem);
	free(pending);
}

void
cw_pending_sweep(const char *work, int64_t age)
{
	cw_auto_error struct cw_error problem = {0};
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *folder = NULL;
	cw_autofree char *line = NULL;
	int status = cw_private_folder(work, FOLDER, false, &folder, &problem);

	if (status == CW_E_NOT_FOUND)
		return;
	if (status == CW_OK)
		status = cw_folder_list(folder, true, &names, &problem);
	/* Every name: a file that was being written when its process died has a key in it too. */
	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, names.items[i]);
		struct stat entry;

		if (lstat(path, &entry) == 0 && cw_time() - (int64_t)entry.st_mtime > age)
			status = cw_tree_remove(path, &problem);
	}
	if (status == CW_OK)
		return;
	line = cw_error_line(&problem);
	cw_log_warning("cannot remove old records of orders: %s", line);
}
