#include "cli/agent_config.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/permissions.h"
#include "base/text.h"
#include "cli/agent_check.h"
#include "cli/agent_environment.h"
#include "cli/agent_values.h"
#include "cli/ini.h"
#include "cli/parse.h"
#include "flow/issue/names.h"
#include "flow/report/health.h"
#include "hooks/hooks.h"
#include "store/lineage.h"

/* These concern the whole run, so they also hold for certificates that are not described here. */
static const char *const run_options[] = {"config_file",
					  "config_dir",
					  "work_dir",
					  "logs_dir",
					  "verbose_count",
					  "verbose_level",
					  "quiet",
					  "debug",
					  "lock_timeout",
					  "max_log_backups",
					  "network_user",
					  "require_sandbox",
					  "verify_ssl",
					  "user_agent",
					  "strict_permissions",
					  "user_agent_comment",
					  "jobs",
					  NULL};

/* These concern the agent, and cannot be in a section. */
static const char *const whole_options[] = {"config_file",       "config_dir", "work_dir",
					    "logs_dir",          "certname",   "agent_config",
					    "notify_hook",       "log_format", "warning_days",
					    "critical_days",     "debug",      "status_address",
					    "self_signed_hours", NULL};

struct reading {
	struct cw_lookup lookup;
	struct cw_registry *registry;
	struct cw_agent_values base; /* for all that is described here */
	struct cw_ini ini;
	char *file; /* agent.ini */
	struct json_object *certificates;
	struct cw_strv names; /* of them */
};

static bool
is_whole(const char *internal)
{
	for (const char *const *name = whole_options; *name != NULL; name++)
		if (strcmp(*name, internal) == 0)
			return true;
	return false;
}

static int
add_entry(struct reading *reading, const struct cw_ini_entry *entry, struct cw_agent_values *values,
	  struct cw_error *error)
{
	const struct cw_option *option = NULL;
	bool is_path;
	int status = cw_agent_find_option(&reading->lookup, entry->key, &option, error);

	if (status == CW_OK && entry->section != NULL && is_whole(option->internal)) {
		status = cw_fail(error, CW_E_INVALID, "\"%s\" cannot be in a section", entry->key);
		cw_hint(error, "put it above the first section");
	}
	is_path = status == CW_OK &&
		  (option->kind == CW_OPTION_PATH || option->kind == CW_OPTION_PATH_LIST);
	for (size_t i = 0; i < entry->values.count && status == CW_OK; i++) {
		const char *text = entry->values.items[i];
		cw_autofree char *absolute =
			is_path && *text != '\0' ? cw_path_absolute(text) : NULL;

		status = cw_agent_values_add(values, option, absolute != NULL ? absolute : text,
					     error);
	}
	return status < 0 ? cw_context(error, "\"%s\", line %u", entry->file, entry->line) : CW_OK;
}

/* SECTION NULL: what is above the first one. */
static int
add_section(struct reading *reading, const char *section, struct cw_agent_values *values,
	    struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < reading->ini.count && status == CW_OK; i++)
		if (cw_equal(reading->ini.entries[i].section, section))
			status = add_entry(reading, &reading->ini.entries[i], values, error);
	return status;
}

/* The agent reads its files again and again, and never waits for one: a pipe may have no writer. */
static int
check_regular(const char *path, struct cw_error *error)
{
	struct stat status;

	if (stat(path, &status) != 0 || S_ISREG(status.st_mode))
		return CW_OK;
	return cw_fail(error, CW_E_INVALID, "\"%s\" is not a regular file", path);
}

static int
read_file(struct reading *reading, bool missing_ok, struct cw_error *error)
{
	int status = check_regular(reading->file, error);

	if (status == CW_OK)
		status = cw_ini_read(&reading->ini, reading->file, missing_ok, error);
	if (status != CW_OK)
		cw_hint(error, "correct it, or give another one with --agent-config");
	if (status == CW_OK && reading->ini.bad_section != 0)
		status = cw_fail(error, CW_E_INVALID, "\"%s\", line %u: the section has no \"]\"",
				 reading->file, reading->ini.bad_section);
	if (status == CW_OK && reading->ini.count > 0)
		status = cw_permissions_check("the agent's configuration", reading->file, error);
	return status;
}

