/*
 * An instance of a plugin, with the host services that it may call. All calls to the plugin go
 * through these functions. They give each call a fresh error and hold the plugin's exclusive
 * directory. If the plugin returns a negative status without a message, they make an error that
 * names the plugin. They never read past the size of a plugin's struct.
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

/* How the message of a call ends that failed without one. */
#define CW_CALL_IS_SILENT "and did not say why"

/* What the services need. Everything is borrowed and must outlive the instances. */
struct cw_services {
	struct cw_loop *loop;
	const struct cw_directories *directories;
	const struct cw_asker *asker;
	struct cw_undo *undo;
	int64_t lock_timeout; /* milliseconds, for exclusive directories */
	/*
	 * Sends REQUEST to the coordinator and waits for the answer. Takes ownership of REQUEST.
	 * *ANSWER is positioned after its error field. TURN: turn the loop while waiting.
	 */
	int (*ask)(void *context, struct cw_message *request, bool turn, struct cw_message **answer,
		   struct cw_error *error);
	/* Opens a shared listening socket; the caller owns *DESCRIPTOR. Waits while another run of
	 * certwright has the port. NULL: cw_listen() below is used. */
	int (*listen)(void *context, const char *address, unsigned port, int *descriptor,
		      struct cw_error *error);
	/* Reports that the plugin is about to close the socket. This is the last moment at which it
	 * takes connections. NULL: the caller only needs close(2). */
	void (*unlisten)(void *context, const char *address, unsigned port);
	/* Reports that the plugin has set one of its options. NULL: nobody else keeps the
	 * options. */
	int (*set_option)(void *context, const char *name, const char *key, const char *value,
			  struct cw_error *error);
	/* Reports that TEXT is a secret to others that write a log. NULL: there are none. */
	void (*secret)(void *context, const char *text);
	/* Gives up all rights beyond RIGHTS, before the instance is opened. NULL: nothing is given
	 * up. */
	int (*restrict_to)(void *context, enum cw_rights rights, struct cw_error *error);
	bool restricted; /* set by restrict_to(): the process has fewer rights than the user */
	/* Called for the coordinator's watchdog when a call into a plugin begins (CALL is its name)
	 * and when it ends (NULL). May be NULL. */
	void (*in_call)(void *context, const char *plugin, const char *call);
	/* Tells the watchdog that the call is still running. NULL: there is no watchdog. */
	void (*still_busy)(void *context);
	/*
	 * Called in the function CALL of the plugin before each request to a service, and with
	 * SERVICE NULL before CALL returns. A negative status makes the service fail (see
	 * cw_host_begin()). NULL: services are not interfered with.
	 */
	int (*point)(void *context, const char *call, const char *service, struct cw_error *error);
	void *context;
};

struct cw_instance;

/* Loads MODULE into this process and opens an instance. The services read and set the plugin's
 * options in SETTINGS. Takes the lock of the exclusive directory. */
int cw_instance_open(struct cw_module *module, const struct cw_services *services,
		     struct cw_settings *settings, struct cw_instance **instance,
		     struct cw_error *error);
/* Closes the instance, ends its watches and releases its lock. NULL is allowed. */
void cw_instance_close(struct cw_instance *instance);

int cw_instance_prepare(struct cw_instance *instance, struct cw_error *error);
/* Calls undo() for what an instance with the same options registered before its process died. */
int cw_instance_undo(struct cw_instance *instance, const char *data, struct cw_error *error);
/* Adds the instance's challenge types for an identifier, most preferred first. Adds none if the
 * plugin is not an authenticator. */
void cw_instance_challenge_types(struct cw_instance *instance, const char *identifier_type,
				 const char *identifier, struct cw_strv *types);

/* A challenge with room for its error. */
struct cw_challenge_slot {
	struct cw_challenge challenge; /* its result is set by perform */
	struct cw_error error;
};
/* Calls perform() for all challenges. The error of each failed one is set in its slot. If the call
 * as a whole fails, that is also true, and ERROR has the error too. */
int cw_instance_perform(struct cw_instance *instance, struct cw_challenge_slot *const *slots,
			size_t count, struct cw_error *error);
/* Calls cleanup() for the same challenges, then ends the instance's watches. Failures are in ERROR.
 * Signals do not interrupt this. */
int cw_instance_cleanup(struct cw_instance *instance, struct cw_challenge_slot *const *slots,
			size_t count, struct cw_error *error);

/* The functions of struct cw_installer. If the plugin lacks a function, the call succeeds. If it
 * lacks an enhancement, the call fails with CW_E_UNSUPPORTED. */
int cw_instance_names(struct cw_instance *instance, struct cw_strv *names, struct cw_error *error);
/* deploy_lineage() if the installer has it. */
int cw_instance_deploy(struct cw_instance *instance, const struct cw_deployment *deployment,
		       struct cw_error *error);
bool cw_instance_deploys_lineages(const struct cw_instance *instance);
int cw_instance_check(struct cw_instance *instance, const struct cw_deployment *deployment,
		      struct cw_error *error);
/* Call this only if cw_instance_has_renewed(). */
int cw_instance_renewed(struct cw_instance *instance, const struct cw_deployment *deployment,
			struct cw_error *error);
bool cw_instance_has_renewed(const struct cw_instance *instance);
/* CW_E_UNSUPPORTED if the plugin lacks the function. */
int cw_instance_undeploy(struct cw_instance *instance, const struct cw_deployment *deployment,
			 struct cw_error *error);
int cw_instance_enhance(struct cw_instance *instance, const char *name, const char *enhancement,
			struct cw_error *error);
int cw_instance_save(struct cw_instance *instance, const char *title, struct cw_error *error);
int cw_instance_config_test(struct cw_instance *instance, struct cw_error *error);
int cw_instance_reload(struct cw_instance *instance, struct cw_error *error);
int cw_instance_reread(struct cw_instance *instance, struct cw_error *error);

/*
 * Opens a listening socket (non-blocking, close-on-exec, SO_REUSEADDR, IPV6_V6ONLY). If the port is
 * in use, CW_E_BUSY names the process that has it (from /proc/net/tcp{,6} and /proc/<pid>/fd) and
 * says what to do. *BY_RUN is set to whether that process is a run of certwright, which will
 * release the port.
 */
int cw_listen(const char *address, unsigned port, int *descriptor, bool *by_run,
	      struct cw_error *error);

#endif
