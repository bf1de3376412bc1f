/* An installation, and the worker's side of it. flow/install/install.h is the coordinator's side.
 * */
#ifndef CW_FLOW_INSTALL_INSTALLATION_H
#define CW_FLOW_INSTALL_INSTALLATION_H

#include "flow/context.h"
#include "flow/work/workers.h"
#include "plugin/instance.h"

/* Work on one certificate. */
struct cw_installation {
	const char *lineage;         /* its name; NULL: the files belong to none */
	struct cw_strv names;        /* whose virtual hosts are concerned */
	struct cw_strv covered;      /* the names of the certificate */
	char *paths[CW_KIND_COUNT];  /* of the certificate's files, absolute; NULL: none */
	struct cw_strv enhancements; /* as struct cw_installer names them */
	bool deploy;                 /* make the virtual hosts use the certificate */
	/* the installer's; borrowed. NULL: the run's */
	const struct cw_settings *settings;
};

void cw_installation_clear(struct cw_installation *installation);
/* The member "installed" (flow/context.h). OUTCOME is the worker's report: {"deployed", "enhanced",
 * "changed"}; NULL: it did not finish. */
struct json_object *cw_installation_describe(const struct cw_installation *installation,
					     const char *installer, struct json_object *outcome);

/*
 * Work for cw_workers_run(); each batch has the one installer of its first request.
 *
 * Install: deploys and enhances as the request's installation says, saves the configuration under
 * one checkpoint, tests it and reloads the server. If that fails, everything is rolled back; if
 * only an enhancement failed, the certificate is then deployed without enhancements.
 */
void cw_install_batch(struct cw_context *context, const struct cw_services *services,
		      struct cw_batch *batch, cw_report report, void *report_context);
/* Check: whether the certificate, which may not exist yet, could be deployed. Changes nothing. */
void cw_check_batch(struct cw_context *context, const struct cw_services *services,
		    struct cw_batch *batch, cw_report report, void *report_context);
/* Names: the request's result is {"names": [...]}, the names of the virtual hosts. */
void cw_list_names_batch(struct cw_context *context, const struct cw_services *services,
			 struct cw_batch *batch, cw_report report, void *report_context);
/* Reload: reloads the server once for all requests, after new certificates or a rollback. */
void cw_reload_batch(struct cw_context *context, const struct cw_services *services,
		     struct cw_batch *batch, cw_report report, void *report_context);

#endif
