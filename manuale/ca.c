#include "ca.h"
#include <certwright/certwright.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "files.h"
#include "say.h"

/* Seconds, and milliseconds. */
enum { WAIT_LIMIT = 300, FIRST_PAUSE = 250, LAST_PAUSE = 5000 };

struct ca {
	const struct settings *settings;
	const struct account *account;
	struct cw_client *client;
};

/* Prints an error object of certwright-json(7): its message, those of its parts, and its hints. */
static void
print_error(struct json_object *error)
{
	const char *message = json_text(error, "message");
	const char *identifier = json_text(error, "identifier");
	const char *hint = json_text(error, "hint");
	struct json_object *parts = json_member(error, "parts", json_type_array);

	if (message == NULL)
		message = "certwright gave no reason";
	if (identifier != NULL && strstr(message, identifier) == NULL)
		complain("%s: %s", identifier, message);
	else
		complain("%s", message);
	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++)
		print_error(json_object_array_get_idx(parts, i));
	if (hint != NULL)
		complain("%s", hint);
}

struct ca *
ca_open(const struct settings *settings, const struct account *account)
{
	struct ca *ca = allocate(sizeof(*ca));
	char *answer = NULL;

	ca->settings = settings;
	ca->account = account;
	if (cw_client_new(NULL, &ca->client, &answer) != 0) {
		struct json_object *object = answer != NULL ? json_parse(answer) : NULL;

		if (object == NULL)
			die_nomem();
		print_error(json_member(object, "error", json_type_object));
		exit(EXIT_FAILURE);
	}
	return ca;
}

void
ca_close(struct ca *ca)
{
	cw_client_free(ca->client);
	free(ca);
}

static struct json_object *
make_request(const struct ca *ca, const char *name, struct json_object *members)
{
	struct json_object *request = members != NULL ? members : json_new();
	struct json_object *options = json_member(request, "options", json_type_object);

	if (options == NULL) {
		options = json_new();
		json_set(request, "options", options);
	}
	json_set_text(options, "server", ca->settings->server);
	/* What is configured for certwright is not meant for this program, which writes no files in
	 * certwright's folders either. */
	json_set_text(options, "config", "/dev/null");
	json_set_text(options, "work-dir", "/dev/null");
	if (ca->settings->verbose)
		json_set(options, "verbose", json_object_new_boolean(1));
	json_set_text(request, "request", name);
	if (ca->account != NULL) {
		struct json_object *account = json_new();

		json_set_text(account, "key", ca->account->key);
		json_set_text(account, "uri", ca->account->uri);
		json_set(request, "account", account);
	}
	return request;
}

static void
print_note(const struct ca *ca, const char *text)
{
	struct json_object *note = json_parse(text);
	const char *level = json_text(note, "level");
	const char *said = json_text(note, "text");

	if (level != NULL && said != NULL) {
		if (strcmp(level, "warning") == 0 || strcmp(level, "error") == 0)
			warn("%s", said);
		else if (ca->settings->verbose)
			complain("%s", said);
	}
	json_object_put(note);
}

/* The answer to the call in progress. */
static struct json_object *
await(struct ca *ca)
{
	struct pollfd wait = {.fd = cw_client_fd(ca->client), .events = POLLIN};
	struct json_object *answer = NULL;
	char *event;

	while (answer == NULL) {
		int kind = cw_client_next_event(ca->client, &event);

		if (kind < 0)
			die_nomem();
		if (kind == CW_EVENT_NONE && poll(&wait, 1, -1) < 0 && errno != EINTR)
			die("cannot wait for certwright: %s", strerror(errno));
		if (kind == CW_EVENT_NOTE)
			print_note(ca, event);
		if (kind == CW_EVENT_ANSWER) {
			answer = json_parse(event);
			if (answer == NULL)
				die_nomem();
		}
		cw_free(event);
	}
	return answer;
}

/* Sends a request and waits for its answer, whatever that is. */
static struct json_object *
call(struct ca *ca, const char *name, struct json_object *members)
{
	struct json_object *request = make_request(ca, name, members);
	const char *text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);

	if (text == NULL || cw_call_start(ca->client, text) != 0)
		die_nomem();
	json_object_put(request);
	return await(ca);
}

/* The member RESULT; releases ANSWER. */
static struct json_object *
take_result(struct json_object *answer, const char *result)
{
	struct json_object *object = json_member(answer, result, json_type_object);

	if (object == NULL)
		die("certwright answered without \"%s\": install the same version of certwright "
		    "and manuale",
		    result);
	json_object_get(object);
	json_object_put(answer);
	return object;
}

/* Whether the CA does not know, or does not grant, what the request names: its account or its URL.
 */
static bool
denies(struct json_object *error)
{
	static const char *const types[] = {"accountDoesNotExist", "malformed", "unauthorized"};
	const char *type = json_text(json_member(error, "problem", json_type_object), "type");
	const char *name = type != NULL ? strrchr(type, ':') : NULL;

	for (size_t i = 0; name != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(name + 1, types[i]) == 0)
			return true;
	return false;
}

