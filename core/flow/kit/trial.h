/*
 * A plugin that is tried without a CA, a server and a network: in a plugin process of its own, over
 * folders below a temporary one. Each function waits for the end of its call. Questions are
 * refused, requests to the network fail, and sockets listen on free loopback ports.
 */
#ifndef CW_FLOW_KIT_TRIAL_H
#define CW_FLOW_KIT_TRIAL_H

#include "flow/context.h"
#include "plugin/process.h"

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
	pid_t pid;               /* its number, or that of the last one */
	struct cw_timer *killer; /* of cw_trial_kill(); NULL: it has fired, or there is none */
	bool done;               /* the call that was begun has ended, as ERROR says */
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
/* kill -9 for the process, DELAY milliseconds from now, while a call goes on; returns when both
 * have come to an end. Then undoes what is registered, as the coordinator does. */
int cw_trial_kill(struct cw_trial *trial, int64_t delay, struct cw_error *error);
/* Whether the process is still there: it did not crash and was not ended. */
bool cw_trial_is_alive(const struct cw_trial *trial);
/* Ends the process. */
void cw_trial_end(struct cw_trial *trial);

#endif
