#include "dns/lookup.h"
#include <stdlib.h>
#include "base/mem.h"
#include "base/text.h"

enum {
	RESOLVERS_MAX = 3, /* as the C library's */
	TRIES = 2          /* of each question, each with another resolver */
};

struct item {
	struct cw_dns_lookup *lookup;
	const char *name;
	unsigned tries;
};

struct cw_dns_lookup {
	struct cw_loop *loop;
	struct cw_dns *dns;
	struct cw_dns_address resolvers[RESOLVERS_MAX];
	size_t resolver_count;
	enum cw_dns_type type;
	struct cw_strv names;
	struct item *items;
	struct cw_dns_found *found;
	size_t pending;
	struct cw_timer *end;
	cw_dns_looked_up done;
	void *context;
};

static void ask(struct item *item);

void
cw_dns_lookup_cancel(struct cw_dns_lookup *lookup)
{
	if (lookup == NULL)
		return;
	cw_dns_free(lookup->dns);
	cw_loop_cancel(lookup->loop, lookup->end);
	for (size_t i = 0; lookup->found != NULL && i < lookup->names.count; i++) {
		free(lookup->found[i].reason);
		cw_strv_clear(&lookup->found[i].texts);
	}
	free(lookup->found);
	free(lookup->items);
	cw_strv_clear(&lookup->names);
	free(lookup);
}

static void
finish(void *context)
{
	struct cw_dns_lookup *lookup = context;

	lookup->end = NULL;
	lookup->done(lookup->context, lookup->found, lookup->names.count);
	cw_dns_lookup_cancel(lookup);
}

/* From the loop: what has called is still at work on an answer. */
static void
finish_soon(struct cw_dns_lookup *lookup)
{
	lookup->end = cw_loop_timer(lookup->loop, 0, finish, lookup);
}

/* What is wrong with the answer; NULL: nothing. Release with free(). */
static char *
problem_of(const struct cw_dns_answer *answer, const char *why)
{
	if (answer == NULL)
		return cw_format("the resolver failed: %s", why);
	if (answer->code != CW_DNS_NO_ERROR && answer->code != CW_DNS_NO_SUCH_NAME)
		return cw_format("the resolver answered with the error code %u", answer->code);
	return NULL;
}

static void
answered(void *context, const struct cw_dns_answer *answer, const char *why)
{
	struct item *item = context;
	struct cw_dns_lookup *lookup = item->lookup;
	struct cw_dns_found *found = &lookup->found[item - lookup->items];
	cw_autofree char *problem = problem_of(answer, why);

	if (problem != NULL && ++item->tries < TRIES) {
		ask(item);
		return;
	}
	if (problem != NULL) {
		found->status = CW_E_NETWORK;
		found->reason = cw_take(&problem);
	}
	for (size_t i = 0; found->status == CW_OK && i < answer->count; i++)
		if (answer->records[i].type == lookup->type && !answer->records[i].authority)
			cw_strv_add(&found->texts, answer->records[i].text);
	if (--lookup->pending == 0)
		finish_soon(lookup);
}

static void
ask(struct item *item)
{
	struct cw_dns_lookup *lookup = item->lookup;

	cw_dns_ask(lookup->dns, &lookup->resolvers[item->tries % lookup->resolver_count],
		   item->name, lookup->type, true, answered, item);
}

struct cw_dns_lookup *
cw_dns_lookup_start(struct cw_loop *loop, const char *resolver, enum cw_dns_type type,
		    const struct cw_strv *names, cw_dns_looked_up done, void *context,
		    struct cw_error *error)
{
	struct cw_dns_lookup *lookup = cw_alloc(sizeof(*lookup));

	lookup->loop = loop;
	lookup->type = type;
	lookup->done = done;
	lookup->context = context;
	if (cw_dns_resolvers(resolver, lookup->resolvers, RESOLVERS_MAX, &lookup->resolver_count,
			     error) != CW_OK ||
	    cw_dns_new(loop, &lookup->dns, error) != CW_OK) {
		cw_dns_lookup_cancel(lookup);
		return NULL;
	}
	cw_strv_copy(&lookup->names, names);
	lookup->items = cw_calloc(names->count + 1, sizeof(*lookup->items));
	lookup->found = cw_calloc(names->count + 1, sizeof(*lookup->found));
	lookup->pending = names->count;
	for (size_t i = 0; i < names->count; i++) {
		lookup->items[i] = (struct item){.lookup = lookup, .name = lookup->names.items[i]};
		ask(&lookup->items[i]);
	}
	if (names->count == 0)
		finish_soon(lookup);
	return lookup;
}
