#include "flow/issue/challenges.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "acme/persistent.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "flow/issue/aliases.h"

/* "http" stands for "http-01", as in Certbot. */
static bool
is_preference(const char *preference, const char *type)
{
	size_t length = strlen(preference);

	if (strcmp(preference, type) == 0)
		return true;
	return strncmp(preference, type, length) == 0 && strcmp(type + length, "-01") == 0;
}

/* The plugin's types that the user's preferences allow, in the user's order when there is one. */
static void
order_types(const struct cw_strv *preferences, const struct cw_strv *types, struct cw_strv *ordered)
{
	if (preferences->count == 0)
		cw_strv_add_all(ordered, types);
	for (size_t i = 0; i < preferences->count; i++)
		for (size_t j = 0; j < types->count; j++)
			if (is_preference(preferences->items[i], types->items[j]))
				cw_strv_add_unique(ordered, types->items[j]);
}

static struct cw_acme_challenge *
find_offer(const struct cw_acme_authorization *authorization, const struct cw_strv *types)
{
	for (size_t i = 0; i < types->count; i++)
		for (size_t j = 0; j < authorization->challenge_count; j++)
			if (strcmp(authorization->challenges[j]->type, types->items[i]) == 0)
				return authorization->challenges[j];
	return NULL;
}

/* The record of dns-persist-01 is wanted, and nobody makes it. */
static void
refuse_record(struct cw_acme_authorization *authorization, const struct cw_choice *choice,
	      const struct cw_request *request, const struct cw_acme_challenge *challenge)
{
	const char *name = authorization->identifier.value;
	cw_autofree char *text = cw_acme_persistent_text(challenge->issuers.items[0],
							 request->account->uri, choice->wildcard);
	cw_autofree char *record = cw_acme_persistent_name(name);

	cw_fail(&authorization->error, CW_E_NOT_FOUND, "%s", choice->no_record);
	cw_error_set_identifier(&authorization->error, name);
	cw_hint(&authorization->error,
		"add a TXT record \"%s\" at \"%s\", or use a DNS authenticator that can add it",
		text, record);
}

/* The plugin could answer CHALLENGE, but the user's preferences exclude it. */
static void
refuse_excluded(struct cw_acme_authorization *authorization, const char *plugin,
		const struct cw_strv *preferences, const struct cw_acme_challenge *challenge)
{
	const char *name = authorization->identifier.value;
	cw_autofree char *preferred = cw_strv_join(preferences, ",");

	cw_fail(&authorization->error, CW_E_UNSUPPORTED,
		"for \"%s%s\" the CA offers %s, which the plugin \"%s\" can do, but "
		"--preferred-challenges %s excludes it",
		authorization->wildcard ? "*." : "", name, challenge->type, plugin, preferred);
	cw_error_set_identifier(&authorization->error, name);
	cw_hint(&authorization->error, "use --preferred-challenges %s,%s, or leave it out",
		preferred, challenge->type);
}

static void
refuse(struct cw_acme_authorization *authorization, const char *plugin, const struct cw_strv *types)
{
	const char *name = authorization->identifier.value;
	cw_auto_strv struct cw_strv offered = {0};
	cw_autofree char *offers = NULL;
	cw_autofree char *ours = cw_strv_join(types, ", ");

	for (size_t i = 0; i < authorization->challenge_count; i++)
		cw_strv_add_unique(&offered, authorization->challenges[i]->type);
	offers = cw_strv_join(&offered, ", ");
	cw_fail(&authorization->error, CW_E_UNSUPPORTED,
		"for \"%s%s\" the CA offers %s, but the plugin \"%s\" %s%s",
		authorization->wildcard ? "*." : "", name,
		*offers != '\0' ? offers : "no challenge", plugin,
		types->count > 0 ? "can only do " : "has no challenge for it", ours);
	cw_error_set_identifier(&authorization->error, name);
	if (authorization->wildcard)
		cw_hint(&authorization->error,
			"a wildcard needs a DNS challenge: give it a DNS authenticator, or manual, "
			"as in: "
			"-a dns-exec -d '*.%s'",
			name);
	else
		cw_hint(&authorization->error,
			"use other --preferred-challenges, or another authenticator, which can be "
			"this name's alone: -a PLUGIN -d %s",
			name);
}

