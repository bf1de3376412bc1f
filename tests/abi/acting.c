/* Does in perform() what its option "act" says, for what surrounds a plugin to be tested. */
#include <certwright/plugin.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct cw_host *host;

static int
open_acting(const struct cw_host *given, void **self)
{
	host = given;
	*self = NULL;
	return CW_OK;
}

static const char *const *
types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const dns[] = {"http-01", "dns-01", NULL};
	static const char *const ip[] = {"http-01", NULL};

	(void)self;
	(void)identifier;
	return strcmp(identifier_type, "ip") == 0 ? ip : dns;
}

/* Sends the coordinator what is no message. */
static int
send_nonsense(void)
{
	char nonsense[64];

	memset(nonsense, 0xee, sizeof(nonsense));
	return send(3, nonsense, sizeof(nonsense), MSG_NOSIGNAL) < 0 ? CW_E_IO : CW_OK;
}

/* Has a process of its own, which says its number and stays. */
static int
leave_child(void)
{
	char text[32];
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	snprintf(text, sizeof(text), "%ld", (long)child);
	return host->set_option(host, "said", NULL, text);
}

static int
ask(void)
{
	static const char *const items[] = {"apple", "pear", NULL};
	char said[128];
	char *text = NULL;
	size_t choice = 0;
	int yes = 0;
	int status = host->notify(host, "look", 1);

	if (status == CW_OK)
		status = host->ask_yes_no(host, "sure?", &yes);
	if (status == CW_OK)
		status = host->ask_choice(host, "which?", items, 2, &choice);
	if (status == CW_OK)
		status = host->ask_text(host, "secret?", 1, &text);
	if (status != CW_OK)
		return status;
	snprintf(said, sizeof(said), "%d %s %s", yes, items[choice], text);
	cw_host_release(host, text);
	return host->set_option(host, "said", NULL, said);
}

static int
listen_here(void)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int descriptor = -1;
	int status = host->listen(host, "127.0.0.1", 80, &descriptor);

	if (status != CW_OK)
		return status;
	if (getsockname(descriptor, (struct sockaddr *)(void *)&address, &length) != 0)
		status = cw_host_fail(host, CW_E_IO, NULL, "that is no socket");
	close(descriptor);
	return status;
}

static int
share(void)
{
	char *data = NULL;
	size_t length = 0;
	int status = host->shared_put(host, "key", "a\0b", 3);

	if (status == CW_OK)
		status = host->shared_get(host, "key", &data, &length);
	if (status == CW_OK && (length != 3 || memcmp(data, "a\0b", 3) != 0))
		status = cw_host_fail(host, CW_E_IO, NULL, "it holds something else");
	cw_host_release(host, data);
	return status == CW_OK ? host->shared_get(host, "another", &data, &length) : status;
}

/* For a lineage that it works for, and for another one. */
static int
keep(void)
{
	char *data = NULL;
	size_t length = 0;
	int status = cw_host_state_put(host, "one.example", "key", "a\0b", 3);

	if (status == CW_OK)
		status = cw_host_state_get(host, "one.example", "key", &data, &length);
	if (status == CW_OK && (length != 3 || memcmp(data, "a\0b", 3) != 0))
		status = cw_host_fail(host, CW_E_IO, NULL, "it holds something else");
	cw_host_release(host, data);
	if (status == CW_OK &&
	    cw_host_state_get(host, "one.example", "another", &data, &length) != CW_E_NOT_FOUND)
		status = cw_host_fail(host, CW_E_IO, NULL, "another is there");
	if (status == CW_OK &&
	    cw_host_state_put(host, "one.example", "../key", "x", 1) != CW_E_INVALID)
		status = cw_host_fail(host, CW_E_IO, NULL, "any key is allowed");
	return status == CW_OK ? cw_host_state_put(host, "two.example", "key", "x", 1) : status;
}

static int
fetch(void)
{
	struct cw_http_request request;
	struct cw_http_response response;
	int status;

	memset(&request, 0, sizeof(request));
	memset(&response, 0, sizeof(response));
	request.size = sizeof(request);
	request.url = "https://example.test/";
	response.size = sizeof(response);
	status = host->http(host, &request, &response);
	if (status == CW_OK)
		status = host->set_option(host, "said", NULL, response.body);
	cw_host_release_response(host, &response);
	return status;
}

static int
locate(void)
{
	struct cw_dns_place place;
	struct cw_dns_place *places[1];

	memset(&place, 0, sizeof(place));
	place.size = sizeof(place);
	place.name = "a.example";
	places[0] = &place;
	return host->locate(host, places, 1);
}

/* A query of nothing but a header, and an undo that stays and one that is done. */
static int
exchange(void)
{
	struct cw_dns_query query;
	char said[32];
	int status;

	memset(&query, 0, sizeof(query));
	query.size = sizeof(query);
	query.server = "192.0.2.1";
	query.message = "ab\0\0\0\0\0\0\0\0\0";
	query.message_length = 12;
	status = cw_host_dns_exchange(host, &query);
	snprintf(said, sizeof(said), "%zu bytes", query.answer_length);
	cw_host_release(host, query.answer);
	cw_host_release(host, query.reason);
	return status == CW_OK ? host->set_option(host, "said", NULL, said) : status;
}

