/*
 * dns-exec: a dns-01 authenticator that has a program of the user's write the TXT records (RFC 8555
 * section 8.4), called as lego's exec provider, dehydrated or Certbot calls theirs.
 */
#include <certwright/plugin.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "../manual/hook_environment.h"
#include "../manual/outcome.h"
#include "calls.h"
#include "records.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

enum { SECONDS_MAX = 86400, JOBS_MAX = 256, OUTCOME_SIZE = 800, LABEL_SIZE = 400 };

struct dns_exec {
	const struct cw_host *host;
};

static int
no_memory(const struct cw_host *host)
{
	return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
}

static int
dns_exec_open(const struct cw_host *host, void **self)
{
	struct dns_exec *dns_exec = calloc(1, sizeof(*dns_exec));

	if (dns_exec == NULL)
		return no_memory(host);
	dns_exec->host = host;
	*self = dns_exec;
	return CW_OK;
}

static void
dns_exec_close(void *self)
{
	free(self);
}

/* A renewal runs in another folder: a relative path is saved as an absolute one. */
static int
make_absolute(const struct cw_host *host, const char *option)
{
	const char *path = cw_host_option(host, option);
	char folder[PATH_MAX], *absolute;
	size_t size;
	int status;

	if (path == NULL || *path == '/' || strchr(path, '/') == NULL ||
	    getcwd(folder, sizeof(folder)) == NULL)
		return CW_OK;
	if (path[0] == '.' && path[1] == '/')
		path += 2;
	size = strlen(folder) + 1 + strlen(path) + 1;
	absolute = malloc(size);
	if (absolute == NULL)
		return no_memory(host);
	snprintf(absolute, size, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path);
	status = host->set_option(host, option, NULL, absolute);
	free(absolute);
	return status;
}

static int
dns_exec_prepare(void *self)
{
	const struct cw_host *host = ((struct dns_exec *)self)->host;
	const char *program = cw_host_option(host, "program");
	int status;

	if (program == NULL || *program == '\0')
		return cw_host_fail(host, CW_E_USAGE,
				    "name the program that writes TXT records with "
				    "--dns-exec-program, and how it is called with "
				    "--dns-exec-style",
				    "dns-exec has no program to run");
	status = make_absolute(host, "program");
	return status == CW_OK ? make_absolute(host, "cleanup-program") : status;
}

static const char *const *
dns_exec_challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const types[] = {"dns-01", NULL}, *const none[] = {NULL};

	(void)self;
	(void)identifier;
	return strcmp(identifier_type, "dns") == 0 ? types : none;
}

static enum style
style_of(const struct cw_host *host)
{
	const char *name = cw_host_option(host, "style");
	const char *mode = getenv("EXEC_MODE");

	if (name == NULL || strcmp(name, "lego") == 0) {
		if (mode == NULL || strcasecmp(mode, "RAW") != 0)
			return STYLE_LEGO;
		/* lego's own switch; a renewal need not have it in its environment. */
		host->set_option(host, "style", NULL, "lego-raw");
		return STYLE_LEGO_RAW;
	}
	if (strcmp(name, "lego-raw") == 0)
		return STYLE_LEGO_RAW;
	return strcmp(name, "dehydrated") == 0 ? STYLE_DEHYDRATED : STYLE_CERTBOT;
}

