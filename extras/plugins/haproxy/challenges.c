#include "challenges.h"
#include <stdlib.h>
#include "runtime.h"
#include "socket.h"

const char *const *
challenges_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const http[] = {"http-01", NULL};

	(void)self;
	(void)identifier_type;
	(void)identifier;
	return http;
}

/* Has the paths removed if this process dies before it has cleaned up. */
static int
register_undo(struct challenges *self, struct cw_challenge *const *challenges, size_t count)
{
	struct text data = {NULL, 0};
	int status = CW_OK;

	for (size_t i = 0; status == CW_OK && i < count; i++) {
		status = text_add(self->host, &data, challenges[i]->location,
				  strlen(challenges[i]->location));
		if (status == CW_OK)
			status = text_add(self->host, &data, "\n", 1);
	}
	if (status == CW_OK)
		status = cw_host_undo_plugin(self->host, data.data, &self->undo);
	self->undo_registered = status == CW_OK;
	text_free(&data);
	return status;
}

int
challenges_perform(struct challenges *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = self->host;
	const char *map = cw_host_option(host, "map");
	int status = socket_check_word(host, map);

	if (status == CW_OK)
		status = register_undo(self, challenges, count);
	for (size_t i = 0; status == CW_OK && i < count; i++) {
		int one = runtime_map_add(host, map, challenges[i]->location,
					  challenges[i]->validation);

		if (one == CW_OK)
			challenges[i]->plugin_data = self; /* for cleanup: this one was added */
		else
			cw_host_pass_challenge(host, challenges[i], one);
	}
	return status;
}

int
challenges_cleanup(struct challenges *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = self->host;
	int result = CW_OK;

	for (size_t i = 0; i < count; i++) {
		int status = CW_OK;

		if (challenges[i]->plugin_data != NULL)
			status = runtime_map_remove(host, cw_host_option(host, "map"),
						    challenges[i]->location);
		if (status != CW_OK)
			result = status;
	}
	/* If it failed, the next run tries once more. */
	if (self->undo_registered && result == CW_OK)
		host->undo_done(host, self->undo);
	self->undo_registered = 0;
	return result;
}

int
challenges_undo(struct challenges *self, const char *data)
{
	const struct cw_host *host = self->host;
	char *paths = strdup(data), *rest = NULL;
	int result = CW_OK;

	if (paths == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	for (char *path = strtok_r(paths, "\n", &rest); path != NULL;
	     path = strtok_r(NULL, "\n", &rest)) {
		int status = runtime_map_remove(host, cw_host_option(host, "map"), path);

		if (status != CW_OK)
			result = status;
	}
	free(paths);
	return result;
}
