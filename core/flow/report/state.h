/* The members of a status document that are derived from others, and getters for its readers. */
#ifndef CW_FLOW_REPORT_STATE_H
#define CW_FLOW_REPORT_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/json.h"

/*
 * Sets "state" of a certificate (flow/report/status.h) from its other members at NOW (seconds since
 * the epoch), after some of them were changed:
 *
 *     "missing", "broken", "revoked"  stay as they are
 *     "expired"      its time is over
 *     "self-signed"  so is its origin
 *     "failing"      it is due, and the last attempt to renew it failed
 *     "due"          its renewal window has begun
 *     "valid"        none of these
 */
void cw_state_judge(struct json_object *certificate, int64_t now);
/* Reads the time KEY of OBJECT; false if it is absent or null. */
bool cw_state_time(struct json_object *object, const char *key, int64_t *when);
/* Whether the string KEY of OBJECT is VALUE. */
bool cw_state_is(struct json_object *object, const char *key, const char *value);

#endif
