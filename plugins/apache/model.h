/*
 * The virtual hosts of a configuration: what addresses they have, what names, whether they have
 * TLS, and which one Apache chooses for a name.
 */
#ifndef APACHE_MODEL_H
#define APACHE_MODEL_H

#include "config.h"

struct address {
	const char *host; /* in numbers, without brackets; "*": any */
	unsigned port;    /* 0: any */
};

struct host {
	const struct directive *section; /* the main server: the root of the tree */
	struct address *addresses;
	size_t address_count;
	const char **names; /* without scheme and port; the first is of ServerName, else "" */
	size_t name_count;
	const char *inherited; /* the main server's name if there is no ServerName; else "" */
	bool tls;
	size_t order; /* in the configuration, from 0 */
};

struct listen {
	struct address address;
	bool tls; /* "https", given or by the port */
};

/* The hosts of an address and port, in order: Apache chooses one of them. */
struct group {
	size_t *orders;
	size_t count;
};

struct model {
	struct config config;
	struct host main; /* for connections that no virtual host is for */
	struct host *hosts;
	size_t host_count;
	struct map groups; /* "ADDRESS PORT" -> struct group */
	struct map values; /* name in lower case -> last directive of the main server */
	struct listen *listens;
	size_t listen_count;
};

/* Reads the configuration that the program uses. */
int model_read(struct model *model, struct program *program);
/* Makes the model again from the files in memory. */
int model_rebuild(struct model *model);
void model_clear(struct model *model);

/* Whether NAME is, or matches, a name that may be a pattern. */
bool name_matches(const char *pattern, const char *name);
/* Whether the host is for connections to ADDRESS and PORT themselves, rather than to any. */
bool host_has_address(const struct host *host, const char *address, unsigned port);
/* Whether one of its names or aliases, or the inherited name, is NAME or a pattern that matches it.
 */
bool host_has_name(const struct host *host, const char *name);
/* Whether one of its names or aliases, or the inherited name, is exactly NAME. */
bool host_has_exact_name(const struct host *host, const char *name);
/* The hosts of ADDRESS and PORT; NULL: there are none. */
const struct group *model_group(const struct model *model, const char *address, unsigned port);
/*
 * The host that Apache chooses for NAME among those of ADDRESS and PORT: the first that has the
 * name, or else the first. NULL: there are none.
 */
const struct host *model_choose(const struct model *model, const char *address, unsigned port,
				const char *name);
/* The first host of ADDRESS and PORT; NULL: there is none. */
const struct host *model_first(const struct model *model, const char *address, unsigned port);
/* The last directive NAME of a virtual host, outside of sections; NULL: none. */
const struct directive *host_find(const struct host *host, const char *name);
/* The file of a certificate, or with KEY of a private key, that the directive gives to OpenSSL as a
 * command; NULL: it does not. */
const char *directive_openssl_file(struct arena *arena, const struct directive *directive,
				   bool key);
/* The same as host_find() of the main server. */
const struct directive *model_find(const struct model *model, const char *name);
/* The value of the host's last directive NAME or else of the main server's; NULL: none. */
const char *host_value(struct model *model, const struct host *host, const char *name);

#endif
