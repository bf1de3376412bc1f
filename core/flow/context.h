/*
 * The context of a verb, and the verbs. Each verb is one function that adds its members of the
 * --json object to RESULT. cli/ adds "verb", "ok" and "error", and makes the text output from the
 * same members. Code in flow/ prints nothing. Messages for the user go to the log at level info or
 * above, which the terminal shows.
 */
#ifndef CW_FLOW_CONTEXT_H
#define CW_FLOW_CONTEXT_H

#include <stdbool.h>
#include "base/ask.h"
#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/option.h"
#include "flow/verb.h"
#include "plugin/registry.h"
#include "store/directories.h"

struct cw_agent_front;        /* flow/agent/front.h */
struct cw_host_authenticator; /* flow/issue/host.h */
struct cw_run;

struct cw_context {
	const struct cw_verb *verb;
	struct cw_run *run; /* flow/work/begin.h; NULL: the verb only reads */
	struct cw_option_set *options;
	struct cw_settings *settings; /* command line over cli.ini over defaults */
	struct cw_registry *registry;
	struct cw_directories directories;
	const struct cw_strv *words; /* of a verb that takes one, or reads them itself */
	const struct cw_asker *asker;
	struct json_object *failed_hooks; /* a member of the result; set if the verb writes */
	/* Shows on a terminal that DONE of TOTAL steps of WHAT are done. TOTAL is 0 when the work
	 * is finished. NULL: no progress is shown. */
	void (*progress)(void *context, const char *what, size_t done, size_t total);
	/* Prints ITEM of the array LIST at once instead of adding it to RESULT, for lists that may
	 * be very long. */
	void (*item)(void *context, const char *list, struct json_object *item);
	/* Told how many HTTP requests were sent to the CA at SERVER, and how many of them failed,
	 * as they are answered. NULL: nobody wants to know. */
	void (*counted)(void *context, const char *server, int64_t sent, int64_t failed);
	void *output; /* the context of progress, item and counted */
	/* Of the library's host; NULL: the command was not called by one. */
	const struct cw_host_authenticator *host;
	struct json_object *request;        /* all of it, as the host (or the agent) sent it */
	struct cw_ca_memory *ca_memory;     /* of the calls of one client; NULL: there is none */
	const struct cw_agent_front *agent; /* NULL: there can be no agent here */
	bool in_memory;                     /* nothing is kept in files: there are no directories */
	const char *certbot_version;        /* the Certbot version in new renewal files: "2.1.0" */
	/* Made by cw_context_open() or when first needed, for the whole command. */
	struct cw_loop *loop;
	struct cw_network *network;
	struct cw_known_ca *cas;
	bool writes; /* the locks are held, so facts about CAs may be saved */
};

struct cw_account;
struct cw_ca;
/* Makes the loop. */
void cw_context_open(struct cw_context *context);
/* Saves what the next run can use, and ends the network process. */
void cw_context_close(struct cw_context *context);
/* Returns the run's connection to the network process. */
struct cw_network *cw_context_network(struct cw_context *context);
/* Returns the CA at SERVER for ACCOUNT (NULL: any account). */
struct cw_ca *cw_context_ca(struct cw_context *context, const char *server,
			    const struct cw_account *account);
/* Returns a new one, for cw_ca_close(). */
struct cw_ca *cw_context_new_ca(struct cw_context *context, const char *server);

/*
 * certonly, renew: RESULT gets "certificates": an array of {"name", "domains", "serial", "expiry"
 * (RFC 3339), "key_type", "cert_path", "key_path", "chain_path", "fullchain_path", "action":
 * "issued", "renewed", "kept", "installed" or "reloaded" (renew did what an earlier run could not
 * do for a certificate that is not due), "simulated" (--dry-run) or "failed", "error": null or an
 * error object, "left_out": an array of an error object for each name that --allow-subset-of-names
 * left out}. With --csr name and key_path are null. renew also: "hsts_steps": an array of {"name",
 * "installer", "names", "max_age"}.
 */
int cw_flow_certonly(struct cw_context *context, struct json_object *result,
		     struct cw_error *error);
/* run: as certonly, and "installed": {"name", "installer", "names", "enhancements" (those that were
 * added), "failed_names", "failed_enhancements" (those that could not be), "unneeded_enhancements"
 * (those with nothing to do for any name), "changed" (whether the server's configuration was
 * changed), and the paths as above}. install, enhance: only "installed".
 * Its name is null for files that belong to no lineage. */
int cw_flow_run(struct cw_context *context, struct json_object *result, struct cw_error *error);
int cw_flow_install(struct cw_context *context, struct json_object *result, struct cw_error *error);
int cw_flow_enhance(struct cw_context *context, struct json_object *result, struct cw_error *error);
int cw_check_enhance(const struct cw_settings *settings, struct cw_error *error);
/* rollback: "rolled_back": {"checkpoints" (how many), "installer" (which made the newest one),
 * "installers": an array, because several may have made them}. */
