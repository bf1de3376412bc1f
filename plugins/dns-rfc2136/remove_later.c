/* The data is a line "NAME VALUE" for each record. */
#include "remove_later.h"
#include <stdlib.h>
#include <string.h>
#include "../common/instance.h"

int
remove_later(const struct cw_host *host, struct removal *removal, const char *const *names,
	     const char *const *values, size_t count)
{
	size_t size = 1, used = 0;
	char *data;
	int status;

	if (!CW_HAS(host, struct cw_host, undo_plugin)) {
		cw_host_log(host, CW_LOG_INFO,
			    "this certwright is old: a run that is killed would leave its records");
		return CW_OK;
	}
	for (size_t i = 0; i < count; i++)
		size += strlen(names[i]) + strlen(values[i]) + 2;
	data = malloc(size);
	if (data == NULL)
		return fail_no_memory(host);
	data[0] = '\0';
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(data + used, size - used, "%s %s\n", names[i], values[i]);
	status = host->undo_plugin(host, data, &removal->id);
	free(data);
	removal->registered = status == CW_OK;
	return status;
}

void
remove_later_forget(const struct cw_host *host, struct removal *removal)
{
	if (removal->registered)
		host->undo_done(host, removal->id);
	removal->registered = 0;
}

int
remove_later_read(const struct cw_host *host, char *data, struct change **changes, size_t *count)
{
	size_t lines = 0;
	char *rest = data, *line;

	*count = 0;
	for (const char *at = data; *at != '\0'; at++)
		lines += *at == '\n';
	*changes = calloc(lines + 1, sizeof(**changes));
	if (*changes == NULL)
		return fail_no_memory(host);
	while (*count < lines && (line = strsep(&rest, "\n")) != NULL) {
		char *blank = strchr(line, ' ');

		if (blank == NULL)
			return cw_host_fail(host, CW_E_INVALID, NULL,
					    "\"%s\" is no record that is to be removed", line);
		*blank = '\0';
		(*changes)[*count].name = line;
		(*changes)[(*count)++].value = blank + 1;
	}
	return CW_OK;
}
