/*
 * The status document: one JSON object that says how all certificates are. The agent makes it with
 * what it knows, "report" from the files alone. The page, the metrics, the tables and the checks of
 * monitoring programs (the other files of this folder) are made from it and from nothing else. It
 * has no key, token or credential.
 *
 * {"format": 1, "program": "certwright 1.0", "time", "agent": null or {"since", "pid"},
 *  "config_dir",
 *  "certificates": [{"name", "domains": [...], "origin": "acme", "provided", "self-signed" or
 *      "none", "state" (flow/report/state.h), "issuer", "serial", "key_type", "not_before",
 * "expiry", "server", "authenticator", "installer", "autorenew": true or false, "window": null or
 * {"start", "end"}, "next": null or {"action": "renew", "ask" (the CA when to renew), "retry" or
 * "check", "time"}, "last_success", "attempts": how many failed since, "last_failure": null or
 * {"time", "kind", "message", "hint", "until"}, "problems": [{"kind", "message", "hint"}]}],
 *  "servers": [{"server", "requests", "failures"}], "runs": {"count", "failed", "seconds"},
 *  "summary": {"health", "ok", "warning", "critical"} (flow/report/health.h)}
 *
 * Times are as RFC 3339 writes them, in UTC. What is not known is null.
 */
#ifndef CW_FLOW_REPORT_STATUS_H
#define CW_FLOW_REPORT_STATUS_H

#include "flow/context.h"

#define CW_STATUS_FORMAT 1

/* The whole document, from the files. An error only if the list of certificates cannot be read. */
int cw_status_new(struct cw_context *context, struct json_object **status, struct cw_error *error);
/* One member of "certificates", from the files. Its state is "missing" if there is no NAME. */
struct json_object *cw_status_certificate(struct cw_context *context, const char *name);
/* The names of all certificates, sorted: those with a renewal file, and folders of live/ with files
 * that certwright did not link there. */
int cw_status_names(const struct cw_context *context, struct cw_strv *names,
		    struct cw_error *error);

#endif
