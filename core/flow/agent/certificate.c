#include "flow/agent/certificate.h"
#include <stdlib.h>
#include <string.h>

static size_t
position(const struct cw_agent_certificates *all, const char *name)
{
	size_t low = 0, high = all->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(all->items[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct cw_agent_certificate *
cw_agent_find(const struct cw_agent_certificates *all, const char *name)
{
	size_t index = position(all, name);

	return index < all->count && strcmp(all->items[index]->name, name) == 0 ? all->items[index]
										: NULL;
}

struct cw_agent_certificate *
cw_agent_add(struct cw_agent_certificates *all, const char *name)
{
	size_t index = position(all, name);
	struct cw_agent_certificate *certificate = cw_agent_find(all, name);

	if (certificate != NULL)
		return certificate;
	certificate = cw_alloc(sizeof(*certificate));
	certificate->name = cw_strdup(name);
	certificate->stale = true;
	certificate->time = CW_PLAN_NEVER;
	all->items = cw_realloc(all->items, all->count + 1, sizeof(*all->items));
	memmove(&all->items[index + 1], &all->items[index],
		(all->count - index) * sizeof(*all->items));
	all->items[index] = certificate;
	all->count++;
	return certificate;
}

static void
free_certificate(struct cw_agent_certificate *certificate)
{
	free(certificate->name);
	free(certificate->text);
	free(certificate->seen);
	free(certificate->problem);
	free(certificate->server);
	json_object_put(certificate->last_failure);
	json_object_put(certificate->told);
	free(certificate);
}

void
cw_agent_remove(struct cw_agent_certificates *all, const char *name)
{
	size_t index = position(all, name);

	if (cw_agent_find(all, name) == NULL)
		return;
	free_certificate(all->items[index]);
	all->count--;
	memmove(&all->items[index], &all->items[index + 1],
		(all->count - index) * sizeof(*all->items));
}

void
cw_agent_certificates_clear(struct cw_agent_certificates *all)
{
	for (size_t i = 0; i < all->count; i++)
		free_certificate(all->items[i]);
	free(all->items);
	*all = (struct cw_agent_certificates){0};
}

void
cw_agent_forget_failures(struct cw_agent_certificate *certificate)
{
	certificate->attempts = 0;
	certificate->retry = 0;
	certificate->server_index = 0;
	certificate->server_since = 0;
	json_object_put(cw_take(&certificate->last_failure));
}
