/*
 * A plugin process, from the coordinator's side: a module that is loaded in its own process. The
 * calls of the plugin are made without blocking. Everything happens on the process's loop.
 *
 * The order is: take, open; then types, perform, cleanup, names, install, update, reload, undo as
 * needed; then close, free. Only one call at a time is possible. The next one may be made in the
 * callback of the last one, or later. Each call's callback comes once, from the loop, never from
 * the function that makes the call.
 *
 * If the process dies or is ended, the callback gets an error that says why. It names the plugin
 * and what it was doing ("perform of the plugin "x""). All further calls fail in the same way.
 * Arguments that are not copied are borrowed until the callback.
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
 * A request of the plugin to the coordinator. It must be answered exactly once, in the handler or
 * at any later time, with the function named at the handler. If the process is gone by then, the
 * answer is dropped. The time limit is stopped while a request is open. ERROR says why the request
 * failed, and the other values are then ignored; NULL: it succeeded.
 */
struct cw_plugin_request;

void cw_plugin_answer(struct cw_plugin_request *request, const struct cw_error *error);
void cw_plugin_answer_question(struct cw_plugin_request *request,
			       const struct cw_plugin_reply *reply, const struct cw_error *error);
/* DESCRIPTOR still belongs to the caller. */
void cw_plugin_answer_listen(struct cw_plugin_request *request, int descriptor,
			     const struct cw_error *error);
/* ANSWER is the unchanged answer of the network process. This function takes ownership of it, and
 * sets its type and number. If there is no answer, it is NULL and ERROR is set. */
void cw_plugin_answer_network(struct cw_plugin_request *request, struct cw_message *answer,
			      const struct cw_error *error);
/* Returns the process that sent the request, or NULL if it was freed. For checking whether an
 * answer is still needed. */
struct cw_plugin_process *cw_plugin_request_process(const struct cw_plugin_request *request);

/* The services of the coordinator. Only POINT may be NULL. Log, secrets, credentials and the shared
 * store are handled by process_services.c itself. */
struct cw_plugin_handlers {
	/* A question to the user. Only called if interactive is set. Answer with
	 * cw_plugin_answer_question(). */
	void (*ask)(void *context, const struct cw_plugin_question *question,
		    struct cw_plugin_request *request);
	/* listen: the plugin wants a listening socket, shared with the other plugin processes of
	 * the run. unlisten: the plugin will not serve it any more. If a process is gone, the
	 * caller of cw_plugin_process_free() must release its sockets. Answer with
	 * cw_plugin_answer_listen() and cw_plugin_answer(). */
	void (*listen)(void *context, const char *address, unsigned port,
		       struct cw_plugin_request *request);
	void (*unlisten)(void *context, const char *address, unsigned port,
			 struct cw_plugin_request *request);
	/*
	 * One of CW_PLUGIN_HTTP, _LOCATE, _WAIT_TXT, _DNS_EXCHANGE, for the network process. The
	 * callee owns MESSAGE. Its fields are those of CW_NETWORK_HTTP ...: it is sent on with that
	 * type, without being read. Answer with cw_plugin_answer_network().
	 */
	void (*network)(void *context, enum cw_plugin_message service, struct cw_message *message,
			struct cw_plugin_request *request);
	/* The plugin has set one of its options in the settings that it was opened with; see
	 * cw_module_set_option(). Saves it for renewals. Returns a status. */
	int (*set_option)(void *context, const char *name, const char *key, const char *value,
			  struct cw_error *error);
	/* Returns whether the plugin works for the lineage NAME and may keep values for it. */
	bool (*concerns)(void *context, const char *name);
	/* The function CALL of the plugin is about to use SERVICE, or to return (NULL). If there is
	 * an ERROR afterwards, the service fails with it; see cw_host_begin(). */
	void (*point)(void *context, const char *call, const char *service, struct cw_error *error);
	void *context;
};

/* The arguments for opening an instance. Everything is borrowed until the process is closed. */
struct cw_plugin_opening {
	const struct cw_plugin_handlers *handlers;
	const struct cw_settings *settings; /* the plugin's options, and the core's */
	const struct cw_directories *directories;
	struct cw_shared_store *store; /* the run's store */
	bool interactive;
	bool only_open;       /* do not prepare */
	int64_t time_limit;   /* milliseconds that a call may show no sign of life; 0: no limit */
	int64_t lock_timeout; /* milliseconds, for exclusive directories */
	/* For an instance that needs fewer rights than ours. */
	const char *user; /* the user to become if we are root */
	bool require_sandbox, without_landlock, without_seccomp;
};

