/*
 * A child's work: looks at certificates, and brings their files into order as far as that needs no
 * CA. It is a verb, because it needs what a verb that writes has: locks, recovery, a network
 * process. REQUEST (cw_context.request): {"names": [...], "config": as in flow/agent/config.h}.
 * RESULT:
 *
 * {"looked": [{"name", "status": a member of the status document, "seen": cw_agent_seen(),
 *     "lineage", "renewed", "due", "lacks" (a name), "obtains", "provided", "changed" (by somebody
 * else meanwhile): booleans, "problem", "hint": what is wrong with what was provided, "when",
 * "by_interval", "start", "end", "ask_again", "unanswered" (struct cw_plan_facts), "check": when to
 * look again, "staple": when to fetch another OCSP response; 0: no responder, "error": what could
 * not be done for it, or absent}]}
 */
#ifndef CW_FLOW_AGENT_LOOK_H
#define CW_FLOW_AGENT_LOOK_H

#include "flow/agent/config.h"
#include "flow/verb.h"

extern const struct cw_verb cw_agent_look_verb;

/*
 * What the files of a certificate are like (their inodes, sizes and times), to tell whether
 * somebody has changed them since. A look remembers what they were like before it read them, unless
 * it changed them itself: what somebody changes during the look is another change then.
 */
enum cw_sight { CW_SIGHT_RENEWAL, CW_SIGHT_LIVE, CW_SIGHT_PROVIDED };
struct cw_agent_sight {
	char *parts[CW_SIGHT_PROVIDED + 1];
};
/* MANAGED may be NULL. SIGHT must be empty. */
void cw_agent_see(const char *config_dir, const char *name, const struct cw_managed *managed,
		  struct cw_agent_sight *sight);
/* Replaces PART of SIGHT with that of FROM. */
void cw_agent_sight_use(struct cw_agent_sight *sight, enum cw_sight part,
			struct cw_agent_sight *from);
void cw_agent_sight_clear(struct cw_agent_sight *sight);
/* All of it as text; release with free(). */
char *cw_agent_sight_text(const struct cw_agent_sight *sight);
/* That of the files as they are now; release with free(). */
char *cw_agent_seen(const char *config_dir, const char *name, const struct cw_managed *managed);

#endif
