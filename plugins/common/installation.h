/*
 * The installer of a plugin of struct web_server. SELF is the plugin's instance, which begins with
 * struct web_plugin.
 *
 * The files are read once and edited in memory. install_save() writes them, has the server test
 * them, and commits a checkpoint; if any of that fails, it reverts the files. Before the first
 * write it asks the host for a reload in case this process dies. That is owed until the server was
 * reloaded or the files are reverted.
 *
 *	read -> planned -> written -> tested -> committed -> reloaded
 *	            |          |         |
 *	            +----------+---------+----> reverted: read again
 */
#ifndef COMMON_INSTALLATION_H
#define COMMON_INSTALLATION_H

#include "web_server.h"

/* Reads the configuration, unless it was read. */
int install_load(void *self);

/* For struct cw_installer. */
int install_deploy(void *self, const struct cw_deployment *deployment);
int install_check(void *self, const struct cw_deployment *deployment);
int install_save(void *self, const char *title);
int install_config_test(void *self);
int install_reload(void *self);
int install_reread(void *self);
/* The server names the files under live/: the reload is all it needs. */
int install_renewed(void *self, const struct cw_deployment *deployment);

#endif