static int
parse(struct reading *reading, const char *verb, const struct cw_strv *arguments,
      struct cw_invocation *invocation, struct cw_error *error)
{
	cw_auto_strv struct cw_strv argv = {0};

	cw_strv_add(&argv, "certwright");
	cw_strv_add(&argv, verb);
	cw_strv_add_all(&argv, arguments);
	return cw_parse((int)argv.count, (const char *const *)argv.items, reading->registry,
			invocation, error);
}

static void
set_directory(struct json_object *config, const char *key, const struct cw_settings *settings,
	      const char *internal)
{
	cw_autofree char *path = cw_path_absolute(cw_settings_get(settings, internal));

	cw_json_set_string(config, key, path);
}

static int
describe_limits(const struct cw_settings *settings, struct json_object *config,
		struct cw_error *error)
{
	struct cw_health_limits limits;
	int status = cw_health_limits_read(settings, &limits, error);

	if (status < 0)
		return status;
	cw_json_set_int(config, "warning", limits.warning);
	cw_json_set_int(config, "critical", limits.critical);
	cw_json_set_int(config, "self_signed", limits.self_signed);
	return CW_OK;
}

static int
describe_whole(struct reading *reading, struct json_object *config, struct cw_error *error)
{
	cw_auto_strv struct cw_strv arguments = {0}, plain = {0};
	struct cw_invocation invocation = {0};
	const struct cw_settings *settings;
	int status;

	cw_agent_values_write(&reading->base, whole_options, &arguments);
	status = parse(reading, "agent", &arguments, &invocation, error);
	settings = invocation.settings;
	if (status == CW_OK) {
		set_directory(config, "config", settings, "config_dir");
		set_directory(config, "work", settings, "work_dir");
		set_directory(config, "logs", settings, "logs_dir");
		cw_json_set_string(config, "file", reading->file);
		cw_json_set_string(config, "notify_hook", cw_settings_get(settings, "notify_hook"));
		cw_json_set_string(config, "status_address",
				   cw_settings_get(settings, "status_address"));
		status = describe_limits(settings, config, error);
		if (status == CW_OK && cw_settings_flag(settings, "validate_hooks"))
			status = cw_hook_validate("--notify-hook",
						  cw_settings_get(settings, "notify_hook"), error);
		cw_agent_values_write(&reading->base, run_options, &plain);
		cw_json_set(config, "arguments", cw_json_from_strv(&plain));
	}
	cw_invocation_clear(&invocation);
	return status;
}

/* To describe a certificate is to agree to the CA's terms (docs/agent.md). What else is not said
 * has a value that needs nobody's help. */
static void
add_defaults(const struct cw_settings *settings, struct cw_strv *arguments)
{
	if (!cw_settings_given(settings, "authenticator") &&
	    !cw_settings_given(settings, "configurator") &&
	    cw_settings_map_keys(settings, "authenticator_map")->count == 0)
		cw_strv_add(arguments, "--authenticator=standalone");
	if (!cw_settings_flag(settings, "tos"))
		cw_strv_add(arguments, "--agree-tos");
	if (cw_settings_get(settings, "email") == NULL &&
	    !cw_settings_flag(settings, "register_unsafely_without_email"))
		cw_strv_add(arguments, "--register-unsafely-without-email");
	if (!cw_settings_given(settings, "lock_timeout"))
		cw_strv_add(arguments, "--lock-timeout=300");
}