/*
 * Returns a process for MODULE, which must be open. It is the process that described the module, if
 * that is still unused, else a new one. CW_E_PLUGIN if there can be none. The built-in null
 * installer also has a process.
 */
int cw_plugin_process_take(struct cw_module *module, struct cw_loop *loop,
			   struct cw_plugin_process **process, struct cw_error *error);
/* Ends the process and everything in its process group, if still there. The callback of a pending
 * call is not called. NULL is allowed. */
void cw_plugin_process_free(struct cw_plugin_process *process);
/*
 * Call this after a signal. The plugin's current call ends soon with CW_E_CANCELLED, because its
 * services fail with that. Later calls, such as cleanup, are not affected. If the current call does
 * not end within MILLISECONDS, the process is ended.
 */
void cw_plugin_process_interrupt(struct cw_plugin_process *process, int64_t milliseconds);
/* Returns false if the process is gone or was ended: it will not answer any more. */
bool cw_plugin_process_is_alive(const struct cw_plugin_process *process);
/* Whether it died or was ended during a call, and may have left edits of files. Then, as soon as no
 * other plugin process edits files, call cw_checkpoints_recover() and then cw_undo_replay() for its
 * PID. */
bool cw_plugin_process_left_work(const struct cw_plugin_process *process);
/* Whether it was ended because it was silent for too long. Its work should not be tried again. */
bool cw_plugin_process_was_silent(const struct cw_plugin_process *process);
pid_t cw_plugin_process_pid(const struct cw_plugin_process *process);
const struct cw_module *cw_plugin_process_module(const struct cw_plugin_process *process);

/* Called when a call ends. ERROR is never NULL: its status is CW_OK on success. The callee may free
 * the process. */
typedef void (*cw_plugin_done)(void *context, const struct cw_error *error);

/* Reduces the process to the plugin's rights, takes the exclusive directory, opens an instance and
 * prepares it. What the sandbox lacks is logged. After a failure it may be opened again. */
void cw_plugin_process_open(struct cw_plugin_process *process,
			    const struct cw_plugin_opening *opening, cw_plugin_done done,
			    void *context);
/* For each i, adds to TYPES[i] the challenge types for IDENTIFIERS->items[i] of the type
 * IDENTIFIER_TYPES->items[i], most preferred first. The TYPES must be empty. */
void cw_plugin_process_types(struct cw_plugin_process *process,
			     const struct cw_strv *identifier_types,
			     const struct cw_strv *identifiers, struct cw_strv *types,
			     cw_plugin_done done, void *context);
/* Sets each slot's result and error, even if the call as a whole fails. */
void cw_plugin_process_perform(struct cw_plugin_process *process,
			       struct cw_challenge_slot *const *slots, size_t count,
			       cw_plugin_done done, void *context);
/* Cleans up the challenges of the last perform. */
void cw_plugin_process_cleanup(struct cw_plugin_process *process, cw_plugin_done done,
			       void *context);
/* Adds the names of the server's virtual hosts. */
void cw_plugin_process_names(struct cw_plugin_process *process, struct cw_strv *names,
			     cw_plugin_done done, void *context);
/* Like cw_installation_carry_out() (plugin/installation.h). OUTCOME is filled before the
 * callback. */
void cw_plugin_process_install(struct cw_plugin_process *process,
			       const struct cw_installation *installation,
			       struct cw_installation_outcome *outcome, cw_plugin_done done,
			       void *context);
/* Like cw_installation_check(). */
void cw_plugin_process_check(struct cw_plugin_process *process,
			     const struct cw_installation *installation, cw_plugin_done done,
			     void *context);
/* Like cw_installation_update(), for at most CW_PLUGIN_UPDATES_MAX. The errors of UPDATES are set
 * before the callback, even if the call as a whole fails. */
void cw_plugin_process_update(struct cw_plugin_process *process, struct cw_update *updates,
			      size_t count, cw_plugin_done done, void *context);
/* Tests the configuration and has the server load it. */
void cw_plugin_process_reload(struct cw_plugin_process *process, cw_plugin_done done,
			      void *context);
/* Calls undo() with DATA, which an instance with the same options passed to undo_plugin(). */
void cw_plugin_process_undo(struct cw_plugin_process *process, const char *data,
			    cw_plugin_done done, void *context);
/* Closes the instance. The process may be opened again, but not for an instance that needs rights
 * which this one gave up. */
void cw_plugin_process_close(struct cw_plugin_process *process, cw_plugin_done done, void *context);

#endif
