#include "flow/issue/persistence.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/text.h"
#include "flow/context.h"

struct cw_persistence {
	struct cw_lookup *lookup;
};

static bool
prefers(const struct cw_settings *settings)
{
	return cw_strv_contains(cw_settings_list(settings, "pref_challs"), CW_ACME_PERSISTENT);
}

/* The challenge that a record would answer; NULL: it is not offered, or not wanted. */
static const struct cw_acme_challenge *
challenge_of(const struct cw_request *request, const struct cw_acme_authorization *authorization)
{
	if (cw_settings_list(request->settings, "pref_challs")->count > 0 &&
	    !prefers(request->settings))
		return NULL;
	for (size_t i = 0; i < authorization->challenge_count; i++)
		if (strcmp(authorization->challenges[i]->type, CW_ACME_PERSISTENT) == 0)
			return authorization->challenges[i];
	return NULL;
}

/* The name above NAME; NULL: that is a top-level domain. */
static const char *
name_above(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL && strchr(dot + 1, '.') != NULL ? dot + 1 : NULL;
}

void
cw_persistence_add_records(const struct cw_settings *settings, const char *name,
			   struct cw_strv *records)
{
	for (; name != NULL; name = prefers(settings) ? name_above(name) : NULL) {
		cw_autofree char *record = cw_acme_persistent_name(name);

		cw_strv_add_unique(records, record);
	}
}

static void
add_records(const struct cw_request *request, const struct cw_acme_order *order,
	    struct cw_strv *records)
{
	for (size_t i = 0; i < order->authorization_count; i++) {
		const struct cw_acme_authorization *authorization = order->authorizations[i];

		if (authorization->state == CW_ACME_PENDING &&
		    challenge_of(request, authorization) != NULL)
			cw_persistence_add_records(request->settings,
						   authorization->identifier.value, records);
	}
}

struct cw_persistence *
cw_persistence_start(struct cw_context *context, const struct cw_request *const *requests,
		     struct cw_acme_order *const *orders, size_t count, cw_persistence_done done,
		     void *done_context)
{
	cw_auto_strv struct cw_strv records = {0};
	struct cw_persistence *made;

	for (size_t i = 0; i < count; i++)
		add_records(requests[i], orders[i], &records);
	if (records.count == 0)
		return NULL;
	made = cw_alloc(sizeof(*made));
	made->lookup = cw_lookup_start(cw_context_network(context),
				       cw_settings_get(requests[0]->settings, "dns_resolver"),
				       CW_DNS_TXT, &records, done, done_context);
	return made;
}

void
cw_persistence_free(struct cw_persistence *persistence)
{
	if (persistence == NULL)
		return;
	cw_lookup_free(persistence->lookup);
	free(persistence);
}

const struct cw_lookup_found *
cw_persistence_above(const struct cw_lookup *lookup, const struct cw_settings *settings,
		     const struct cw_acme_persistent *wanted, const char *name)
{
	struct cw_acme_persistent above = *wanted;

	above.wildcard = true;
	while (prefers(settings) && (name = name_above(name)) != NULL) {
		cw_autofree char *record = cw_acme_persistent_name(name);
		cw_autofree char *flaw = NULL;
		const struct cw_lookup_found *found = cw_lookup_find(lookup, record);

		if (cw_acme_persistent_find(&above, &found->texts, &flaw))
			return found;
	}
	return NULL;
}

bool
cw_persistence_has(const struct cw_persistence *persistence, const struct cw_request *request,
		   const struct cw_acme_authorization *authorization, char **why)
{
	const struct cw_acme_challenge *challenge = challenge_of(request, authorization);
	cw_autofree char *record = cw_acme_persistent_name(authorization->identifier.value);
	const struct cw_lookup_found *found;
	struct cw_acme_persistent wanted = {.account_url = request->account->uri,
					    .wildcard = authorization->wildcard,
					    .now = cw_time()};
	cw_autofree char *flaw = NULL;

	*why = NULL;
	if (persistence == NULL || challenge == NULL)
		return false;
	wanted.issuers = &challenge->issuers;
	found = cw_lookup_find(persistence->lookup, record);
	if (cw_acme_persistent_find(&wanted, &found->texts, &flaw) ||
	    cw_persistence_above(persistence->lookup, request->settings, &wanted,
				 authorization->identifier.value) != NULL)
		return true;
	if (found->problem != NULL)
		*why = cw_format("cannot look up the record \"%s\": %s", record, found->problem);
	else if (flaw != NULL)
		*why = cw_format("the record \"%s\" %s", record, flaw);
	else
		*why = cw_format("there is no record \"%s\"", record);
	return false;
}
