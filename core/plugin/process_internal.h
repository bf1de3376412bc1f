/* A plugin process, for those files that make it up; private to plugin/. */
#ifndef CW_PLUGIN_PROCESS_INTERNAL_H
#define CW_PLUGIN_PROCESS_INTERNAL_H

#include "base/peer.h"
#include "base/role.h"
#include "plugin/process.h"
#include "store/undo.h"

/* The call under way. */
struct cw_plugin_call {
	/* Reads what follows the error in an answer; NULL: nothing does. FAILED: the error says so.
	 */
	void (*read)(struct cw_plugin_process *process, struct cw_message *answer, bool failed);
	cw_plugin_done done; /* NULL: there is no call */
	void *context;
	struct cw_strv *lists; /* of a types or names call */
	size_t count;
	struct cw_challenge_slot *const *slots;
	struct cw_installation_outcome *outcome;
	struct cw_update *updates;
};

struct cw_plugin_process {
	struct cw_module *module;
	struct cw_loop *loop;
	char *what; /* "the process of the plugin "x"" */
	struct cw_role_process *role;
	struct cw_peer *peer;
	struct cw_plugin_opening opening;
	bool loaded, opened;
	cw_plugin_done open_done; /* while the module is loaded for it */
	void *open_context;

	struct cw_plugin_call call;
	char *function; /* of the plugin, that is at work; NULL: none */
	int64_t heard;  /* when it was last heard of, or answered */
	struct cw_timer *watchdog;
	struct cw_timer *soon; /* to fail a call from the loop */

	struct cw_plugin_request *requests; /* that were not answered */
	bool cut_off;                       /* nothing more comes from it */
	int64_t deadline;                   /* for its call after a signal; 0: none */
	bool late, silent, interrupted;     /* why it was ended: loading, a call, a signal */
	struct cw_error broken;             /* how it broke the protocol */
	struct cw_error end;                /* why it will not answer any more; CW_OK: it will */
	bool left_work;
	struct cw_undo *undo; /* kept for it, where it may not itself; NULL: nothing yet */
	size_t undos;
	size_t secrets;
};

/* A request or notice from the process (process_services.c). */
void cw_plugin_process_received(void *context, struct cw_message *message);
/* Nothing that comes from it counts any more, and it is ended. */
void cw_plugin_process_cut_off(struct cw_plugin_process *process);
/* Its requests will be answered to nobody. */
void cw_plugin_process_drop_requests(struct cw_plugin_process *process);

/* Starts a process for MODULE. */
int cw_plugin_process_start(struct cw_module *module, struct cw_loop *loop,
			    struct cw_plugin_process **process, struct cw_error *error);
/* Has it load the module and describe it: MODULE's description is set, where it has none. */
void cw_plugin_process_load(struct cw_plugin_process *process, cw_plugin_done done, void *context);
/* Its calls back come from LOOP from now on. */
void cw_plugin_process_move(struct cw_plugin_process *process, struct cw_loop *loop);

#endif
