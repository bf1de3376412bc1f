/* authorize: an order, its authorizations, and what the user has to put in place for them. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "account.h"
#include "ca.h"
#include "challenge.h"
#include "files.h"
#include "order.h"
#include "say.h"
#include "settings.h"

struct work {
	const struct settings *settings;
	struct account account;
	struct ca *ca;
	struct order order;
	char *names;
};

static void
make_order(struct work *work, const char *type)
{
	struct json_object *members = json_new();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < work->settings->word_count; i++)
		json_object_array_add(list, json_object_new_string(work->settings->words[i]));
	json_set(members, "identifiers", list);
	order_begin(work->settings, &work->order, ca_ask(work->ca, "order_new", members, "order"),
		    type);
	order_save(&work->order);
}

/* Why the order of the record cannot go on; NULL: it can. Asks the CA for its state. */
static const char *
find_obstacle(struct work *work)
{
	struct order *order = &work->order;
	struct json_object *found;

	if (order_is_foreign(order, work->settings, &work->account))
		return "is of another server";
	found = ca_look(work->ca, "order_get", order->uri, "order");
	if (found == NULL)
		return "is unknown to the CA";
	order_update(order, found);
	if (strcmp(order_status(order), "invalid") == 0)
		return "is invalid";
	return order_has_expired(order) ? "has expired" : NULL;
}

/* The order of the record if it can go on, or else a new one. */
static void
open_order(struct work *work)
{
	const char *wanted = work->settings->method;
	const char *obstacle;

	if (!order_find(work->settings, &work->order)) {
		make_order(work, wanted != NULL ? wanted : "dns");
		return;
	}
	if (wanted == NULL)
		wanted = work->order.type;
	obstacle = find_obstacle(work);
	if (obstacle != NULL) {
		say("The order from before %s: making a new one.", obstacle);
		make_order(work, wanted);
		return;
	}
	order_set_type(&work->order, wanted);
	order_save(&work->order);
}

/* Whether there is nothing to authorize, and says what to do instead. */
static bool
is_over(const struct work *work)
{
	const char *status = order_status(&work->order);

	if (strcmp(status, "pending") == 0)
		return false;
	if (strcmp(status, "ready") == 0)
		say("All domains are authorized already: run \"manuale issue %s\".", work->names);
	else if (strcmp(status, "valid") == 0 || strcmp(status, "processing") == 0)
		say("The order is %s: run \"manuale issue %s\" to get its certificate.", status,
		    work->names);
	else
		die("the order is \"%s\" at the CA, which this program does not know", status);
	return true;
}

/* The challenges of all authorizations. False if one of them ended, so that the order is lost. */
static bool
open_challenges(struct work *work, struct challenge **challenges, size_t *count)
{
	struct json_object *uris =
		json_member(work->order.contents, "authorizations", json_type_array);
	size_t all = uris != NULL ? json_object_array_length(uris) : 0;

	*count = 0;
	*challenges = allocate((all + 1) * sizeof(**challenges));
	for (size_t i = 0; i < all; i++) {
		const char *uri = json_object_get_string(json_object_array_get_idx(uris, i));
		struct challenge *challenge = &(*challenges)[*count];

		switch (challenge_open(work->ca, &work->order, uri, challenge)) {
		case CHALLENGE_OPEN: ++*count; break;
		case CHALLENGE_DONE: break;
		case CHALLENGE_LOST: return false;
		}
	}
	return true;
}

/* CAs list authorizations in any order. */
static void
sort_as_given(const struct settings *settings, struct challenge *challenges, size_t count)
{
	size_t sorted = 0;

	for (size_t i = 0; i < settings->word_count; i++)
		for (size_t j = sorted; j < count; j++)
			if (strcasecmp(challenges[j].domain, settings->words[i]) == 0) {
				struct challenge found = challenges[j];

				challenges[j] = challenges[sorted];
				challenges[sorted++] = found;
				break;
			}
}

/* The order with its challenges; one that is lost is made anew once. */
static size_t
prepare(struct work *work, struct challenge **challenges)
{
	size_t count = 0;

	for (int attempt = 0; !is_over(work); attempt++) {
		if (open_challenges(work, challenges, &count)) {
			sort_as_given(work->settings, *challenges, count);
			return count;
		}
		challenges_free(*challenges, count);
		*challenges = NULL;
		if (attempt > 0)
			die("the CA does not let \"%s\" be authorized: try again later",
			    work->names);
		say("A domain of the order from before cannot be authorized any more: making a new "
		    "one.");
		make_order(work, work->order.type);
	}
	return 0;
}

/* Validates them, and ends the program if any fails. */
static void
finish(struct work *work, struct challenge *challenges, size_t count)
{
	size_t failed = 0;

	challenges_announce(work->ca, challenges, count);
	for (size_t i = 0; i < count; i++)
		if (!challenge_await(work->ca, &work->order, &challenges[i]))
			failed++;
	if (failed > 0) {
		complain("%zu of %zu domains are not authorized: put right what the CA says, then "
			 "run \"manuale authorize %s\" again",
			 failed, count, work->names);
		exit(EXIT_FAILURE);
	}
}

/* The CA's word that all domains are authorized, which can come a moment later. */
static void
conclude(struct work *work)
{
	struct json_object *object = ca_wait(work->ca, "order_get", work->order.uri, "order");

	if (object == NULL)
		die("the CA takes long: run \"manuale authorize %s\" again later", work->names);
	order_update(&work->order, object);
	order_save(&work->order);
	if (strcmp(order_status(&work->order), "ready") != 0)
		die("the order is %s (%s): run \"manuale authorize %s\" again",
		    order_status(&work->order), ca_reason(work->order.contents), work->names);
	say("All domains are authorized: run \"manuale issue %s\".", work->names);
}

void
command_authorize(const struct settings *settings)
{
	struct work work = {.settings = settings, .names = order_names(settings)};
	struct challenge *challenges = NULL;
	size_t count;

	order_check_names(settings);
	account_load(settings, &work.account);
	work.ca = ca_open(settings, &work.account);
	open_order(&work);
	count = prepare(&work, &challenges);
	if (count > 0) {
		challenges_show(&work.order, challenges, count);
		wait_for_enter("Press Enter when they are in place. ");
		finish(&work, challenges, count);
	}
	if (challenges != NULL)
		conclude(&work);
	challenges_free(challenges, count);
	order_clear(&work.order);
	ca_close(work.ca);
	account_clear(&work.account);
	free(work.names);
}
