/* Where the distributions keep Apache's files and programs. */
#ifndef APACHE_LAYOUT_H
#define APACHE_LAYOUT_H

struct layout {
	const char *systems; /* the IDs in os-release, with blanks around each */
	const char *root;
	const char *main; /* below the root */
	const char *ctl;
	const char *environment; /* the shell script with Apache's environment; NULL: none */
	const char *vhosts;      /* the folder below the root for a new virtual host */
	const char *enable_module, *disable_module; /* programs; NULL: none */
	const char *logs;
};

/*
 * The layout of this system. ROOT is the server root that the user has given, or NULL: the main
 * file that it has decides before the system does.
 */
const struct layout *layout_find(const char *root);

#endif
