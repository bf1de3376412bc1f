/* The sections that are read only under a condition. */
#ifndef APACHE_CONDITION_H
#define APACHE_CONDITION_H

#include "config.h"

/* Whether NAME is IfModule, IfDefine, IfVersion, IfFile, IfDirective or IfSection. If it is, sets
 * *HOLDS to whether its condition ARGUMENTS holds at this place. */
bool condition_check(struct config *config, const char *name, const char *arguments, bool *holds);

#endif
