/* certonly for a request of the library with the store "memory": all comes from the request's JSON
 * and goes into the answer's. */
#ifndef CW_FLOW_VERBS_IN_MEMORY_H
#define CW_FLOW_VERBS_IN_MEMORY_H

#include "flow/verb.h"

extern const struct cw_verb cw_verb_in_memory;

#endif
