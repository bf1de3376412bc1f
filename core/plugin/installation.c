#include "plugin/installation.h"
#include <stdlib.h>
#include "base/log.h"
#include "base/mem.h"
#include "plugin/change.h"
#include "plugin/instance_internal.h"

void
cw_installation_clear(struct cw_installation *installation)
{
	free(installation->lineage);
	cw_strv_clear(&installation->names);
	cw_strv_clear(&installation->covered);
	cw_strv_clear(&installation->enhancements);
	for (size_t i = 0; i < CW_KIND_COUNT; i++)
		free(installation->paths[i]);
	free(installation->previous_serial);
	*installation = (struct cw_installation){0};
}

/* What the plugin is given: for NAME, or for all names. */
static struct cw_deployment
deployment_of(const struct cw_installation *installation, const char *name)
{
	return (struct cw_deployment){
		.size = sizeof(struct cw_deployment),
		.lineage = installation->lineage,
		.name = name,
		.cert_path = installation->paths[CW_KIND_CERT],
		.key_path = installation->paths[CW_KIND_PRIVKEY],
		.chain_path = installation->paths[CW_KIND_CHAIN],
		.fullchain_path = installation->paths[CW_KIND_FULLCHAIN],
		.names = (const char *const *)cw_strv_items(&installation->covered),
		.names_count = installation->covered.count,
		.reason = installation->reason,
		.previous_serial = installation->previous_serial,
		.expiry = installation->expiry,
		.hosts = (const char *const *)cw_strv_items(&installation->names),
		.hosts_count = installation->names.count,
	};
}

/* A checkpoint records whose keys were changed under it. */
static void
concern(struct cw_instance *instance, const struct cw_installation *installation)
{
	if (installation->lineage != NULL)
		cw_strv_add_unique(&instance->lineages, installation->lineage);
}

typedef int (*deployment_call)(struct cw_instance *instance, const struct cw_deployment *deployment,
			       struct cw_error *error);

/* One call for each of the names, or one for all where the installer deploys lineages. */
static int
for_each_name(struct cw_instance *instance, const struct cw_installation *installation,
	      deployment_call call, struct cw_error *error)
{
	bool whole = cw_instance_deploys_lineages(instance);
	size_t count = installation->names.count;
	int status = CW_OK;

	if (whole && count > 0)
		count = 1;
	for (size_t i = 0; i < count && status == CW_OK; i++) {
		const char *name = whole ? NULL : installation->names.items[i];
		struct cw_deployment deployment = deployment_of(installation, name);

		status = call(instance, &deployment, error);
		if (status < 0 && name != NULL)
			cw_context(error, "cannot install the certificate for \"%s\"", name);
		else if (status < 0)
			cw_context(error, "cannot install the certificate");
	}
	return status;
}

static const char enhancements_title[] = "Add enhancements";

struct installing {
	struct cw_instance *instance;
	const struct cw_installation *installation;
	bool deploying; /* that went well, before the enhancements */
	struct cw_installation_outcome *outcome;
};

static int
deploy(void *context, struct cw_error *error)
{
	const struct installing *installing = context;

	return for_each_name(installing->instance, installing->installation, cw_instance_deploy,
			     error);
}

/* Bits of *UNNEEDED: as in struct cw_installation_outcome. */
static int
enhance_names(struct cw_instance *instance, const struct cw_installation *installation,
	      uint64_t *unneeded, struct cw_error *error)
{
	*unneeded = 0;
	for (size_t i = 0; i < installation->enhancements.count; i++) {
		const char *enhancement = installation->enhancements.items[i];
		bool added = false;

		for (size_t j = 0; j < installation->names.count; j++) {
			const char *name = installation->names.items[j];
			int status = cw_instance_enhance(instance, name, enhancement, error);

			if (status < 0)
				return cw_context(error,
						  "cannot add the enhancement \"%.*s\" for "
						  "\"%s\"",
						  (int)strcspn(enhancement, "="), enhancement,
						  name);
			added |= status == CW_OK;
		}
		if (!added)
			*unneeded |= UINT64_C(1) << i;
	}
	return CW_OK;
}

static int
enhance(void *context, struct cw_error *error)
{
	const struct installing *installing = context;

	return enhance_names(installing->instance, installing->installation,
			     &installing->outcome->unneeded, error);
}

static int
deploy_and_enhance(void *context, struct cw_error *error)
{
	struct installing *installing = context;
	int status = deploy(installing, error);

	installing->deploying = status == CW_OK;
	return status < 0 ? status : enhance(installing, error);
}

