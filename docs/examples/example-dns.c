/*
 * An authenticator: TXT records at a DNS service with an HTTP API. The plugin author's guide
 * explains it.
 */
#include <certwright/plugin.h>
#include <stdlib.h>

struct example {
	const struct cw_host *host;
};

static int
example_open(const struct cw_host *host, void **self)
{
	struct example *example = calloc(1, sizeof(*example));

	if (example == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	example->host = host;
	*self = example;
	return CW_OK;
}

static const char *const *
example_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const dns[] = {"dns-01", NULL}, *const none[] = {NULL};

	(void)self;
	(void)identifier;
	return strcmp(identifier_type, "dns") == 0 ? dns : none;
}

/* Asks the API to add or remove one record. */
static int
change(struct example *example, const char *method, const struct cw_challenge *challenge)
{
	const struct cw_host *host = example->host;
	struct cw_http_request request = {.size = sizeof(request), .method = method};
	struct cw_http_response response = {.size = sizeof(response)};
	char url[1024];
	int status;

	snprintf(url, sizeof(url), "%s/%s", cw_host_option(host, "url"), challenge->location);
	request.url = url;
	request.body = challenge->validation;
	request.body_length = strlen(challenge->validation);
	status = cw_host_http(host, &request, &response);
	if (status == CW_OK && response.http_status / 100 != 2)
		status = cw_host_fail(host, CW_E_PROTOCOL, NULL,
				      "the DNS API answered \"%s\" with status %d", url,
				      response.http_status);
	cw_host_release_response(host, &response);
	return status;
}

static int
example_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct example *example = self;

	for (size_t i = 0; i < count; i++) {
		int status = change(example, "PUT", challenges[i]);

		if (status == CW_OK)
			challenges[i]->plugin_data = example; /* for cleanup: this one was made */
		else
			cw_host_pass_challenge(example->host, challenges[i], status);
	}
	return CW_OK;
}

static int
example_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct example *example = self;
	int result = CW_OK;

	for (size_t i = 0; i < count; i++) {
		int status = CW_OK;

		if (challenges[i]->plugin_data != NULL)
			status = change(example, "DELETE", challenges[i]);
		if (status != CW_OK)
			result = status; /* go on with the others */
	}
	return result;
}

static const struct cw_plugin_option url_option = {
	.size = sizeof(url_option),
	.name = "url",
	.kind = CW_OPTION_STRING,
	.help = "The URL of the DNS API.",
	.flags = CW_OPTION_REQUIRED,
};
static const struct cw_plugin_option *const options[] = {&url_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = example_types,
	.perform = example_perform,
	.cleanup = example_cleanup,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "example-dns",
	.version = "1.0",
	.description = "An example DNS service",
	.options = options,
	.open = example_open,
	.close = free,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
