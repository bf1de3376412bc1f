/*
 * Processes that look at lineages ahead of the survey: reading the files of ten thousand is work
 * for several processors, which it can share with talking to the CAs. They only read; whatever is
 * not plain they leave to the survey.
 */
#ifndef CW_FLOW_DUE_SCOUTS_H
#define CW_FLOW_DUE_SCOUTS_H

#include "base/strv.h"
#include "flow/due/sighting.h"

struct cw_scouts;

/* Sends them to the lineages NAMES, which must outlive them; NULL when these are too few, there is
 * one processor alone, or no process can be had. */
struct cw_scouts *cw_scouts_send(const struct cw_context *context, const struct cw_strv *names);
/* What they saw of the next one, in the order of the names: whether it is plain. SIGHTING is the
 * caller's, to be cleared. */
bool cw_scouts_next(struct cw_scouts *scouts, struct cw_sighting *sighting);
/* Ends them; NULL is allowed. */
void cw_scouts_free(struct cw_scouts *scouts);

#endif
