/* Where the distributions keep Apache's files and programs. */
#ifndef APACHE_LAYOUT_H
#define APACHE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

struct layout {
	const char *systems; /* the IDs in os-release, with blanks around each */
	const char *root;
	const char *main; /* below the root */
	const char *ctl;
	/* What reads the configuration; given the options that Apache is started with, unless it
	 * adds these itself. NULL: CTL, which takes Apache's arguments and adds these options. */
	const char *binary;
	const char *environment;   /* the file with Apache's environment; NULL: none */
	bool is_data;              /* that file is read by systemd; otherwise a shell runs it */
	const char *drop_ins;      /* the folder with changes of its systemd unit; NULL: none */
	const char *options;       /* the variable with its options there; NULL: none */
	const char *main_variable; /* that with another main file; NULL: none */
	const char *vhosts;        /* the folder below the root for a new virtual host */
	const char *enable_module, *disable_module; /* programs; NULL: none */
	const char *logs;
};

/* The length of what is in front of a usual server root in ROOT, where a whole system is: "/image"
 * of
 * "/image/etc/httpd"; else 0. */
size_t layout_image(const char *root);
/*
 * The layout of this system, or of that image. ROOT is the server root that the user has given, or
 * NULL: the main file that it has decides before the system does.
 */
const struct layout *layout_find(const char *root);

#endif
