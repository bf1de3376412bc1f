/* The instance of a simple plugin: it only knows its host. */
#ifndef COMMON_INSTANCE_H
#define COMMON_INSTANCE_H

#include <certwright/plugin.h>

struct instance {
	const struct cw_host *host;
};

/* For open() and close() of struct cw_plugin. */
int instance_open(const struct cw_host *host, void **self);
void instance_close(void *self);

/* Fails with "out of memory"; returns CW_E_NOMEM. */
int fail_no_memory(const struct cw_host *host);

/* The text of an option; NULL if it is not given or empty. */
const char *option_text(const struct cw_host *host, const char *name);
/* The integer option NAME, limited to 0 to MAX. */
long option_number(const struct cw_host *host, const char *name, long max);

#endif
