/* What the agent knows of each certificate. It is little: there may be many thousands. */
#ifndef CW_FLOW_AGENT_CERTIFICATE_H
#define CW_FLOW_AGENT_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "base/json.h"
#include "flow/agent/plan.h"

struct cw_control_client;

struct cw_agent_certificate {
	char *name;
	bool stale;   /* has to be looked at */
	bool busy;    /* a child works on it */
	bool changed; /* its files have changed meanwhile */
	bool wanted;  /* somebody asked for a renewal now */
	/* From the last look. */
	char *text;    /* its member of the status document; NULL: not looked at yet */
	char *seen;    /* what its files were like */
	char *problem; /* what is wrong with a provided certificate; NULL: nothing */
	bool is_lineage;
	bool obtains;               /* the agent may ask a CA for it */
	char *server;               /* that issued it; NULL: not known */
	int64_t not_before, expiry; /* 0: there is none */
	int64_t staple;             /* when to fetch another OCSP response; 0: no responder */
	/* What is next. */
	enum cw_plan_action action;
	int64_t time;
	/* Remembered when the agent ends (below). */
	struct cw_plan_choice choice;
	int64_t last_success;
	int64_t success_before; /* the one before */
	unsigned attempts;
	unsigned unsettled;               /* looks that failed, one after another */
	struct json_object *last_failure; /* as in the status document; NULL: none */
	int64_t retry;                    /* not before this time; 0: no attempt has failed */
	unsigned server_index;            /* of the servers in the configuration */
	int64_t server_since;             /* since when that one has been failing; 0: it has not */
	struct json_object *told;         /* {KEY: when somebody was told} */
};

struct cw_agent_certificates {
	struct cw_agent_certificate **items; /* sorted by name */
	size_t count;
};

/* NULL: there is none. */
struct cw_agent_certificate *cw_agent_find(const struct cw_agent_certificates *all,
					   const char *name);
/* Finds it, or adds it as stale. */
struct cw_agent_certificate *cw_agent_add(struct cw_agent_certificates *all, const char *name);
void cw_agent_remove(struct cw_agent_certificates *all, const char *name);
void cw_agent_certificates_clear(struct cw_agent_certificates *all);

/* Forgets failures: an attempt was successful. */
void cw_agent_forget_failures(struct cw_agent_certificate *certificate);

/*
 * WORK/certwright/agent/state.json has what has to be remembered, for all certificates:
 * {"certificates": {NAME: {"choice", "last_success", "success_before", "attempts", "unsettled",
 * "last_failure", "retry", "server_index", "server_since", "told"}}}. It is replaced as a whole.
 */
int cw_agent_state_save(const char *folder, const struct cw_agent_certificates *all,
			struct cw_error *error);
/* Adds what is remembered; a file that cannot be read counts as empty. */
void cw_agent_state_load(const char *folder, struct cw_agent_certificates *all);

#endif
