/* The services that speak: to the log, to the caller (errors), to the user. */
#include "base/log.h"
#include "base/mem.h"
#include "plugin/instance_internal.h"

void
cw_service_log(const struct cw_host *host, enum cw_log_level level, const char *text)
{
	const char *name = cw_host_instance(host)->module->name;

	switch (level) {
	case CW_LOG_ERROR: cw_log_error("%s: %s", name, text); break;
	case CW_LOG_WARNING: cw_log_warning("%s: %s", name, text); break;
	case CW_LOG_INFO: cw_log_info("%s: %s", name, text); break;
	case CW_LOG_DEBUG:
	default: cw_log_debug("%s: %s", name, text); break;
	}
}

int
cw_service_fail(const struct cw_host *host, int status, const char *hint, const char *message)
{
	struct cw_instance *instance = cw_host_instance(host);
	cw_autofree char *text = cw_redact(message != NULL ? message : "it failed");
	cw_autofree char *advice = hint != NULL ? cw_redact(hint) : NULL;

	if (status >= CW_OK || status < CW_E_COMMAND)
		status = CW_E_PLUGIN;
	if (instance->call == NULL) {
		cw_log_warning("%s: %s", instance->module->name, text);
		return status;
	}
	cw_fail(&instance->call->error, status, "%.*s", CW_FAILURE_MAX, text);
	if (advice != NULL)
		cw_hint(&instance->call->error, "%.*s", CW_FAILURE_MAX, advice);
	return status;
}

void
cw_service_secret(const struct cw_host *host, const char *text)
{
	const struct cw_services *services = cw_host_instance(host)->services;

	if (text == NULL)
		return;
	cw_log_secret(text);
	if (services->secret != NULL)
		services->secret(services->context, text);
}

int
cw_service_interactive(const struct cw_host *host)
{
	const struct cw_asker *asker = cw_host_instance(host)->services->asker;

	return asker != NULL && asker->interactive;
}

/* The asker when there is somebody to ask, else NULL with the current call's error filled. */
static const struct cw_asker *
somebody(const struct cw_host *host, const char *question)
{
	struct cw_error *error = cw_host_error(host);

	if (cw_service_interactive(host))
		return cw_host_instance(host)->services->asker;
	cw_fail(error, CW_E_USAGE,
		"the plugin \"%s\" has a question, and nobody is there to answer: "
		"%s",
		cw_host_instance(host)->module->name, question);
	cw_hint(error, "run this on a terminal, or give the answer as an option");
	return NULL;
}

int
cw_service_notify(const struct cw_host *host, const char *text, int wait)
{
	const struct cw_asker *asker = somebody(host, text);

	if (asker == NULL)
		return CW_E_USAGE;
	return asker->notify(asker->context, text, wait != 0, cw_host_error(host));
}

int
cw_service_ask_yes_no(const struct cw_host *host, const char *question, int *answer)
{
	const struct cw_asker *asker = somebody(host, question);
	bool yes = *answer != 0;
	int status;

	if (asker == NULL)
		return CW_E_USAGE;
	status = asker->yes_no(asker->context, question, &yes, cw_host_error(host));
	if (status == CW_OK)
		*answer = yes;
	return status;
}

int
cw_service_ask_text(const struct cw_host *host, const char *question, int secret, char **answer)
{
	const struct cw_asker *asker = somebody(host, question);
	int status;

	*answer = NULL;
	if (asker == NULL)
		return CW_E_USAGE;
	status = asker->text(asker->context, question, secret != 0, answer, cw_host_error(host));
	if (status == CW_OK && secret && *answer != NULL)
		cw_service_secret(host, *answer);
	return status;
}

int
cw_service_ask_choice(const struct cw_host *host, const char *question, const char *const *items,
		      size_t count, size_t *choice)
{
	const struct cw_asker *asker;

	if (count == 0)
		return cw_host_misused(host, "ask_choice", "there is nothing to choose from");
	asker = somebody(host, question);
	if (asker == NULL)
		return CW_E_USAGE;
	return asker->choice(asker->context, question, items, count, choice, cw_host_error(host));
}
