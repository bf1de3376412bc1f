/* The installer's calls. */
#include <string.h>
#include "base/log.h"
#include "plugin/instance_internal.h"

enum { NAMES_MAX = 100000, NAME_BYTES_MAX = 4096 };

/* The plugin's installer, or NULL with an error. */
static const struct cw_installer *
installer_of(const struct cw_instance *instance, struct cw_error *error)
{
	const struct cw_installer *installer = instance->plugin->installer;

	if (installer == NULL) {
		cw_fail(error, CW_E_UNSUPPORTED, "the plugin \"%s\" is no installer",
			instance->module->name);
		cw_hint(error, "\"certwright plugins --installers\" lists those that are");
	}
	return installer;
}

struct names {
	struct cw_strv *strv;
	struct cw_instance *instance;
};

static int
take_name(void *context, const char *name)
{
	struct names *names = context;

	if (name == NULL || *name == '\0' || strnlen(name, NAME_BYTES_MAX) == NAME_BYTES_MAX ||
	    names->strv->count == NAMES_MAX)
		return cw_host_misused(&names->instance->host, "names",
				       "a name is empty or too long, or there are too many");
	cw_strv_add_unique(names->strv, name);
	return CW_OK;
}

int
cw_instance_names(struct cw_instance *instance, struct cw_strv *names, struct cw_error *error)
{
	const struct cw_installer *installer = installer_of(instance, error);
	struct names context = {names, instance};
	struct cw_call call;

	if (installer == NULL)
		return CW_E_UNSUPPORTED;
	if (installer->names == NULL)
		return CW_OK;
	cw_call_begin(&call, instance, "names");
	return cw_call_end(&call, installer->names(instance->self, take_name, &context), error);
}

/* Whether the installer has the FIELD of struct cw_installer, which came after ABI 1.0. */
#define HAS(installer, field)                                                                      \
	(CW_HAS(installer, struct cw_installer, field) && (installer)->field != NULL)

typedef int (*deployment_function)(void *self, const struct cw_deployment *deployment);

static int
deployment_call(struct cw_instance *instance, const char *name, deployment_function function,
		const struct cw_deployment *deployment, struct cw_error *error)
{
	struct cw_call call;

	cw_call_begin(&call, instance, name);
	return cw_call_end(&call, function(instance->self, deployment), error);
}

bool
cw_instance_deploys_lineages(const struct cw_instance *instance)
{
	const struct cw_installer *installer = installer_of(instance, NULL);

	return installer != NULL && HAS(installer, deploy_lineage);
}

int
cw_instance_deploy(struct cw_instance *instance, const struct cw_deployment *deployment,
		   struct cw_error *error)
{
	const struct cw_installer *installer = installer_of(instance, error);

	if (installer == NULL)
		return CW_E_UNSUPPORTED;
	if (HAS(installer, deploy_lineage))
		return deployment_call(instance, "deploy_lineage", installer->deploy_lineage,
				       deployment, error);
	return deployment_call(instance, "deploy", installer->deploy, deployment, error);
}

int
cw_instance_check(struct cw_instance *instance, const struct cw_deployment *deployment,
		  struct cw_error *error)
{
	const struct cw_installer *installer = installer_of(instance, error);

	if (installer == NULL)
		return CW_E_UNSUPPORTED;
	if (!HAS(installer, check))
		return CW_OK;
	return deployment_call(instance, "check", installer->check, deployment, error);
}

bool
cw_instance_has_renewed(const struct cw_instance *instance)
{
	const struct cw_installer *installer = installer_of(instance, NULL);

	return installer != NULL && HAS(installer, renewed);
}

int
cw_instance_renewed(struct cw_instance *instance, const struct cw_deployment *deployment,
		    struct cw_error *error)
{
	const struct cw_installer *installer = installer_of(instance, error);

	if (installer == NULL)
		return CW_E_UNSUPPORTED;
	return deployment_call(instance, "renewed", installer->renewed, deployment, error);
}

int
cw_instance_undeploy(struct cw_instance *instance, const struct cw_deployment *deployment,
		     struct cw_error *error)
{
	const struct cw_installer *installer = installer_of(instance, error);

	if (installer == NULL)
		return CW_E_UNSUPPORTED;
	if (!HAS(installer, undeploy))
		return cw_fail(error, CW_E_UNSUPPORTED,
			       "the installer \"%s\" cannot remove certificates",
			       instance->module->name);
	return deployment_call(instance, "undeploy", installer->undeploy, deployment, error);
}

/* What follows "=" is what it says to the enhancement. */
static bool
enhances(const struct cw_installer *installer, const char *enhancement)
{
	size_t length = strcspn(enhancement, "=");

	for (size_t i = 0; installer->enhancements != NULL && installer->enhancements[i] != NULL;
	     i++)
		if (strncmp(installer->enhancements[i], enhancement, length) == 0 &&
		    installer->enhancements[i][length] == '\0')
			return true;
	return false;
}

/* An enhancement was asked for by name: not to have it is not to have done it. */
int
cw_instance_enhance(struct cw_instance *instance, const char *name, const char *enhancement,
		    struct cw_error *error)
{
	const struct cw_installer *installer = installer_of(instance, error);
	struct cw_call call;
	int result, status;

	if (installer == NULL)
		return CW_E_UNSUPPORTED;
	if (installer->enhance == NULL || !enhances(installer, enhancement))
		return cw_fail(error, CW_E_UNSUPPORTED,
			       "the plugin \"%s\" does not know the enhancement \"%s\"",
			       instance->module->name, enhancement);
	cw_call_begin(&call, instance, "enhance");
	result = installer->enhance(instance->self, name, enhancement);
	status = cw_call_end(&call, result == CW_UNNEEDED ? CW_OK : result, error);
	return status == CW_OK ? result : status;
}

int
cw_instance_save(struct cw_instance *instance, const char *title, struct cw_error *error)
{
	const struct cw_installer *installer = installer_of(instance, error);
	struct cw_call call;

	if (installer == NULL)
		return CW_E_UNSUPPORTED;
	if (installer->save == NULL)
		return CW_OK;
	cw_call_begin(&call, instance, "save");
	return cw_call_end(&call, installer->save(instance->self, title), error);
}

/* One of the functions that take nothing but the instance. */
static int
simple_call(struct cw_instance *instance, const char *name, int (*function)(void *self),
	    struct cw_error *error)
{
	struct cw_call call;

	if (function == NULL)
		return CW_OK;
	cw_call_begin(&call, instance, name);
	return cw_call_end(&call, function(instance->self), error);
}

int
cw_instance_config_test(struct cw_instance *instance, struct cw_error *error)
{
	const struct cw_installer *installer = installer_of(instance, error);

	if (installer == NULL)
		return CW_E_UNSUPPORTED;
	return simple_call(instance, "config_test", installer->config_test, error);
}

int
cw_instance_reload(struct cw_instance *instance, struct cw_error *error)
{
	const struct cw_installer *installer = installer_of(instance, error);

	if (installer == NULL)
		return CW_E_UNSUPPORTED;
	return simple_call(instance, "reload", installer->reload, error);
}

int
cw_instance_reread(struct cw_instance *instance, struct cw_error *error)
{
	const struct cw_installer *installer = installer_of(instance, error);

	if (installer == NULL)
		return CW_E_UNSUPPORTED;
	return simple_call(instance, "reread", installer->reread, error);
}
