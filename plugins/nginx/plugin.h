/* An instance of the plugin, and the parts that it is made of. */
#ifndef NGINX_PLUGIN_H
#define NGINX_PLUGIN_H

#include "model.h"
#include "program.h"

#define MANAGED_MARK " # managed by certwright"

struct nginx {
	const struct cw_host *host;
	char *root; /* nginx.conf's folder, without links when it exists */
	struct program program;
	unsigned sleep_seconds;
	unsigned http_port, https_port;

	/* The installer's. */
	struct model model;
	bool loaded;
	bool tested;        /* nginx takes what is on disk as we left it */
	unsigned owed;      /* the undo of a reload that files on disk wait for; 0: none */
	struct map chains;  /* name -> chain_path of its deployment */
	struct map turned;  /* "address:port" that took plain requests and now has TLS */
	struct map answers; /* server names and wildcard -> what the user wants */
	struct arena *keep; /* of what the maps hold */

	/* The authenticator's. */
	bool challenged; /* files are changed for challenges */
	bool reloaded;   /* nginx was asked to use them */
	unsigned undo;   /* of the reload after a crash; 0: none */
};

/* The authenticator (challenge.c). */
int challenge_perform(void *self, struct cw_challenge *const *challenges, size_t count);
int challenge_cleanup(void *self, struct cw_challenge *const *challenges, size_t count);

/* The installer (deploy.c, enhance.c, install.c). */
int install_names(void *self, cw_name_sink sink, void *context);
int install_deploy(void *self, const struct cw_deployment *deployment);
int install_check(void *self, const struct cw_deployment *deployment);
int install_enhance(void *self, const char *given, const char *enhancement);
int install_save(void *self, const char *title);
int install_config_test(void *self);
int install_reload(void *self);
int install_reread(void *self);
/* Should this process die, nginx has to be told to read its files again: *ID of that, or 0. */
void register_reload(struct nginx *nginx, unsigned *id);
/* No longer; *ID becomes 0. */
void reload_done(struct nginx *nginx, unsigned *id);
/* Reads the configuration unless that is done. */
int install_load(struct nginx *nginx);

#endif
