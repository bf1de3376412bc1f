/* The verbs: one table. */
#ifndef CW_CLI_VERBS_H
#define CW_CLI_VERBS_H

#include "flow/verb.h"

/* NULL-terminated by a NULL name; "run", the default verb, comes first. */
extern const struct cw_verb cw_verbs[];
const struct cw_verb *cw_verb_by_name(const char *name);
/* "certonly, auth": release with free(). */
char *cw_verb_heading(const struct cw_verb *verb);
/* Whether VERB is "help", which is no work of flow/. */
bool cw_is_help(const struct cw_verb *verb);

#endif
