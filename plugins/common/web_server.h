/* A plugin of a web server that reads configuration files. Its two roles are in installation.h and
 * answers.h. */
#ifndef COMMON_WEB_SERVER_H
#define COMMON_WEB_SERVER_H

#include <certwright/plugin.h>
#include "files.h"

enum { RELOAD_WORDS_MAX = 20 };

/* What is to be deployed. */
struct deploying {
	const struct cw_deployment *deployment;
	const char *name;         /* of the deployment, in lower case */
	const char *const *names; /* that the certificate is for; NULL: they are not known */
	size_t name_count;
	bool check; /* only say what would fail */
};

/* The server, as its plugin sees it. SELF is the plugin's instance. */
struct web_server {
	const char *test_command; /* for the user to see more: "nginx -t" */
	/* Reads the configuration into memory. */
	int (*read)(void *self);
	/* Drops what was read, and what was planned with it. */
	void (*forget)(void *self);
	/* Plans it in memory. */
	int (*deploy)(void *self, const struct deploying *deploying);
	/* Looks whether the changes may be written; NULL: they always may. */
	int (*may_write)(void *self);
	/* Has the server test its files. If it rejects them, the message of the failure is WHAT, a
	 * colon and its reason. *REFUSAL becomes that reason, to be released with free(). */
	int (*test)(void *self, const char *what, char **refusal);
	/* Has the server load its files, and returns when it uses them. */
	int (*reload)(void *self);
	/* The words of a command that has the server load its files; the last is NULL. */
	void (*reload_command)(void *self, const char *words[RELOAD_WORDS_MAX]);
};
/* Each such plugin defines one. */
extern const struct web_server web_server;

/* The plugin's instance begins with this. */
struct web_plugin {
	const struct cw_host *host;

	/* The installer's. */
	struct files *files; /* of the configuration that was read */
	bool loaded;
	bool touched;  /* something besides FILES was changed */
	bool tested;   /* the server accepts what is on disk */
	unsigned owed; /* the undo of a reload that changed files need; 0: none */

	/* The authenticator's. */
	bool challenged; /* files have challenges in them */
	bool reloaded;   /* the server was told to load them */
	unsigned undo;   /* the undo of a reload that they need; 0: none */
	uint64_t read;   /* the fingerprint of the files without the challenges */
	/* When the server accepted these with the challenges, by milliseconds_now(). */
	long long accepted;
};

/* The number that TEXT is, or OTHERWISE if it is NULL, not a number, or more than MOST. */
unsigned number_of(const char *text, unsigned otherwise, unsigned most);
/* The setting NAME, a port; OTHERWISE if it is none. */
unsigned port_setting(const struct cw_host *host, const char *name, unsigned otherwise);
/* Has the server test its files; ENDING follows "... rejects its configuration". *REFUSAL is as for
 * test(). */
int test_server(struct web_plugin *web, const char *ending, char **refusal);
/* Has the host reload the server if this process dies. *ID is that undo, or 0: not registered. */
int register_reload(struct web_plugin *web, unsigned *id);
/* Ends that registration; *ID becomes 0. */
void reload_done(struct web_plugin *web, unsigned *id);

#endif
