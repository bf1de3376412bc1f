#include "order.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "files.h"
#include "key.h"
#include "say.h"

static const char orders_folder[] = "orders";

enum { FOLDER_MODE = 0770, RECORD_MODE = 0600 };

/* The names joined with SEPARATOR, and END. */
static char *
join_names(const struct settings *settings, char separator, const char *end)
{
	char *text = format("%s", "");

	for (size_t i = 0; i < settings->word_count; i++) {
		bool last = i + 1 == settings->word_count;
		const char between[] = {separator, '\0'};
		char *longer = format("%s%s%s", text, settings->words[i], last ? end : between);

		free(text);
		text = longer;
	}
	return text;
}

char *
order_names(const struct settings *settings)
{
	return join_names(settings, ' ', "");
}

static char *
folder_for(const struct settings *settings, char separator, const char *end)
{
	char *names = join_names(settings, separator, end);
	char *hash = sha256_of(names);
	char *folder = format("%s/%s", orders_folder, hash);

	free(names);
	free(hash);
	return folder;
}

/* Names become parts of paths, and appear in messages and commands. */
void
order_check_names(const struct settings *settings)
{
	for (size_t i = 0; i < settings->word_count; i++) {
		const char *name = settings->words[i];

		if (name[0] == '.' || name[0] == '-')
			die_usage("\"%s\" is not a domain name", name);
		for (const char *at = name; *at != '\0'; at++)
			if ((unsigned char)*at <= ' ' || strchr("/\"'\\$`;&|<>()", *at) != NULL)
				die_usage("\"%s\" is not a domain name", name);
		for (size_t j = 0; j < i; j++)
			if (strcmp(name, settings->words[j]) == 0)
				die_usage("the domain \"%s\" is given twice", name);
	}
}

/* Two runs on one order would each make a key. Holds the lock of one folder, until the program ends
 * or locks another one. */
