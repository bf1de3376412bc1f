/* Programs of a plugin's own, in the folder of its module. */
#ifndef COMMON_HELPER_H
#define COMMON_HELPER_H

/* The path of the file NAME beside the module. In the build tree it is also found above it, because
 * libtool has a folder of its own for modules. Release with free(); NULL if out of memory. */
char *helper_path(const char *name);

#endif
