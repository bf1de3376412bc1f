/* The verb reconfigure: other settings for a lineage, tried out before they are saved. */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "flow/ask/choose_lineage.h"
#include "flow/ask/choose_plugin.h"
#include "flow/due/lineage_settings.h"
#include "flow/issue/aliases.h"
#include "flow/issue/save.h"
#include "flow/issue/server.h"
#include "flow/verbs/certonly.h"
#include "flow/work/hooks.h"
#include "store/renewal.h"

static const char params[] = "renewalparams";

int
cw_check_reconfigure(const struct cw_settings *settings, struct cw_error *error)
{
	if (cw_settings_list(settings, "domains")->count == 0 &&
	    cw_settings_list(settings, "ip_addresses")->count == 0)
		return CW_OK;
	cw_fail(error, CW_E_USAGE, "reconfigure cannot change a certificate's names");
	cw_hint(error, "use certonly with --cert-name and -d instead");
	return CW_E_USAGE;
}

/* The CA and the account are the certificate's own. */
static int
check_unchanged(const struct cw_context *context, const struct cw_lineage *lineage,
		struct cw_error *error)
{
	static const char *const keys[] = {"server", "account"};

	for (size_t i = 0; i < CW_COUNT(keys); i++) {
		const char *given = cw_settings_get(context->settings, keys[i]);
		const char *present = cw_configobj_get(lineage->config, params, keys[i]);

		if (!cw_settings_given(context->settings, keys[i]) || cw_equal(given, present))
			continue;
		cw_fail(error, CW_E_USAGE, "reconfigure cannot change the %s of a certificate",
			keys[i]);
		cw_hint(error,
			"renew it with another one: certwright renew --cert-name %s "
			"--force-renewal --%s %s",
			lineage->name, keys[i], given);
		return CW_E_USAGE;
	}
	return CW_OK;
}

/* The plugins that the settings name together: new ones where there are, else the lineage's. */
static int
choose_plugins(struct cw_context *context, struct cw_request *request, struct cw_error *error)
{
	struct cw_context with_lineage = *context;

	with_lineage.settings = request->settings;
	return cw_choose_authenticator(&with_lineage, &request->authenticator, &request->installer,
				       error);
}

static int
prepare_request(struct cw_context *context, const char *name, struct cw_request **prepared,
		struct cw_error *error)
{
	struct cw_request *request = cw_request_new(name, context->settings);
	int status;

	*prepared = request;
	request->renewal = true;
	request->dry_run = true;
	status = cw_lineage_load(context->directories.config, name, &request->lineage, error);
	if (status == CW_OK)
		status = check_unchanged(context, request->lineage, error);
	if (status == CW_OK)
		status = cw_lineage_settings(context, request->lineage, request->settings, error);
	if (status == CW_OK)
		status = choose_plugins(context, request, error);
	if (status == CW_OK)
		status = cw_names_from_certificate(request->lineage->live[CW_KIND_CERT],
						   &request->names, error);
	if (status == CW_OK)
		status = cw_choose_for_names(context, request, error);
	if (status == CW_OK)
		status = cw_flow_validate_hooks(request->settings, error);
	if (status == CW_OK)
		status = cw_aliases_check_names(request->settings, &request->names, error);
	if (status == CW_OK)
		status = cw_request_check_savable(context, request, error);
	return status;
}

/* The same dry run as with --dry-run, but at the certificate's own CA if this is another one than
 * Let's Encrypt. Its account may differ from the lineage's. */
static int
try_settings(struct cw_context *context, struct cw_request *request, struct json_object *result,
	     struct cw_error *error)
{
	struct cw_settings *kept = cw_settings_copy(request->settings);
	int status = cw_settings_set(request->settings, "dry_run", CW_SOURCE_COMMAND, "1", error);

	/* Only Let's Encrypt has a staging server to try them at. */
	if (status == CW_OK && !cw_is_standard_server(request->settings))
		status = cw_settings_set(request->settings, "server", CW_SOURCE_COMMAND,
					 cw_settings_get(kept, "server"), error);
	if (status == CW_OK && !cw_equal(cw_server_url(request->settings),
					 cw_settings_get(request->settings, "server")))
		cw_settings_reset(request->settings, "account");
	if (status == CW_OK)
		status = cw_request_fulfil(context, request, result, error);
	cw_settings_free(request->settings);
	request->settings = kept;
	if (status < 0) {
		cw_context(error,
			   "the dry run with the new settings of \"%s\" failed; they are not saved",
			   request->name);
	}
	return status;
}

