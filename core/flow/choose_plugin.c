#include "flow/choose_plugin.h"
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "flow/decide.h"

enum role { ROLE_AUTHENTICATOR, ROLE_INSTALLER };

static const struct {
	const char *name, *question, *nobody, *hint, *listing;
} roles[] = {
	[ROLE_AUTHENTICATOR] = {"authenticator",
				"How should the CA be shown that the names are yours?",
				"no authenticator was named",
				"give --webroot -w FOLDER where a web server runs, or --standalone "
				"where none does; see: certwright plugins",
				"see: certwright plugins --authenticators"},
	[ROLE_INSTALLER] = {"installer", "Which installer should be used?",
			    "no installer was named",
			    "give -i with the name of one, --nginx for nginx, or -i null to "
			    "install nothing; see: certwright plugins --installers",
			    "see: certwright plugins --installers"},
};

static bool
has_role(const struct cw_module *module, enum role role)
{
	if (module->plugin == NULL)
		return false;
	return role == ROLE_AUTHENTICATOR ? module->plugin->authenticator != NULL
					  : module->plugin->installer != NULL;
}

/* The module NAME, which must have the role. */
static int
open_in_role(struct cw_context *context, const char *name, enum role role,
	     struct cw_module **module, struct cw_error *error)
{
	int status = cw_registry_open(context->registry, name, module, error);

	if (status < 0 || has_role(*module, role))
		return status;
	cw_fail(error, CW_E_USAGE, "the plugin \"%s\" is no %s", name, roles[role].name);
	cw_hint(error, "%s", roles[role].listing);
	return CW_E_USAGE;
}

static int
ask(struct cw_context *context, enum role role, char **name, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_auto_strv struct cw_strv items = {0};
	size_t choice = 0;
	int status;

	if (!context->asker->interactive) {
		cw_fail(error, CW_E_USAGE, "%s", roles[role].nobody);
		cw_hint(error, "%s", roles[role].hint);
		return CW_E_USAGE;
	}
	cw_registry_open_all(context->registry);
	for (size_t i = 0; i < cw_registry_count(context->registry); i++) {
		const struct cw_module *module = cw_registry_at(context->registry, i);

		if (!has_role(module, role))
			continue;
		cw_strv_add(&names, module->name);
		cw_strv_addf(&items, "%s (%s)", module->plugin->description, module->name);
	}
	if (names.count == 0)
		return cw_fail(error, CW_E_NOT_FOUND, "there is no %s plugin", roles[role].name);
	status = context->asker->choice(context->asker->context, roles[role].question,
					(const char *const *)items.items, items.count, &choice,
					error);
	if (status == CW_OK)
		status = cw_settings_set(context->settings, roles[role].name, CW_SOURCE_RUNTIME,
					 names.items[choice], error);
	if (status == CW_OK)
		*name = cw_strdup(names.items[choice]);
	return status;
}

/* Whether a flag like --nginx selected the plugin, rather than -a nginx. */
static bool
selected_by_flag(const struct cw_settings *settings, const char *plugin)
{
	cw_autofree char *internal = cw_replace_char(cw_strdup(plugin), '-', '_');

	return cw_settings_flag(settings, internal);
}

static int
choose(struct cw_context *context, enum role role, char **name, struct cw_module **module,
       struct cw_error *error)
{
	int status = CW_OK;

	if (*name == NULL)
		status = ask(context, role, name, error);
	if (status == CW_OK)
		status = open_in_role(context, *name, role, module, error);
	/* An asked-for plugin's options, and their defaults, are known from here on. */
	if (status == CW_OK)
		status = cw_module_add_options(*module, context->options, error);
	return status;
}

int
cw_choose_authenticator(struct cw_context *context, char **authenticator, char **installer,
			struct cw_error *error)
{
	struct cw_module *module = NULL;
	int status;

	cw_selected_plugins(context->settings, authenticator, installer);
	status = choose(context, ROLE_AUTHENTICATOR, authenticator, &module, error);
	if (status == CW_OK && *installer == NULL && has_role(module, ROLE_INSTALLER) &&
	    selected_by_flag(context->settings, *authenticator))
		*installer = cw_strdup(*authenticator);
	return status;
}

int
cw_choose_both(struct cw_context *context, char **authenticator, char **installer,
	       struct cw_error *error)
{
	struct cw_module *module = NULL;
	bool asked;
	int status;

	cw_selected_plugins(context->settings, authenticator, installer);
	asked = *authenticator == NULL;
	status = choose(context, ROLE_AUTHENTICATOR, authenticator, &module, error);
	if (status == CW_OK && *installer == NULL && has_role(module, ROLE_INSTALLER) &&
	    (asked || selected_by_flag(context->settings, *authenticator)))
		*installer = cw_strdup(*authenticator);
	if (status == CW_OK)
		status = choose(context, ROLE_INSTALLER, installer, &module, error);
	return status;
}

int
cw_choose_installer(struct cw_context *context, char **installer, struct cw_error *error)
{
	struct cw_module *module = NULL;
	cw_autofree char *authenticator = NULL;

	cw_selected_plugins(context->settings, &authenticator, installer);
	return choose(context, ROLE_INSTALLER, installer, &module, error);
}
