/*
 * A plugin process, as the coordinator has it: a module loaded in a process of its own, over which
 * the calls of a plugin are made without ever waiting. Everything happens on the process' loop.
 *
 * Order: take, open, then types, perform, cleanup, names, install, update, reload, undo as needed,
 * close, free. One call at a time: the next may be made in the call back of the last, or later.
 * Every call's call back comes once, from the loop, never from within the function that makes the
 * call, also when the process is gone or was ended: then with the error that says why, which names
 * the plugin and what it was doing ("perform of the plugin "x""). After that each further call
 * fails alike. Whatever a call was given and does not copy is borrowed until its call back.
 */
#ifndef CW_PLUGIN_PROCESS_H
#define CW_PLUGIN_PROCESS_H

#include <sys/types.h>
#include "base/error.h"
#include "base/loop.h"
#include "base/message.h"
#include "base/option.h"
#include "plugin/installation.h"
#include "plugin/instance.h"
#include "plugin/registry.h"
#include "plugin/shared_store.h"
#include "plugin/wire.h"
#include "store/directories.h"

struct cw_plugin_process;

/*
 * What the plugin asked of the coordinator and waits for. Each is to be answered exactly once, in
 * the handler or at any time later, by the function that stands beside the handler; when the
 * process is gone by then, the answer goes nowhere. While one is open, the time limit stands still.
 * ERROR: why it failed (its status is not CW_OK, and the other values do not count); NULL: it did
 * not.
 */
struct cw_plugin_request;

void cw_plugin_answer(struct cw_plugin_request *request, const struct cw_error *error);
void cw_plugin_answer_question(struct cw_plugin_request *request,
			       const struct cw_plugin_reply *reply, const struct cw_error *error);
/* DESCRIPTOR stays the caller's. */
void cw_plugin_answer_listen(struct cw_plugin_request *request, int descriptor,
			     const struct cw_error *error);
/* ANSWER is taken: the network process' answer as it came, its type and number are set here. NULL
 * with ERROR: there is none. */
void cw_plugin_answer_network(struct cw_plugin_request *request, struct cw_message *answer,
			      const struct cw_error *error);
/* The process behind it; NULL when that is freed. To find out whether an answer still matters. */
struct cw_plugin_process *cw_plugin_request_process(const struct cw_plugin_request *request);

/* The services that the coordinator gives. None may be NULL. The log, secrets, credentials and
 * the shared store are process_services.c's own. */
struct cw_plugin_handlers {
	/* A question to the user. Asked only where SETTINGS->interactive.
	 * cw_plugin_answer_question() */
	void (*ask)(void *context, const struct cw_plugin_question *question,
		    struct cw_plugin_request *request);
	/* A listening socket, shared with the other plugin processes of the run, and that the
	 * plugin will not serve it any more. Sockets of a process that is gone are given back by
	 * the caller of cw_plugin_process_free(). cw_plugin_answer_listen(); cw_plugin_answer() */
	void (*listen)(void *context, const char *address, unsigned port,
		       struct cw_plugin_request *request);
	void (*unlisten)(void *context, const char *address, unsigned port,
			 struct cw_plugin_request *request);
	/*
	 * One of CW_PLUGIN_HTTP, _LOCATE, _WAIT_TXT, _DNS_EXCHANGE, for the network process.
	 * MESSAGE is the callee's, and its fields are those of CW_NETWORK_HTTP ...: it is sent on
	 * with that type, unread. cw_plugin_answer_network()
	 */
	void (*network)(void *context, enum cw_plugin_message service, struct cw_message *message,
			struct cw_plugin_request *request);
	/* The plugin set one of its options (and cw_module_set_option() says what that does), in
	 * the settings that it was opened with. Returns a status; for renewals to be saved with. */
	int (*set_option)(void *context, const char *name, const char *key, const char *value,
			  struct cw_error *error);
	/* Whether the plugin works for the lineage NAME, and may keep values for it. */
	bool (*concerns)(void *context, const char *name);
	void *context;
};

/* What an instance is opened with. Everything is borrowed until the process is closed. */
struct cw_plugin_opening {
	const struct cw_plugin_handlers *handlers;
	const struct cw_settings *settings; /* the plugin's options, and the core's */
	const struct cw_directories *directories;
	struct cw_shared_store *store; /* of the run */
	bool interactive;
	bool only_open;       /* do not prepare */
	int64_t time_limit;   /* milliseconds that a call may be silent; 0: no limit */
	int64_t lock_timeout; /* milliseconds, for exclusive directories */
	/* For an instance that needs fewer rights than ours. */
	const char *user; /* whom to become where we are root */
	bool require_sandbox, without_landlock, without_seccomp;
};

