/*
 * A child's work: looks at certificates, and brings their files into order as far as that needs no
 * CA. It is a verb, because it needs what a verb that writes has: locks, recovery, a network
 * process. REQUEST (cw_context.request): {"names": [...], "config": as in flow/agent/config.h}.
 * RESULT:
 *
 * {"looked": [{"name", "status": a member of the status document, "seen": cw_agent_seen(),
 *     "lineage", "renewed", "due", "obtains", "provided": booleans, "problem", "hint": what is
 *     wrong with what was provided, "when", "by_interval", "start", "end", "ask_again",
 *     "unanswered" (struct cw_plan_facts), "check": when to look again, "staple": when to fetch
 *     another OCSP response; 0: no responder, "error": what could not be done for it, or absent}]}
 */
#ifndef CW_FLOW_AGENT_LOOK_H
#define CW_FLOW_AGENT_LOOK_H

#include "flow/agent/config.h"
#include "flow/verb.h"

extern const struct cw_verb cw_agent_look_verb;

/* What the files of NAME are like (their inodes, sizes and times), to tell whether anybody has
 * changed them since. MANAGED may be NULL. Release with free(). */
char *cw_agent_seen(const char *config_dir, const char *name, const struct cw_managed *managed);

#endif
