/*
 * django: an authenticator for sites whose application publishes http-01 challenges (RFC 8555
 * section 8.3), as the application of certbot-django does. Each request to it has a token that is
 * signed with an RSA key; the application knows the public half.
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include "application.h"
#include "key.h"

enum { TEXT_SIZE = 4096 };

struct django {
	const struct cw_host *host;
	/* Of the challenges that may be published. */
	unsigned undo;
	int undo_registered;
};

/* What a challenge's plugin_data points to once its application was asked to publish it. */
static int published;

static int
no_memory(const struct cw_host *host)
{
	return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
}

static int
django_open(const struct cw_host *host, void **self)
{
	struct django *django = calloc(1, sizeof(*django));

	if (django == NULL)
		return no_memory(host);
	django->host = host;
	*self = django;
	return CW_OK;
}

static const char *const *
django_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const types[] = {"http-01", NULL};

	(void)self;
	(void)identifier_type;
	(void)identifier;
	return types;
}

/* Has the user give the application of NAME the key that was made just now. */
static int
introduce(const struct cw_host *host, const char *name, const struct key *key)
{
	const char *user = cw_host_option(host, "username");
	char text[TEXT_SIZE];

	if (!host->interactive(host)) {
		snprintf(text, sizeof(text),
			 "give the user \"%s\" the public key \"%s\" and the right to add and "
			 "delete challenges, then run this again",
			 user, key->public_path);
		return cw_host_fail(host, CW_E_PERMISSION, text,
				    "a key was made just now, which the application of \"%s\" does "
				    "not know",
				    name);
	}
	snprintf(text, sizeof(text),
		 "A key was made for requests to the application of \"%s\". Give its user \"%s\" "
		 "this "
		 "public key, and the right to add and delete challenges. It is also in the file "
		 "\"%s\".\n\n%s\nThen press Enter.",
		 name, user, key->public_path, key->public_text);
	return host->notify(host, text, 1);
}

/* Finds the key for each challenge, and fails those without one that their application knows. */
static int
find_keys(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count,
	  struct key *keys)
{
	for (size_t i = 0; i < count; i++) {
		int status = key_find(host, challenges[i]->identifier, 1, &keys[i]);

		if (status == CW_OK && keys[i].is_new)
			status = introduce(host, challenges[i]->identifier, &keys[i]);
		if (status == CW_E_CANCELLED)
			return status;
		if (status != CW_OK)
			cw_host_pass_challenge(host, challenges[i], status);
	}
	return CW_OK;
}

/* Has the challenges that did not fail removed if this process dies before that: a line "NAME
 * TOKEN" for each. */
static int
register_undo(struct django *django, struct cw_challenge *const *challenges, size_t count)
{
	const char *port = application_port(django->host);
	size_t size = 1, length = 0;
	char *data;
	int status;

	for (size_t i = 0; i < count; i++)
		size += strlen(challenges[i]->identifier) + strlen(port) +
			strlen(challenges[i]->token) + 3;
	data = malloc(size);
	if (data == NULL)
		return no_memory(django->host);
	data[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (challenges[i]->result == CW_OK)
			length += (size_t)snprintf(data + length, size - length, "%s %s %s\n",
						   challenges[i]->identifier, port,
						   challenges[i]->token);
	status = length > 0 ? cw_host_undo_plugin(django->host, data, &django->undo) : CW_OK;
	django->undo_registered = length > 0 && status == CW_OK;
	free(data);
	return status;
}

static void
publish(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count,
	const struct key *keys)
{
	for (size_t i = 0; i < count; i++) {
		int status;

		if (challenges[i]->result != CW_OK)
			continue;
		challenges[i]->plugin_data = &published;
		status = application_publish(host, &keys[i], challenges[i]);
		/* The application did not want to know of it. */
		if (status == CW_E_PERMISSION)
			challenges[i]->plugin_data = NULL;
		if (status != CW_OK)
			cw_host_pass_challenge(host, challenges[i], status);
	}
}

static int
django_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct django *django = self;
	const struct cw_host *host = django->host;
	struct key *keys = calloc(count + 1, sizeof(*keys));
	int status = keys != NULL ? find_keys(host, challenges, count, keys) : no_memory(host);

	if (status == CW_OK)
		status = register_undo(django, challenges, count);
	if (status == CW_OK)
		publish(host, challenges, count, keys);
	for (size_t i = 0; keys != NULL && i < count; i++)
		key_clear(&keys[i]);
	free(keys);
	return status;
}

static int
remove_challenge(const struct cw_host *host, const char *name, const char *port, const char *token)
{
	struct key key;
	int status;

	memset(&key, 0, sizeof(key));
	status = key_find(host, name, 0, &key);
	if (status == CW_OK)
		status = application_remove(host, &key, name, port, token);
	key_clear(&key);
	return status;
}

static int
django_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct django *django = self;
	int result = CW_OK;

	for (size_t i = 0; i < count; i++) {
		int status = CW_OK;

		if (challenges[i]->plugin_data != NULL)
			status = remove_challenge(django->host, challenges[i]->identifier,
						  application_port(django->host),
						  challenges[i]->token);
		if (status != CW_OK)
			result = status;
	}
	/* If one is left, the next run tries once more. */
	if (django->undo_registered && result == CW_OK)
		django->host->undo_done(django->host, django->undo);
	django->undo_registered = 0;
	return result;
}

/* DATA is that of register_undo(). */
static int
django_undo(void *self, const char *data)
{
	const struct cw_host *host = ((struct django *)self)->host;
	char *copy = strdup(data), *rest = NULL;
	const char *name = copy != NULL ? strtok_r(copy, " \n", &rest) : NULL;
	int result = copy != NULL ? CW_OK : no_memory(host);

	while (name != NULL) {
		const char *port = strtok_r(NULL, " \n", &rest);
		const char *token = port != NULL ? strtok_r(NULL, " \n", &rest) : NULL;
		int status = token != NULL ? remove_challenge(host, name, port, token) : CW_OK;

		if (status != CW_OK)
			result = status;
		name = strtok_r(NULL, " \n", &rest);
	}
	free(copy);
	return result;
}

static const struct cw_plugin_option username_option = {
	.size = sizeof(username_option),
	.name = "username",
	.kind = CW_OPTION_STRING,
	.metavar = "USER",
	.help = "The user of the application that may add and delete challenges.",
	.flags = CW_OPTION_REQUIRED,
};

static const struct cw_plugin_option key_directory_option = {
	.size = sizeof(key_directory_option),
	.name = "key-directory",
	.kind = CW_OPTION_PATH,
	.metavar = "FOLDER",
	.help = "The folder of the keys, one for each name; that of certbot-django can be used. "
		"The "
		"default is the folder \"django\" in the configuration folder.",
};

static const struct cw_plugin_option logging_option = {
	.size = sizeof(logging_option),
	.name = "public-ip-logging-ok",
	.kind = CW_OPTION_FLAG,
	.help = "Accepted for compatibility with certbot-django; has no effect.",
};

static const struct cw_plugin_option *const options[] = {&username_option, &key_directory_option,
							 &logging_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = django_types,
	.perform = django_perform,
	.cleanup = django_cleanup,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "django",
	.version = "1.0",
	.description = "Have a Django application publish challenges",
	.help = "Proves control of names with http-01 challenges that the web application of each "
		"name publishes. Requests to the application are signed with a key for each name.",
	.options = options,
	.open = django_open,
	.close = free,
	.authenticator = &authenticator,
	.undo = django_undo,
};

CW_EXPORT const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