/* The name that a tls-alpn-01 validation of an address asks for in SNI (RFC 8738 section 6). */
static char *
reverse_name(const char *address)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	cw_auto_buf struct cw_buf name = {0};

	if (inet_pton(AF_INET, address, bytes) == 1)
		return cw_format("%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1],
				 bytes[0]);
	if (inet_pton(AF_INET6, address, bytes) != 1)
		return cw_strdup(address);
	for (size_t i = sizeof(bytes); i-- > 0;)
		cw_buf_addf(&name, "%x.%x.", bytes[i] & 15, bytes[i] >> 4);
	cw_buf_add_text(&name, "ip6.arpa");
	return cw_buf_take(&name);
}

void
cw_challenge_answer(const char *type, const char *identifier_type, const char *identifier,
		    const char *token, const char *key_authorization, char **validation,
		    char **location)
{
	unsigned char digest[CW_SHA256_LENGTH];

	*validation = *location = NULL;
	cw_sha256(key_authorization, strlen(key_authorization), digest);
	if (strcmp(type, "dns-01") == 0) {
		*validation = cw_base64url(digest, sizeof(digest));
		if (identifier != NULL)
			*location = cw_format("_acme-challenge.%s", identifier);
	} else if (strcmp(type, "tls-alpn-01") == 0) {
		*validation = cw_hex(digest, sizeof(digest));
		if (identifier != NULL)
			*location = strcmp(identifier_type, "ip") == 0 ? reverse_name(identifier)
								       : cw_strdup(identifier);
	} else {
		*validation = cw_strdup(key_authorization);
		*location = cw_format("/.well-known/acme-challenge/%s", token);
	}
}

/* Keeps TEXT as long as the set. */
static const char *
keep(struct cw_challenge_set *set, char *text)
{
	cw_strv_take(&set->texts, text);
	return text;
}

/* Where a record is, and what the CA must find there. */
static void
fill_record(struct cw_challenge_set *set, struct cw_challenge *challenge,
	    const struct cw_request *request, const struct cw_acme_challenge *chosen, bool wildcard)
{
	const char *name = challenge->identifier, *account = request->account->uri;
	char *record;
	unsigned char digest[CW_SHA256_LENGTH];

	if (strcmp(chosen->type, CW_ACME_PERSISTENT) == 0) {
		challenge->validation = keep(
			set, cw_acme_persistent_text(chosen->issuers.items[0], account, wildcard));
		challenge->location = keep(set, cw_acme_persistent_name(name));
		return;
	}
	cw_sha256(chosen->key_authorization, strlen(chosen->key_authorization), digest);
	challenge->validation = keep(set, cw_base64url(digest, sizeof(digest)));
	if (strcmp(chosen->type, "dns-account-01") == 0)
		record = cw_acme_account_record(account, name);
	else
		record = cw_alias_find(request->settings, name);
	if (record == NULL)
		record = cw_format("_acme-challenge.%s", name);
	challenge->location = keep(set, record);
}

static void
fill(struct cw_challenge_set *set, struct cw_challenge *challenge, const struct cw_request *request,
     const struct cw_acme_authorization *authorization, bool wildcard)
{
	const struct cw_acme_challenge *chosen = authorization->chosen;
	const char *name = authorization->identifier.value;
	char *validation, *location;

	challenge->size = sizeof(*challenge);
	challenge->lineage = request->name;
	challenge->type = keep(set, cw_strdup(chosen->type));
	challenge->identifier_type = keep(set, cw_strdup(authorization->identifier.type));
	challenge->identifier = keep(set, cw_strdup(name));
	challenge->wildcard = authorization->wildcard;
	challenge->token = keep(set, cw_strdup(chosen->token));
	challenge->key_authorization = keep(set, cw_strdup(chosen->key_authorization));
	if (cw_starts_with(chosen->type, "dns-")) {
		fill_record(set, challenge, request, chosen, wildcard);
		return;
	}
	cw_challenge_answer(chosen->type, authorization->identifier.type, name, chosen->token,
			    chosen->key_authorization, &validation, &location);
	challenge->validation = keep(set, validation);
	challenge->location = keep(set, location);
}

