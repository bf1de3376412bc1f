/* From an order's authorizations to what a plugin is given. */
#ifndef CW_FLOW_ISSUE_CHALLENGES_H
#define CW_FLOW_ISSUE_CHALLENGES_H

#include "acme/client.h"
#include "flow/issue/request.h"
#include "plugin/instance.h"

/* The challenges of a batch; owns the strings that the slots point to, except the names of the
 * requests. */
struct cw_challenge_set {
	struct cw_challenge_slot **slots;
	/* Of each slot; borrowed. After perform() nothing uses them: they may end before the set.
	 */
	struct cw_acme_authorization **authorizations;
	struct cw_strv *identifiers; /* of each request that has any, for all_identifiers */
	size_t identifiers_count;
	struct cw_strv texts;
	size_t count;
};

/*
 * Chooses for AUTHORIZATION the challenge that PLUGIN, which can do TYPES for it, likes best of
 * those offered (--preferred-challenges first), and adds a slot. An authorization for which there
 * is none gets an error. ONLY: no other plugin is at work on the batch, so that all preferences are
 * meant for this one.
 */
void cw_challenges_choose(struct cw_challenge_set *set, const struct cw_strv *types,
			  const char *plugin, bool only, const struct cw_request *request,
			  struct cw_acme_authorization *authorization);
/* Takes the slots from COUNT on out again. */
void cw_challenges_truncate(struct cw_challenge_set *set, size_t count);
/* Gives each challenge from FIRST on, all of one certificate, the identifiers of these. */
void cw_challenges_share_identifiers(struct cw_challenge_set *set, size_t first);
/* Chooses the challenge of AUTHORIZATION, which was fetched again, that was performed before;
 * false: there is none. */
bool cw_challenges_resume(struct cw_challenge_set *set,
			  struct cw_acme_authorization *authorization);
/* After perform(): gives each failed slot's error to its authorization, which is then left alone.
 */
void cw_challenges_take_results(struct cw_challenge_set *set);
/* Adds a line to TEXT for each that is in place: for --debug-challenges. */
void cw_challenges_describe(const struct cw_challenge_set *set, struct cw_buf *text);
void cw_challenge_set_clear(struct cw_challenge_set *set);

#endif
