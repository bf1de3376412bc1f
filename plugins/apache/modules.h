/* Modules that an installation needs. */
#ifndef APACHE_MODULES_H
#define APACHE_MODULES_H

#include "plugin.h"

/*
 * Has Apache load the module NAME ("ssl"), and rereads the configuration. Uses a2enmod; a rollback
 * disables what that enabled. Does nothing if the module is loaded. Fails if the user does not want
 * it (--apache-handle-modules) or there is no such program.
 */
int modules_enable(struct apache *apache, const char *name);
/* Says whether that could work, without doing it. */
int modules_check(struct apache *apache, const char *name);

#endif
