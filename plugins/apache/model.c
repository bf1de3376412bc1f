#include "model.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "address.h"

/* With "*" for any bytes and "?" for one. */
bool
name_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *again = NULL;

	while (*name != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			again = name;
		} else if (*pattern == '?' ||
			   tolower((unsigned char)*pattern) == tolower((unsigned char)*name)) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star + 1;
			name = ++again;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

bool
host_has_name(const struct host *host, const char *name)
{
	if (strcasecmp(host->names[0], name) == 0 || strcasecmp(host->inherited, name) == 0)
		return true;
	for (size_t i = 1; i < host->name_count; i++)
		if (name_matches(host->names[i], name))
			return true;
	return false;
}

bool
host_has_exact_name(const struct host *host, const char *name)
{
	for (size_t i = 0; i < host->name_count; i++)
		if (strcasecmp(host->names[i], name) == 0)
			return true;
	return strcasecmp(host->inherited, name) == 0;
}

bool
host_has_address(const struct host *host, const char *address, unsigned port)
{
	for (size_t i = 0; i < host->address_count; i++)
		if (host->addresses[i].port == port &&
		    strcmp(host->addresses[i].host, address) == 0)
			return true;
	return false;
}

const struct group *
model_group(const struct model *model, const char *address, unsigned port)
{
	autofree char *key = memory_format("%s %u", address, port);

	return map_get(&model->groups, key);
}

const struct host *
model_choose(const struct model *model, const char *address, unsigned port, const char *name)
{
	const struct group *group = model_group(model, address, port);

	for (size_t i = 0; group != NULL && i < group->count; i++)
		if (host_has_name(&model->hosts[group->orders[i]], name))
			return &model->hosts[group->orders[i]];
	return group != NULL ? &model->hosts[group->orders[0]] : NULL;
}

const struct host *
model_first(const struct model *model, const char *address, unsigned port)
{
	const struct group *group = model_group(model, address, port);

	return group != NULL ? &model->hosts[group->orders[0]] : NULL;
}

const struct directive *
host_find(const struct host *host, const char *name)
{
	const struct directive *found = NULL;

	for (const struct directive *at = host->section->first_child; at != NULL; at = at->next)
		if (directive_is(at, name))
			found = at;
	return found;
}

const char *
directive_openssl_file(struct arena *arena, const struct directive *directive, bool key)
{
	const char *arguments = directive->arguments;

	if (!directive_is(directive, "SSLOpenSSLConfCmd") ||
	    strcasecmp(words_next(arena, &arguments), key ? "PrivateKey" : "Certificate") != 0)
		return NULL;
	return words_next(arena, &arguments);
}

