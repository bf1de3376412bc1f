#include "flow/context.h"
#include <stdlib.h>
#include <string.h>
#include "flow/work/ca.h"
#include "flow/work/network_process.h"
#include "store/account.h"

struct cw_known_ca {
	struct cw_ca *ca;
	char *account; /* the account's URL; NULL: none yet */
	struct cw_known_ca *next;
};

void
cw_context_open(struct cw_context *context)
{
	context->loop = cw_loop_new();
}

struct cw_network *
cw_context_network(struct cw_context *context)
{
	if (context->network == NULL) {
		context->network = cw_network_new(context->loop, context->settings);
		cw_network_count(context->network, context->counted, context->output);
	}
	return context->network;
}

struct cw_ca *
cw_context_new_ca(struct cw_context *context, const char *server)
{
	return cw_ca_new(cw_context_network(context), server,
			 context->writes ? context->directories.work : NULL, context->ca_memory);
}

/* The one for this account, or one that has none yet. */
static struct cw_known_ca *
find_ca(const struct cw_context *context, const char *server, const char *account)
{
	struct cw_known_ca *free_one = NULL;

	for (struct cw_known_ca *known = context->cas; known != NULL; known = known->next) {
		if (strcmp(cw_ca_server(known->ca), server) != 0)
			continue;
		if (account == NULL ||
		    (known->account != NULL && strcmp(known->account, account) == 0))
			return known;
		if (known->account == NULL)
			free_one = known;
	}
	return free_one;
}

struct cw_ca *
cw_context_ca(struct cw_context *context, const char *server, const struct cw_account *account)
{
	const char *uri = account != NULL ? account->uri : NULL;
	struct cw_known_ca *known = find_ca(context, server, uri);

	if (known == NULL) {
		known = cw_alloc(sizeof(*known));
		known->ca = cw_context_new_ca(context, server);
		known->next = context->cas;
		context->cas = known;
	}
	if (account != NULL && known->account == NULL) {
		known->account = cw_strdup(uri);
		cw_ca_use_account(known->ca, account->key, uri);
	}
	return known->ca;
}

void
cw_context_close(struct cw_context *context)
{
	while (context->cas != NULL) {
		struct cw_known_ca *next = context->cas->next;

		cw_ca_close(context->cas->ca);
		free(context->cas->account);
		free(context->cas);
		context->cas = next;
	}
	cw_network_free(cw_take(&context->network));
	cw_loop_free(cw_take(&context->loop));
}
