/*
 * external: runs a program of the user's, which satisfies challenges. Each call is one JSON object
 * on the program's stdin and one on its stdout; certwright-external(8) describes them.
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include "answer.h"
#include "program.h"
#include "request.h"

enum { TYPES_MAX = 3 };

static const char *const known_types[] = {"http-01", "dns-01", "tls-alpn-01", NULL};

struct external {
	const struct cw_host *host;
	int prepared;
	/* What the program can satisfy, in its order. */
	const char *types[TYPES_MAX + 1];
	/* The same without dns-01, which is for names alone. */
	const char *address_types[TYPES_MAX + 1];
	/* Of the challenges that the program may have satisfied. */
	unsigned undo;
	int undo_registered;
};

static int
external_open(const struct cw_host *host, void **self)
{
	struct external *external = calloc(1, sizeof(*external));

	if (external == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	external->host = host;
	*self = external;
	return CW_OK;
}

static int
add_type(struct external *external, const char *type)
{
	size_t count = 0, addresses = 0, i = 0;

	while (known_types[i] != NULL && strcmp(known_types[i], type) != 0)
		i++;
	if (known_types[i] == NULL)
		return cw_host_fail(external->host, CW_E_PROTOCOL,
				    "known are http-01, dns-01 and tls-alpn-01",
				    "the program \"%s\" states the unknown challenge type \"%s\"",
				    cw_host_option(external->host, "program"), type);
	for (; external->types[count] != NULL; count++)
		if (strcmp(external->types[count], type) == 0)
			return CW_OK;
	external->types[count] = known_types[i];
	while (external->address_types[addresses] != NULL)
		addresses++;
	if (strcmp(type, "dns-01") != 0)
		external->address_types[addresses] = known_types[i];
	return CW_OK;
}

/* Reads the answer to "test". */
static int
take_types(struct external *external, const char *answer)
{
	const struct cw_host *host = external->host;
	int status = answer_check_list(host, answer, "challenge_types");

	for (size_t i = 0; status == CW_OK; i++) {
		char *type = answer_item(host, answer, "challenge_types", i, "");

		if (type == NULL)
			break;
		status = add_type(external, type);
		cw_host_release(host, type);
	}
	if (status == CW_OK && external->types[0] == NULL)
		status = add_type(external, "http-01");
	return status;
}

static int
external_prepare(void *self)
{
	struct external *external = self;
	const struct cw_host *host = external->host;
	char *answer = NULL;
	int status;

	if (external->prepared)
		return CW_OK;
	status = program_call(host, "test", request_plain(host, "test"), &answer);
	if (status == CW_OK)
		status = take_types(external, answer);
	cw_host_release(host, answer);
	external->prepared = status == CW_OK;
	return status;
}

static const char *const *
external_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const for_addresses[] = {"http-01", "tls-alpn-01", NULL};
	const struct external *external = self;
	int address = strcmp(identifier_type, "ip") == 0;

	(void)identifier;
	if (external == NULL)
		return address ? for_addresses : known_types;
	return address ? external->address_types : external->types;
}

/* Has the program called if this process dies before it has cleaned up. */
static int
register_undo(struct external *external, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = external->host;
	char *request = request_challenges(host, "cleanup", challenges, count);
	int status = request != NULL ? cw_host_undo_plugin(host, request, &external->undo)
				     : cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");

	free(request);
	external->undo_registered = status == CW_OK;
	return status;
}

static int
external_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct external *external = self;
	const struct cw_host *host = external->host;
	char *answer = NULL;
	int status = program_check(host);

	if (status == CW_OK)
		status = register_undo(external, challenges, count);
	if (status == CW_OK)
		status = program_call(host, "challenge",
				      request_challenges(host, "challenge", challenges, count),
				      &answer);
	if (status == CW_OK)
		status = answer_fail_challenges(host, answer, challenges, count);
	cw_host_release(host, answer);
	return status;
}

/* REQUEST is taken over. */
static int
clean_up(const struct cw_host *host, char *request)
{
	char *answer = NULL;
	int status = program_call(host, "cleanup", request, &answer);

	if (status == CW_OK)
		status = answer_fail_call(host, answer);
	cw_host_release(host, answer);
	return status;
}

static int
external_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct external *external = self;
	const struct cw_host *host = external->host;
	int status;

	if (!external->undo_registered)
		return CW_OK;
	status = clean_up(host, request_challenges(host, "cleanup", challenges, count));
	/* If it failed, the next run tries once more. */
	if (status == CW_OK)
		host->undo_done(host, external->undo);
	external->undo_registered = 0;
	return status;
}

/* DATA is the request of register_undo(). */
static int
external_undo(void *self, const char *data)
{
	return clean_up(((struct external *)self)->host, strdup(data));
}

/* Has the program do VERB with the certificate. */
static int
pass_on(void *self, const char *verb, const struct cw_deployment *deployment)
{
	const struct cw_host *host = ((struct external *)self)->host;
	char *answer = NULL;
	int status = program_call(host, verb, request_deployment(host, verb, deployment), &answer);

	cw_host_release(host, answer);
	return status;
}

static int
external_deploy(void *self, const struct cw_deployment *deployment)
{
	return pass_on(self, "deploy", deployment);
}

static int
external_renewed(void *self, const struct cw_deployment *deployment)
{
	return pass_on(self, "renewed", deployment);
}

static int
external_undeploy(void *self, const struct cw_deployment *deployment)
{
	return pass_on(self, "undeploy", deployment);
}

static const struct cw_plugin_option program_option = {
	.size = sizeof(program_option),
	.name = "program",
	.kind = CW_OPTION_PATH,
	.metavar = "PATH",
	.help = "The program. It reads one JSON object from stdin and writes one to stdout, as "
		"certwright-external(8) describes. It must belong to root or to the user who runs "
		"certwright, and nobody else may be able to change it.",
	.flags = CW_OPTION_REQUIRED,
};

static const struct cw_plugin_option time_limit_option = {
	.size = sizeof(time_limit_option),
	.name = "time-limit",
	.kind = CW_OPTION_INTEGER,
	.default_value = "120",
	.metavar = "SECONDS",
	.help = "How long one call may take. After it the program and all its processes are "
		"killed.",
};

static const struct cw_plugin_option *const options[] = {&program_option, &time_limit_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = external_types,
	.perform = external_perform,
	.cleanup = external_cleanup,
};

static const struct cw_installer installer = {
	.size = sizeof(installer),
	.deploy_lineage = external_deploy,
	.renewed = external_renewed,
	.undeploy = external_undeploy,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "external",
	.version = "1.0",
	.description = "Run a program of yours that speaks JSON",
	.help = "Proves control of names, and gives certificates to servers, with a program of "
		"yours, such as a short script for a service with a REST API. The program reads a "
		"JSON object from stdin and writes one to stdout.",
	.options = options,
	.open = external_open,
	.prepare = external_prepare,
	.close = free,
	.authenticator = &authenticator,
	.installer = &installer,
	.undo = external_undo,
};

CW_EXPORT const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
