#include "flow/work/lookup.h"
#include <stdlib.h>
#include <string.h>
#include "acme/wire.h"
#include "base/mem.h"

struct cw_lookup {
	struct cw_strv names;
	struct cw_lookup_found *found;
	struct cw_network_call *call;
	cw_lookup_done done;
	void *context;
};

static void
take_found(struct cw_lookup *lookup, struct cw_message *answer)
{
	for (size_t i = 0; i < lookup->names.count; i++) {
		struct cw_lookup_found *found = &lookup->found[i];
		bool good = cw_message_get_int(answer, INT32_MIN, 0) == CW_OK;

		found->problem = cw_message_get_text(answer, CW_MESSAGE_LINE);
		cw_message_get_list(answer, CW_WIRE_TEXTS, CW_MESSAGE_LINE, &found->texts);
		if (good != (found->problem == NULL))
			answer->broken = true;
	}
}

static void
answered(void *context, struct cw_message *answer, const struct cw_error *error)
{
	struct cw_lookup *lookup = context;
	cw_auto_error struct cw_error failure = {0};

	lookup->call = NULL;
	if (answer == NULL) {
		cw_error_copy(&failure, error);
	} else {
		take_found(lookup, answer);
		cw_message_finish(answer, "the network process", &failure);
	}
	for (size_t i = 0; failure.status != CW_OK && i < lookup->names.count; i++) {
		free(lookup->found[i].problem);
		lookup->found[i].problem = cw_error_line(&failure);
	}
	lookup->done(lookup->context);
}

struct cw_lookup *
cw_lookup_start(struct cw_network *network, const char *resolver, enum cw_dns_type type,
		const struct cw_strv *names, cw_lookup_done done, void *context)
{
	struct cw_lookup *lookup = cw_alloc(sizeof(*lookup));
	struct cw_message *message = cw_message_new(CW_NETWORK_LOOKUP);

	cw_strv_copy(&lookup->names, names);
	lookup->found = cw_calloc(names->count + 1, sizeof(*lookup->found));
	lookup->done = done;
	lookup->context = context;
	cw_message_put_text(message, resolver);
	cw_message_put_int(message, type);
	cw_message_put_list(message, names);
	lookup->call = cw_network_ask(network, message, answered, lookup);
	return lookup;
}

const struct cw_lookup_found *
cw_lookup_find(const struct cw_lookup *lookup, const char *name)
{
	size_t i = 0;

	while (strcmp(lookup->names.items[i], name) != 0)
		i++;
	return &lookup->found[i];
}

void
cw_lookup_free(struct cw_lookup *lookup)
{
	if (lookup == NULL)
		return;
	cw_network_cancel(lookup->call);
	for (size_t i = 0; i < lookup->names.count; i++) {
		free(lookup->found[i].problem);
		cw_strv_clear(&lookup->found[i].texts);
	}
	free(lookup->found);
	cw_strv_clear(&lookup->names);
	free(lookup);
}
