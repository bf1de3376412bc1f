/* The file for copies of the virtual hosts of another file. */
#ifndef APACHE_PLACE_H
#define APACHE_PLACE_H

#include "plugin.h"

/* *FILE is that for copies of hosts in ORIGINAL; NULL: there is none yet. Fails if it cannot be
 * made, or if a file that Apache does not read is in its place. */
int place_find(struct apache *apache, const struct file *original, struct file **file);
/* The same, but creates it if there is none. */
int place_open(struct apache *apache, const struct file *original, struct file **file);
/* If no Include finds the new file, the main file gets one. Rebuilds the model then. */
int place_enable(struct apache *apache, const struct file *file);

#endif
