/*
 * dns-exec: an authenticator that runs a program of the user's to write the TXT records (RFC
 * 8555 section 8.4), in the way of lego's exec provider, dehydrated, Certbot, lexicon or acme.sh.
 */
#include <certwright/plugin.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "../common/hook_environment.h"
#include "../common/instance.h"
#include "../common/outcome.h"
#include "../common/records.h"
#include "../common/words.h"
#include "acme_sh.h"
#include "calls.h"
#include "options.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

enum { SECONDS_MAX = 86400, JOBS_MAX = 256, LABEL_SIZE = 400, WHAT_SIZE = 1200 };

/* A renewal runs in another folder, so a relative path is saved as an absolute one. */
static int
make_absolute(const struct cw_host *host, const char *option)
{
	const char *path = cw_host_option(host, option);
	char folder[PATH_MAX], *absolute;
	int status;

	if (path == NULL || *path == '/' || strchr(path, '/') == NULL ||
	    getcwd(folder, sizeof(folder)) == NULL)
		return CW_OK;
	if (path[0] == '.' && path[1] == '/')
		path += 2;
	absolute = new_text("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path);
	if (absolute == NULL)
		return fail_no_memory(host);
	status = host->set_option(host, option, NULL, absolute);
	free(absolute);
	return status;
}

static enum style
style_of(const struct cw_host *host)
{
	const char *name = cw_host_option(host, "style");
	const char *mode = getenv("EXEC_MODE");

	if (option_text(host, "provider") != NULL)
		return STYLE_LEXICON;
	if (name == NULL || strcmp(name, "lego") == 0) {
		if (mode == NULL || strcasecmp(mode, "RAW") != 0)
			return STYLE_LEGO;
		/* EXEC_MODE is lego's own switch; a renewal may run without it. */
		host->set_option(host, "style", NULL, "lego-raw");
		return STYLE_LEGO_RAW;
	}
	if (strcmp(name, "lego-raw") == 0)
		return STYLE_LEGO_RAW;
	if (strcmp(name, "dehydrated") == 0)
		return STYLE_DEHYDRATED;
	if (strcmp(name, "acme.sh") == 0)
		return STYLE_ACME_SH;
	return strcmp(name, "lexicon") == 0 ? STYLE_LEXICON : STYLE_CERTBOT;
}

/* NULL: none. */
static const char *
program_of(const struct cw_host *host)
{
	const char *program = option_text(host, "program");

	return program == NULL && style_of(host) == STYLE_LEXICON ? "lexicon" : program;
}

/* Reads what lexicon will read, for the warning that others can read it, too. */
static int
check_config(const struct cw_host *host, const char *folder, const char *provider)
{
	char *paths[] = {new_text("%s/lexicon.yml", folder),
			 new_text("%s/lexicon_%s.yml", folder, provider)};
	int status = CW_OK;

	for (size_t i = 0; i < 2 && status == CW_OK; i++) {
		char *text = NULL;

		if (paths[i] == NULL)
			status = fail_no_memory(host);
		else if (access(paths[i], F_OK) == 0)
			status = host->read_credentials(host, paths[i], &text);
		cw_host_release(host, text);
	}
	free(paths[0]);
	free(paths[1]);
	return status;
}

static int
prepare_lexicon(const struct cw_host *host)
{
	const char *provider = option_text(host, "provider");
	const char *folder = option_text(host, "config-dir");

	if (provider == NULL)
		return cw_host_fail(host, CW_E_USAGE,
				    "give one with --dns-exec-provider; \"lexicon --help\" lists "
				    "them",
				    "lexicon has no DNS provider to use");
	return folder != NULL ? check_config(host, folder, provider) : CW_OK;
}

static int
dns_exec_prepare(void *self)
{
	const struct cw_host *host = ((struct instance *)self)->host;
	const char *program = program_of(host);
	const char *cleanup = option_text(host, "cleanup-program");
	int status = CW_OK;

	if (style_of(host) == STYLE_LEXICON)
		status = prepare_lexicon(host);
	if (status != CW_OK)
		return status;
	if (program == NULL)
		return cw_host_fail(host, CW_E_USAGE,
				    "give the program that writes TXT records with "
				    "--dns-exec-program, and its style with --dns-exec-style",
				    "dns-exec has no program to run");
	if (style_of(host) == STYLE_ACME_SH)
		status = acme_sh_prepare(host, program);
	if (status == CW_OK && style_of(host) == STYLE_ACME_SH && cleanup != NULL)
		status = acme_sh_prepare(host, cleanup);
	if (status != CW_OK)
		return status;
	status = make_absolute(host, "program");
	return status == CW_OK ? make_absolute(host, "cleanup-program") : status;
}

static struct caller
make_caller(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	struct caller caller = {
		.host = host,
		.style = style_of(host),
		.program = program_of(host),
		.cleanup_program = option_text(host, "cleanup-program"),
		.provider = option_text(host, "provider"),
		.config_folder = option_text(host, "config-dir"),
		/* Scripts of acme.sh wait for each other, which would count as their time. */
		.jobs = style_of(host) == STYLE_ACME_SH
				? 1
				: (size_t)option_number(host, "jobs", JOBS_MAX),
		.time_limit = (unsigned)option_number(host, "timeout", SECONDS_MAX),
		.challenges = challenges,
		.count = count,
	};

	caller.chain = caller.style == STYLE_DEHYDRATED && cw_host_flag(host, "hook-chain");
	return caller;
}

/* Has the host make the cleanup call if this process dies first. */
static int
register_undo(const struct caller *caller, const struct call *call)
{
	struct work *work = call->challenges[0]->plugin_data;
	struct call cleanup = {.challenges = call->challenges, .count = call->count};
	int status;

	if (call_prepare(caller, &cleanup, ACTION_CLEANUP))
		status = hook_environment_undo(caller->host, &work->undo, cleanup.environment,
					       (const char *const *)cleanup.argv);
	else
		status = fail_no_memory(caller->host);
	cleanup.challenges = NULL;
	call_clear(caller->host, &cleanup);
	return status;
}

static int
judge_call(const struct caller *caller, struct call *call, enum action action, const char *name)
{
	char what[WHAT_SIZE];
	const struct outcome_program program = {.what = what,
						.limit = caller->time_limit,
						.limit_option = "--dns-exec-timeout",
						.is_part = caller->style == STYLE_ACME_SH};

	snprintf(what, sizeof(what), "the DNS program \"%s\" (%s the record of \"%s\")",
		 caller_program(caller, action), action == ACTION_PRESENT ? "setting" : "removing",
		 name);
	return outcome_judge(caller->host, &call->result, &program);
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
		if (judge_call(caller, call, ACTION_PRESENT, challenge->identifier) != CW_OK)
			cw_host_pass_challenge(caller->host, challenge, call->result.status);
		if (!work->started)
			undo_forget(caller->host, &work->undo);
		if (caller->style == STYLE_CERTBOT && call->result.output != NULL)
			work->output =
				hook_output(call->result.output, strlen(call->result.output));
	}
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

	return work != NULL && work->started && !records_stays(challenge);
}

