/* One call of the DNS program: for one record, or for all of a certificate. */
#ifndef DNS_EXEC_CALL_H
#define DNS_EXEC_CALL_H

#include <certwright/plugin.h>
#include "../common/records.h"
#include "../common/undo.h"

/* Whose conventions the program follows. */
enum style {
	STYLE_LEGO,
	STYLE_LEGO_RAW,
	STYLE_DEHYDRATED,
	STYLE_CERTBOT,
	STYLE_LEXICON,
	STYLE_ACME_SH
};

enum action { ACTION_PRESENT, ACTION_CLEANUP };

/* The plugin_data of a challenge, from perform() to cleanup(). */
struct work {
	struct record_work place;
	char *output;     /* the program's output, trimmed; NULL: none */
	int started;      /* the program may have set the record */
	struct undo undo; /* in the first challenge of a call */
};

struct call {
	struct cw_challenge **challenges; /* COUNT challenges of one certificate */
	size_t count;
	char **argv, **environment;
	size_t round; /* calls for the same record are in different rounds */
	struct cw_command_result result;
};

/* How to make calls. */
struct caller {
	const struct cw_host *host;
	enum style style;
	const char *program, *cleanup_program;
	const char *provider, *config_folder; /* lexicon's */
	int chain; /* dehydrated's HOOK_CHAIN: one call for all records of a certificate */
	size_t jobs;
	unsigned time_limit; /* seconds, 0: none */
	/* All challenges of this perform() or cleanup(). */
	struct cw_challenge *const *challenges;
	size_t count;
};

const char *caller_program(const struct caller *caller, enum action action);
/* Fills argv and environment of CALL, whose challenges are set; 0 if out of memory. */
int call_prepare(const struct caller *caller, struct call *call, enum action action);
void call_clear(const struct cw_host *host, struct call *call);

#endif
