/*
 * The authenticator of a plugin of struct web_server: http-01 (RFC 8555 section 8.3), answered by
 * directives in the configuration as long as the challenges last. SELF is the plugin's instance,
 * which begins with struct web_plugin.
 *
 * The challenges are written, tested by the server and loaded; cleanup reverts the files and has
 * the server load them again. It has them tested first if they are not, byte for byte, those that
 * the server has accepted with the challenges a moment before. If another program changed a file
 * after it was read, all begins once again.
 */
#ifndef COMMON_ANSWERS_H
#define COMMON_ANSWERS_H

#include "web_server.h"

/* How a server answers. SETUP is the plugin's own: zeroed, of SETUP_SIZE bytes, and for one call
 * of perform() of struct cw_authenticator. */
struct answering {
	size_t setup_size;
	/* Reads the configuration into the setup. *FILES becomes its files. */
	int (*read)(void *setup, void *self, struct files **files);
	/* Adds a challenge to the setup. Its token and key authorization have no character with a
	 * meaning in the configuration. NAME is what the CA sends in the Host field. */
	int (*add)(void *setup, const struct cw_challenge *challenge, const char *name);
	/* Edits the files in memory, if a challenge was added. */
	int (*edit)(void *setup);
	/* Has the server load the challenges, or with SETUP NULL what is in its files without
	 * them, and returns when it uses that. */
	int (*reload)(void *self, void *setup);
	void (*clear)(void *setup);
};
/* Each such plugin defines one. */
extern const struct answering answering;

extern const struct cw_authenticator answers_authenticator;

#endif