/* Compares the account file with what the CA knows of its key. */
static void
check_account(struct ca *ca)
{
	struct json_object *answer = call(ca, "account_find", NULL);
	const char *uri = json_text(json_member(answer, "account", json_type_object), "uri");
	const char *path = ca->settings->account;

	if (uri == NULL)
		complain("the CA has no account with the key in \"%s\": restore the file from a "
			 "backup, or run \"manuale register EMAIL\"",
			 path);
	else if (strcmp(uri, ca->account->uri) != 0)
		complain("the key in \"%s\" is that of the account %s, not of %s: restore the file "
			 "from a backup",
			 path, uri, ca->account->uri);
	json_object_put(answer);
}

/* An account file that does not fit is the likely reason of a refusal, and the CA cannot say so. */
static void
explain(struct ca *ca, struct json_object *error)
{
	const struct account *account = ca->account;
	char *upgraded;

	if (account == NULL || account->uri == NULL)
		return;
	if (same_origin(account->uri, ca->settings->server)) {
		if (denies(error))
			check_account(ca);
		return;
	}
	upgraded = account_upgraded_uri(account->uri);
	if (upgraded != NULL)
		complain("the account in \"%s\" is of Let's Encrypt's ACME v1: run \"manuale "
			 "upgrade\"",
			 ca->settings->account);
	else
		complain("the account in \"%s\" is of another server, %s, and this is %s: give "
			 "--server or --account",
			 ca->settings->account, account->uri, ca->settings->server);
	free(upgraded);
}

static _Noreturn void
fail(struct ca *ca, struct json_object *answer)
{
	struct json_object *error = json_member(answer, "error", json_type_object);

	print_error(error);
	explain(ca, error);
	exit(EXIT_FAILURE);
}

static bool
is_ok(struct json_object *answer)
{
	return json_object_get_boolean(json_member(answer, "ok", json_type_boolean)) != 0;
}

struct json_object *
ca_ask(struct ca *ca, const char *name, struct json_object *members, const char *result)
{
	struct json_object *answer = call(ca, name, members);

	if (!is_ok(answer))
		fail(ca, answer);
	return take_result(answer, result);
}

static struct json_object *
with_uri(const char *uri)
{
	struct json_object *members = json_new();

	json_set_text(members, "uri", uri);
	return members;
}

struct json_object *
ca_get(struct ca *ca, const char *name, const char *uri, const char *result)
{
	return ca_ask(ca, name, with_uri(uri), result);
}

/* Whether the CA has nothing there, which some say with a bare 404 instead of a problem document.
 */
static bool
is_gone(struct json_object *error)
{
	const char *status = json_text(error, "status");

	return denies(error) || (status != NULL && strcmp(status, "not-found") == 0);
}

struct json_object *
ca_look(struct ca *ca, const char *name, const char *uri, const char *result)
{
	struct json_object *answer = call(ca, name, with_uri(uri));

	if (is_ok(answer))
		return take_result(answer, result);
	if (!is_gone(json_member(answer, "error", json_type_object)))
		fail(ca, answer);
	json_object_put(answer);
	return NULL;
}

static bool
is_under_way(struct json_object *object)
{
	const char *status = json_text(object, "status");

	return status != NULL &&
	       (strcmp(status, "pending") == 0 || strcmp(status, "processing") == 0);
}

/* Pauses as long as the CA wants, or else twice as long as before. False: that is after END. */
static bool
pause_for(struct json_object *retry_after, long *milliseconds, time_t end)
{
	long length = *milliseconds;
	struct timespec pause;

	if (retry_after != NULL) {
		int seconds = json_object_get_int(retry_after);

		length = 1000L * (seconds < 1 ? 1 : seconds);
	}
	if (length / 1000 > end - time(NULL))
		return false;
	*milliseconds = *milliseconds * 2 < LAST_PAUSE ? *milliseconds * 2 : LAST_PAUSE;
	pause = (struct timespec){.tv_sec = length / 1000, .tv_nsec = length % 1000 * 1000000};
	while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
		continue;
	return true;
}

struct json_object *
ca_wait(struct ca *ca, const char *name, const char *uri, const char *result)
{
	time_t end = time(NULL) + WAIT_LIMIT;
	long milliseconds = FIRST_PAUSE;

	for (;;) {
		struct json_object *answer = call(ca, name, with_uri(uri));
		bool goes_on;

		if (!is_ok(answer))
			fail(ca, answer);
		if (!is_under_way(json_member(answer, result, json_type_object)))
			return take_result(answer, result);
		goes_on = pause_for(json_member(answer, "retry_after", json_type_int),
				    &milliseconds, end);
		json_object_put(answer);
		if (!goes_on)
			return NULL;
	}
}

const char *
ca_reason(struct json_object *object)
{
	struct json_object *error = json_member(object, "error", json_type_object);
	const char *detail = json_text(error, "detail");

	return detail != NULL ? detail : "the CA gives no reason";
}
