/* Reads and edits main.cf: parameters "NAME = VALUE", whose lines go on where the next begins with
 * a blank (postconf(5)). */
#ifndef POSTFIX_MAIN_CF_H
#define POSTFIX_MAIN_CF_H

#include <certwright/plugin.h>
#include "text.h"

/* The value of NAME, without blanks around it, to be released with free(). NULL: it is not set, or
 * out of memory. */
char *main_cf_get(const char *file, const char *name);
/*
 * Makes NAME have VALUE, in the place of the old one or at the end. VALUE NULL: removes it. Other
 * lines stay as they are. Returns CW_OK, or fails through the host.
 */
int main_cf_set(const struct cw_host *host, struct text *file, const char *name, const char *value);

#endif
