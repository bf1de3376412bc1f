/* Which certificates need attention, and why: for the page, monitoring programs and the summaries.
 */
#ifndef CW_FLOW_REPORT_HEALTH_H
#define CW_FLOW_REPORT_HEALTH_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/json.h"
#include "base/option.h"

enum cw_health { CW_HEALTH_OK, CW_HEALTH_WARNING, CW_HEALTH_CRITICAL };

/* In seconds. */
struct cw_health_limits {
	/* The time before expiry from which it is a warning, or critical. -1: by the time that
	 * there is for renewing it (the window, else the last third of its lifetime): a warning
	 * when half of it is over, critical when three quarters are. */
	int64_t warning;
	int64_t critical;
	int64_t self_signed; /* critical when it has been self-signed for longer */
};

extern const struct cw_health_limits cw_health_defaults;

/* --warning-days, --critical-days and --self-signed-hours. CW_E_USAGE if the second is more than
 * the first. */
int cw_health_limits_read(const struct cw_settings *settings, struct cw_health_limits *limits,
			  struct cw_error *error);

/*
 * Judges the document STATUS (flow/report/status.h) at its own time. Each certificate gets "health"
 * ("ok", "warning" or "critical") and "attention": why it needs attention in a sentence, null if
 * it is ok. The document gets "summary": {"health" (the worst), "ok", "warning", "critical" (how
 * many)}. What was judged before is judged again.
 *
 * Critical: missing, broken, expired or revoked; self-signed for too long; too near to its expiry.
 * A warning: self-signed; near to its expiry; its renewal fails; any problem, except that automatic
 * renewal is switched off before it is due, or that it is a test certificate.
 */
void cw_health_judge(struct json_object *status, const struct cw_health_limits *limits);

/* The "health" of a certificate or summary that was judged; ok if it was not. */
enum cw_health cw_health_read(struct json_object *judged);
/* "ok", "warning", "critical" */
const char *cw_health_name(enum cw_health health);
/* The following are for a document that was judged. */

/* How many certificates there are, and how many of them need attention. */
size_t cw_health_count(struct json_object *status, size_t *attention);
/* "12 certificates; 1 needs attention"; release with free(). */
char *cw_health_headline(struct json_object *status);
/*
 * What /healthz answers: a line "critical: NAME: REASON" for each certificate that is critical, or
 * "ok". *HTTP_STATUS: 503 if there is such a certificate, else 200. Release with free().
 */
char *cw_health_answer(struct json_object *status, unsigned *http_status);

#endif
