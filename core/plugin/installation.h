/* What an installer plugin is to do for one certificate, and doing it over an instance. */
#ifndef CW_PLUGIN_INSTALLATION_H
#define CW_PLUGIN_INSTALLATION_H

#include <stdbool.h>
#include "base/error.h"
#include "base/strv.h"
#include "plugin/instance.h"
#include "store/lineage.h"

/* Work on one certificate. */
struct cw_installation {
	char *lineage;               /* its name; NULL: files that belong to none */
	struct cw_strv names;        /* whose virtual hosts are concerned */
	struct cw_strv covered;      /* the names of the certificate */
	char *paths[CW_KIND_COUNT];  /* of the certificate's files, absolute; NULL: none */
	char *previous_serial;       /* as struct cw_deployment has it; NULL: none */
	int64_t expiry;              /* likewise; 0: not known */
	struct cw_strv enhancements; /* as struct cw_installer names them */
	enum cw_reason reason;
	bool deploy; /* make the virtual hosts use the certificate */
	/* the installer's; borrowed. NULL: the run's */
	const struct cw_settings *settings;
};

/* What is in place at the end. */
struct cw_installation_outcome {
	bool deployed, enhanced;
	bool changed; /* a file */
};

void cw_installation_clear(struct cw_installation *installation);
/*
 * Deploys and enhances; then the configuration is saved under one checkpoint, tested and loaded by
 * the server. Where that fails it is rolled back, and the server gets what it had; if it was an
 * enhancement that failed, the certificate is deployed without. OUTCOME is filled in any case.
 */
int cw_installation_carry_out(struct cw_instance *instance,
			      const struct cw_installation *installation,
			      struct cw_installation_outcome *outcome, struct cw_error *error);
/* Whether the installer could deploy all of it, before the certificate is there. Changes nothing.
 */
int cw_installation_check(struct cw_instance *instance, const struct cw_installation *installation,
			  struct cw_error *error);

/* One of several lineages whose server is brought up to date. */
struct cw_update {
	const struct cw_installation *installation; /* its reason says which call is made */
	struct cw_error error;                      /* out: CW_OK: it is in use */
};
/*
 * Calls undeploy() for installations with that reason, renewed() for all others; then the
 * configuration is saved, tested and loaded once for all. Where a call fails for one of them, that
 * is undone, and the others go on without it. CW_OK with errors in UPDATES, or the status of what
 * failed for all that had none of their own.
 */
int cw_installation_update(struct cw_instance *instance, struct cw_update *updates, size_t count,
			   struct cw_error *error);

#endif
