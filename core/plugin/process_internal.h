/* A plugin process, for the files that implement it. Private to plugin/. */
#ifndef CW_PLUGIN_PROCESS_INTERNAL_H
#define CW_PLUGIN_PROCESS_INTERNAL_H

#include "base/peer.h"
#include "base/role.h"
#include "plugin/process.h"
#include "store/undo.h"

/* The current call. */
struct cw_plugin_call {
	/* Reads the fields after the error of an answer; NULL: there are none. FAILED: the error
	 * says that the call failed. */
	void (*read)(struct cw_plugin_process *process, struct cw_message *answer, bool failed);
	cw_plugin_done done; /* NULL: there is no call */
	void *context;
	struct cw_strv *lists; /* for a types or names call */
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
	cw_plugin_done open_done; /* set while the module is being loaded for an open call */
	void *open_context;

	struct cw_plugin_call call;
	char *function; /* the function of the plugin that is running; NULL: none */
	int64_t heard;  /* when it last sent something or got an answer */
	struct cw_timer *watchdog;
	struct cw_timer *soon; /* to fail a call from the loop */

	struct cw_plugin_request *requests; /* requests that were not answered yet */
	bool cut_off;                       /* nothing more is read from it */
	int64_t deadline;                   /* deadline for its call after a signal; 0: none */
	/* why it was ended: while loading, during a call, by a signal */
	bool late, silent, interrupted;
	struct cw_error broken; /* how it broke the protocol */
	struct cw_error end;    /* why it does not answer any more; CW_OK: it does */
	bool left_work;
	struct cw_undo *undo; /* the journal that we keep for it if it may not write itself; NULL:
				 none yet */
	size_t undos;
	size_t secrets;
};

/* Handles a request or notice from the process (process_services.c). */
void cw_plugin_process_received(void *context, struct cw_message *message);
/* Ends the process and ignores everything that it still sends. */
void cw_plugin_process_cut_off(struct cw_plugin_process *process);
/* Drops its open requests: their answers go nowhere. */
void cw_plugin_process_drop_requests(struct cw_plugin_process *process);

/* Starts a process for MODULE. */
int cw_plugin_process_start(struct cw_module *module, struct cw_loop *loop,
			    struct cw_plugin_process **process, struct cw_error *error);
/* Has the process load the module and describe it. Sets MODULE's description if it has none. */
void cw_plugin_process_load(struct cw_plugin_process *process, cw_plugin_done done, void *context);
/* From now on its callbacks come from LOOP. */
void cw_plugin_process_move(struct cw_plugin_process *process, struct cw_loop *loop);

#endif
