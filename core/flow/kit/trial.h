/*
 * A plugin that is tried without a CA, a server and a network: in a plugin process of its own, over
 * folders below a temporary one. Each function waits for the end of its call. Questions are
 * refused, requests to the network fail, and sockets listen on free loopback ports.
 */
#ifndef CW_FLOW_KIT_TRIAL_H
#define CW_FLOW_KIT_TRIAL_H

#include "flow/context.h"
#include "plugin/process.h"

/* What happens at a point of a call: when it uses a service, or when it returns. */
enum cw_trial_fault_kind {
	CW_TRIAL_FAIL,   /* the service fails, and again whenever this call uses it */
	CW_TRIAL_REFUSE, /* the same for programs and servers that a service asks */
	CW_TRIAL_KILL    /* kill -9 for the process, before the service does anything */
};

struct cw_trial_fault {
	enum cw_trial_fault_kind kind;
	const char *call; /* the function of the plugin; NULL: there is no fault */
	size_t number;    /* the point at which it happens, from 1 */
	size_t points;    /* those of the call so far */
	bool happened;
	char *service;       /* where it happened; NULL: at the return */
	unsigned count;      /* how often it happened */
	bool endless;        /* so often that the process was killed */
	bool first;          /* the call had not used this service before */
	struct cw_strv used; /* the services that the call has used */
};

struct cw_trial {
	struct cw_context context;    /* the command's, with folders and a registry of the trial */
	struct cw_settings *settings; /* the plugin's options as given, and the core's */
	struct cw_module *module;
	struct cw_strv roots; /* files and folders that the given options name */
	int64_t limit;        /* milliseconds for a call */
	char *folder;         /* all else is below it */
	struct cw_shared_store *store;
	/* NULL before cw_trial_open(), and after cw_trial_end(). */
	struct cw_plugin_process *process;
	pid_t pid; /* its number, or that of the last one */
	struct cw_plugin_handlers handlers;
	struct cw_trial_fault fault;
	/* All points that were reached: the function of the plugin, a blank, and the service; no
	 * service: its return. */
	struct cw_strv points;
	bool done; /* the call that was begun has ended, as ERROR says */
	struct cw_error error;
};

/* Opens an instance over SETTINGS, in a new process unless there is one. ONLY_OPEN: without
 * prepare. CW_E_USAGE, without a process, if a required option has no value: the plugin may rely on
 * that. */
int cw_trial_open(struct cw_trial *trial, const struct cw_settings *settings, bool only_open,
		  struct cw_error *error);
int cw_trial_close(struct cw_trial *trial, struct cw_error *error);
int cw_trial_perform(struct cw_trial *trial, struct cw_challenge_slot *const *slots, size_t count,
		     struct cw_error *error);
int cw_trial_cleanup(struct cw_trial *trial, struct cw_error *error);
/* A cw_plugin_done, for calls that are made on the process directly; CONTEXT is the trial. */
void cw_trial_done(void *context, const struct cw_error *error);
/* Before such a call, and for its end. */
void cw_trial_call(struct cw_trial *trial);
int cw_trial_wait(struct cw_trial *trial, struct cw_error *error);
/* From now on this happens at point NUMBER of CALL, once. CALL NULL: nothing happens. */
void cw_trial_plan(struct cw_trial *trial, enum cw_trial_fault_kind kind, const char *call,
		   size_t number);
/* Whether POINT, one of the points that were reached, may have such a fault in CALL. */
bool cw_trial_may_plan(const char *point, enum cw_trial_fault_kind kind, const char *call);
/* Ends the process if it is there, undoes what is registered, as the next run does, and rolls back
 * what is finished. */
int cw_trial_recover(struct cw_trial *trial, struct cw_error *error);
/* Whether the process is still there: it did not crash and was not ended. */
bool cw_trial_is_alive(const struct cw_trial *trial);
/* Ends the process. */
void cw_trial_end(struct cw_trial *trial);

#endif
