/* Looks up DNS records through the network process. */
#ifndef CW_FLOW_WORK_LOOKUP_H
#define CW_FLOW_WORK_LOOKUP_H

#include "dns/question.h"
#include "flow/work/network_process.h"

struct cw_lookup;

/* The records of one name. */
struct cw_lookup_found {
	char *problem;        /* why they are not known; NULL: they are */
	struct cw_strv texts; /* as in dns/question.h; empty: there are none */
};

/* Called once from the loop. */
typedef void (*cw_lookup_done)(void *context);

/* Looks up the records of TYPE of NAMES (copied). RESOLVER is --dns-resolver or NULL. */
struct cw_lookup *cw_lookup_start(struct cw_network *network, const char *resolver,
				  enum cw_dns_type type, const struct cw_strv *names,
				  cw_lookup_done done, void *context);
/* What was found for NAME, which is one of the names. Valid as long as the lookup. */
const struct cw_lookup_found *cw_lookup_find(const struct cw_lookup *lookup, const char *name);
/* Cancels the lookup if it is not done. NULL is allowed. */
void cw_lookup_free(struct cw_lookup *lookup);

#endif
