/* From an order's authorizations to what a plugin is given. */
#ifndef CW_FLOW_CHALLENGES_H
#define CW_FLOW_CHALLENGES_H

#include "acme/client.h"
#include "flow/request.h"
#include "plugin/instance.h"

/* The challenges of a batch; owns the strings that the slots point to. */
struct cw_challenge_set {
	struct cw_challenge_slot **slots;
	struct cw_acme_authorization **authorizations; /* of each slot; borrowed */
	struct cw_strv *identifiers; /* of each request that has any, for all_identifiers */
	size_t identifiers_count;
	struct cw_strv texts;
	size_t count;
};

/*
 * Chooses, for each authorization of ORDER that is pending, the challenge that INSTANCE likes best
 * of those offered (--preferred-challenges first), and adds a slot. An authorization for which
 * there is none gets an error.
 */
void cw_challenges_choose(struct cw_challenge_set *set, struct cw_instance *instance,
			  const struct cw_request *request, struct cw_acme_order *order);
/* After perform(): gives each failed slot's error to its authorization, which is then left alone.
 */
void cw_challenges_take_results(struct cw_challenge_set *set);
/* With --debug-challenges: shows those that are in place and waits for the user, where there is
 * one.
 */
int cw_challenges_show(const struct cw_challenge_set *set, const struct cw_settings *settings,
		       const struct cw_asker *asker, struct cw_error *error);
void cw_challenge_set_clear(struct cw_challenge_set *set);

#endif
