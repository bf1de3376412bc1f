#include "challenge.h"
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "say.h"

enum { TOKEN_FILE_MODE = 0644, FILE_NAME_MOST = 230 };

/* What the CA sends becomes the name of a file. */
static bool
is_file_name(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:*";

	return name != NULL && *name != '\0' && *name != '.' && strlen(name) <= FILE_NAME_MOST &&
	       name[strspn(name, allowed)] == '\0';
}

/* RFC 8555 section 8.3. The file of a token has its name. */
static bool
is_token(const char *token)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	return is_file_name(token) && token[strspn(token, allowed)] == '\0';
}

static _Noreturn void
refuse(const char *name, const char *what)
{
	die("the CA sent %s that cannot be one: \"%s\"", what, name != NULL ? name : "");
}

/* The domain of an authorization; release with free(). */
static char *
find_domain(struct json_object *authorization)
{
	struct json_object *identifier = json_member(authorization, "identifier", json_type_object);
	const char *value = json_text(identifier, "value");
	bool wildcard =
		json_object_get_boolean(json_member(authorization, "wildcard", json_type_boolean));

	if (!is_file_name(value))
		refuse(value, "a domain");
	return format("%s%s", wildcard && strncmp(value, "*.", 2) != 0 ? "*." : "", value);
}

static struct json_object *
find_challenge(struct json_object *authorization, const char *type)
{
	struct json_object *list = json_member(authorization, "challenges", json_type_array);
	char *wanted = format("%s-01", type);
	struct json_object *found = NULL;

	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const char *offered = json_text(item, "type");

		if (offered != NULL && strcmp(offered, wanted) == 0)
			found = item;
	}
	free(wanted);
	return found;
}

/* The record of a domain's challenge; NULL: there is none that can be read. */
static struct json_object *
read_record(const struct order *order, const char *domain)
{
	char *path = order_challenge_path(order, domain);
	char *text = read_file(path, "the challenge");
	struct json_object *record = text != NULL ? json_parse(text) : NULL;

	free(text);
	free(path);
	return record;
}

static const char *
token_of(struct json_object *record)
{
	return json_text(json_member(record, "contents", json_type_object), "token");
}

/* Removes the record of a domain's challenge, and the file for the CA if it is as it was written.
 */
static void
forget(const struct order *order, const char *domain)
{
	char *path = order_challenge_path(order, domain);
	struct json_object *record = read_record(order, domain);
	const char *key = json_text(record, "key");
	const char *token = token_of(record);

	if (key != NULL && is_token(token) && file_exists(token)) {
		char *text = read_file(token, "the file for the CA");

		if (text != NULL && strcmp(text, key) == 0)
			remove_file(token);
		free(text);
	}
	remove_file(path);
	json_object_put(record);
	free(path);
}

/* Forgets the challenge of an earlier run, unless it is still the same one. */
static void
forget_other(const struct order *order, const char *domain, const char *token)
{
	struct json_object *record = read_record(order, domain);
	const char *before = token_of(record);

	if (before != NULL && strcmp(before, token) != 0)
		forget(order, domain);
	json_object_put(record);
}

static void
open_pending(const struct order *order, struct json_object *authorization, const char *uri,
	     struct challenge *challenge)
{
	struct json_object *found = find_challenge(authorization, order->type);

	if (found == NULL)
		die("the CA does not check \"%s\" with the method %s: give --method %s",
		    challenge->domain, order->type,
		    strcmp(order->type, "dns") == 0 ? "http" : "dns");
	if (json_text(found, "uri") == NULL || json_text(found, "validation") == NULL ||
	    json_text(found, "location") == NULL)
		die("the CA sent an incomplete challenge for \"%s\"", challenge->domain);
	if (!is_token(json_text(found, "token")))
		refuse(json_text(found, "token"), "a token");
	forget_other(order, challenge->domain, json_text(found, "token"));
	challenge->authorization_uri = format("%s", uri);
	challenge->object = json_object_get(found);
	order_save_challenge(order, &(struct challenge_record){
					    .contents = found,
					    .domain = challenge->domain,
					    .expires = json_text(authorization, "expires"),
					    .status = json_text(authorization, "status"),
					    .key = json_text(found, "validation"),
				    });
}

