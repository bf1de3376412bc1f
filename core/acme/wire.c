#include "acme/wire.h"
#include <stdlib.h>
#include <string.h>
#include "acme/parse.h"
#include "acme/persistent.h"
#include "base/mem.h"
#include "base/text.h"

/* RFC 8555 section 8.3, and the bound of certwright/plugin.h. */
enum { TOKEN_MAX = 512, TYPE_MAX = 64 };
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define TYPE_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

uint32_t
cw_wire_get_number(struct cw_message *message)
{
	return (uint32_t)cw_message_get_int(message, 1, UINT32_MAX);
}

enum cw_acme_state
cw_wire_get_state(struct cw_message *message)
{
	return (enum cw_acme_state)cw_message_get_int(message, CW_ACME_PENDING, CW_ACME_REVOKED);
}

void
cw_wire_get_names(struct cw_message *message, struct cw_strv *names)
{
	cw_message_get_list(message, CW_WIRE_RENEWALS, CW_MESSAGE_NAME, names);
}

/* A text that is made of these characters alone, and not empty. */
static char *
get_word(struct cw_message *message, size_t limit, const char *characters)
{
	char *word = cw_message_need_text(message, limit);

	if (*word == '\0' || strspn(word, characters) != strlen(word))
		message->broken = true;
	return word;
}

/* A URL; what becomes of it is judged by who uses it. */
static char *
get_url(struct cw_message *message)
{
	char *url = cw_message_get_text(message, CW_MESSAGE_LINE);

	for (const char *at = url; at != NULL && *at != '\0'; at++)
		if (*at <= ' ' || *at == 0x7f)
			message->broken = true;
	return url;
}

void
cw_wire_directory_clear(struct cw_wire_directory *directory)
{
	free(directory->terms_of_service);
	cw_strv_clear(&directory->profiles);
	cw_strv_clear(&directory->caa_identities);
	cw_strv_clear(&directory->profile_descriptions);
	free(directory->new_account);
	free(directory->key_change);
	*directory = (struct cw_wire_directory){0};
}

/* Those that are names, and no more than a challenge can have. */
static void
put_identities(struct cw_message *message, struct json_object *array)
{
	size_t count = array == NULL ? 0 : json_object_array_length(array);
	cw_auto_strv struct cw_strv names = {0};

	for (size_t i = 0; i < count && names.count < CW_ACME_ISSUERS_MAX; i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(array, i));
		cw_autofree char *lower = cw_lower(cw_strdup(name != NULL ? name : ""));

		if (cw_acme_issuer_ok(lower))
			cw_strv_add_unique(&names, lower);
	}
	cw_message_put_list(message, &names);
}

/* Issuer domain names. */
static void
get_identities(struct cw_message *message, struct cw_strv *names)
{
	cw_message_get_list(message, CW_ACME_ISSUERS_MAX, CW_MESSAGE_NAME, names);
	for (size_t i = 0; i < names->count; i++)
		if (!cw_acme_issuer_ok(names->items[i]))
			message->broken = true;
}

void
cw_wire_put_directory(struct cw_message *message, const struct cw_acme *acme)
{
	struct json_object *profiles = cw_acme_profiles(acme);
	cw_auto_strv struct cw_strv names = {0}, descriptions = {0};

	if (profiles != NULL) {
		json_object_object_foreach(profiles, name, description)
		{
			cw_strv_add(&names, name);
			cw_strv_add(&descriptions,
				    json_object_is_type(description, json_type_string)
					    ? json_object_get_string(description)
					    : "");
		}
	}
	cw_message_put_text(message, cw_acme_terms_of_service(acme));
	cw_message_put_bool(message, cw_acme_external_account_required(acme));
	cw_message_put_bool(message, profiles != NULL);
	cw_message_put_list(message, &names);
	cw_message_put_list(message, &descriptions);
	cw_message_put_text(message, cw_acme_resource(acme, "newAccount"));
	cw_message_put_text(message, cw_acme_resource(acme, "keyChange"));
	cw_message_put_bool(message, cw_acme_resource(acme, "renewalInfo") != NULL);
	put_identities(message, cw_acme_caa_identities(acme));
}

void
cw_wire_get_directory(struct cw_message *message, struct cw_wire_directory *directory)
{
	directory->terms_of_service = cw_message_get_text(message, CW_MESSAGE_LINE);
	directory->external_account_required = cw_message_get_bool(message);
	directory->has_profiles = cw_message_get_bool(message);
	cw_message_get_list(message, CW_WIRE_IDENTIFIERS, CW_MESSAGE_LINE, &directory->profiles);
	cw_message_get_list(message, CW_WIRE_IDENTIFIERS, CW_MESSAGE_LINE,
			    &directory->profile_descriptions);
	if (directory->profiles.count != directory->profile_descriptions.count)
		message->broken = true;
	directory->new_account = get_url(message);
	directory->key_change = get_url(message);
	directory->renewal_info = cw_message_get_bool(message);
	get_identities(message, &directory->caa_identities);
}

