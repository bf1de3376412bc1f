/* The application that publishes the challenges of a name: the requests to it. */
#ifndef DJANGO_APPLICATION_H
#define DJANGO_APPLICATION_H

#include <certwright/plugin.h>
#include "key.h"

/* The port of this run, as text. */
const char *application_port(const struct cw_host *host);

/* Each of these returns CW_OK, or fails through the host. */

/* Has the application of the challenge's name publish it. */
int application_publish(const struct cw_host *host, const struct key *key,
			const struct cw_challenge *challenge);
/* Has the application of NAME at PORT remove the challenge with TOKEN, if it is there. */
int application_remove(const struct cw_host *host, const struct key *key, const char *name,
		       const char *port, const char *token);

#endif
