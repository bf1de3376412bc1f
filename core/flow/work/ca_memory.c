/* A server is an object with "directory" (the text that the server sent), "time" (when it did) and
 * "nonce" (absent: there is none). WORK/certwright/directory/DIGEST has one; the memory of the
 * library's calls has an object of them. */
#include "flow/work/ca_memory.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "flow/work/ca_internal.h"
#include "store/directories.h"

/* A CA's new features are found within this time, in seconds. */
#define AGE_MAX (24 * 3600)

static char *
file_path(const struct cw_ca *ca)
{
	cw_autofree char *digest = cw_sha256_hex(ca->server, strlen(ca->server));

	return cw_format("%s/certwright/directory/%s", ca->work, digest);
}

static struct json_object *
read_file(const struct cw_ca *ca)
{
	cw_autofree char *path = file_path(ca);
	cw_auto_buf struct cw_buf text = {0};
	struct json_object *server = NULL;

	if (cw_file_read(path, CW_MESSAGE_BODY, &text, NULL) == CW_OK)
		cw_json_parse(cw_buf_text(&text), text.length, path, &server, NULL);
	return server;
}

static int
write_file(const struct cw_ca *ca, struct json_object *server, struct cw_error *error)
{
	const struct cw_file_mode mode = {
		.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1, .unsynced = true};
	cw_autofree char *path = file_path(ca);
	cw_autofree char *folder = NULL;
	const char *text = cw_json_text(server);
	int status = cw_private_folder(ca->work, "directory", true, &folder, error);

	return status < 0 ? status : cw_file_write(path, text, strlen(text), &mode, error);
}

static struct json_object *
read_calls(const struct cw_ca_memory *memory)
{
	size_t length = memory->length;
	struct json_object *servers = NULL;

	if (length > 0 && length <= sizeof(memory->text))
		cw_json_parse(memory->text, length, "the memory of calls", &servers, NULL);
	return servers != NULL ? servers : cw_json_new_object();
}

/* If there is no room for all, this server alone is kept. */
static void
write_calls(const struct cw_ca *ca, struct json_object *server)
{
	struct cw_ca_memory *memory = ca->memory;
	cw_auto_json struct json_object *servers = read_calls(memory);
	const char *text;

	cw_json_set(servers, ca->server, json_object_get(server));
	if (strlen(cw_json_text(servers)) > sizeof(memory->text)) {
		json_object_put(servers);
		servers = cw_json_new_object();
		cw_json_set(servers, ca->server, json_object_get(server));
	}
	text = cw_json_text(servers);
	memory->length = 0;
	if (strlen(text) > sizeof(memory->text))
		return;
	memcpy(memory->text, text, strlen(text));
	memory->length = strlen(text);
}

/* NULL: nothing is known, or it is too old. */
static struct json_object *
recall(const struct cw_ca *ca)
{
	struct json_object *server = NULL;
	int64_t age;

	if (ca->work != NULL) {
		server = read_file(ca);
	} else if (ca->memory != NULL) {
		cw_auto_json struct json_object *servers = read_calls(ca->memory);

		server = json_object_get(cw_json_object(servers, ca->server));
	}
	age = cw_time() - cw_json_int(server, "time", 0);
	if (age >= 0 && age < AGE_MAX)
		return server;
	json_object_put(server);
	return NULL;
}

void
cw_ca_recall(const struct cw_ca *ca, char **directory, char **nonce)
{
	cw_auto_json struct json_object *server = recall(ca);

	*directory = ca->anew ? NULL : cw_strdup(cw_json_string(server, "directory"));
	*nonce = ca->only_asks ? NULL : cw_strdup(cw_json_string(server, "nonce"));
}

void
cw_ca_remember(const struct cw_ca *ca, const char *directory, bool fetched, const char *nonce)
{
	cw_auto_json struct json_object *old = recall(ca);
	cw_auto_json struct json_object *server = cw_json_new_object();
	cw_auto_error struct cw_error error = {0};

	if (directory == NULL)
		return;
	/* The nonce of an earlier run is still good where this one used none. */
	if (nonce == NULL && ca->only_asks)
		nonce = cw_json_string(old, "nonce");
	cw_json_set_string(server, "directory", directory);
	cw_json_set_int(server, "time", fetched ? cw_time() : cw_json_int(old, "time", 0));
	cw_json_set_string(server, "nonce", nonce);
	if (ca->work == NULL && ca->memory != NULL)
		write_calls(ca, server);
	else if (ca->work != NULL && write_file(ca, server, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_debug("what was learned of \"%s\" is not kept: %s", ca->server, line);
	}
}