static void
lock_folder(const char *folder)
{
	static int descriptor = -1;

	if (descriptor >= 0)
		close(descriptor);
	descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		die("cannot use the folder \"%s\": %s", folder, strerror(errno));
	if (flock(descriptor, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		die("another manuale works on this order, in \"%s\": wait until it has ended",
		    folder);
}

static char *
copy(const char *text)
{
	return text != NULL ? format("%s", text) : NULL;
}

/* False if there is no record in the folder. */
static bool
load(const char *folder, struct order *order)
{
	char *path = format("%s/order.json", folder);
	struct json_object *record = json_read_file(path, "the order");
	struct json_object *contents = json_member(record, "contents", json_type_object);
	const char *type = json_text(record, "type");
	const char *key = json_text(record, "key");

	if (record == NULL) {
		free(path);
		return false;
	}
	if (contents == NULL || json_text(record, "uri") == NULL)
		die("the record of the order in \"%s\" is broken: restore it from a backup, or "
		    "move "
		    "it away and run authorize",
		    path);
	if (key != NULL)
		key_check(key, "the \"key\" in the record of the order");
	*order = (struct order){
		.folder = copy(folder),
		.contents = json_object_get(contents),
		.uri = copy(json_text(record, "uri")),
		.type = copy(type != NULL && strncmp(type, "http", 4) == 0 ? "http" : "dns"),
		.certificate_uri = copy(json_text(record, "certificate_uri")),
		.key = copy(key),
	};
	json_object_put(record);
	free(path);
	return true;
}

bool
order_find(const struct settings *settings, struct order *order)
{
	/* As "echo NAMES | sha256sum" prints it, and as ManuaLE's successor computes it. */
	char *folders[] = {folder_for(settings, ' ', "\n"), folder_for(settings, '_', "")};
	bool found = false;

	for (int i = 0; i < 2; i++) {
		if (!found && file_exists(folders[i])) {
			lock_folder(folders[i]);
			found = load(folders[i], order);
		}
		free(folders[i]);
	}
	return found;
}

static bool
has_name(struct json_object *identifiers, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(identifiers); i++) {
		const char *value = json_text(json_object_array_get_idx(identifiers, i), "value");

		if (value != NULL && strcmp(value, name) == 0)
			return true;
	}
	return false;
}

/* Whether the record in FOLDER is of the same names. One that is broken is not. */
static bool
is_of_names(const struct settings *settings, const char *folder)
{
	char *path = format("%s/%s/order.json", orders_folder, folder);
	char *text = file_exists(path) ? read_file(path, "the order") : NULL;
	struct json_object *record = text != NULL ? json_parse(text) : NULL;
	struct json_object *identifiers = json_member(
		json_member(record, "contents", json_type_object), "identifiers", json_type_array);
	bool same = identifiers != NULL &&
		    json_object_array_length(identifiers) == settings->word_count;

	for (size_t i = 0; same && i < settings->word_count; i++)
		same = has_name(identifiers, settings->words[i]);
	json_object_put(record);
	free(text);
	free(path);
	return same;
}

void
order_missing(const struct settings *settings)
{
	char *names = order_names(settings);
	DIR *directory = opendir(orders_folder);
	const struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.' && is_of_names(settings, entry->d_name))
			die("these domains were authorized in another order than \"%s\" (see "
			    "\"%s/%s\"): give them as you gave them to authorize",
			    names, orders_folder, entry->d_name);
	die("there is no order for \"%s\": run \"manuale authorize %s\"", names, names);
}

void
order_begin(const struct settings *settings, struct order *order, struct json_object *object,
	    const char *type)
{
	char *uri = copy(json_text(object, "uri"));

	if (uri == NULL)
		die("certwright answered without the URL of the order");
	if (order->folder == NULL) {
		order->folder = folder_for(settings, ' ', "\n");
		make_folder(orders_folder, FOLDER_MODE);
		make_folder(order->folder, FOLDER_MODE);
		lock_folder(order->folder);
	}
	order_set_type(order, type);
	free(order->uri);
	free(order->certificate_uri);
	free(order->key);
	order->uri = uri;
	order->certificate_uri = NULL;
	order->key = NULL;
	order_update(order, object);
}

void
order_update(struct order *order, struct json_object *object)
{
	const char *certificate = json_text(object, "certificate");

	if (certificate != NULL) {
		free(order->certificate_uri);
		order->certificate_uri = copy(certificate);
	}
	json_object_object_del(object, "uri"); /* libcertwright's */
	json_object_put(order->contents);
	order->contents = object;
}

void
order_set_type(struct order *order, const char *type)
{
	char *own = copy(type); /* TYPE may be the order's */

	free(order->type);
	order->type = own;
}

void
order_save(const struct order *order)
{
	struct json_object *record = json_new();
	char *path = format("%s/order.json", order->folder);

	json_set(record, "contents", json_object_get(order->contents));
	json_set_text(record, "uri", order->uri);
	json_set_text(record, "type", order->type);
	json_set_text(record, "certificate_uri", order->certificate_uri);
	json_set_text(record, "key", order->key);
	json_write_file(path, record, RECORD_MODE);
	json_object_put(record);
	free(path);
}

void
order_clear(struct order *order)
{
	if (order->key != NULL)
		explicit_bzero(order->key, strlen(order->key));
	free(order->folder);
	free(order->uri);
	free(order->type);
	free(order->certificate_uri);
	free(order->key);
	json_object_put(order->contents);
	*order = (struct order){0};
}

const char *
order_status(const struct order *order)
{
	const char *status = json_text(order->contents, "status");

	return status != NULL ? status : "unknown";
}

bool
order_has_expired(const struct order *order)
{
	const char *expires = json_text(order->contents, "expires");
	struct tm time_parts = {0};

	/* RFC 3339, in UTC as all CAs give it. */
	return expires != NULL && strptime(expires, "%Y-%m-%dT%H:%M:%S", &time_parts) != NULL &&
	       timegm(&time_parts) < time(NULL);
}

bool
order_is_foreign(const struct order *order, const struct settings *settings,
		 const struct account *account)
{
	return !same_origin(order->uri, settings->server) &&
	       (account->uri == NULL || !same_origin(order->uri, account->uri));
}

char *
order_challenge_path(const struct order *order, const char *domain)
{
	return format("%s/%s_challenge.json", order->folder, domain);
}

/* The challenge as the CA gave it, without what libcertwright adds. */
static struct json_object *
challenge_contents(struct json_object *challenge)
{
	static const char *const added[] = {"uri", "key_authorization", "validation", "location"};
	struct json_object *contents = NULL;

	if (json_object_deep_copy(challenge, &contents, NULL) != 0)
		die_nomem();
	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++)
		json_object_object_del(contents, added[i]);
	return contents;
}

void
order_save_challenge(const struct order *order, const struct challenge_record *record)
{
	struct json_object *object = json_new();
	char *path = order_challenge_path(order, record->domain);

	json_set(object, "contents", challenge_contents(record->contents));
	json_set_text(object, "domain", record->domain);
	json_set_text(object, "expires", record->expires);
	json_set_text(object, "status", record->status);
	json_set_text(object, "type", order->type);
	json_set_text(object, "key", record->key);
	json_write_file(path, object, RECORD_MODE);
	json_object_put(object);
	free(path);
}
