/* An instance of the plugin, and its entry points. */
#ifndef NGINX_PLUGIN_H
#define NGINX_PLUGIN_H

#include "../common/installation.h"
#include "model.h"
#include "program.h"

#define MANAGED_MARK " # managed by certwright"

struct nginx {
	struct web_plugin web;
	const struct cw_host *host;
	char *root; /* nginx.conf's folder, with links resolved if it exists */
	struct program program;
	unsigned sleep_seconds;
	unsigned http_port, https_port;

	/* The installer's. */
	struct model model;
	struct map chains;  /* name -> chain_path of its deployment */
	struct map turned;  /* "address:port" that had plain requests and now has TLS */
	struct map answers; /* server names and wildcard -> the user's answer */
	struct arena *keep; /* for the contents of the maps */
};

/* The installer (deploy.c, enhance.c, install.c). */
int install_names(void *self, cw_name_sink sink, void *context);
int nginx_deploy(void *self, const struct deploying *deploying);
int install_enhance(void *self, const char *given, const char *enhancement);

#endif
