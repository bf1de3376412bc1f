#include "layout.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../common/memory.h"

/* The first is for unknown systems. */
static const struct layout layouts[] = {
	{.systems = " debian ubuntu ",
	 .root = "/etc/apache2",
	 .main = "apache2.conf",
	 .ctl = "apache2ctl",
	 .environment = "envvars",
	 .options = "APACHE_ARGUMENTS",
	 .vhosts = "sites-available",
	 .enable_module = "a2enmod",
	 .disable_module = "a2dismod",
	 .logs = "/var/log/apache2"},
	{.systems = " fedora rhel centos rocky almalinux ol amzn ",
	 .root = "/etc/httpd",
	 .main = "conf/httpd.conf",
	 .ctl = "apachectl",
	 .binary = "httpd",
	 .environment = "/etc/sysconfig/httpd",
	 .is_data = true,
	 .drop_ins = "/etc/systemd/system/httpd.service.d",
	 .options = "OPTIONS",
	 .vhosts = "conf.d",
	 .logs = "/var/log/httpd"},
	{.systems = " arch manjaro ",
	 .root = "/etc/httpd",
	 .main = "conf/httpd.conf",
	 .ctl = "apachectl",
	 .binary = "httpd",
	 .vhosts = "conf",
	 .logs = "/var/log/httpd"},
	{.systems = " suse opensuse sles opensuse-leap opensuse-tumbleweed ",
	 .root = "/etc/apache2",
	 .main = "httpd.conf",
	 .ctl = "apachectl",
	 .binary = "start_apache2", /* adds the modules and flags of the environment file */
	 .environment = "/etc/sysconfig/apache2",
	 .main_variable = "APACHE_HTTPD_CONF",
	 .vhosts = "vhosts.d",
	 .enable_module = "a2enmod",
	 .disable_module = "a2dismod",
	 .logs = "/var/log/apache2"},
	{.systems = " alpine ",
	 .root = "/etc/apache2",
	 .main = "httpd.conf",
	 .ctl = "apachectl",
	 .binary = "httpd",
	 .environment = "/etc/conf.d/apache2",
	 .options = "HTTPD_OPTS",
	 .main_variable = "CONFIGFILE",
	 .vhosts = "conf.d",
	 .logs = "/var/log/apache2"},
	{.systems = " gentoo ",
	 .root = "/etc/apache2",
	 .main = "httpd.conf",
	 .ctl = "apache2ctl",
	 .binary = "apache2",
	 .environment = "/etc/conf.d/apache2",
	 .options = "APACHE2_OPTS",
	 .main_variable = "CONFIGFILE",
	 .vhosts = "vhosts.d",
	 .logs = "/var/log/apache2"},
	{.systems = " macos ",
	 .root = "/etc/apache2",
	 .main = "httpd.conf",
	 .ctl = "apachectl",
	 .binary = "httpd",
	 .environment = "/usr/sbin/envvars",
	 .vhosts = "other",
	 .logs = "/var/log/apache2"},
};

enum { LAYOUT_COUNT = sizeof(layouts) / sizeof(*layouts) };

static bool
has_main(const struct layout *layout, const char *root)
{
	autofree char *path = memory_format("%s/%s", root, layout->main);

	return access(path, F_OK) == 0;
}

/* Whether one of the IDs in VALUE, of os-release, is the layout's. */
static bool
names_system(const struct layout *layout, char *value)
{
	char *rest = NULL;

	for (char *id = strtok_r(value, " \"'\n", &rest); id != NULL;
	     id = strtok_r(NULL, " \"'\n", &rest)) {
		autofree char *word = memory_format(" %s ", id);

		if (strstr(layout->systems, word) != NULL)
			return true;
	}
	return false;
}

size_t
layout_image(const char *root)
{
	for (size_t i = 0; i < LAYOUT_COUNT; i++) {
		const char *usual = layouts[i].root;
		size_t length = strlen(root), end = strlen(usual);

		if (length > end && strcmp(root + length - end, usual) == 0)
			return length - end;
	}
	return 0;
}

/* The layout of the ID in os-release or, if that is unknown, of its ID_LIKE; NULL: none. */
static const struct layout *
of_system(const char *root)
{
	const struct layout *found[2] = {NULL, NULL};
	autofree char *path =
		memory_format("%.*s/etc/os-release", root != NULL ? (int)layout_image(root) : 0,
			      root != NULL ? root : "");
	FILE *file = fopen(access(path, R_OK) == 0 ? path : "/etc/os-release", "re");
	char line[1024];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		bool like = strncmp(line, "ID_LIKE=", 8) == 0;

		if (!like && strncmp(line, "ID=", 3) != 0)
			continue;
		for (size_t i = 0; i < LAYOUT_COUNT && found[like] == NULL; i++) {
			autofree char *value = memory_copy(line, strlen(line));

			if (names_system(&layouts[i], strchr(value, '=') + 1))
				found[like] = &layouts[i];
		}
	}
	if (file != NULL)
		fclose(file);
#ifdef __APPLE__
	return &layouts[LAYOUT_COUNT - 1];
#else
	return found[0] != NULL ? found[0] : found[1];
#endif
}

const struct layout *
layout_find(const char *root)
{
	const struct layout *own = of_system(root);

	if (own != NULL && has_main(own, root != NULL ? root : own->root))
		return own;
	for (size_t i = 0; i < LAYOUT_COUNT; i++)
		if (has_main(&layouts[i], root != NULL ? root : layouts[i].root))
			return &layouts[i];
	return own != NULL ? own : &layouts[0];
}
