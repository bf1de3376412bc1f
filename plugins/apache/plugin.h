/* An instance of the plugin, and its entry points. */
#ifndef APACHE_PLUGIN_H
#define APACHE_PLUGIN_H

#include "../common/installation.h"
#include "model.h"

struct apache {
	struct web_plugin web;
	const struct cw_host *host;
	struct program program;
	unsigned http_port, https_port;

	/* The installer's. */
	struct map answers; /* questions -> what the user has answered */
	struct arena *keep; /* for them */
	struct model model;
	bool enabled;  /* a module was: what the program knows is untrue after a rollback */
	bool supposed; /* the model has what a check supposed: only the next check uses it */
	size_t tried;  /* so many of the names to deploy have their copies in it */
};

/* The installer (deploy.c, enhance.c, install.c). */
int install_names(void *self, cw_name_sink sink, void *context);
int apache_deploy(void *self, const struct deploying *deploying);
int install_enhance(void *self, const char *given, const char *enhancement);

/* An option that the user has set, or OTHERWISE. */
const char *apache_option(const struct apache *apache, const char *name, const char *otherwise);

#endif