/*
 * A process for MODULE (which is open): the one that it was described by where that is still
 * unused, else a new one. CW_E_PLUGIN when none can be had. The built-in null installer has one
 * too.
 */
int cw_plugin_process_take(struct cw_module *module, struct cw_loop *loop,
			   struct cw_plugin_process **process, struct cw_error *error);
/* Ends the process and everything in its process group, if it is still there; the call under way
 * gets no call back. NULL is allowed. */
void cw_plugin_process_free(struct cw_plugin_process *process);
/*
 * After a signal: what the plugin is doing comes to its end soon, CW_E_CANCELLED, as its services
 * fail with that. The calls made afterwards are not concerned: cleanup, to begin with. A process
 * that does not end its call within MILLISECONDS is ended.
 */
void cw_plugin_process_interrupt(struct cw_plugin_process *process, int64_t milliseconds);
/* False when it is gone, or was ended: it will not answer any more. */
bool cw_plugin_process_is_alive(const struct cw_plugin_process *process);
/* Whether it died, or was ended amid a call, and may have left edits of files: once no other plugin
 * process edits any, cw_checkpoints_recover() and then cw_undo_replay() for its PID have to follow.
 */
bool cw_plugin_process_left_work(const struct cw_plugin_process *process);
/* Whether it was ended because it was silent for too long: what it worked on should not be tried
 * once more. */
bool cw_plugin_process_was_silent(const struct cw_plugin_process *process);
pid_t cw_plugin_process_pid(const struct cw_plugin_process *process);
const struct cw_module *cw_plugin_process_module(const struct cw_plugin_process *process);

/* The end of a call. ERROR is never NULL: its status is CW_OK when the call succeeded. The process
 * may be freed in it. */
typedef void (*cw_plugin_done)(void *context, const struct cw_error *error);

/* Drops to the plugin's rights, takes the exclusive directory, opens an instance, prepares it. What
 * the sandbox lacks is told in the log. After a failure it may be opened again. */
void cw_plugin_process_open(struct cw_plugin_process *process,
			    const struct cw_plugin_opening *opening, cw_plugin_done done,
			    void *context);
/* Adds to TYPES[i], each an empty vector, the challenge types for IDENTIFIERS->items[i] of type
 * IDENTIFIER_TYPES->items[i], most preferred first. */
void cw_plugin_process_types(struct cw_plugin_process *process,
			     const struct cw_strv *identifier_types,
			     const struct cw_strv *identifiers, struct cw_strv *types,
			     cw_plugin_done done, void *context);
/* Fills each slot's result and error, also where the call as a whole fails. */
void cw_plugin_process_perform(struct cw_plugin_process *process,
			       struct cw_challenge_slot *const *slots, size_t count,
			       cw_plugin_done done, void *context);
/* Of the challenges of the last perform. */
void cw_plugin_process_cleanup(struct cw_plugin_process *process, cw_plugin_done done,
			       void *context);
/* Adds the names of the server's virtual hosts. */
void cw_plugin_process_names(struct cw_plugin_process *process, struct cw_strv *names,
			     cw_plugin_done done, void *context);
/* As cw_installation_carry_out() (plugin/installation.h). OUTCOME is filled before the call back.
 */
void cw_plugin_process_install(struct cw_plugin_process *process,
			       const struct cw_installation *installation,
			       struct cw_installation_outcome *outcome, cw_plugin_done done,
			       void *context);
/* As cw_installation_check(). */
void cw_plugin_process_check(struct cw_plugin_process *process,
			     const struct cw_installation *installation, cw_plugin_done done,
			     void *context);
/* As cw_installation_update(), for at most CW_PLUGIN_UPDATES_MAX. The errors of UPDATES are filled
 * before the call back, also where the call as a whole fails. */
void cw_plugin_process_update(struct cw_plugin_process *process, struct cw_update *updates,
			      size_t count, cw_plugin_done done, void *context);
/* Tests the configuration, and has the server load it. */
void cw_plugin_process_reload(struct cw_plugin_process *process, cw_plugin_done done,
			      void *context);
/* undo() of DATA, that an instance with the same options gave to undo_plugin(). */
void cw_plugin_process_undo(struct cw_plugin_process *process, const char *data,
			    cw_plugin_done done, void *context);
/* Closes the instance. The process may be opened again, but not for an instance that needs rights
 * which this one had given up. */
void cw_plugin_process_close(struct cw_plugin_process *process, cw_plugin_done done, void *context);

#endif
