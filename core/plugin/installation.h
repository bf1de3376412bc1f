/* Describes what an installer plugin has to do for one certificate, and does it with an
 * instance. */
#ifndef CW_PLUGIN_INSTALLATION_H
#define CW_PLUGIN_INSTALLATION_H

#include <stdbool.h>
#include "base/error.h"
#include "base/strv.h"
#include "plugin/instance.h"
#include "store/lineage.h"

/* Work on one certificate. */
struct cw_installation {
	char *lineage;               /* its name; NULL: the files belong to no lineage */
	struct cw_strv names;        /* the names whose virtual hosts are to be changed */
	struct cw_strv covered;      /* the names of the certificate */
	char *paths[CW_KIND_COUNT];  /* of the certificate's files, absolute; NULL: none */
	char *previous_serial;       /* as struct cw_deployment has it; NULL: none */
	int64_t expiry;              /* as struct cw_deployment has it; 0: unknown */
	struct cw_strv enhancements; /* as struct cw_installer's enhance() gets them */
	enum cw_reason reason;
	bool deploy; /* make the virtual hosts use the certificate */
	/* The settings for the installer; borrowed. NULL: the settings of the run. */
	const struct cw_settings *settings;
};

/* What is in place after an installation. */
struct cw_installation_outcome {
	bool deployed, enhanced;
	bool changed; /* a file was changed */
	/* Bit I: enhancement I of the installation was not needed for any name. */
	uint64_t unneeded;
};

void cw_installation_clear(struct cw_installation *installation);
/*
 * Deploys and enhances. Then the configuration is saved under one checkpoint, tested, and loaded by
 * the server. If one of these steps fails, it is rolled back and the server loads the old
 * configuration. If an enhancement failed, the certificate is deployed without it. OUTCOME is
 * always filled in.
 */
int cw_installation_carry_out(struct cw_instance *instance,
			      const struct cw_installation *installation,
			      struct cw_installation_outcome *outcome, struct cw_error *error);
/* Checks whether the installer could deploy everything, before the certificate exists. Changes
 * nothing. */
int cw_installation_check(struct cw_instance *instance, const struct cw_installation *installation,
			  struct cw_error *error);

/* One of several lineages for which a server is updated. */
struct cw_update {
	/* its reason decides which function is called */
	const struct cw_installation *installation;
	struct cw_error error; /* output; CW_OK: the certificate is in use */
};
/*
 * Calls undeploy() for installations with that reason, enhance() for those with enhancements, and
 * renewed() for all others. Then the
 * configuration is saved, tested and loaded once for all of them. If a call fails for one of them,
 * its changes are undone and the others continue without it. Returns CW_OK, with single errors in
 * UPDATES, or the status of a failure that concerns all those without an error of their own.
 */
int cw_installation_update(struct cw_instance *instance, struct cw_update *updates, size_t count,
			   struct cw_error *error);

#endif