enum challenge_state
challenge_open(struct ca *ca, const struct order *order, const char *uri,
	       struct challenge *challenge)
{
	struct json_object *authorization = ca_get(ca, "authorization_get", uri, "authorization");
	const char *status = json_text(authorization, "status");
	const char *expires = json_text(authorization, "expires");
	enum challenge_state state = CHALLENGE_LOST;

	challenge->domain = find_domain(authorization);
	if (status != NULL && strcmp(status, "valid") == 0) {
		say("%s is authorized already%s%s.", challenge->domain,
		    expires != NULL ? " until " : "", expires != NULL ? expires : "");
		forget(order, challenge->domain);
		state = CHALLENGE_DONE;
	} else if (status != NULL && strcmp(status, "pending") == 0) {
		open_pending(order, authorization, uri, challenge);
		state = CHALLENGE_OPEN;
	}
	if (state != CHALLENGE_OPEN) {
		free(challenge->domain);
		challenge->domain = NULL;
	}
	json_object_put(authorization);
	return state;
}

static void
show_http(const struct challenge *challenge)
{
	const char *token = json_text(challenge->object, "token");
	bool bracketed = strchr(challenge->domain, ':') != NULL; /* an IPv6 address */

	write_new_file(token, json_text(challenge->object, "validation"), TOKEN_FILE_MODE);
	say("  http://%s%s%s%s", bracketed ? "[" : "", challenge->domain, bracketed ? "]" : "",
	    json_text(challenge->object, "location"));
}

void
challenges_show(const struct order *order, const struct challenge *challenges, size_t count)
{
	bool http = strcmp(order->type, "http") == 0;

	say(http ? "The CA will look for these files, which are in the working directory under the "
		   "last part of\ntheir names. Serve them at:\n"
		 : "The CA will look for these DNS records:\n");
	for (size_t i = 0; i < count; i++) {
		struct json_object *object = challenges[i].object;

		if (http)
			show_http(&challenges[i]);
		else
			say("  %s.  IN TXT  \"%s\"", json_text(object, "location"),
			    json_text(object, "validation"));
	}
	say("%s", "");
}

void
challenges_announce(struct ca *ca, const struct challenge *challenges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *uri = json_text(challenges[i].object, "uri");
		struct json_object *present = ca_get(ca, "challenge_get", uri, "challenge");
		const char *status = json_text(present, "status");

		/* The CA may be at one that an earlier run announced, or done with it. */
		if (status == NULL || strcmp(status, "pending") == 0)
			json_object_put(ca_get(ca, "challenge_ready", uri, "challenge"));
		json_object_put(present);
	}
}

/* Why the CA did not validate the challenge. */
static void
complain_of(const struct challenge *challenge, const char *type, struct json_object *authorization)
{
	const char *status = json_text(authorization, "status");
	struct json_object *checked = find_challenge(authorization, type);

	if (status != NULL && strcmp(status, "invalid") == 0)
		complain("%s is not authorized: %s", challenge->domain, ca_reason(checked));
	else
		complain("%s is not authorized: the authorization is \"%s\"", challenge->domain,
			 status != NULL ? status : "unknown");
}

bool
challenge_await(struct ca *ca, const struct order *order, const struct challenge *challenge)
{
	struct json_object *authorization =
		ca_wait(ca, "authorization_get", challenge->authorization_uri, "authorization");
	const char *status = json_text(authorization, "status");
	bool valid = status != NULL && strcmp(status, "valid") == 0;

	if (authorization == NULL) {
		complain("%s is not checked yet: the CA takes long", challenge->domain);
		return false;
	}
	if (valid)
		say("%s is authorized.", challenge->domain);
	else
		complain_of(challenge, order->type, authorization);
	forget(order, challenge->domain);
	json_object_put(authorization);
	return valid;
}

void
challenges_free(struct challenge *challenges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(challenges[i].domain);
		free(challenges[i].authorization_uri);
		json_object_put(challenges[i].object);
	}
	free(challenges);
}