static char *
lower(const char *name)
{
	char *copy = memory_copy(name, strlen(name));

	for (char *byte = copy; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	return copy;
}

const struct directive *
model_find(const struct model *model, const char *name)
{
	autofree char *key = lower(name);

	return map_get(&model->values, key);
}

const char *
host_value(struct model *model, const struct host *host, const char *name)
{
	const struct directive *found = host == &model->main ? NULL : host_find(host, name);
	const char *arguments;

	if (found == NULL)
		found = model_find(model, name);
	if (found == NULL)
		return NULL;
	arguments = found->arguments;
	return words_next(model->config.arena, &arguments);
}

/* "[SCHEME://]NAME[:PORT]"; sets *PORT if there is one. */
static const char *
server_name(struct arena *arena, const char *arguments, unsigned *port)
{
	const char *name = words_next(arena, &arguments);
	const char *scheme = strstr(name, "://");
	const char *colon;

	if (scheme != NULL)
		name = scheme + 3;
	colon = strrchr(name, ':');
	if (colon == NULL || strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return name;
	if (port != NULL)
		*port = (unsigned)strtoul(colon + 1, NULL, 10);
	return arena_copy(arena, name, (size_t)(colon - name));
}

static void
add_name(struct arena *arena, struct host *host, const char *name)
{
	if ((host->name_count & (host->name_count - 1)) == 0) {
		const char **names =
			arena_alloc(arena, (host->name_count * 2 + 1) * sizeof(*names));

		if (host->name_count > 0)
			memcpy(names, host->names, host->name_count * sizeof(*names));
		host->names = names;
	}
	host->names[host->name_count++] = name;
}

static void
read_names(struct arena *arena, struct host *host, unsigned *port)
{
	const struct directive *name = host_find(host, "ServerName");

	add_name(arena, host, name != NULL ? server_name(arena, name->arguments, port) : "");
	for (const struct directive *at = host->section->first_child; at != NULL; at = at->next) {
		struct words words;

		if (!directive_is(at, "ServerAlias"))
			continue;
		words = words_split(arena, at->arguments);
		for (size_t i = 0; i < words.count; i++)
			add_name(arena, host, words.items[i]);
	}
}

static void
read_addresses(struct arena *arena, struct host *host, unsigned otherwise)
{
	struct words words = words_split(arena, host->section->arguments);

	host->addresses =
		arena_alloc(arena, (words.count + 1) * ADDRESS_MAX * sizeof(*host->addresses));
	for (size_t i = 0; i < words.count; i++)
		host->address_count += address_parse(arena, words.items[i], otherwise,
						     &host->addresses[host->address_count]);
}

/* Whether Apache speaks TLS there because of a Listen for https. */
static bool
listens_by_tls(const struct model *model, const struct host *host)
{
	for (size_t i = 0; i < host->address_count; i++)
		for (size_t j = 0; j < model->listen_count; j++)
			if (model->listens[j].tls &&
			    model->listens[j].address.port == host->addresses[i].port)
				return true;
	return false;
}

/* Whether a directive of its own or of the main server names a certificate. */
static bool
has_certificate(struct model *model, const struct host *host)
{
	const struct directive *at = host->section->first_child;

	while (at != NULL && directive_openssl_file(model->config.arena, at, false) == NULL)
		at = at->next;
	return at != NULL || host_value(model, host, "SSLCertificateFile") != NULL;
}

static bool
has_tls(struct model *model, const struct host *host)
{
	const char *engine = host_value(model, host, "SSLEngine");

	if (!config_has_module(&model->config, "ssl_module")) {
		engine = host_value(model, host, "GnuTLSEnable");
		return engine != NULL && strcasecmp(engine, "on") == 0;
	}
	if (engine != NULL)
		return strcasecmp(engine, "off") != 0;
	return listens_by_tls(model, host) && has_certificate(model, host);
}

static void
add_listen(struct model *model, const struct directive *directive)
{
	struct listen listen;

	if (!listen_parse(model->config.arena, directive->arguments, &listen))
		return;
	model->listens =
		memory_resize(model->listens, model->listen_count + 1, sizeof(*model->listens));
	model->listens[model->listen_count++] = listen;
}

/* Adds the host to those of each of its addresses. */
static void
add_to_groups(struct model *model, const struct host *host)
{
	struct arena *arena = model->config.arena;

	for (size_t i = 0; i < host->address_count; i++) {
		const struct address *at = &host->addresses[i];
		autofree char *key = memory_format("%s %u", at->host, at->port);
		struct group *group = map_get(&model->groups, key);

		if (group == NULL) {
			group = arena_alloc(arena, sizeof(*group));
			map_set(&model->groups, arena_copy(arena, key, strlen(key)), group);
		}
		if ((group->count & (group->count - 1)) == 0) {
			size_t *orders =
				arena_alloc(arena, (group->count * 2 + 1) * sizeof(*orders));

			if (group->count > 0)
				memcpy(orders, group->orders, group->count * sizeof(*orders));
			group->orders = orders;
		}
		if (group->count == 0 || group->orders[group->count - 1] != host->order)
			group->orders[group->count++] = host->order;
	}
}

static void
add_host(struct model *model, const struct directive *section, unsigned otherwise)
{
	struct arena *arena = model->config.arena;
	struct host *host;

	if ((model->host_count & (model->host_count - 1)) == 0)
		model->hosts = memory_resize(model->hosts,
					     model->host_count > 0 ? model->host_count * 2 : 1,
					     sizeof(*model->hosts));
	host = &model->hosts[model->host_count];
	memset(host, 0, sizeof(*host));
	host->section = section;
	host->order = model->host_count++;
	read_addresses(arena, host, otherwise);
	read_names(arena, host, NULL);
	add_to_groups(model, host);
}

static void
forget(struct model *model)
{
	free(model->hosts);
	free(model->listens);
	map_clear(&model->groups);
	map_clear(&model->values);
	model->hosts = NULL;
	model->listens = NULL;
	model->host_count = model->listen_count = 0;
	memset(&model->main, 0, sizeof(model->main));
}

static void
note_value(struct model *model, const struct directive *directive)
{
	autofree char *key = lower(directive->name);

	map_set(&model->values, arena_copy(model->config.arena, key, strlen(key)),
		(void *)directive);
}

static void
read_tree(struct model *model)
{
	const struct directive *top = &model->config.top;
	unsigned port = 0;

	forget(model);
	model->main.section = top;
	read_names(model->config.arena, &model->main, NULL);
	model->main.inherited = "";
	for (const struct directive *at = top->first_child; at != NULL; at = at->next) {
		if (directive_is(at, "Listen"))
			add_listen(model, at);
		else if (directive_is(at, "ServerName")) /* for the hosts that follow */
			server_name(model->config.arena, at->arguments, &port);
		else if (directive_is(at, "VirtualHost") && at->close != NULL)
			add_host(model, at, port);
		if (at->close == NULL)
			note_value(model, at);
	}
	for (size_t i = 0; i < model->host_count; i++) {
		struct host *host = &model->hosts[i];

		host->tls = has_tls(model, host);
		host->inherited = *host->names[0] == '\0' ? model->main.names[0] : "";
	}
	model->main.tls = has_tls(model, &model->main);
}

int
model_rebuild(struct model *model)
{
	int status = config_rebuild(&model->config);

	if (status == CW_OK)
		read_tree(model);
	return status;
}

int
model_read(struct model *model, struct program *program)
{
	int status = program_identify(program);

	memset(model, 0, sizeof(*model));
	if (status == CW_OK)
		status = config_read(&model->config, program->host, &program->facts, program->root,
				     program->configuration);
	if (status == CW_OK)
		read_tree(model);
	return status;
}

void
model_clear(struct model *model)
{
	forget(model);
	config_clear(&model->config);
	memset(model, 0, sizeof(*model));
}
