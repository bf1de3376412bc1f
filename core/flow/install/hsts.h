/*
 * --auto-hsts: the max-age of Strict-Transport-Security grows over time, in the steps that Certbot
 * takes. "renew" takes the next one of a name when the last was two days ago or more, and the last
 * one, a year, only when it has renewed the certificate.
 *
 * The section [[hsts_steps]] of [certwright] in the renewal file, which Certbot ignores, has a key
 * for each name with steps to come. Its value is a list: the installer, the max-age that the server
 * sends, and when that was set (seconds since the epoch).
 */
#ifndef CW_FLOW_INSTALL_HSTS_H
#define CW_FLOW_INSTALL_HSTS_H

#include "flow/context.h"
#include "plugin/installation.h"
#include "store/lineage.h"

/* The enhancement that begins it, as struct cw_installer has it. */
#define CW_HSTS_FIRST "auto-hsts=0:60"

/* A step of the names of one lineage that have the same installer and max-age. */
struct cw_hsts_step {
	char *installer;
	struct cw_strv names;
	unsigned from, to; /* max-age */
};

struct cw_hsts_steps {
	struct cw_hsts_step *items;
	size_t count;
};

/* Whether any name of the lineage has steps to come. */
bool cw_hsts_has_steps(const struct cw_lineage *lineage);
/* Adds the steps to take now. RENEWED: this run has renewed the lineage. */
void cw_hsts_find_steps(const struct cw_lineage *lineage, bool renewed,
			struct cw_hsts_steps *steps);
void cw_hsts_step_clear(struct cw_hsts_step *step);
void cw_hsts_steps_clear(struct cw_hsts_steps *steps);
#define cw_auto_hsts_steps cw_auto(cw_hsts_steps_clear)

/* The enhancement for a step; free with free(). */
char *cw_hsts_enhancement(const struct cw_hsts_step *step);
/* Records that the first step of INSTALLATION was taken for those of its names that have no record.
 * Does nothing if the first step was not one of its enhancements. */
int cw_hsts_begun(const struct cw_context *context, const char *installer,
		  const struct cw_installation *installation, const struct cw_settings *settings,
		  struct cw_error *error);
/* Records that a step was taken, or with END that the names have no more steps. */
int cw_hsts_taken(const struct cw_context *context, const char *lineage_name,
		  const struct cw_hsts_step *step, bool end, struct cw_error *error);

#endif
