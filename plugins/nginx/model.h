/*
 * The configuration as nginx sees it: the server blocks of http, what each listens on and answers
 * to, and which one nginx chooses for a host.
 */
#ifndef NGINX_MODEL_H
#define NGINX_MODEL_H

#include "files.h"
#include "listen.h"
#include "name.h"

struct server {
	struct directive *directive;
	struct directive *http; /* the block it is in */
	struct listen *listens; /* at least one */
	size_t listen_count;
	struct name *names; /* at least one: "" if there is no server_name */
	size_t name_count;
	bool ssl_on; /* the old "ssl on": every listener has TLS */
	size_t order;
};

/* An address and port, and the servers that listen there. */
struct group {
	const char *address; /* as struct listen's */
	unsigned port;
	struct server **servers; /* in nginx's order */
	size_t count;
	struct server *default_server;
	bool default_given; /* marked in the configuration; else it is the first */
	bool ssl, http2, quic, proxy_protocol;
};

struct model {
	const struct cw_host *host;
	struct files files;
	struct arena *arena;
	struct file *main;      /* nginx.conf */
	struct directive *http; /* the first; NULL: there is none */
	struct server **servers;
	size_t server_count;
	struct group **groups;
	size_t group_count;
	struct map group_map;
	const char *pid_path, *error_log; /* as in the configuration, or NULL */
	bool daemon_off;
};

/* Reads ROOT/nginx.conf and all that matters of its includes. */
int model_read(struct model *model, const struct cw_host *host, const char *root);
/* Makes the model again from the files in memory. */
int model_rebuild(struct model *model);
void model_clear(struct model *model);

/* Returns CW_OK to go on, a negative status to fail, or a positive number to stop. */
typedef int (*model_visitor)(void *context, struct directive *directive);
/* Visits the directives in BLOCK, one level deep, with those of its includes. Returns the result
 * of the last visit. */
int model_visit(struct model *model, const struct directive *block, model_visitor visit,
		void *context);
/* The first directive NAME in BLOCK or in a file that is included there; NULL: none. If VALUE is
 * not NULL, the first parameter must be VALUE, ignoring case. */
struct directive *model_find(struct model *model, const struct directive *block, const char *name,
			     const char *value);

struct group *model_group(const struct model *model, const char *address, unsigned port);
/* The server that nginx chooses there for HOST (lower case); *NAME is the name that matches, or
 * NULL for the default. */
struct server *group_choose(const struct group *group, const char *host, struct name **name,
			    enum name_match *match);
bool listen_is_tls(const struct server *server, const struct listen *listen);

#endif