int cw_flow_rollback(struct cw_context *context, struct json_object *result,
		     struct cw_error *error);
/* reconfigure: "reconfigured": {"name", "changes": an array of {"key", "before", "after"} for each
 * line of [renewalparams] that changed; null if there was or is no line}, and "certificates" of the
 * dry run. */
int cw_flow_reconfigure(struct cw_context *context, struct json_object *result,
			struct cw_error *error);
int cw_flow_renew(struct cw_context *context, struct json_object *result, struct cw_error *error);
int cw_check_reconfigure(const struct cw_settings *settings, struct cw_error *error);
int cw_check_renew(const struct cw_settings *settings, struct cw_error *error);
/* certificates: "certificates": the above without action and error, with "status": "VALID" or
 * "INVALID", "reasons": ["TEST_CERT", "EXPIRED", "REVOKED"], "days_left", "due" (RFC 3339),
 * "authenticator", "server", "autorenew", "last_failure": null or {"time", "error"}; "broken": an
 * array of {"name", "error"} for those that cannot be read; the verb fails if there are any. Each
 * certificate goes to context->item. */
int cw_flow_certificates(struct cw_context *context, struct json_object *result,
			 struct cw_error *error);
/* report: "status": the status document (flow/report/status.h), judged; "health": "ok", "warning"
 * or "critical"; "written": an array of the files that were written ("-": the standard output);
 * with --nagios, "nagios":
 * {"exit_status", "lines"}. */
int cw_flow_report(struct cw_context *context, struct json_object *result, struct cw_error *error);
int cw_check_report(const struct cw_settings *settings, struct cw_error *error);
int cw_report_exit_status(const struct cw_settings *settings, struct json_object *result);
/* delete: "deleted": an array of names; "undeployed", "still_deployed": arrays of {"name",
 * "installer"}: certificates that an installer has removed from its server, and ones that a server
 * still has. revoke, when the files are deleted: the latter two, and always "revoked": {"name"
 * (null for a file of no lineage), "cert_path", "serial", "deleted"}. */
int cw_flow_delete(struct cw_context *context, struct json_object *result, struct cw_error *error);
int cw_flow_revoke(struct cw_context *context, struct json_object *result, struct cw_error *error);
/* register, update_account, unregister, show_account: "account": {"id", "server", "uri",
 * "thumbprint", "contact": [...], "created": true or false, "status"}. */
int cw_flow_register(struct cw_context *context, struct json_object *result,
		     struct cw_error *error);
int cw_flow_update_account(struct cw_context *context, struct json_object *result,
			   struct cw_error *error);
int cw_flow_unregister(struct cw_context *context, struct json_object *result,
		       struct cw_error *error);
int cw_flow_show_account(struct cw_context *context, struct json_object *result,
			 struct cw_error *error);
/* import: "accounts": an array of {"id" (null if its key cannot be read), "server", "uri" (null if
 * not known), "source" (its file there), "action", "error"}, and "certificates": an array of
 * {"name", "domains", "serial", "expiry", "key_type", the paths (null if it was not saved now),
 * "source", "server", "account" (its id), "authenticator", "action", "error"}. action: "imported",
 * "present" (it was there before), "simulated" (--dry-run) or "failed". "not_taken_over": an array
 * of {"source", "message", "hint"}. */
int cw_check_import(const struct cw_settings *settings, struct cw_error *error);
int cw_check_export(const struct cw_settings *settings, struct cw_error *error);
int cw_flow_import(struct cw_context *context, struct json_object *result, struct cw_error *error);
/* export: "exported": {"name", "format", "part" (of der; else null), "path" (null: the standard
 * output), "private_key" (whether it has the key)}. */
int cw_flow_export(struct cw_context *context, struct json_object *result, struct cw_error *error);
/* dns-records: "server", "account_uri", "records": an array of {"domain", "purpose":
 * "dns-persist-01", "dns-01" or "caa", "name", "type": "TXT", "CNAME" or "CAA", "value" and "line"
 * (of a zone file; both null if not known), "found": an array of the values there, "present",
 * "problem": null or what is wrong with what is there}. */
int cw_flow_dns_records(struct cw_context *context, struct json_object *result,
			struct cw_error *error);
/* agent: with the action status, "status" is the status document (flow/report/status.h), judged,
 * and "health" as of report. */
int cw_flow_agent(struct cw_context *context, struct json_object *result, struct cw_error *error);
/* plugins: "plugins": an array of {"name", "version", "description", "path", "abi": "1.0", "roles":
 * ["authenticator", "installer"], "challenge_types": [...], "prepared": null, true or an error
 * object}; "refused": an array of {"path", "error"}. */
int cw_flow_plugins(struct cw_context *context, struct json_object *result, struct cw_error *error);

#endif
