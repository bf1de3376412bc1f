/* An instance and the services that its plugin may call. Private to plugin/. */
#ifndef CW_PLUGIN_INSTANCE_INTERNAL_H
#define CW_PLUGIN_INSTANCE_INTERNAL_H

#include <stdbool.h>
#include "plugin/instance.h"
#include "store/checkpoint.h"
#include "store/lock.h"

/* The size that a plugin's struct had in ABI 1.0, if LAST was its last field then. */
#define CW_SIZE_1_0(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))

/* The maximum bytes kept of a plugin's message. It has to fit into a message between processes. */
enum { CW_FAILURE_MAX = 32 * 1024 };

/* A call into the plugin. Calls are nested if a service turns the event loop and the loop calls a
 * watch. */
struct cw_call {
	struct cw_instance *instance;
	const char *name;
	int64_t begin; /* cw_now_ms() */
	struct cw_error error;
	struct cw_call *outer;
};

struct cw_watch {
	struct cw_instance *instance;
	int descriptor;
	cw_watch_callback callback;
	void *context;
	struct cw_watch *next;
};

/* A shared listening socket that the plugin serves. */
struct cw_listening {
	char *address;
	unsigned port;
	struct cw_listening *next;
};

struct cw_instance {
	struct cw_host host;
	struct cw_module *module;
	const struct cw_plugin *plugin; /* loaded into this process */
	const struct cw_services *services;
	struct cw_settings *settings;
	void *self;
	struct cw_call *call; /* the innermost call; NULL: none */

	/* Set from perform() to cleanup(). */
	struct cw_challenge **challenges;
	struct cw_challenge_slot *const *slots;
	size_t challenge_count;

	struct cw_watch *watches;
	struct cw_listening *listening;
	struct cw_exclusive *exclusive;
	struct cw_checkpoints *checkpoints;
	bool checkpoints_temporary;
	/* For a process that may not write: the data given to checkpoint_plugin(), and the number
	 * of the journal entry for each. */
	struct cw_strv undo_data;
	unsigned *undo_ids;
	struct cw_strv lineages;      /* the lineages that are being installed */
	bool for_challenges;          /* perform() or cleanup() is running */
	struct cw_strv settings_text; /* joined lists that setting() returned; kept until the end */
};

/* Locks of exclusive directories. The instances of this process share them. */
struct cw_exclusive;
int cw_exclusive_take(const char *directory, int64_t timeout, struct cw_exclusive **exclusive,
		      struct cw_error *error);
void cw_exclusive_release(struct cw_exclusive *exclusive); /* NULL is allowed */

/* Returns the instance of a host. */
struct cw_instance *cw_host_instance(const struct cw_host *host);
/* Called before SERVICE does anything: "plugin check" has services fail. The service must then do
 * nothing and return the status, which is CW_E_COMMAND if what it asks has to fail, not itself. */
int cw_host_begin(const struct cw_host *host, const char *service);
/* The same for services that need the user's rights. Fails the current call of SERVICE if the
 * plugin has declared that it does not need them. */
int cw_host_may(const struct cw_host *host, const char *service);
/* Returns the checkpoints for the plugin's edits. */
struct cw_checkpoints *cw_host_checkpoints(const struct cw_host *host);
/* Returns the error of the current call, for services to fill. NULL if there is no call. */
struct cw_error *cw_host_error(const struct cw_host *host);
/* Fails the current call because the plugin passed something to a service that breaks the ABI. */
int cw_host_misused(const struct cw_host *host, const char *service, const char *what);
/* Forgets what the plugin registered for its change. The change is in use or was undone. */
void cw_host_change_over(struct cw_instance *instance);
/* Begin and end a call. cw_call_end() checks what the plugin returned. */
void cw_call_begin(struct cw_call *call, struct cw_instance *instance, const char *name);
int cw_call_end(struct cw_call *call, int result, struct cw_error *error);
void cw_watches_end(struct cw_instance *instance);
/* Reports that the plugin will serve no more sockets. Call this before the plugin closes them. */
void cw_listening_end(struct cw_instance *instance);

/* The services, documented in struct cw_host (certwright/plugin.h). services_options.c: */
const char *cw_service_option(const struct cw_host *host, const char *name);
size_t cw_service_option_count(const struct cw_host *host, const char *name);
const char *cw_service_option_at(const struct cw_host *host, const char *name, size_t index);
int cw_service_option_given(const struct cw_host *host, const char *name);
const char *cw_service_option_map(const struct cw_host *host, const char *name, const char *key);
int cw_service_set_option(const struct cw_host *host, const char *name, const char *key,
			  const char *value);
const char *cw_service_setting(const struct cw_host *host, const char *name);
/* The settings that concern plugins: the long names of their options, NULL-terminated. The function
 * returns the value of one, to be released with free(), or NULL. */