static const char *
program_option(const struct cw_host *host, const char *name)
{
	const char *value = cw_host_option(host, name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static struct caller
make_caller(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	struct caller caller = {
		.host = host,
		.style = style_of(host),
		.program = program_option(host, "program"),
		.cleanup_program = program_option(host, "cleanup-program"),
		.jobs = (size_t)records_number(host, "jobs", JOBS_MAX),
		.time_limit = (unsigned)records_number(host, "timeout", SECONDS_MAX),
		.challenges = challenges,
		.count = count,
	};

	caller.chain = caller.style == STYLE_DEHYDRATED && cw_host_flag(host, "hook-chain");
	return caller;
}

/* ------------------------------------------------------------------ after a crash */

static void
forget_undo(const struct cw_host *host, struct work *work)
{
	if (work->has_undo)
		host->undo_done(host, work->undo);
	work->has_undo = 0;
}

/* Has the host make the call that cleans up if this process dies before. */
static int
register_undo(const struct caller *caller, const struct call *call)
{
	struct work *work = call->challenges[0]->plugin_data;
	struct call cleanup = {.challenges = call->challenges, .count = call->count};
	char **command = NULL;
	unsigned id = 0;
	int status;

	if (call_prepare(caller, &cleanup, ACTION_CLEANUP))
		command = hook_environment_command(cleanup.environment,
						   (const char *const *)cleanup.argv);
	status = command != NULL ? caller->host->undo_command(caller->host,
							      (const char *const *)command, &id)
				 : no_memory(caller->host);
	hook_environment_free(command);
	cleanup.challenges = NULL;
	call_clear(caller->host, &cleanup);
	if (status != CW_OK)
		return status;
	forget_undo(caller->host, work);
	work->undo = id;
	work->has_undo = 1;
	return CW_OK;
}

/* ------------------------------------------------------------------ judging calls */

static int
fail_call(const struct caller *caller, struct call *call, enum action action, const char *name)
{
	char outcome[OUTCOME_SIZE];

	outcome_describe(&call->result, caller->time_limit, outcome, sizeof(outcome));
	return cw_host_fail(caller->host, call->result.status, outcome_hint(&call->result),
			    "the DNS program \"%s\" (%s the record of \"%s\") %s",
			    caller_program(caller, action),
			    action == ACTION_PRESENT ? "setting" : "removing", name, outcome);
}

static void
log_call(const struct caller *caller, const struct call *call, enum action action)
{
	char label[LABEL_SIZE];

	snprintf(label, sizeof(label), "the DNS program (%s the record of \"%s\")",
		 action == ACTION_PRESENT ? "setting" : "removing",
		 call->challenges[0]->identifier);
	outcome_log(caller->host, label, &call->result);
}

static void
judge_present(const struct caller *caller, struct call *call)
{
	log_call(caller, call, ACTION_PRESENT);
	for (size_t i = 0; i < call->count; i++) {
		struct cw_challenge *challenge = call->challenges[i];
		struct work *work = challenge->plugin_data;

		work->started = outcome_started(&call->result);
		if (call->result.status != CW_OK) {
			fail_call(caller, call, ACTION_PRESENT, challenge->identifier);
			cw_host_pass_challenge(caller->host, challenge, call->result.status);
		}
		if (!work->started)
			forget_undo(caller->host, work);
		if (caller->style == STYLE_CERTBOT && call->result.output != NULL)
			work->output =
				hook_output(call->result.output, strlen(call->result.output));
	}
}

/* ------------------------------------------------------------------ the authenticator */

static int
begin_work(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	char **names = record_names(host, challenges, count, records_follow(host));
	int status = CW_OK;

	if (names == NULL)
		return no_memory(host);
	for (size_t i = 0; i < count && status == CW_OK; i++) {
		struct work *work = calloc(1, sizeof(*work));

		if (work == NULL) {
			status = no_memory(host);
		} else {
			challenges[i]->plugin_data = work;
			work->record = names[i];
			names[i] = NULL;
		}
	}
	record_names_free(names, count);
	return status;
}

static int
has_not_failed(const struct cw_challenge *challenge)
{
	return challenge->result == CW_OK;
}

static int
was_started(const struct cw_challenge *challenge)
{
	const struct work *work = challenge->plugin_data;

	return work != NULL && work->started;
}

static int
present(const struct caller *caller, struct calls *calls)
{
	int status = calls_make(caller, ACTION_PRESENT, has_not_failed, calls);

	for (size_t i = 0; status == CW_OK && i < calls->count; i++)
		status = register_undo(caller, &calls->items[i]);
	if (status != CW_OK)
		return status;
	/* An interruption leaves open how far each has come. */
	for (size_t i = 0; i < caller->count; i++)
		((struct work *)caller->challenges[i]->plugin_data)->started = 1;
	status = calls_run(caller, calls);
	for (size_t i = 0; status == CW_OK && i < calls->count; i++) {
		judge_present(caller, &calls->items[i]);
		if (calls->items[i].result.status == CW_E_CANCELLED)
			status = CW_E_CANCELLED;
		else if (caller->style == STYLE_CERTBOT && calls->items[i].result.status == CW_OK)
			status = register_undo(caller, &calls->items[i]);
	}
	return status;
}

static int
dns_exec_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct dns_exec *)self)->host;
	struct caller caller = make_caller(host, challenges, count);
	struct calls calls = {NULL, 0};
	int status = dns_exec_prepare(self);

	if (status != CW_OK)
		return status;
	caller.program = program_option(host, "program");
	caller.cleanup_program = program_option(host, "cleanup-program");
	status = begin_work(host, challenges, count);
	if (status == CW_OK)
		status = present(&caller, &calls);
	calls_clear(host, &calls);
	if (status != CW_OK)
		return status;
	return records_wait(host, challenges, count,
			    records_number(host, "propagation-seconds", SECONDS_MAX));
}

static int
clean_up(const struct caller *caller, struct calls *calls)
{
	int status = calls_make(caller, ACTION_CLEANUP, was_started, calls);
	int result = CW_OK;

	if (status == CW_OK)
		status = calls_run(caller, calls);
	for (size_t i = 0; status == CW_OK && i < calls->count; i++) {
		struct call *call = &calls->items[i];

		log_call(caller, call, ACTION_CLEANUP);
		if (call->result.status != CW_OK)
			result = fail_call(caller, call, ACTION_CLEANUP,
					   call->challenges[0]->identifier);
	}
	return status != CW_OK ? status : result;
}

