/* The state of a plugin process. Private to plugin/. */
#ifndef CW_PLUGIN_WORKER_INTERNAL_H
#define CW_PLUGIN_WORKER_INTERNAL_H

#include "base/peer.h"
#include "plugin/instance_internal.h"
#include "plugin/module_internal.h"
#include "plugin/wire.h"

struct cw_worker {
	struct cw_loop *loop;
	struct cw_peer *peer; /* the coordinator */
	bool over;            /* the coordinator will send nothing more */

	struct cw_module_entry *entry;
	struct cw_plugin_settings settings;
	struct cw_asker asker;
	struct cw_services services;
	struct cw_instance *instance;
	struct cw_plugin_challenges challenges;
	bool performed; /* perform() was called, and cleanup() not yet */

	bool restricted; /* it has given up all rights except the following */
	enum cw_rights rights;
	struct cw_strv missing; /* what could not be given up */

	/* The descriptor of cw_presence_mark(). -1: the process has no right to change files. */
	int presence;

	bool busy;    /* a request is being handled */
	bool in_call; /* a function of the plugin is running */
	struct cw_timer *beat;
};

/* Fills WORKER's services, which use its settings and its peer. */
void cw_worker_fill_services(struct cw_worker *worker);
/* Frees what the services use. */
void cw_worker_clear_services(struct cw_worker *worker);
/* Sends log lines to the coordinator. */
void cw_worker_log(void *context, enum cw_log_level level, const char *line);

#endif
