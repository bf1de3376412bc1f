/* When the agent does what: pure functions of times, in seconds since the epoch. */
#ifndef CW_FLOW_AGENT_PLAN_H
#define CW_FLOW_AGENT_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#define CW_PLAN_NEVER INT64_MAX

/* A moment in a window, chosen once and kept (RFC 9773 section 4.2). All 0: none. */
struct cw_plan_choice {
	int64_t start, end;
	int64_t time;
	bool by_ca; /* the window is the CA's */
};

struct cw_plan_facts {
	int64_t now;
	int64_t expiry;
	bool is_renewed; /* automatic renewal is on */
	bool due;        /* it cannot wait: there is none, it has expired, it is revoked ... */
	int64_t when;    /* when it is due by its lifetime, or by renew_before_expiry */
	bool by_interval;
	int64_t start, end; /* the CA's window; 0: it did not say */
	int64_t ask_again;  /* the CA must not be asked before this time; 0: nothing is known */
	bool unanswered;    /* the CA could not be asked */
};

enum cw_plan_action {
	CW_PLAN_CHECK, /* look at it again */
	CW_PLAN_ASK,   /* ask the CA when to renew */
	CW_PLAN_RENEW, /* renew, or obtain */
	CW_PLAN_RETRY  /* the same after a failure */
};
/* As in the status document: "check", "ask", "renew", "retry". */
const char *cw_plan_action_name(enum cw_plan_action action);

/* Decides what is next, and when. Keeps CHOICE if it is still one in the window that counts, else
 * chooses anew. */
enum cw_plan_action cw_plan_next(const struct cw_plan_facts *facts, struct cw_plan_choice *choice,
				 int64_t *time);

/*
 * How long to wait after the failure number ATTEMPTS (1: the first) of KIND
 * (flow/report/failure.h): from a minute to a day, longer after each, with jitter. If the
 * certificate expires before that, at most a tenth of what is left, but never less than a minute.
 * Not before UNTIL (0: none).
 */
int64_t cw_plan_retry(const char *kind, unsigned attempts, int64_t now, int64_t expiry,
		      int64_t until);

/* The first time in TEXT that follows the word "after" (as in the hint of a rate limit, or in what
 * a CA says about one), if it is later than NOW and less than a month away; else 0. */
int64_t cw_plan_time_in(const char *text, int64_t now);

/* Before this time a certificate is not renewed again, whatever says that it is due: a CA whose
 * windows are over, or renew_before_expiry that is longer than the certificate lives, must not make
 * the agent ask without end. LATEST and BEFORE are the last two times when it was obtained (0: it
 * was not); two that are near to each other are enough. */
int64_t cw_plan_earliest(int64_t latest, int64_t before, int64_t not_before, int64_t expiry);
/* From when on a provided certificate is to be replaced by one of a CA before it expires. */
int64_t cw_plan_take_over(int64_t not_before, int64_t expiry);
/* From when on a certificate that was not renewed is worth a word to somebody. */
int64_t cw_plan_expiring(int64_t not_before, int64_t expiry);

#endif
