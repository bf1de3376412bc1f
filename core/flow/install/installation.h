/* What an installer plugin is to do, and doing it: the worker's side. flow/install/install.h is the
 * coordinator's. */
#ifndef CW_FLOW_INSTALL_INSTALLATION_H
#define CW_FLOW_INSTALL_INSTALLATION_H

#include "flow/context.h"
#include "flow/work/workers.h"
#include "plugin/instance.h"

/* Work on one certificate. */
struct cw_installation {
	const char *lineage;         /* its name; NULL: files that belong to none */
	struct cw_strv names;        /* whose virtual hosts are concerned */
	struct cw_strv covered;      /* the names of the certificate */
	char *paths[CW_KIND_COUNT];  /* of the certificate's files, absolute; NULL: none */
	struct cw_strv enhancements; /* as struct cw_installer names them */
	bool deploy;                 /* make the virtual hosts use the certificate */
	/* the installer's; borrowed. NULL: the run's */
	const struct cw_settings *settings;
};

void cw_installation_clear(struct cw_installation *installation);
/* The member "installed" (flow/context.h). OUTCOME is what the worker said it did: {"deployed",
 * "enhanced", "changed"}; NULL: it came to no end. */
struct json_object *cw_installation_describe(const struct cw_installation *installation,
					     const char *installer, struct json_object *outcome);

/*
 * Work for cw_workers_run(); each batch has the one installer of its first request.
 *
 * Install: deploys and enhances, as the request's installation says; then the configuration is
 * saved under one checkpoint, tested and loaded by the server. Where that fails it is rolled back,
 * and the server gets what it had; if it was an enhancement that failed, the certificate is
 * deployed without.
 */
void cw_install_batch(struct cw_context *context, const struct cw_services *services,
		      struct cw_batch *batch, cw_report report, void *report_context);
/* Check: whether the certificate, which need not exist yet, could be deployed; changes nothing. */
void cw_check_batch(struct cw_context *context, const struct cw_services *services,
		    struct cw_batch *batch, cw_report report, void *report_context);
/* Names: the request's result is {"names": [...]}, of the virtual hosts there are. */
void cw_list_names_batch(struct cw_context *context, const struct cw_services *services,
			 struct cw_batch *batch, cw_report report, void *report_context);
/* Reload: the server gets new certificates (or what a roll-back left), once for all requests. */
void cw_reload_batch(struct cw_context *context, const struct cw_services *services,
		     struct cw_batch *batch, cw_report report, void *report_context);

#endif