static int
dns_exec_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct dns_exec *)self)->host;
	struct caller caller = make_caller(host, challenges, count);
	struct calls calls = {NULL, 0};
	int status = clean_up(&caller, &calls);

	calls_clear(host, &calls);
	for (size_t i = 0; i < count; i++) {
		struct work *work = challenges[i]->plugin_data;

		if (work == NULL)
			continue;
		forget_undo(host, work);
		free(work->record);
		free(work->output);
		free(work);
		challenges[i]->plugin_data = NULL;
	}
	return status;
}

/* ------------------------------------------------------------------ options */

static const char *const styles[] = {"lego", "lego-raw", "dehydrated", "certbot", NULL};

static const char *const yes_or_no[] = {"yes", "no", NULL};

static const struct cw_plugin_option program_option_ = {
	.size = sizeof(program_option_),
	.name = "program",
	.kind = CW_OPTION_STRING,
	.metavar = "PROGRAM",
	.help = "The program that sets and removes TXT records: a path, or a name to be looked for "
		"in "
		"PATH. No shell is involved.",
};

static const struct cw_plugin_option cleanup_program_option = {
	.size = sizeof(cleanup_program_option),
	.name = "cleanup-program",
	.kind = CW_OPTION_STRING,
	.metavar = "PROGRAM",
	.help = "The program that removes records, if that is another.",
};

static const struct cw_plugin_option style_option = {
	.size = sizeof(style_option),
	.name = "style",
	.kind = CW_OPTION_STRING,
	.default_value = "lego",
	.metavar = "STYLE",
	.help = "How the program is called. lego: PROGRAM present|cleanup FQDN VALUE; lego-raw: "
		"PROGRAM present|cleanup -- DOMAIN TOKEN KEYAUTH; dehydrated: PROGRAM "
		"deploy_challenge|clean_challenge NAME TOKEN VALUE; certbot: by CERTBOT_DOMAIN, "
		"CERTBOT_VALIDATION and the others alone.",
	.choices = styles,
};

static const struct cw_plugin_option chain_option = {
	.size = sizeof(chain_option),
	.name = "hook-chain",
	.kind = CW_OPTION_FLAG,
	.help = "With the style dehydrated: one call for all records of a certificate, as its "
		"HOOK_CHAIN.",
};

static const struct cw_plugin_option jobs_option = {
	.size = sizeof(jobs_option),
	.name = "jobs",
	.kind = CW_OPTION_INTEGER,
	.default_value = "4",
	.metavar = "COUNT",
	.help = "How many calls of the program may run at the same time; never two for one record.",
};

static const struct cw_plugin_option timeout_option = {
	.size = sizeof(timeout_option),
	.name = "timeout",
	.kind = CW_OPTION_INTEGER,
	.default_value = "300",
	.metavar = "SECONDS",
	.help = "How long one call may take; then it is ended with all that it started. 0: as long "
		"as it likes.",
};

static const struct cw_plugin_option propagation_option = {
	.size = sizeof(propagation_option),
	.name = "propagation-seconds",
	.kind = CW_OPTION_INTEGER,
	.default_value = "120",
	.metavar = "SECONDS",
	.help = "How long it may take until all name servers of the zone have the records. They "
		"are "
		"asked meanwhile, and it goes on as soon as they have. 0: they are not asked.",
};

static const struct cw_plugin_option follow_option = {
	.size = sizeof(follow_option),
	.name = "follow-cname",
	.kind = CW_OPTION_STRING,
	.default_value = "yes",
	.metavar = "yes|no",
	.help = "Whether, when _acme-challenge.NAME is an alias (CNAME), the record that it is an "
		"alias of is written.",
	.choices = yes_or_no,
};

static const struct cw_plugin_option *const options[] = {
	&program_option_, &cleanup_program_option, &style_option,  &chain_option, &jobs_option,
	&timeout_option,  &propagation_option,     &follow_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = dns_exec_challenge_types,
	.perform = dns_exec_perform,
	.cleanup = dns_exec_cleanup,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "dns-exec",
	.version = PACKAGE_VERSION,
	.description = "Run a program that sets DNS TXT records",
	.help = "Proves control of names by TXT records (dns-01) that a program of yours sets, be "
		"it "
		"made for lego's exec provider, for dehydrated or for Certbot. All records of a "
		"certificate are set before the name servers are asked for them.",
	.options = options,
	.open = dns_exec_open,
	.prepare = dns_exec_prepare,
	.close = dns_exec_close,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