extern const char *const cw_known_settings[];
char *cw_known_setting(const struct cw_settings *settings, const char *name);
/* services_ask.c: */
void cw_service_log(const struct cw_host *host, enum cw_log_level level, const char *text);
int cw_service_fail(const struct cw_host *host, int status, const char *hint, const char *message);
void cw_service_fail_challenge(const struct cw_host *host, struct cw_challenge *challenge,
			       int status, const char *hint, const char *message);
void cw_service_secret(const struct cw_host *host, const char *text);
int cw_service_interactive(const struct cw_host *host);
int cw_service_notify(const struct cw_host *host, const char *text, int wait);
int cw_service_ask_yes_no(const struct cw_host *host, const char *question, int *answer);
int cw_service_ask_text(const struct cw_host *host, const char *question, int secret,
			char **answer);
int cw_service_ask_choice(const struct cw_host *host, const char *question,
			  const char *const *items, size_t count, size_t *choice);
/* services_process.c: */
int cw_service_run(const struct cw_host *host, const struct cw_command *const *commands,
		   struct cw_command_result *const *results, size_t count, size_t jobs);
int cw_service_wait(const struct cw_host *host, unsigned milliseconds);
void cw_service_still_busy(const struct cw_host *host);
/* services_files.c: */
/* Reads a credentials file. The caller must wipe and release *TEXT. STRICT: refuses a file that all
 * users can read. */
int cw_credentials_read(const char *path, bool strict, char **text, struct cw_error *error);
int cw_service_read_credentials(const struct cw_host *host, const char *path, char **text);
int cw_service_read_private(const struct cw_host *host, const char *path, char **text);
int cw_service_read_below(const struct cw_host *host, const char *folder, const char *path,
			  size_t limit, char **data, size_t *length);
int cw_service_write_file(const struct cw_host *host, const char *path, const char *data,
			  size_t length, const char *expected, size_t expected_length);
int cw_service_put_file(const struct cw_host *host, const struct cw_file *file);
int cw_service_checkpoint_plugin(const struct cw_host *host, const char *data);
int cw_service_remove_file(const struct cw_host *host, const char *path);
int cw_service_checkpoint_command(const struct cw_host *host, const char *const *argv);
int cw_service_checkpoint_commit(const struct cw_host *host, const char *title);
int cw_service_checkpoint_revert(const struct cw_host *host);
int cw_service_undo_remove(const struct cw_host *host, const char *path, unsigned *id);
int cw_service_undo_command(const struct cw_host *host, const char *const *argv, unsigned *id);
int cw_service_undo_plugin(const struct cw_host *host, const char *data, unsigned *id);
int cw_service_undo_done(const struct cw_host *host, unsigned id);
/* services_text.c: */
int cw_service_credential(const struct cw_host *host, const char *path, const char *key,
			  char **value);
int cw_service_json_get(const struct cw_host *host, const char *text, size_t length,
			const char *pointer, char **value);
char *cw_service_json_quote(const struct cw_host *host, const char *text);
char *cw_service_encode(const struct cw_host *host, enum cw_encoding encoding, const void *data,
			size_t length);
int cw_service_decode(const struct cw_host *host, enum cw_encoding encoding, const char *text,
		      char **data, size_t *length);
int cw_service_sha256(const struct cw_host *host, const void *data, size_t length,
		      unsigned char *digest);
int cw_service_hmac_sha256(const struct cw_host *host, const void *key, size_t key_length,
			   const void *data, size_t length, unsigned char *digest);
/* services_shared.c: */
int cw_service_shared_put(const struct cw_host *host, const char *key, const char *value,
			  size_t length);
int cw_service_shared_get(const struct cw_host *host, const char *key, char **data, size_t *length);
/* services_state.c: */
int cw_service_state_put(const struct cw_host *host, const char *lineage, const char *key,
			 const void *value, size_t length);
int cw_service_state_get(const struct cw_host *host, const char *lineage, const char *key,
			 char **data, size_t *length);
/* services_dns.c: */
int cw_service_locate(const struct cw_host *host, struct cw_dns_place *const *places, size_t count);
int cw_service_wait_txt(const struct cw_host *host, struct cw_txt_record *const *records,
			size_t count, unsigned seconds);
int cw_service_dns_exchange(const struct cw_host *host, struct cw_dns_query *query);
/* services_net.c: */
int cw_service_http(const struct cw_host *host, const struct cw_http_request *request,
		    struct cw_http_response *response);
int cw_service_listen(const struct cw_host *host, const char *address, unsigned port,
		      int *descriptor);
int cw_service_watch(const struct cw_host *host, int descriptor, short events,
		     cw_watch_callback callback, void *context);

#endif