static int
describe(struct reading *reading, const char *name, const struct cw_agent_values *values,
	 const struct cw_invocation *invocation, struct cw_strv *arguments, struct cw_error *error)
{
	const struct cw_settings *settings = invocation->settings;
	struct json_object *object = cw_json_new_object();
	cw_auto_strv struct cw_strv servers = {0}, split = {0}, all = {0};
	cw_auto_names struct cw_names names = {0};
	int status = cw_names_from_settings(settings, &names, error);

	cw_json_append(reading->certificates, object);
	cw_agent_value_list(values, "server", &servers);
	for (size_t i = 0; i < servers.count; i++)
		cw_strv_split(&split, servers.items[i], ',');
	if (status == CW_OK)
		status = cw_agent_check(invocation, &split, reading->registry, error);
	if (status < 0)
		return status;
	cw_names_all(&names, &all);
	add_defaults(settings, arguments);
	cw_json_set_string(object, "name", name);
	cw_json_set_bool(object, "installs",
			 cw_settings_given(settings, "installer") ||
				 cw_settings_given(settings, "configurator"));
	cw_json_set(object, "arguments", cw_json_from_strv(arguments));
	cw_json_set(object, "domains", cw_json_from_strv(&all));
	cw_json_set(object, "servers", cw_json_from_strv(&split));
	cw_json_set_int(object, "server_timeout",
			cw_settings_int(settings, "server_timeout", 3600));
	cw_json_set_string(object, "provided", cw_settings_get(settings, "provided"));
	cw_json_set_string(object, "deploy_hook", cw_settings_get(settings, "deploy_hook"));
	cw_json_set_string(object, "owner", cw_settings_get(settings, "file_owner"));
	cw_json_set_string(object, "group", cw_settings_get(settings, "file_group"));
	cw_json_set_string(object, "mode", cw_settings_get(settings, "file_mode"));
	return CW_OK;
}

/* A certificate with VALUES; WHERE they are, for messages. */
static int
add_certificate(struct reading *reading, const char *name, struct cw_agent_values *values,
		const char *where, struct cw_error *error)
{
	cw_auto_strv struct cw_strv arguments = {0};
	cw_auto_agent_values struct cw_agent_values written = {0};
	struct cw_invocation invocation = {0};
	int status = cw_lineage_check_name(name, error);

	cw_agent_values_fill(&written, values);
	cw_agent_values_remove(&written, "server");
	cw_agent_values_remove(&written, "certname");
	cw_agent_values_write(&written, NULL, &arguments);
	if (status == CW_OK && !cw_strv_add_unique(&reading->names, name)) {
		status = cw_fail(error, CW_E_INVALID, "the certificate \"%s\" is described twice",
				 name);
		cw_hint(error, "give one of them another name");
	}
	if (status == CW_OK)
		status = parse(reading, "certonly", &arguments, &invocation, error);
	if (status == CW_OK)
		status = describe(reading, name, values, &invocation, &arguments, error);
	cw_invocation_clear(&invocation);
	if (status < 0)
		cw_context(error, "cannot use %s", where);
	return status;
}

static int
add_sections(struct reading *reading, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < reading->ini.sections.count && status == CW_OK; i++) {
		const char *name = reading->ini.sections.items[i];
		cw_auto_agent_values struct cw_agent_values values = {0};
		cw_autofree char *where = cw_format("[%s] in \"%s\"", name, reading->file);

		status = add_section(reading, name, &values, error);
		/* The names of all the others are not its own. */
		if (status == CW_OK) {
			cw_auto_agent_values struct cw_agent_values base = {0};

			cw_agent_values_fill(&base, &reading->base);
			cw_agent_values_remove(&base, "domains");
			cw_agent_values_remove(&base, "ip_addresses");
			cw_agent_values_fill(&values, &base);
			status = add_certificate(reading, name, &values, where, error);
		}
	}
	return status;
}