void
cw_wire_put_wanted(struct cw_message *message, uint32_t number, const struct cw_acme_order *order)
{
	cw_message_put_int(message, number);
	cw_message_put_int(message, (int64_t)order->identifier_count);
	for (size_t i = 0; i < order->identifier_count; i++) {
		cw_message_put_text(message, order->identifiers[i]->type);
		cw_message_put_text(message, order->identifiers[i]->value);
	}
	cw_message_put_text(message, order->profile);
	cw_message_put_text(message, order->replaces);
	cw_message_put_text(message, order->url);
}

void
cw_wire_get_wanted(struct cw_message *message, uint32_t *number, struct cw_acme_order *order)
{
	size_t count;

	*number = cw_wire_get_number(message);
	count = cw_message_get_count(message, CW_WIRE_IDENTIFIERS);
	for (size_t i = 0; i < count && !message->broken; i++) {
		cw_autofree char *type = cw_message_need_text(message, TYPE_MAX);
		cw_autofree char *value = cw_message_need_text(message, CW_MESSAGE_NAME);

		cw_acme_order_add_identifier(order, type, value);
	}
	order->profile = cw_message_get_text(message, CW_MESSAGE_LINE);
	order->replaces = cw_message_get_text(message, CW_MESSAGE_LINE);
	order->url = get_url(message);
}

static void
put_authorization(struct cw_message *message, const struct cw_acme_authorization *authorization)
{
	cw_message_put_text(message, authorization->url);
	cw_message_put_text(message, authorization->identifier.type);
	cw_message_put_text(message, authorization->identifier.value);
	cw_message_put_bool(message, authorization->wildcard);
	cw_message_put_int(message, authorization->state);
	cw_message_put_int(message, (int64_t)authorization->challenge_count);
	for (size_t i = 0; i < authorization->challenge_count; i++) {
		const struct cw_acme_challenge *challenge = authorization->challenges[i];

		cw_message_put_text(message, challenge->type);
		cw_message_put_text(message, challenge->token);
		cw_message_put_list(message, &challenge->issuers);
		cw_message_put_int(message, challenge->state);
	}
}

void
cw_wire_put_opened(struct cw_message *message, const struct cw_acme_order *order)
{
	cw_message_put_error(message, &order->error);
	if (order->error.status != CW_OK)
		return;
	cw_message_put_text(message, order->url);
	cw_message_put_bool(message, order->continued);
	cw_message_put_text(message, order->replaces);
	cw_message_put_int(message, order->state);
	cw_message_put_int(message, order->expires);
	cw_message_put_int(message, (int64_t)order->authorization_count);
	for (size_t i = 0; i < order->authorization_count; i++)
		put_authorization(message, order->authorizations[i]);
}

/* Whether AUTHORIZATION is for one of ORDER's identifiers, and none before it is for the same. */
static bool
is_wanted(const struct cw_acme_order *order, const struct cw_acme_authorization *authorization)
{
	cw_autofree char *name = cw_acme_authorization_name(authorization);
	bool found = false;

	for (size_t i = 0; i < order->identifier_count && !found; i++)
		found = strcmp(order->identifiers[i]->type, authorization->identifier.type) == 0 &&
			strcmp(order->identifiers[i]->value, name) == 0;
	for (size_t i = 0; i < order->authorization_count && found; i++) {
		const struct cw_acme_authorization *other = order->authorizations[i];

		found = other->wildcard != authorization->wildcard ||
			strcmp(other->identifier.value, authorization->identifier.value) != 0;
	}
	return found;
}

static struct cw_acme_challenge *
get_challenge(struct cw_message *message)
{
	struct cw_acme_challenge *challenge = cw_alloc(sizeof(*challenge));

	challenge->type = get_word(message, TYPE_MAX, TYPE_CHARACTERS);
	if (strcmp(challenge->type, CW_ACME_PERSISTENT) == 0)
		challenge->token = cw_message_need_text(message, 0);
	else
		challenge->token = get_word(message, TOKEN_MAX, BASE64URL);
	get_identities(message, &challenge->issuers);
	challenge->state = cw_wire_get_state(message);
	return challenge;
}

static struct cw_acme_authorization *
get_authorization(struct cw_message *message)
{
	struct cw_acme_authorization *authorization = cw_alloc(sizeof(*authorization));
	size_t count;

	authorization->url = get_url(message);
	authorization->identifier.type = cw_message_need_text(message, TYPE_MAX);
	authorization->identifier.value = cw_message_need_text(message, CW_MESSAGE_NAME);
	authorization->wildcard = cw_message_get_bool(message);
	authorization->state = cw_wire_get_state(message);
	count = cw_message_get_count(message, CW_WIRE_CHALLENGES);
	authorization->challenges = cw_calloc(count + 1, sizeof(*authorization->challenges));
	for (size_t i = 0; i < count && !message->broken; i++)
		authorization->challenges[authorization->challenge_count++] =
			get_challenge(message);
	return authorization;
}

