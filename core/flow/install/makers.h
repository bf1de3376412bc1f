/*
 * The installers that made the checkpoints of a rollback: their servers have to reload afterwards.
 * That is recorded in WORK/certwright/rollback before a file is changed. If the run is killed, the
 * next one that writes has the servers reload.
 */
#ifndef CW_FLOW_INSTALL_MAKERS_H
#define CW_FLOW_INSTALL_MAKERS_H

#include "flow/context.h"

struct cw_maker {
	char *installer;
	struct cw_settings *settings; /* with which it made them */
};

struct cw_makers {
	struct cw_context *context; /* of the run */
	struct cw_maker *items;
	size_t count;
};

void cw_makers_clear(struct cw_makers *makers);
/* Adds INSTALLER with the settings of the run. */
struct cw_maker *cw_makers_add(struct cw_makers *makers, const char *installer);
/* Adds the one of RECORD, which its checkpoint has (plugin/services_files.c). Options of this run
 * take precedence. *FOUND: it names one. */
int cw_makers_add_record(struct cw_makers *makers, const char *record, bool *found,
			 struct cw_error *error);
/* Durably records that their servers have to reload, and removes the record. */
int cw_makers_owe(const struct cw_makers *makers, struct cw_error *error);
void cw_makers_settled(const struct cw_context *context);
/* Has their servers reload, except those in DONE. */
int cw_makers_reload(const struct cw_makers *makers, const struct cw_strv *done,
		     struct cw_error *error);
/* Does what a rollback owes that was killed. Failures are logged. */
void cw_reload_rolled_back(struct cw_context *context);

#endif
