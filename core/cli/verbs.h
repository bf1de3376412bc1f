/* The table of verbs. */
#ifndef CW_CLI_VERBS_H
#define CW_CLI_VERBS_H

#include "flow/verb.h"

/* Ended by a NULL name. The first one, "run", is the default verb. */
extern const struct cw_verb cw_verbs[];
const struct cw_verb *cw_verb_by_name(const char *name);
/* "certonly, auth": release with free(). */
char *cw_verb_heading(const struct cw_verb *verb);
/* "--to DIR": likewise. */
char *cw_verb_option_heading(const struct cw_verb_option *option);
/* Whether VERB is "help", which has no function in flow/. */
bool cw_is_help(const struct cw_verb *verb);

#endif
