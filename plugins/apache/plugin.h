/* An instance of the plugin, and its entry points. */
#ifndef APACHE_PLUGIN_H
#define APACHE_PLUGIN_H

#include "model.h"

struct apache {
	const struct cw_host *host;
	struct program program;
	unsigned http_port, https_port;

	/* The installer's. */
	struct map answers; /* questions -> what the user has answered */
	struct arena *keep; /* for them */
	struct model model;
	bool loaded;
	bool tested;   /* Apache accepts what is on disk */
	bool touched;  /* something besides the model's files was changed */
	unsigned owed; /* the undo of a reload that changed files need; 0: none */

	/* The authenticator's. */
	bool challenged; /* files have challenges in them */
	bool reloaded;   /* Apache was told to load them */
	unsigned undo;   /* undo of a reload after a crash; 0: none */
};

/* The authenticator (challenge.c). */
int challenge_perform(void *self, struct cw_challenge *const *challenges, size_t count);
int challenge_cleanup(void *self, struct cw_challenge *const *challenges, size_t count);

/* The installer (deploy.c, enhance.c, install.c). */
int install_names(void *self, cw_name_sink sink, void *context);
int install_deploy(void *self, const struct cw_deployment *deployment);
int install_check(void *self, const struct cw_deployment *deployment);
int install_renewed(void *self, const struct cw_deployment *deployment);
int install_enhance(void *self, const char *given, const char *enhancement);
int install_save(void *self, const char *title);
int install_config_test(void *self);
int install_reload(void *self);
int install_reread(void *self);
/* Reads the configuration, once. */
int install_load(struct apache *apache);

/* An option that the user has set, or OTHERWISE. */
const char *apache_option(const struct apache *apache, const char *name, const char *otherwise);
/* Registers a reload of Apache if this process dies; *ID is its undo or 0. */
void register_reload(struct apache *apache, unsigned *id);
/* Ends that registration; *ID becomes 0. */
void reload_done(struct apache *apache, unsigned *id);

#endif
