/* Turns an order's authorizations into challenges for a plugin. */
#ifndef CW_FLOW_ISSUE_CHALLENGES_H
#define CW_FLOW_ISSUE_CHALLENGES_H

#include "acme/client.h"
#include "flow/issue/request.h"
#include "plugin/instance.h"

/* The challenges of a batch. Owns the strings that the slots point to, except the names, which
 * belong to the requests. */
struct cw_challenge_set {
	struct cw_challenge_slot **slots;
	/* One for each slot; borrowed. Not used after perform(), so they may be freed before the
	 * set. */
	struct cw_acme_authorization **authorizations;
	struct cw_strv *identifiers; /* one list for each request that has challenges, for
					all_identifiers */
	size_t identifiers_count;
	struct cw_strv texts;
	size_t count;
	/* Further authorizations that the persistent record of a slot is for. */
	struct cw_shared_slot *shared;
	size_t shared_count;
};

struct cw_shared_slot {
	size_t slot;
	struct cw_acme_authorization *authorization; /* borrowed */
};

/* What there is to choose from for one authorization. */
struct cw_choice {
	const char *plugin;
	const struct cw_strv *types; /* that PLUGIN supports for it, most preferred first */
	bool only;                   /* PLUGIN is the only one, so all preferences are for it */
	bool persistent;             /* the record of dns-persist-01 is there */
	const char *no_record;       /* why not, in a sentence; NULL: it was not looked for */
	bool wildcard;               /* such a record has to be for the wildcard, too */
};

/* What answers a challenge: the value to publish, and where. Both are for free(). IDENTIFIER may be
 * NULL, and *LOCATION then is too, unless the type is http-01. */
void cw_challenge_answer(const char *type, const char *identifier_type, const char *identifier,
			 const char *token, const char *key_authorization, char **validation,
			 char **location);

/*
 * Chooses a challenge for AUTHORIZATION and adds a slot, unless the record of dns-persist-01 is
 * there: then nothing has to be published. With --preferred-challenges, only those types are used,
 * in that order. Without, a record that is there comes first. If no challenge fits, the
 * authorization gets an error.
 */
void cw_challenges_choose(struct cw_challenge_set *set, const struct cw_choice *choice,
			  const struct cw_request *request,
			  struct cw_acme_authorization *authorization);
/* Removes all slots from index COUNT on. */
void cw_challenges_truncate(struct cw_challenge_set *set, size_t count);
/* The challenges from index FIRST on belong to one certificate: gives each the list of their
 * identifiers. */
void cw_challenges_share_identifiers(struct cw_challenge_set *set, size_t first);
/* AUTHORIZATION was fetched again. Chooses the challenge of it that was performed before. Returns
 * false if there is none. */
bool cw_challenges_resume(struct cw_challenge_set *set,
			  struct cw_acme_authorization *authorization);
/* Call this after perform(). Copies the error of each failed slot to its authorization, which is
 * then not answered. */
void cw_challenges_take_results(struct cw_challenge_set *set);
/* Adds a line to TEXT for each challenge in place, for --debug-challenges. */
void cw_challenges_describe(const struct cw_challenge_set *set, struct cw_buf *text);
void cw_challenge_set_clear(struct cw_challenge_set *set);

#endif
