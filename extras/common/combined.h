/* One file with certificate, chain and key of a lineage, for servers that want it so. */
#ifndef EXTRAS_COMBINED_H
#define EXTRAS_COMBINED_H

#include <certwright/plugin.h>

/* Each of these returns CW_OK, or fails through the host. The file that a lineage has is remembered
 * between runs. */

/* *PATH: the file that the lineage has, to be released with cw_host_release(); NULL: none. */
int combined_find(const struct cw_host *host, const char *lineage, char **path);
/*
 * Writes the deployment's certificate, chain and key to PATH, readable by the owner and GROUP
 * (NULL: the owner alone), and removes the file that the lineage had elsewhere. OWNER NULL: as it
 * is.
 */
int combined_write(const struct cw_host *host, const struct cw_deployment *deployment,
		   const char *path, const char *owner, const char *group);
/* Removes the file that the lineage has. CW_OK if there is none. */
int combined_remove(const struct cw_host *host, const char *lineage);

#endif
