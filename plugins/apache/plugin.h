/* An instance of the plugin, and its entry points. */
#ifndef APACHE_PLUGIN_H
#define APACHE_PLUGIN_H

#include "model.h"

struct apache {
	const struct cw_host *host;
	struct program program;
	unsigned http_port, https_port;

	/* The authenticator's. */
	bool challenged; /* files have challenges in them */
	bool reloaded;   /* Apache was told to load them */
	unsigned undo;   /* undo of a reload after a crash; 0: none */
};

/* The authenticator (challenge.c). */
int challenge_perform(void *self, struct cw_challenge *const *challenges, size_t count);
int challenge_cleanup(void *self, struct cw_challenge *const *challenges, size_t count);

/* An option that the user has set, or OTHERWISE. */
const char *apache_option(const struct apache *apache, const char *name, const char *otherwise);
/* Registers a reload of Apache if this process dies; *ID is its undo or 0. */
void register_reload(struct apache *apache, unsigned *id);
/* Ends that registration; *ID becomes 0. */
void reload_done(struct apache *apache, unsigned *id);

#endif
