/* Commands for the running Varnish, through varnishadm (varnish-cli(7)). */
#ifndef VARNISH_ADMIN_H
#define VARNISH_ADMIN_H

#include <certwright/plugin.h>

/* Each of these returns CW_OK, or fails through the host. Outputs are to be released with
 * cw_host_release(). */

/*
 * Finds the label of --varnish-label, which the active VCL must use: *TARGET is the name of the VCL
 * that it stands for.
 */
int admin_find_label(const struct cw_host *host, char **target);
/* *FOUND: whether Varnish has a VCL of this name. */
int admin_has(const struct cw_host *host, const char *name, int *found);
/* Runs VERB with one or two words; SECOND NULL: one. */
int admin_do(const struct cw_host *host, const char *verb, const char *first, const char *second);

#endif
