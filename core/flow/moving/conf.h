/*
 * Configuration files in the syntax of shells, as other ACME clients have them: KEY=value lines
 * with quotes, comments, lists KEY=(a b) and $KEY. They are read, never executed: a value that only
 * a shell could compute ($(command), `command`, ${KEY%x}, ~/x) is unclear, and so is one that is
 * added to (+=) or set in a condition, a loop, a function or another command. All other lines are
 * skipped.
 */
#ifndef CW_FLOW_MOVING_CONF_H
#define CW_FLOW_MOVING_CONF_H

#include <stdbool.h>
#include "base/error.h"
#include "base/strv.h"

struct cw_conf;

struct cw_conf *cw_conf_new(void);
void cw_conf_free(struct cw_conf *conf); /* NULL is allowed */
#define cw_auto_conf cw_auto(cw_conf_cleanup)
void cw_conf_cleanup(struct cw_conf **conf);

/* Sets KEY before a file is read, for $KEY. */
void cw_conf_set(struct cw_conf *conf, const char *key, const char *value);
/* Adds what the file PATH has; its values replace earlier ones. */
int cw_conf_read(struct cw_conf *conf, const char *path, struct cw_error *error);

/* The value (the first of a list). NULL if it is absent, empty or unclear. */
const char *cw_conf_get(const struct cw_conf *conf, const char *key);
/* The values of a list, or the one value; NULL likewise. */
const struct cw_strv *cw_conf_list(const struct cw_conf *conf, const char *key);
/* Whether the value means yes: "yes", "true" or "1". */
bool cw_conf_is_yes(const struct cw_conf *conf, const char *key);
/* The keys whose values are unclear. */
void cw_conf_unclear(const struct cw_conf *conf, struct cw_strv *keys);
/* False if other users could have changed a file that was read (base/permissions.h): then commands
 * in it must not be run. */
bool cw_conf_is_safe(const struct cw_conf *conf);

#endif
