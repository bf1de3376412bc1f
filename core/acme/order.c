#include <string.h>
#include "acme/client.h"
#include "acme/parse.h"
#include "base/mem.h"
#include "base/text.h"

struct cw_acme_order *
cw_acme_order_new(void)
{
	return cw_alloc(sizeof(struct cw_acme_order));
}

void
cw_acme_order_add_identifier(struct cw_acme_order *order, const char *type, const char *value)
{
	struct cw_acme_identifier *identifier;

	for (size_t i = 0; i < order->identifier_count; i++) {
		if (cw_equal(order->identifiers[i]->type, type) &&
		    cw_equal_nocase(order->identifiers[i]->value, value))
			return;
	}
	identifier = cw_alloc(sizeof(*identifier));
	identifier->type = cw_strdup(type);
	identifier->value = cw_strdup(value);
	order->identifiers = cw_realloc(order->identifiers, order->identifier_count + 1,
					sizeof(struct cw_acme_identifier *));
	order->identifiers[order->identifier_count++] = identifier;
}

void
cw_acme_challenge_free(struct cw_acme_challenge *challenge)
{
	free(challenge->type);
	free(challenge->url);
	free(challenge->token);
	free(challenge->key_authorization);
	cw_strv_clear(&challenge->issuers);
	free(challenge);
}

void
cw_acme_authorization_free(struct cw_acme_authorization *authorization)
{
	if (authorization == NULL)
		return;
	for (size_t i = 0; i < authorization->challenge_count; i++)
		cw_acme_challenge_free(authorization->challenges[i]);
	free(authorization->challenges);
	free(authorization->url);
	free(authorization->identifier.type);
	free(authorization->identifier.value);
	free(authorization->hint);
	cw_error_clear(&authorization->error);
	free(authorization);
}

void
cw_acme_order_free(struct cw_acme_order *order)
{
	if (order == NULL)
		return;
	for (size_t i = 0; i < order->identifier_count; i++) {
		free(order->identifiers[i]->type);
		free(order->identifiers[i]->value);
		free(order->identifiers[i]);
	}
	free(order->identifiers);
	for (size_t i = 0; i < order->authorization_count; i++)
		cw_acme_authorization_free(order->authorizations[i]);
	free(order->authorizations);
	free(order->profile);
	free(order->replaces);
	free(order->url);
	free(order->finalize_url);
	free(order->certificate_url);
	cw_error_clear(&order->error);
	free(order);
}

char *
cw_acme_authorization_name(const struct cw_acme_authorization *authorization)
{
	return cw_format("%s%s", authorization->wildcard ? "*." : "",
			 authorization->identifier.value);
}

char *
cw_acme_order_names(const struct cw_acme_order *order)
{
	size_t count = order->identifier_count;

	if (count == 0)
		return cw_strdup("no name");
	if (count == 1)
		return cw_format("\"%s\"", order->identifiers[0]->value);
	if (count == 2)
		return cw_format("\"%s\" and \"%s\"", order->identifiers[0]->value,
				 order->identifiers[1]->value);
	return cw_format("\"%s\", \"%s\" and %zu more", order->identifiers[0]->value,
			 order->identifiers[1]->value, count - 2);
}
