/* The plugin process' own; private to plugin/. */
#ifndef CW_PLUGIN_WORKER_INTERNAL_H
#define CW_PLUGIN_WORKER_INTERNAL_H

#include "base/peer.h"
#include "plugin/instance_internal.h"
#include "plugin/module_internal.h"
#include "plugin/wire.h"

struct cw_worker {
	struct cw_loop *loop;
	struct cw_peer *peer; /* the coordinator */
	bool over;            /* nothing more will come */

	struct cw_module_entry *entry;
	struct cw_plugin_settings settings;
	struct cw_asker asker;
	struct cw_services services;
	struct cw_instance *instance;
	struct cw_plugin_challenges challenges;
	bool performed; /* and not cleaned up */

	bool restricted; /* it has given up all rights beyond these */
	enum cw_rights rights;
	struct cw_strv missing; /* what could not be given up */

	int presence; /* descriptor of cw_presence_mark(), -1: it has no right to change files */

	bool busy;    /* a request is being worked on */
	bool in_call; /* the plugin is at work */
	struct cw_timer *beat;
};

/* Fills WORKER's services, which stand on its settings and its peer. */
void cw_worker_fill_services(struct cw_worker *worker);
/* Releases what the services stand on. */
void cw_worker_clear_services(struct cw_worker *worker);
/* A sink of the log: to the coordinator. */
void cw_worker_log(void *context, enum cw_log_level level, const char *line);

#endif
