/* One call of the DNS program: for one record, or for all of a certificate. */
#ifndef DNS_EXEC_CALL_H
#define DNS_EXEC_CALL_H

#include <certwright/plugin.h>
#include "../common/records.h"
#include "../common/undo.h"

/* Whose conventions the program follows. */
enum style { STYLE_LEGO, STYLE_LEGO_RAW, STYLE_DEHYDRATED, STYLE_CERTBOT };

enum action { ACTION_PRESENT, ACTION_CLEANUP };

/* What a challenge needs from perform() to cleanup(): its plugin_data. */
struct work {
	struct record_work place;
	char *output;     /* what the program wrote, trimmed; NULL: nothing */
	int started;      /* the program may have set the record */
	struct undo undo; /* for the call of which this challenge is the first */
};

struct call {
	struct cw_challenge **challenges; /* COUNT of them, all of one certificate */
	size_t count;
	char **argv, **environment;
	size_t round; /* calls for one and the same record are made one after the other */
	struct cw_command_result result;
};

/* How to make calls. */
struct caller {
	const struct cw_host *host;
	enum style style;
	const char *program, *cleanup_program;
	int chain; /* dehydrated's HOOK_CHAIN: one call for all records of a certificate */
	size_t jobs;
	unsigned time_limit; /* seconds, 0: none */
	/* All challenges of the batch. */
	struct cw_challenge *const *challenges;
	size_t count;
};

const char *caller_program(const struct caller *caller, enum action action);
/* Fills argv and environment of CALL, whose challenges are set; 0 when memory is out. */
int call_prepare(const struct caller *caller, struct call *call, enum action action);
void call_clear(const struct cw_host *host, struct call *call);

#endif