static void
get_authorizations(struct cw_message *message, struct cw_acme_order *order)
{
	size_t count = cw_message_get_count(message, CW_WIRE_IDENTIFIERS);

	order->authorizations = cw_calloc(count + 1, sizeof(*order->authorizations));
	for (size_t i = 0; i < count && !message->broken; i++) {
		struct cw_acme_authorization *authorization = get_authorization(message);

		if (message->broken || !is_wanted(order, authorization)) {
			message->broken = true;
			cw_acme_authorization_free(authorization);
			return;
		}
		order->authorizations[order->authorization_count++] = authorization;
	}
}

void
cw_wire_get_opened(struct cw_message *message, struct cw_acme_order *order)
{
	cw_message_get_error(message, &order->error);
	if (order->error.status != CW_OK || message->broken)
		return;
	free(order->url);
	free(order->replaces);
	order->url = get_url(message);
	order->continued = cw_message_get_bool(message);
	order->replaces = cw_message_get_text(message, CW_MESSAGE_LINE);
	order->state = cw_wire_get_state(message);
	order->expires = cw_message_get_int(message, 0, INT64_MAX);
	get_authorizations(message, order);
	if (order->url == NULL)
		message->broken = true;
}

/* The place of the chosen challenge among those there are; -1: none. */
static int64_t
chosen_index(const struct cw_acme_authorization *authorization)
{
	for (size_t i = 0; i < authorization->challenge_count; i++)
		if (authorization->challenges[i] == authorization->chosen &&
		    authorization->error.status == CW_OK)
			return (int64_t)i;
	return -1;
}

void
cw_wire_put_chosen(struct cw_message *message, uint32_t number, const struct cw_acme_order *order)
{
	cw_message_put_int(message, number);
	cw_message_put_int(message, (int64_t)order->authorization_count);
	for (size_t i = 0; i < order->authorization_count; i++) {
		cw_message_put_int(message, chosen_index(order->authorizations[i]));
		cw_message_put_text(message, order->authorizations[i]->hint);
	}
}

void
cw_wire_get_chosen(struct cw_message *message, struct cw_acme_order *order)
{
	size_t count = cw_message_get_count(message, CW_WIRE_IDENTIFIERS);

	if (count != order->authorization_count)
		message->broken = true;
	for (size_t i = 0; i < count && !message->broken; i++) {
		struct cw_acme_authorization *authorization = order->authorizations[i];
		int64_t index = cw_message_get_int(message, -1,
						   (int64_t)authorization->challenge_count - 1);

		authorization->chosen =
			index < 0 || message->broken ? NULL : authorization->challenges[index];
		free(authorization->hint);
		authorization->hint = cw_message_get_text(message, CW_MESSAGE_LINE);
	}
}

void
cw_wire_put_validated(struct cw_message *message, const struct cw_acme_order *order)
{
	cw_message_put_error(message, &order->error);
	cw_message_put_int(message, order->state);
	cw_message_put_int(message, (int64_t)order->authorization_count);
	for (size_t i = 0; i < order->authorization_count; i++) {
		cw_message_put_int(message, order->authorizations[i]->state);
		cw_message_put_error(message, &order->authorizations[i]->error);
	}
}

/* The failure of a name is that name's. */
static void
get_result(struct cw_message *message, struct cw_acme_authorization *authorization)
{
	enum cw_acme_state state = cw_wire_get_state(message);
	cw_auto_error struct cw_error error = {0};

	cw_message_get_error(message, &error);
	if (message->broken)
		return;
	authorization->state = state;
	/* What the plugin failed was not looked at. */
	if (error.status != CW_OK && authorization->error.status == CW_OK)
		cw_error_move(&authorization->error, &error);
}

void
cw_wire_get_validated(struct cw_message *message, struct cw_acme_order *order)
{
	cw_auto_error struct cw_error error = {0};
	enum cw_acme_state state;
	size_t count;

	cw_message_get_error(message, &error);
	state = cw_wire_get_state(message);
	count = cw_message_get_count(message, CW_WIRE_IDENTIFIERS);
	if (count != order->authorization_count)
		message->broken = true;
	for (size_t i = 0; i < count && !message->broken; i++)
		get_result(message, order->authorizations[i]);
	if (message->broken)
		return;
	order->state = state;
	if (error.status != CW_OK && order->error.status == CW_OK)
		cw_error_move(&order->error, &error);
}

void
cw_wire_put_renewal_info(struct cw_message *message, const struct cw_acme_renewal_info *info)
{
	cw_message_put_error(message, &info->error);
	if (info->error.status != CW_OK)
		return;
	cw_message_put_int(message, info->window_start);
	cw_message_put_int(message, info->window_end);
	cw_message_put_text(message, info->explanation_url);
	cw_message_put_int(message, info->retry_after);
}

void
cw_wire_get_renewal_info(struct cw_message *message, struct cw_acme_renewal_info *info)
{
	cw_message_get_error(message, &info->error);
	if (info->error.status != CW_OK || message->broken)
		return;
	info->window_start = cw_message_get_int(message, INT64_MIN, INT64_MAX);
	info->window_end = cw_message_get_int(message, INT64_MIN, INT64_MAX);
	info->explanation_url = get_url(message);
	info->retry_after = cw_message_get_int(message, 0, 24 * 3600 * 1000);
}