/* Whether a slot has the persistent record that AUTHORIZATION needs. It is then shared: a provider
 * may refuse to make the same record twice. */
static bool
share_slot(struct cw_challenge_set *set, const struct cw_challenge *challenge,
	   struct cw_acme_authorization *authorization)
{
	size_t i = 0;

	while (i < set->count &&
	       !(strcmp(challenge->type, CW_ACME_PERSISTENT) == 0 &&
		 cw_equal(set->slots[i]->challenge.location, challenge->location) &&
		 cw_equal(set->slots[i]->challenge.validation, challenge->validation)))
		i++;
	if (i == set->count)
		return false;
	set->shared = cw_realloc(set->shared, set->shared_count + 1, sizeof(*set->shared));
	set->shared[set->shared_count++] = (struct cw_shared_slot){i, authorization};
	return true;
}

/* With --dns-alias, the alias that leads to the record is the first suspect. */
static void
suspect_alias(const struct cw_request *request, struct cw_acme_authorization *authorization)
{
	const char *name = authorization->identifier.value;
	cw_autofree char *target = cw_alias_find(request->settings, name);

	if (target == NULL || strcmp(authorization->chosen->type, "dns-01") != 0)
		return;
	free(authorization->hint);
	authorization->hint = cw_format(
		"check that \"_acme-challenge.%s\" is an alias (CNAME) of \"%s\", as \"certwright "
		"dns-records -d %s\" shows; if it is, allow more time for the record to propagate",
		name, target, name);
}

static void
add_slot(struct cw_challenge_set *set, const struct cw_request *request,
	 struct cw_acme_authorization *authorization, bool wildcard)
{
	struct cw_challenge_slot *slot = cw_alloc(sizeof(*slot));

	fill(set, &slot->challenge, request, authorization, wildcard);
	suspect_alias(request, authorization);
	if (share_slot(set, &slot->challenge, authorization)) {
		free(slot);
		return;
	}
	set->slots = cw_realloc(set->slots, set->count + 1, sizeof(*set->slots));
	set->authorizations =
		cw_realloc(set->authorizations, set->count + 1, sizeof(*set->authorizations));
	set->slots[set->count] = slot;
	set->authorizations[set->count] = authorization;
	set->count++;
}

void
cw_challenges_share_identifiers(struct cw_challenge_set *set, size_t first)
{
	struct cw_strv names = {0};

	if (first == set->count)
		return;
	for (size_t i = first; i < set->count; i++)
		cw_strv_add_unique(&names, set->slots[i]->challenge.identifier);
	for (size_t i = first; i < set->count; i++) {
		set->slots[i]->challenge.all_identifiers = (const char *const *)names.items;
		set->slots[i]->challenge.all_identifiers_count = names.count;
	}
	set->identifiers =
		cw_realloc(set->identifiers, set->identifiers_count + 1, sizeof(*set->identifiers));
	set->identifiers[set->identifiers_count++] = names;
}

/* With several plugins a preference that means nothing to this one is meant for another. */
static bool
concerns(const struct cw_strv *preferences, const struct cw_strv *types)
{
	cw_auto_strv struct cw_strv ordered = {0};

	order_types(preferences, types, &ordered);
	return ordered.count > 0;
}

/* A record that somebody made need not be made. */
static void
use_record(const struct cw_acme_authorization *authorization)
{
	cw_log_info("for \"%s%s\" the CA will find the record that is there "
		    "(" CW_ACME_PERSISTENT ")",
		    authorization->wildcard ? "*." : "", authorization->identifier.value);
}

static void
refuse_all(struct cw_acme_authorization *authorization, const struct cw_choice *choice,
	   const struct cw_request *request, const struct cw_strv *types)
{
	static const char persistent[] = CW_ACME_PERSISTENT;
	const struct cw_strv *preferences = cw_settings_list(request->settings, "pref_challs");
	cw_auto_strv struct cw_strv type = {0};
	const struct cw_acme_challenge *challenge, *excluded = find_offer(authorization, types);

	cw_strv_add(&type, persistent);
	challenge = find_offer(authorization, &type);
	if (choice->no_record != NULL && challenge != NULL &&
	    cw_strv_contains(preferences, persistent))
		refuse_record(authorization, choice, request, challenge);
	else if (excluded != NULL)
		refuse_excluded(authorization, choice->plugin, preferences, excluded);
	else
		refuse(authorization, choice->plugin, types);
}

