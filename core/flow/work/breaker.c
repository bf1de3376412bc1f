#include "flow/work/breaker.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"

struct cw_silent_ca {
	char *server;
	struct cw_error error;
};

static const struct cw_silent_ca *
find(const struct cw_breaker *breaker, const char *server)
{
	for (size_t i = 0; i < breaker->count; i++)
		if (strcmp(breaker->items[i].server, server) == 0)
			return &breaker->items[i];
	return NULL;
}

void
cw_breaker_trip(struct cw_breaker *breaker, const char *server, const struct cw_error *error)
{
	struct cw_silent_ca *silent;

	if (find(breaker, server) != NULL)
		return;
	cw_log_warning("%s does not answer; this run asks it for nothing more", server);
	breaker->items = cw_realloc(breaker->items, breaker->count + 1, sizeof(*breaker->items));
	silent = &breaker->items[breaker->count++];
	*silent = (struct cw_silent_ca){.server = cw_strdup(server)};
	cw_error_copy(&silent->error, error);
}

int
cw_breaker_check(const struct cw_breaker *breaker, const char *server, struct cw_error *error)
{
	const struct cw_silent_ca *silent = find(breaker, server);

	if (silent == NULL)
		return CW_OK;
	if (error != NULL)
		cw_error_copy(error, &silent->error);
	cw_context(error, "%s was not asked again, as it had not answered before", server);
	return silent->error.status;
}

void
cw_breaker_clear(struct cw_breaker *breaker)
{
	for (size_t i = 0; i < breaker->count; i++) {
		free(breaker->items[i].server);
		cw_error_clear(&breaker->items[i].error);
	}
	free(breaker->items);
	*breaker = (struct cw_breaker){0};
}