static void
add_change(struct json_object *changes, const char *key, const char *before, const char *after)
{
	struct json_object *change;

	if (cw_equal(before, after))
		return;
	change = cw_json_new_object();
	cw_json_set_string(change, "key", key);
	cw_json_set_string(change, "before", before);
	cw_json_set_string(change, "after", after);
	cw_json_append(changes, change);
	cw_log_info("  %s: %s -> %s", key, before != NULL ? before : "none",
		    after != NULL ? after : "none");
}

/* A value as text; lists with commas. */
static char *
value_of(const struct cw_configobj *config, const char *section, const char *key)
{
	cw_auto_strv struct cw_strv values = {0};

	if (!cw_configobj_is_list(config, section, key))
		return cw_strdup(cw_configobj_get(config, section, key));
	cw_configobj_get_list(config, section, key, &values);
	return cw_strv_join(&values, ",");
}

static void
compare_section(const struct cw_configobj *before, const struct cw_configobj *after,
		const char *section, struct json_object *changes)
{
	cw_auto_strv struct cw_strv keys = {0};
	cw_auto_strv struct cw_strv more = {0};
	cw_auto_strv struct cw_strv nested = {0};

	cw_configobj_keys(before, section, &keys);
	cw_configobj_keys(after, section, &more);
	for (size_t i = 0; i < more.count; i++)
		cw_strv_add_unique(&keys, more.items[i]);
	for (size_t i = 0; i < keys.count; i++) {
		cw_autofree char *old_value = value_of(before, section, keys.items[i]);
		cw_autofree char *new_value = value_of(after, section, keys.items[i]);

		add_change(changes, keys.items[i], old_value, new_value);
	}
	cw_strv_clear(&more);
	cw_configobj_sections(before, section, &nested);
	cw_configobj_sections(after, section, &more);
	for (size_t i = 0; i < more.count; i++)
		cw_strv_add_unique(&nested, more.items[i]);
	for (size_t i = 0; i < nested.count; i++) {
		cw_autofree char *path = cw_format("%s/%s", section, nested.items[i]);

		compare_section(before, after, path, changes);
	}
}

static int
save(struct cw_context *context, struct cw_request *request, struct json_object *result,
     struct cw_error *error)
{
	struct cw_lineage *lineage = request->lineage;
	const char *account = cw_configobj_get(lineage->config, params, "account");
	struct json_object *description = cw_json_new_object();
	struct json_object *changes = cw_json_new_array();
	cw_auto_configobj struct cw_configobj *before = NULL;
	cw_auto_configobj struct cw_configobj *after = NULL;
	int status;

	cw_json_set_string(description, "name", lineage->name);
	cw_json_set(description, "changes", changes);
	cw_json_set(result, "reconfigured", description);
	status = cw_configobj_load(lineage->renewal_path, &before, error);
	if (status == CW_OK)
		status = cw_configobj_load(lineage->renewal_path, &after, error);
	if (status < 0)
		return status;
	cw_forget_other_key(request->settings);
	if (cw_settings_given(context->settings, "installer"))
		cw_renewal_forget_further_installers(after);
	cw_renewal_write(after, request->settings, account, request->authenticator,
			 request->installer);
	compare_section(before, after, params, changes);
	compare_section(before, after, "certwright", changes);
	if (json_object_array_length(changes) == 0) {
		cw_log_info("nothing was changed in \"%s\"", lineage->renewal_path);
		return CW_OK;
	}
	cw_configobj_set(after, "", "version", context->certbot_version);
	status = cw_lineage_save_config(lineage, after, error);
	if (status == CW_OK)
		cw_log_info("the settings of \"%s\" are saved; renewals use them from now on",
			    lineage->name);
	return status;
}

int
cw_flow_reconfigure(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_autofree char *name = NULL;
	struct cw_request *request = NULL;
	int status = cw_choose_lineage(context, &name, error);

	if (status == CW_OK)
		status = prepare_request(context, name, &request, error);
	if (status == CW_OK)
		status = try_settings(context, request, result, error);
	if (status == CW_OK && !cw_settings_flag(context->settings, "dry_run"))
		status = save(context, request, result, error);
	cw_request_free(request);
	return status;
}
