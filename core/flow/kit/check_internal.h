/* The parts of "plugin check". */
#ifndef CW_FLOW_KIT_CHECK_INTERNAL_H
#define CW_FLOW_KIT_CHECK_INTERNAL_H

#include "flow/kit/trial.h"

/* The name that certificates and challenges are for. */
#define CW_CHECK_NAME "check.example.org"
#define CW_CHECK_NEEDS_COPY                                                                        \
	"give its options after \"--\", with the paths of a copy of the server's configuration"

struct cw_check {
	struct cw_trial trial;
	struct json_object *findings;
	size_t wrong;
	bool finished;        /* an installer has finished a change: a rollback leaves its keys */
	struct cw_strv tried; /* calls of the plugin, by cw_check_calls() */
};

/* A finding of the check NAME. */
void cw_check_ok(struct cw_check *check, const char *name);
void cw_check_skip(struct cw_check *check, const char *name, const char *reason);
void cw_check_wrong(struct cw_check *check, const char *name, const char *hint, const char *format,
		    ...) __attribute__((format(printf, 4, 5)));
/* That NAME was not begun, or could not be ended, for the reason in ERROR. Wrong if the process
 * died of it; true then. */
bool cw_check_died(struct cw_check *check, const char *name, const struct cw_error *error);
/* Wrong if what the given options name differs from BEFORE; true if it is all as it was. WHEN: what
 * was done meanwhile. */
bool cw_check_unchanged(struct cw_check *check, const char *name, const struct cw_strv *before,
			const char *when, struct cw_error *error);

/* What happened between open and close of one instance. */
struct cw_life {
	bool changed;     /* what the given options name was changed by a call that succeeded */
	bool noted;       /* there is a FAILURE below */
	long descriptors; /* of the process after close */
	char *child;      /* a process that is left after close; NULL: none */
	/* How the call ended that had the fault of the trial. Without a fault: how the first one
	 * failed. */
	struct cw_error failure;
};

/* Opens an instance, makes all calls of a role in their order, and closes it. Stops when the
 * process has died. */
typedef void (*cw_check_live)(struct cw_check *check, void *context, struct cw_life *life);
/* Call this after each call of a life, with its end. Returns false when the process has died. */
bool cw_life_goes_on(struct cw_check *check, struct cw_life *life, const struct cw_error *error);
/* Call this after a call that changes files and succeeded. BEFORE: as the life found them. */
void cw_life_note_change(struct cw_check *check, struct cw_life *life,
			 const struct cw_strv *before);
/* Lives many such lives. In each, another request of another call to the core fails, or the process
 * is killed there. */
int cw_check_calls(struct cw_check *check, cw_check_live live, void *context,
		   struct cw_error *error);

/* The description and the options, and an instance with each option set badly. */
int cw_check_options(struct cw_check *check, struct cw_error *error);
/* Opened and closed many times: what is left of descriptors, memory and processes. */
int cw_check_leaks(struct cw_check *check, struct cw_error *error);
int cw_check_authenticator(struct cw_check *check, struct cw_error *error);
int cw_check_installer(struct cw_check *check, struct cw_error *error);

#endif