void
cw_challenges_choose(struct cw_challenge_set *set, const struct cw_choice *choice,
		     const struct cw_request *request, struct cw_acme_authorization *authorization)
{
	static const struct cw_strv none;
	const struct cw_strv *preferences = cw_settings_list(request->settings, "pref_challs");
	cw_auto_strv struct cw_strv types = {0};
	cw_auto_strv struct cw_strv ordered = {0};

	if (choice->persistent)
		cw_strv_add(&types, CW_ACME_PERSISTENT);
	cw_strv_add_all(&types, choice->types);
	order_types(choice->only || concerns(preferences, &types) ? preferences : &none, &types,
		    &ordered);
	authorization->chosen = find_offer(authorization, &ordered);
	if (authorization->chosen == NULL)
		refuse_all(authorization, choice, request, &types);
	else if (choice->persistent && strcmp(authorization->chosen->type, CW_ACME_PERSISTENT) == 0)
		use_record(authorization);
	else
		add_slot(set, request, authorization, choice->wildcard);
}

void
cw_challenges_truncate(struct cw_challenge_set *set, size_t count)
{
	while (set->shared_count > 0 && set->shared[set->shared_count - 1].slot >= count)
		set->shared[--set->shared_count].authorization->chosen = NULL;
	while (set->count > count) {
		set->count--;
		set->authorizations[set->count]->chosen = NULL;
		free(set->slots[set->count]);
	}
}

/* The challenge of AUTHORIZATION that is in place as CHALLENGE; NULL: none. */
static struct cw_acme_challenge *
find_published(const struct cw_acme_authorization *authorization,
	       const struct cw_challenge *challenge)
{
	if (challenge->result != CW_OK ||
	    strcmp(challenge->identifier, authorization->identifier.value) != 0)
		return NULL;
	for (size_t i = 0; i < authorization->challenge_count; i++) {
		struct cw_acme_challenge *offer = authorization->challenges[i];

		if (strcmp(offer->type, challenge->type) == 0 &&
		    strcmp(offer->key_authorization, challenge->key_authorization) == 0)
			return offer;
	}
	return NULL;
}

bool
cw_challenges_resume(struct cw_challenge_set *set, struct cw_acme_authorization *authorization)
{
	for (size_t i = 0; i < set->count && authorization->chosen == NULL; i++) {
		authorization->chosen = find_published(authorization, &set->slots[i]->challenge);
		if (authorization->chosen != NULL)
			set->authorizations[i] = authorization;
	}
	return authorization->chosen != NULL;
}

/* The slot INDEX failed, and so AUTHORIZATION. */
static void
take_failure(const struct cw_challenge_set *set, size_t index,
	     struct cw_acme_authorization *authorization)
{
	cw_error_copy(&authorization->error, &set->slots[index]->error);
	cw_error_set_identifier(&authorization->error, authorization->identifier.value);
	authorization->chosen = NULL;
}

void
cw_challenges_take_results(struct cw_challenge_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->slots[i]->challenge.result != CW_OK)
			take_failure(set, i, set->authorizations[i]);
	for (size_t i = 0; i < set->shared_count; i++)
		if (set->slots[set->shared[i].slot]->challenge.result != CW_OK)
			take_failure(set, set->shared[i].slot, set->shared[i].authorization);
}

void
cw_challenges_describe(const struct cw_challenge_set *set, struct cw_buf *text)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct cw_challenge *challenge = &set->slots[i]->challenge;

		if (challenge->result == CW_OK)
			cw_buf_addf(text, "\n  %s for %s: %s", challenge->type,
				    challenge->identifier, challenge->validation);
	}
}

void
cw_challenge_set_clear(struct cw_challenge_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		cw_error_clear(&set->slots[i]->error);
		free(set->slots[i]);
	}
	for (size_t i = 0; i < set->identifiers_count; i++)
		cw_strv_clear(&set->identifiers[i]);
	free(set->slots);
	free(set->authorizations);
	free(set->identifiers);
	free(set->shared);
	cw_strv_clear(&set->texts);
	*set = (struct cw_challenge_set){0};
}