static int
plan_undo(void)
{
	unsigned first = 0, second = 0;
	int status = cw_host_undo_plugin(host, "the first", &first);

	if (status == CW_OK)
		status = cw_host_undo_plugin(host, "the second", &second);
	return status == CW_OK ? host->undo_done(host, first) : status;
}

static int
undo(void *self, const char *data)
{
	(void)self;
	cw_host_log(host, CW_LOG_WARNING, "undoes %s", data);
	return CW_OK;
}

static int
run_long(void)
{
	const char *const argv[] = {"sleep", "600", NULL};
	struct cw_command command;
	struct cw_command_result result;
	int status;

	memset(&command, 0, sizeof(command));
	memset(&result, 0, sizeof(result));
	command.size = sizeof(command);
	command.argv = argv;
	result.size = sizeof(result);
	status = cw_host_run(host, &command, &result);
	cw_host_release_result(host, &result);
	return status;
}

static int
read_credentials(const char *path)
{
	char *text = NULL;
	int status = host->read_credentials(host, path, &text);

	if (status == CW_OK)
		status = host->set_option(host, "said", NULL, text);
	cw_host_release(host, text);
	return status;
}

/* Says more than anybody would read. */
static int
fail_at_length(void)
{
	static char text[1024 * 1024];

	memset(text, 'x', sizeof(text) - 1);
	return (host->fail)(host, CW_E_IO, text, text);
}

static enum cw_rights
acting_rights(const struct cw_host *given)
{
	const char *colour = cw_host_option(given, "colour");

	return colour != NULL && strcmp(colour, "green") == 0 ? CW_RIGHTS_NONE : CW_RIGHTS_USER;
}

static int
act(const char *what)
{
	if (strcmp(what, "crash") == 0)
		abort(); /* a sanitizer has its own end for SIGSEGV */
	if (strcmp(what, "exit") == 0)
		exit(0);
	if (strcmp(what, "hang") == 0)
		for (;;)
			pause();
	if (strcmp(what, "close") == 0)
		close(3);
	if (strcmp(what, "nonsense") == 0)
		return send_nonsense();
	if (strcmp(what, "child") == 0)
		return leave_child();
	if (strcmp(what, "run") == 0)
		return run_long();
	if (strcmp(what, "credentials") == 0)
		return read_credentials(cw_host_option(host, "said"));
	if (strcmp(what, "another") == 0)
		return read_credentials("/etc/shadow");
	if (strcmp(what, "length") == 0)
		return fail_at_length();
	if (strcmp(what, "ask") == 0)
		return ask();
	if (strcmp(what, "listen") == 0)
		return listen_here();
	if (strcmp(what, "share") == 0)
		return share();
	if (strcmp(what, "keep") == 0)
		return keep();
	if (strcmp(what, "http") == 0)
		return fetch();
	if (strcmp(what, "locate") == 0)
		return locate();
	if (strcmp(what, "exchange") == 0)
		return exchange();
	if (strcmp(what, "undo") == 0)
		return plan_undo();
	if (strcmp(what, "secret") == 0)
		host->secret(host, cw_host_option(host, "said"));
	if (strcmp(what, "log") == 0)
		cw_host_log(host, CW_LOG_WARNING, "the weather is fine");
	return CW_OK;
}

static int
perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const char *what = cw_host_option(host, "act");

	(void)self;
	for (size_t i = 0; i < count; i++)
		if (strncmp(challenges[i]->identifier, "fail.", 5) == 0)
			cw_host_fail_challenge(host, challenges[i], CW_E_NOT_FOUND, "look again",
					       "no way for \"%s\" of \"%s\"",
					       challenges[i]->identifier,
					       challenges[i]->all_identifiers[0]);
	return what != NULL ? act(what) : CW_OK;
}

static int
cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	(void)self;
	return cw_host_fail(host, CW_E_IO, NULL, "cleaned up %zu, \"%s\" the first", count,
			    challenges[0]->identifier);
}

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = types,
	.perform = perform,
	.cleanup = cleanup,
};

static const char *const choices[] = {"red", "green", NULL};

static const struct cw_plugin_option act_option = {
	.size = sizeof(act_option),
	.name = "act",
	.kind = CW_OPTION_STRING,
	.metavar = "WHAT",
	.help = "What to do in perform().",
};
static const struct cw_plugin_option said_option = {
	.size = sizeof(said_option),
	.name = "said",
	.kind = CW_OPTION_STRING,
	.default_value = "nothing",
	.help = "What it found out.",
};
static const struct cw_plugin_option colour_option = {
	.size = sizeof(colour_option),
	.name = "colour",
	.kind = CW_OPTION_STRING,
	.help = "A colour.",
	.choices = choices,
};
static const struct cw_plugin_option list_option = {
	.size = sizeof(list_option),
	.name = "list",
	.kind = CW_OPTION_LIST,
	.help = "A list.",
	.fills_map = "map",
};
static const struct cw_plugin_option map_option = {
	.size = sizeof(map_option),
	.name = "map",
	.kind = CW_OPTION_MAP,
	.help = "A map.",
};
static const struct cw_plugin_option *const options[] = {&act_option,  &said_option, &colour_option,
							 &list_option, &map_option,  NULL};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "acting",
	.version = "2.0",
	.description = "Acts as it is told",
	.help = "For tests.",
	.options = options,
	.open = open_acting,
	.authenticator = &authenticator,
	.rights = acting_rights,
	.undo = undo,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