int
cw_installation_carry_out(struct cw_instance *instance, const struct cw_installation *installation,
			  struct cw_installation_outcome *outcome, struct cw_error *error)
{
	static const char title[] = "Deployed ACME Certificate";
	struct installing installing = {
		.instance = instance, .installation = installation, .outcome = outcome};
	cw_auto_error struct cw_error second = {0};
	int status;

	*outcome = (struct cw_installation_outcome){0};
	cw_strv_clear(&instance->lineages);
	concern(instance, installation);
	if (!installation->deploy) {
		status = cw_change_carry_out(instance, enhancements_title, enhance, &installing,
					     &outcome->changed, error);
		outcome->enhanced = status == CW_OK;
		return status;
	}
	status = cw_change_carry_out(instance, title, deploy_and_enhance, &installing,
				     &outcome->changed, error);
	outcome->deployed = outcome->enhanced = status == CW_OK;
	if (status == CW_OK || !installing.deploying || installation->enhancements.count == 0 ||
	    status == CW_E_CANCELLED)
		return status;
	cw_log_warning("installing the certificate without the enhancements");
	outcome->deployed = cw_change_carry_out(instance, title, deploy, &installing,
						&outcome->changed, &second) == CW_OK;
	if (!outcome->deployed)
		cw_error_move(error, &second);
	return status;
}

int
cw_installation_check(struct cw_instance *instance, const struct cw_installation *installation,
		      struct cw_error *error)
{
	return for_each_name(instance, installation, cw_instance_check, error);
}

struct updating {
	struct cw_instance *instance;
	struct cw_update *updates;
	size_t count;
	bool failed_one; /* the call for one of them */
};

static int
update_one(struct cw_instance *instance, const struct cw_installation *installation,
	   struct cw_error *error)
{
	struct cw_deployment deployment = deployment_of(installation, NULL);

	uint64_t unneeded;

	if (installation->reason == CW_REASON_UNDEPLOY)
		return cw_instance_undeploy(instance, &deployment, error);
	if (installation->enhancements.count > 0)
		return enhance_names(instance, installation, &unneeded, error);
	if (cw_instance_has_renewed(instance))
		return cw_instance_renewed(instance, &deployment, error);
	return for_each_name(instance, installation, cw_instance_deploy, error);
}

static int
update(void *context, struct cw_error *error)
{
	struct updating *updating = context;

	for (size_t i = 0; i < updating->count; i++) {
		struct cw_update *one = &updating->updates[i];
		int status;

		if (one->error.status != CW_OK)
			continue;
		status = update_one(updating->instance, one->installation, &one->error);
		if (status == CW_OK)
			continue;
		/* Somebody else's change, or a signal, is not its fault. */
		if (status == CW_E_BUSY || status == CW_E_CANCELLED)
			return cw_error_move(error, &one->error);
		updating->failed_one = true;
		cw_error_copy(error, &one->error);
		return status;
	}
	return CW_OK;
}

static bool
any_left(const struct updating *updating)
{
	for (size_t i = 0; i < updating->count; i++)
		if (updating->updates[i].error.status == CW_OK)
			return true;
	return false;
}

/* All of them are of the same kind. */
static const char *
update_title(const struct cw_update *updates, size_t count)
{
	if (count > 0 && updates[0].installation->reason == CW_REASON_UNDEPLOY)
		return "Removed ACME Certificate";
	return count > 0 && updates[0].installation->enhancements.count > 0
		       ? enhancements_title
		       : "Renewed ACME Certificate";
}

int
cw_installation_update(struct cw_instance *instance, struct cw_update *updates, size_t count,
		       struct cw_error *error)
{
	const char *title = update_title(updates, count);
	struct updating updating = {.instance = instance, .updates = updates, .count = count};
	bool changed = false;
	int status = CW_OK;

	cw_strv_clear(&instance->lineages);
	for (size_t i = 0; i < count; i++)
		concern(instance, updates[i].installation);
	do {
		cw_error_clear(error);
		updating.failed_one = false;
		status = cw_change_carry_out(instance, title, update, &updating, &changed, error);
	} while (updating.failed_one && any_left(&updating));
	for (size_t i = 0; i < count && status != CW_OK; i++)
		if (updates[i].error.status == CW_OK)
			cw_error_copy(&updates[i].error, error);
	return status;
}
