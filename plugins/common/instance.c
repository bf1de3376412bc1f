#include "instance.h"
#include <stdlib.h>

int
instance_open(const struct cw_host *host, void **self)
{
	struct instance *instance = calloc(1, sizeof(*instance));

	if (instance == NULL)
		return fail_no_memory(host);
	instance->host = host;
	*self = instance;
	return CW_OK;
}

void
instance_close(void *self)
{
	free(self);
}

int
fail_no_memory(const struct cw_host *host)
{
	return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
}

const char *
option_text(const struct cw_host *host, const char *name)
{
	const char *value = cw_host_option(host, name);

	return value != NULL && *value != '\0' ? value : NULL;
}

long
option_number(const struct cw_host *host, const char *name, long max)
{
	const char *text = cw_host_option(host, name);
	long number = text != NULL ? strtol(text, NULL, 10) : 0;

	if (number < 0)
		return 0;
	return number > max ? max : number;
}
