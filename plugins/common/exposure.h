/* Whether users other than root and our own can change what is at a path. */
#ifndef COMMON_EXPOSURE_H
#define COMMON_EXPOSURE_H

/*
 * Looks at PATH and at every folder and link that leads to it. Returns the one that others own or
 * can write to, to be released with free(); NULL: there is none. In a folder with the sticky bit
 * others can make files, but not replace those of root and our user. What cannot be looked at is
 * not exposed.
 */
char *exposure_find(const char *path);

#endif