/* The one of the command line and the environment. */
static int
add_general(struct reading *reading, struct cw_error *error)
{
	const char *domain = cw_agent_value(&reading->base, "domains");
	const char *address = cw_agent_value(&reading->base, "ip_addresses");
	const char *name = cw_agent_value(&reading->base, "certname");
	cw_auto_strv struct cw_strv domains = {0};
	cw_autofree char *first = NULL;

	if (domain == NULL && address == NULL && name == NULL)
		return CW_OK;
	cw_agent_value_list(&reading->base, domain != NULL ? "domains" : "ip_addresses", &domains);
	if (domains.count > 0) {
		first = cw_strdup(domains.items[0]);
		first[strcspn(first, ",")] = '\0';
	}
	if (name == NULL)
		name = cw_starts_with(first, "*.") ? first + 2 : first;
	return add_certificate(reading, name, &reading->base,
			       "the options and variables of the agent", error);
}

static int
add_aiotes(struct reading *reading, struct cw_error *error)
{
	cw_auto_agent_values struct cw_agent_values values = {0};
	cw_auto_agent_values struct cw_agent_values base = {0};
	int status = cw_agent_aiotes(&reading->lookup, &values, error);

	if (status < 0 || values.count == 0)
		return status;
	cw_agent_values_fill(&base, &reading->base);
	cw_agent_values_remove(&base, "ip_addresses");
	cw_agent_values_fill(&values, &base);
	return add_certificate(reading, "aiotes", &values, "the variables of AIOTES", error);
}

/* The path of agent.ini, by what is given for it, or for the directory. */
static int
find_file(struct reading *reading, bool *given, struct cw_error *error)
{
	cw_auto_strv struct cw_strv arguments = {0};
	struct cw_invocation invocation = {0};
	int status;

	cw_agent_values_write(&reading->base, whole_options, &arguments);
	status = parse(reading, "agent", &arguments, &invocation, error);
	if (status == CW_OK) {
		const char *file = cw_settings_get(invocation.settings, "agent_config");
		cw_autofree char *folder =
			cw_path_absolute(cw_settings_get(invocation.settings, "config_dir"));

		*given = file != NULL;
		reading->file =
			file != NULL ? cw_path_absolute(file) : cw_format("%s/agent.ini", folder);
	}
	cw_invocation_clear(&invocation);
	return status;
}

static int
read_all(struct reading *reading, const struct cw_settings *own, struct json_object *config,
	 struct cw_error *error)
{
	cw_auto_agent_values struct cw_agent_values lower = {0}, lowest = {0};
	bool given = false;
	int status;

	cw_agent_values_add_given(&reading->base, own);
	status = cw_agent_environment(&reading->lookup, &lower, error);
	cw_agent_values_fill(&reading->base, &lower);
	if (status == CW_OK)
		status = find_file(reading, &given, error);
	if (status == CW_OK)
		status = read_file(reading, !given, error);
	if (status == CW_OK)
		status = add_section(reading, NULL, &lowest, error);
	cw_agent_values_fill(&reading->base, &lowest);
	if (status == CW_OK)
		status = describe_whole(reading, config, error);
	if (status == CW_OK)
		status = add_general(reading, error);
	if (status == CW_OK)
		status = add_sections(reading, error);
	return status == CW_OK ? add_aiotes(reading, error) : status;
}

int
cw_agent_configure(const struct cw_settings *own, struct json_object *config,
		   struct cw_error *error)
{
	struct reading reading = {
		.lookup = {.set = cw_core_options(), .registry = cw_registry_new()},
		.certificates = cw_json_new_array(),
	};
	int status;

	reading.registry = reading.lookup.registry;
	cw_json_set(config, "certificates", reading.certificates);
	status = read_all(&reading, own, config, error);
	/* Also after an error, which is logged so. */
	cw_json_set_bool(config, "log_json",
			 cw_equal(cw_agent_value(&reading.base, "log_format"), "json"));
	cw_agent_values_clear(&reading.base);
	cw_ini_clear(&reading.ini);
	free(reading.file);
	cw_strv_clear(&reading.names);
	cw_option_set_free(reading.lookup.set);
	cw_plugin_flags_free(reading.lookup.plugin_flags);
	cw_registry_free(reading.registry);
	return status < 0 ? (error->status = CW_E_INVALID) : CW_OK;
}
