/*
 * In a child: makes sure that live/NAME of a certificate that the configuration describes has the
 * best certificate that can be had without a CA: one that somebody has provided, the lineage's, or
 * a self-signed one.
 */
#ifndef CW_FLOW_AGENT_PROVIDED_H
#define CW_FLOW_AGENT_PROVIDED_H

#include "flow/agent/config.h"
#include "flow/context.h"

struct cw_settled {
	bool provided; /* a provided certificate is in use */
	bool changes;  /* files were put there, or moved away */
	bool deploys;  /* there are other files than before: deploy hooks are due */
	bool obtains;  /* a CA is to be asked for one, now */
	int64_t check; /* when to look again; INT64_MAX: only after a change */
	char *problem; /* what is wrong with what was provided; NULL: nothing */
	char *hint;    /* NULL: none */
};
void cw_settled_clear(struct cw_settled *settled);

/* The configuration directory is locked. */
int cw_settle(struct cw_context *context, const struct cw_managed *managed,
	      struct cw_settled *settled, struct cw_error *error);

#endif
