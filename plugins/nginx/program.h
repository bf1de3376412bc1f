/* The nginx program: its version, and whether it accepts a configuration. */
#ifndef NGINX_PROGRAM_H
#define NGINX_PROGRAM_H

#include <certwright/plugin.h>
#include "../common/memory.h"

#define NGINX_VERSION(major, minor, patch) (((major) << 16) + ((minor) << 8) + (patch))

struct program {
	const struct cw_host *host;
	char *ctl;           /* its name or path */
	char *configuration; /* ROOT/nginx.conf */
	unsigned version;    /* NGINX_VERSION(); 0: not known yet */
	bool http2;          /* has the module */
	/* Built-in paths; NULL: unknown. */
	char *prefix, *pid_path, *error_log, *conf_path;
	unsigned test_milliseconds; /* how long the last test took */
};

/* Reads the program's version, once. Fails if it is missing, too old, or lacks TLS. */
int program_identify(struct program *program);
/* nginx -t, as test() of struct web_server. */
int program_test(struct program *program, const char *what, char **refusal);
/* Starts it. */
int program_start(struct program *program);
/* PATH from the configuration's main level, made absolute as nginx does. Release with free(). */
char *program_path(const struct program *program, const char *path);
void program_clear(struct program *program);

#endif
