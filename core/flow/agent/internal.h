/* The agent: what its files share. agent.c begins, waits and ends; work.c decides what is done
 * next; looked.c and attempts.c take what children have found and done; tell.c tells somebody;
 * document.c describes it all. */
#ifndef CW_FLOW_AGENT_INTERNAL_H
#define CW_FLOW_AGENT_INTERNAL_H

#include "flow/agent/alarm.h"
#include "flow/agent/certificate.h"
#include "flow/agent/child.h"
#include "flow/agent/config.h"
#include "flow/agent/control.h"
#include "flow/agent/front.h"
#include "flow/agent/watch.h"
#include "flow/context.h"
#include "flow/status/server.h"

/* "agent renew NAME", until the attempt is over; "agent reload" with an empty name. */
struct cw_agent_waiter {
	struct cw_control_client *client;
	char *name;
	struct cw_agent_waiter *next;
};

/* A CA, and the HTTP requests to it since the agent began. */
struct cw_agent_server {
	char *server;
	int64_t requests, failures;
	bool failing; /* it did not answer as it should when it was asked last */
};

struct cw_agent {
	struct cw_context *context;
	struct cw_loop *loop;
	const struct cw_agent_front *front;
	struct cw_agent_config config;
	char *folder; /* WORK/certwright/agent */
	struct cw_agent_certificates all;
	struct cw_children children;
	struct cw_alarm alarm;
	struct cw_watches *watches;
	struct cw_control *control;
	struct cw_agent_waiter *waiters;
	int signals; /* signalfd(2) */
	bool done;
	bool ending;
	bool ready;
	/* What the child that may write is doing. */
	bool working;
	bool loading;                /* a child reads the configuration again */
	bool outdated;               /* the work began with an earlier configuration */
	struct cw_strv names;        /* of the certificates it works on */
	struct json_object *request; /* for a look */
	struct cw_strv arguments;
	char *server;  /* that is asked; NULL: each certificate's own */
	int64_t began; /* milliseconds */
	/* Times. */
	int64_t since;
	int64_t quiet; /* changes of files are looked at then; 0: there are none */
	int64_t pause; /* nothing is begun before this time, as the last look failed */
	unsigned failed_looks;
	int64_t watchdog; /* seconds between signs of life; 0: none */
	int64_t life;     /* when the next one is due */
	bool reload;      /* the configuration is to be read again */
	/* tell.c */
	struct json_object *messages; /* to be told, an array */
	bool telling;                 /* the first of them */
	unsigned failed_hooks;        /* one after another */
	int64_t tell_after;           /* the hook has failed: not before this time */
	/* document.c */
	struct cw_agent_server *servers;
	size_t server_count;
	int64_t runs, failed_runs, run_ms;
	struct cw_status_server *status_server; /* NULL: none */
};

/* Begins what is due, if nothing runs, and sets the alarm. Call it after each event. */
void cw_agent_turn(struct cw_agent *agent);
/* Adds the certificates of the store and the configuration, and forgets others. All are looked at
 * then if ALL. */
int cw_agent_find_all(struct cw_agent *agent, bool all, struct cw_error *error);
/* The same; a failure is logged. */
void cw_agent_find_again(struct cw_agent *agent, bool all);
/* Looks at a certificate soon if its files are not as they were when it was looked at. */
void cw_agent_check_changed(struct cw_agent *agent, const char *name);
/* Watches the folder of the option "provided" of a certificate, or where that will come to be. */
void cw_agent_watch_provided(struct cw_agent *agent, const char *name);
/* Begins to read the configuration again. */
void cw_agent_begin_reload(struct cw_agent *agent);
/* Saves what has to be remembered; a failure is logged. */
void cw_agent_save(struct cw_agent *agent);

/* Takes the results of a look. */
void cw_agent_looked(struct cw_agent *agent, struct json_object *result);
/* Decides what is next for a certificate, after LOOKED (flow/agent/look.h). */
void cw_agent_plan(struct cw_agent *agent, struct cw_agent_certificate *certificate,
		   struct json_object *looked);

/* Takes the results of an attempt to obtain or renew agent->names. */
void cw_agent_attempted(struct cw_agent *agent, struct json_object *result,
			const struct cw_error *error);
/* Answers those who asked for a renewal of NAME. ERROR NULL: it was successful. */
void cw_agent_answer_waiters(struct cw_agent *agent, const char *name, struct json_object *error);
/* Fills ERROR: NAME is not renewed by the agent. */
void cw_agent_cannot_renew(const char *name, struct cw_error *error);
/* An attempt has failed with ERROR (an object of cw_json_error()). */
void cw_agent_failed(struct cw_agent *agent, struct cw_agent_certificate *certificate,
		     struct json_object *error);
/* A look has failed with ERROR: the certificate could not be kept in place as it should be. It is
 * looked at again later. That is no attempt, and never leads to one: a CA cannot help. */
void cw_agent_look_failed(struct cw_agent *agent, struct cw_agent_certificate *certificate,
			  struct json_object *error);
/* A look was successful: what earlier ones complained of is over. */
void cw_agent_look_succeeded(struct cw_agent *agent, struct cw_agent_certificate *certificate);
/* The server that is to be asked for it; NULL: what its options say. */
const char *cw_agent_server(const struct cw_agent_certificate *certificate,
			    const struct cw_managed *managed);

/* Tells EVENT of a certificate with the notify hook, unless somebody was told the same (EVENT and
 * WHAT) within a day. MESSAGE and HINT may be NULL. */
void cw_agent_tell(struct cw_agent *agent, struct cw_agent_certificate *certificate,
		   const char *event, const char *what, const char *message, const char *hint);
/* Tells EVENT of the certificate that OBTAINED (the result of an attempt) is about: it has not been
 * looked at yet. */
void cw_agent_tell_obtained(struct cw_agent *agent, struct cw_agent_certificate *certificate,
			    const char *event, const char *what, struct json_object *obtained);
/* Begins to tell the next message, if none is being told; returns when to do so again. If the hook
 * fails, the message is told again later, for a day. */
int64_t cw_agent_tell_next(struct cw_agent *agent, int64_t now);
/* Tells of certificates that are about to expire; returns when to do so again. */
int64_t cw_agent_tell_expiring(struct cw_agent *agent, int64_t now);

/* The status document; the caller releases it. */
struct json_object *cw_agent_document(struct cw_agent *agent);
/* Starts the status server that CONFIG wants, instead of one that there is. If that fails, the one
 * of the agent's present configuration stays. */
int cw_agent_serve_status(struct cw_agent *agent, const struct cw_agent_config *config,
			  struct cw_error *error);
/* Counts the HTTP requests of a child that has ended with RESULT (NULL: it said none). */
void cw_agent_count_requests(struct cw_agent *agent, struct json_object *result);
/* Remembers whether SERVER (NULL: not known) answered as it should when it was asked last. */
void cw_agent_set_failing(struct cw_agent *agent, const char *server, bool failing);
bool cw_agent_is_failing(const struct cw_agent *agent, const char *server);

#endif
