/*
 * An instance of a plugin with the host services it may call. Calls go through these functions,
 * which give each call a fresh error, hold the plugin's exclusive directory, turn a negative status
 * without a message into one that names the plugin, and never read beyond a struct's size.
 */
#ifndef CW_PLUGIN_INSTANCE_H
#define CW_PLUGIN_INSTANCE_H

#include <certwright/plugin.h>
#include "base/ask.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/message.h"
#include "base/option.h"
#include "plugin/registry.h"
#include "store/directories.h"
#include "store/undo.h"

/* What the services stand on. Everything is borrowed and outlives the instances. */
struct cw_services {
	struct cw_loop *loop;
	const struct cw_directories *directories;
	const struct cw_asker *asker;
	struct cw_undo *undo;
	int64_t lock_timeout; /* milliseconds, for exclusive directories */
	/*
	 * Sends REQUEST, which is taken, to the coordinator and waits for the answer. *ANSWER's
	 * error was read; what else it has comes next. TURN: the loop turns meanwhile.
	 */
	int (*ask)(void *context, struct cw_message *request, bool turn, struct cw_message **answer,
		   struct cw_error *error);
	/* A shared listening socket; *DESCRIPTOR is given to the caller. Waits while another run
	 * of certwright holds the port. NULL: cw_listen() below. */
	int (*listen)(void *context, const char *address, unsigned port, int *descriptor,
		      struct cw_error *error);
	/* That the plugin is about to close it: the last moment at which it takes connections.
	 * NULL: the caller's own close(2) is enough. */
	void (*unlisten)(void *context, const char *address, unsigned port);
	/* That the plugin set one of its options, which it may. NULL: nobody else keeps them. */
	int (*set_option)(void *context, const char *name, const char *key, const char *value,
			  struct cw_error *error);
	/* That TEXT is a secret, for who else writes a log. NULL: nobody does. */
	void (*secret)(void *context, const char *text);
	/* Gives up what is beyond RIGHTS, before the instance is opened. NULL: nothing is given up.
	 */
	int (*restrict_to)(void *context, enum cw_rights rights, struct cw_error *error);
	bool restricted; /* set by that: the process has fewer rights than the user */
	/* Told when a call into a plugin begins (the name of the call) and ends (NULL), for the
	 * coordinator's watchdog. NULL: nobody. */
	void (*in_call)(void *context, const char *plugin, const char *call);
	/* Tells the watchdog that the call goes on. NULL: there is none. */
	void (*still_busy)(void *context);
	void *context;
};

struct cw_instance;

/* Opens an instance over SETTINGS (whose plugin options the services read and set), having loaded
 * MODULE into this process. Takes the exclusive directory's lock. */
int cw_instance_open(struct cw_module *module, const struct cw_services *services,
		     struct cw_settings *settings, struct cw_instance **instance,
		     struct cw_error *error);
/* Closes it, ends its watches, releases its lock; NULL is allowed. */
void cw_instance_close(struct cw_instance *instance);

int cw_instance_prepare(struct cw_instance *instance, struct cw_error *error);
/* undo() of what an instance with the same options registered before its process died. */
int cw_instance_undo(struct cw_instance *instance, const char *data, struct cw_error *error);
/* Its challenge types for an identifier, most preferred first; none when it is no authenticator. */
void cw_instance_challenge_types(struct cw_instance *instance, const char *identifier_type,
				 const char *identifier, struct cw_strv *types);

/* A challenge with room for its error. */
struct cw_challenge_slot {
	struct cw_challenge challenge; /* its result is filled by perform */
	struct cw_error error;
};
/* perform() for all; the error of each that failed stands in its slot, also when the call as a
 * whole failed (then ERROR has it too). */
int cw_instance_perform(struct cw_instance *instance, struct cw_challenge_slot *const *slots,
			size_t count, struct cw_error *error);
/* cleanup() for the same; then ends the instance's watches. Failures are in ERROR; signals are
 * shielded meanwhile. */
int cw_instance_cleanup(struct cw_instance *instance, struct cw_challenge_slot *const *slots,
			size_t count, struct cw_error *error);

/* The installer's calls, as struct cw_installer's. A function that the plugin lacks succeeds; an
 * enhancement that it lacks is CW_E_UNSUPPORTED. */
int cw_instance_names(struct cw_instance *instance, struct cw_strv *names, struct cw_error *error);
/* deploy_lineage() if the installer has it. */
int cw_instance_deploy(struct cw_instance *instance, const struct cw_deployment *deployment,
		       struct cw_error *error);
bool cw_instance_deploys_lineages(const struct cw_instance *instance);
int cw_instance_check(struct cw_instance *instance, const struct cw_deployment *deployment,
		      struct cw_error *error);
/* To be called only if it has the function. */
int cw_instance_renewed(struct cw_instance *instance, const struct cw_deployment *deployment,
			struct cw_error *error);
bool cw_instance_has_renewed(const struct cw_instance *instance);
/* CW_E_UNSUPPORTED without the function. */
int cw_instance_undeploy(struct cw_instance *instance, const struct cw_deployment *deployment,
			 struct cw_error *error);
int cw_instance_enhance(struct cw_instance *instance, const char *name, const char *enhancement,
			struct cw_error *error);
int cw_instance_save(struct cw_instance *instance, const char *title, struct cw_error *error);
int cw_instance_config_test(struct cw_instance *instance, struct cw_error *error);
int cw_instance_reload(struct cw_instance *instance, struct cw_error *error);
int cw_instance_reread(struct cw_instance *instance, struct cw_error *error);

/*
 * Opens a listening socket (non-blocking, close-on-exec, SO_REUSEADDR, IPV6_V6ONLY). CW_E_BUSY
 * names the process that holds the port (from /proc/net/tcp{,6} and /proc/<pid>/fd) and what to
 * do; *BY_RUN tells whether that is a run of certwright, which will give it up.
 */
int cw_listen(const char *address, unsigned port, int *descriptor, bool *by_run,
	      struct cw_error *error);

#endif
