/* The answers of the program: JSON objects (RFC 8259), as certwright-external(8) describes them. */
#ifndef EXTERNAL_ANSWER_H
#define EXTERNAL_ANSWER_H

#include <certwright/plugin.h>

/* Of the answer's array LIST the item at INDEX, or its MEMBER ("/token"; "": the item itself).
 * NULL: there is none. To be released with cw_host_release(). */
char *answer_item(const struct cw_host *host, const char *answer, const char *list, size_t index,
		  const char *member);

/* Each of these returns CW_OK, or fails through the host. */

/* Fails if the answer has the member LIST, and it is not an array. */
int answer_check_list(const struct cw_host *host, const char *answer, const char *list);
/* Fails the challenges that the answer says have failed. */
int answer_fail_challenges(const struct cw_host *host, const char *answer,
			   struct cw_challenge *const *challenges, size_t count);
/* Fails if the answer says that any challenge has failed. */
int answer_fail_call(const struct cw_host *host, const char *answer);

#endif