static int
present(const struct caller *caller, struct calls *calls)
{
	int status = calls_make(caller, ACTION_PRESENT, has_not_failed, calls);

	for (size_t i = 0; status == CW_OK && i < calls->count; i++)
		if (!records_stays(calls->items[i].challenges[0]))
			status = register_undo(caller, &calls->items[i]);
	if (status != CW_OK)
		return status;
	/* After an interruption any of them may have run. */
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
	const struct cw_host *host = ((struct instance *)self)->host;
	struct caller caller = make_caller(host, challenges, count);
	struct calls calls = {NULL, 0};
	int status = dns_exec_prepare(self);

	if (status != CW_OK)
		return status;
	caller.program = program_of(host);
	caller.cleanup_program = option_text(host, "cleanup-program");
	status = records_begin(host, challenges, count, sizeof(struct work));
	if (status == CW_OK)
		status = present(&caller, &calls);
	calls_clear(host, &calls);
	if (status != CW_OK)
		return status;
	return records_wait(host, challenges, count, RECORDS_FAIL);
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
		int failure;

		log_call(caller, call, ACTION_CLEANUP);
		failure = judge_call(caller, call, ACTION_CLEANUP, call->challenges[0]->identifier);
		if (failure != CW_OK)
			result = failure;
	}
	return status != CW_OK ? status : result;
}

static int
dns_exec_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct instance *)self)->host;
	struct caller caller = make_caller(host, challenges, count);
	struct calls calls = {NULL, 0};
	int status = clean_up(&caller, &calls);

	calls_clear(host, &calls);
	for (size_t i = 0; i < count; i++) {
		struct work *work = challenges[i]->plugin_data;

		if (work == NULL)
			continue;
		undo_forget(host, &work->undo);
		free(work->output);
	}
	records_end(challenges, count);
	return status;
}

/* Programs of some styles find the record's name themselves, and know only that of dns-01. */
static const char *const *
dns_exec_challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const simple[] = {"dns-01", NULL};
	const struct instance *instance = self;

	if (instance != NULL && strcmp(identifier_type, "dns") == 0)
		switch (style_of(instance->host)) {
		case STYLE_LEGO_RAW:
		case STYLE_DEHYDRATED:
		case STYLE_CERTBOT: return simple;
		default: break;
		}
	return records_challenge_types(self, identifier_type, identifier);
}

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
	.help = "Proves control of names with TXT records (dns-01, dns-account-01, "
		"dns-persist-01) that a program of yours sets. "
		"Programs made for lego's exec provider, dehydrated or Certbot work, and so do "
		"lexicon and the DNS scripts of acme.sh.",
	.options = dns_exec_options,
	.open = instance_open,
	.prepare = dns_exec_prepare,
	.close = instance_close,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
