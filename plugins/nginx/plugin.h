/* An instance of the plugin, and its entry points. */
#ifndef NGINX_PLUGIN_H
#define NGINX_PLUGIN_H

#include "model.h"
#include "program.h"

#define MANAGED_MARK " # managed by certwright"

struct nginx {
	const struct cw_host *host;
	char *root; /* nginx.conf's folder, with links resolved if it exists */
	struct program program;
	unsigned sleep_seconds;
	unsigned http_port, https_port;

	/* The installer's. */
	struct model model;
	bool loaded;
	bool tested;        /* nginx accepts what is on disk */
	unsigned owed;      /* the undo of a reload that changed files need; 0: none */
	struct map chains;  /* name -> chain_path of its deployment */
	struct map turned;  /* "address:port" that had plain requests and now has TLS */
	struct map answers; /* server names and wildcard -> the user's answer */
	struct arena *keep; /* for the contents of the maps */

	/* The authenticator's. */
	bool challenged; /* files have challenges in them */
	bool reloaded;   /* nginx was told to load them */
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
/* Registers a reload of nginx if this process dies; *ID is its undo or 0. */
int register_reload(struct nginx *nginx, unsigned *id);
/* Ends that registration; *ID becomes 0. */
void reload_done(struct nginx *nginx, unsigned *id);
/* Reads the configuration, once. */
int install_load(struct nginx *nginx);

#endif
