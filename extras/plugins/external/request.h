/* The requests to the program: JSON objects (RFC 8259), as certwright-external(8) describes them.
 */
#ifndef EXTERNAL_REQUEST_H
#define EXTERNAL_REQUEST_H

#include <certwright/plugin.h>

/* Each is to be released with free(); NULL if out of memory. */

/* {"protocol", "verb", "dry_run"}. */
char *request_plain(const struct cw_host *host, const char *verb);
/* The same with "challenges". */
char *request_challenges(const struct cw_host *host, const char *verb,
			 struct cw_challenge *const *challenges, size_t count);
/* The same with "certificate". */
char *request_deployment(const struct cw_host *host, const char *verb,
			 const struct cw_deployment *deployment);

#endif
