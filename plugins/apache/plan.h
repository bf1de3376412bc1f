/*
 * Decides which virtual hosts get a certificate for a name.
 *
 * It goes to all hosts with TLS that have the exact name, on any port, and to those that Apache
 * chooses for it on the https port. If there are none, the plain hosts that have the name get a
 * copy with TLS: those that have it exactly, or else those that Apache chooses for it by a pattern.
 * If these do nothing but redirect to https, the site is that of a TLS host without any name.
 * If there are none of these either, the user chooses a host (choose.h).
 */
#ifndef APACHE_PLAN_H
#define APACHE_PLAN_H

#include "plugin.h"

struct plan {
	size_t *orders; /* of the hosts */
	size_t count;
	bool copies; /* they are plain */
};

/* What to install. */
struct wish {
	const char *name;        /* in lower case; may begin with "*." */
	const char *certificate; /* the file of the certificate and its chain */
	const char *key;
	const char *chain;        /* NULL: none was given */
	const char *leaf;         /* the file of the certificate alone */
	const char *const *names; /* of the certificate; may be unknown */
	size_t name_count;
	bool check; /* only check whether it is possible: ask and change nothing */
};

/* Whether HOST has neither a name nor aliases: it is for no particular site. */
bool plan_is_nameless(const struct host *host);
/* Whether the wish's certificate is for a host's name. */
bool plan_is_covered(const struct wish *wish, const char *name);
/* Makes the plan, or fails with a hint. */
int plan_make(struct apache *apache, const struct wish *wish, struct plan *plan);
void plan_clear(struct plan *plan);
void plan_add(struct plan *plan, const struct host *host);
/* Whether connections to PORT can reach the host. */
bool plan_is_on_port(const struct host *host, unsigned port);
/* Fails if a macro makes the host. */
int plan_check_editable(struct apache *apache, const struct host *host, const char *name);
/* The hosts with TLS, or the plain ones on the CA's port, that serve NAME. */
void plan_find(const struct apache *apache, const char *name, bool tls, struct plan *plan);
/* Those plain ones that have NAME, and those that Apache takes for it: another that stands before
 * it may have a pattern. */
void plan_find_plain(const struct apache *apache, const char *name, struct plan *plan);

#endif
