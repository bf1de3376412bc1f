/* What renews on this machine: the agent, a systemd timer, or a cron job. */
#ifndef CW_FLOW_DUE_SCHEDULE_H
#define CW_FLOW_DUE_SCHEDULE_H

#include "flow/context.h"

struct cw_schedule {
	char *runner; /* "systemd timer certwright-renew.timer", ours first of several timers;
		       * NULL: none was found */
	char *setup;  /* if there is none: a command, or a line for a cron file; else NULL */
	char *file;   /* the cron file, or "your crontab"; NULL: SETUP is a command */
};

/*
 * Looks for it in the usual places below the folder ROOT ("" outside of tests): an agent that runs,
 * enabled timers, if systemd runs, and cron files, if there is a cron. A job counts if it runs
 * "certwright renew" or "certbot renew" for the directories that are in use. A user who is not root
 * has a crontab that only crontab(1) can read; a job in it is not found.
 */
void cw_schedule_find(const char *root, const struct cw_directories *directories,
		      struct cw_schedule *schedule);
void cw_schedule_clear(struct cw_schedule *schedule);
#define cw_auto_schedule cw_auto(cw_schedule_clear)

/* Adds it to a verb's result as "renewal": {"scheduled_by", "setup", "file", "prevented"}. With
 * --preconfigured-renewal nothing is to be set up. */
void cw_schedule_describe(const struct cw_context *context, struct json_object *result);

#endif
