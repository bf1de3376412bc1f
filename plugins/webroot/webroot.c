/*
 * webroot: an http-01 authenticator that saves the challenge files below the folder that a running
 * web server serves (RFC 8555 section 8.3).
 */
#include <certwright/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "challenge_file.h"
#include "challenge_folder.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

enum { TRIES = 8 };

struct webroot {
	const struct cw_host *host;
	struct challenge_folder *folders;
};

static int
webroot_open(const struct cw_host *host, void **self)
{
	struct webroot *webroot = calloc(1, sizeof(*webroot));

	if (webroot == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	webroot->host = host;
	*self = webroot;
	return CW_OK;
}

static void
free_folders(struct webroot *webroot)
{
	while (webroot->folders != NULL) {
		struct challenge_folder *folder = webroot->folders;

		webroot->folders = folder->next;
		challenge_folder_free(folder);
	}
}

static void
webroot_close(void *self)
{
	struct webroot *webroot = self;

	free_folders(webroot);
	free(webroot);
}

static const char *const *
webroot_challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const types[] = {"http-01", NULL};

	(void)self;
	(void)identifier_type;
	(void)identifier;
	return types;
}

/* The folder for ROOT, which all challenges there share. NULL if out of memory. */
static struct challenge_folder *
folder_for(struct webroot *webroot, const char *root)
{
	struct challenge_folder *folder = webroot->folders;

	while (folder != NULL && strcmp(folder->root, root) != 0)
		folder = folder->next;
	if (folder != NULL)
		return folder;
	folder = challenge_folder_new(webroot->host, root);
	if (folder == NULL)
		return NULL;
	folder->next = webroot->folders;
	webroot->folders = folder;
	return folder;
}

static int
copy_root(const struct cw_host *host, const char *text, char **root)
{
	*root = text != NULL ? strdup(text) : NULL;
	return *root != NULL ? CW_OK : cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
}

/* Asks for a name's webroot, and saves the answer for renewals. */
static int
ask_root(const struct cw_host *host, const char *identifier, char **root)
{
	char question[512], refusal[512], *answer = NULL;
	struct stat folder;
	int status;

	if (!host->interactive(host))
		return cw_host_fail(host, CW_E_USAGE,
				    "give the folder that the web server serves files from: -w "
				    "FOLDER before -d NAME",
				    "there is no webroot for \"%s\"", identifier);
	snprintf(question, sizeof(question), "The webroot of %s", identifier);
	/* Ask again after a mistyped answer. */
	while ((status = host->ask_text(host, question, 0, &answer)) == CW_OK &&
	       (stat(answer, &folder) != 0 || !S_ISDIR(folder.st_mode))) {
		snprintf(refusal, sizeof(refusal), "There is no folder \"%s\".", answer);
		cw_host_release(host, answer);
		answer = NULL;
		status = host->notify(host, refusal, 0);
		if (status != CW_OK)
			return status;
	}
	if (status == CW_OK)
		status = host->set_option(host, "map", identifier, answer);
	if (status == CW_OK)
		status = copy_root(host, answer, root);
	cw_host_release(host, answer);
	return status;
}

/* The webroot of a name: its own, else the last one given, else asks for it. */
static int
root_for(const struct cw_host *host, const char *identifier, char **root)
{
	const char *known = host->option_map(host, "map", identifier);
	size_t count = host->option_count(host, "path");

	if (known == NULL && count > 0)
		known = host->option_at(host, "path", count - 1);
	if (known != NULL && *known != '\0')
		return copy_root(host, known, root);
	return ask_root(host, identifier, root);
}

/* Another worker of this run may remove the folder while it is empty: make it again. */
static int
place(struct challenge_file *file, const struct cw_challenge *challenge)
{
	int status = CW_E_NOT_FOUND;

	for (unsigned tries = 0; tries < TRIES && status == CW_E_NOT_FOUND; tries++) {
		if (tries > 0)
			challenge_folder_close(file->folder);
		status = challenge_folder_open(file->folder);
		if (status == CW_OK)
			status = challenge_file_write(file, challenge);
		else
			break;
	}
	return status;
}

static int
perform_one(struct webroot *webroot, struct cw_challenge *challenge)
{
	struct challenge_file *file;
	char *root = NULL;
	int status;

	if (strcmp(challenge->type, "http-01") != 0)
		return cw_host_fail(webroot->host, CW_E_UNSUPPORTED, NULL,
				    "webroot cannot answer a challenge of the type \"%s\"",
				    challenge->type);
	status = root_for(webroot->host, challenge->identifier, &root);
	if (status != CW_OK || root == NULL)
		return status;
	file = calloc(1, sizeof(*file));
	if (file != NULL)
		file->folder = folder_for(webroot, root);
	free(root);
	if (file == NULL || file->folder == NULL) {
		free(file);
		return cw_host_fail(webroot->host, CW_E_NOMEM, NULL, "out of memory");
	}
	challenge->plugin_data = file;
	return place(file, challenge);
}

static int
webroot_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct webroot *webroot = self;

	for (size_t i = 0; i < count; i++) {
		int status = perform_one(webroot, challenges[i]);

		if (status != CW_OK)
			cw_host_pass_challenge(webroot->host, challenges[i], status);
	}
	return CW_OK;
}

static int
webroot_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct webroot *webroot = self;

	for (size_t i = 0; i < count; i++) {
		struct challenge_file *file = challenges[i]->plugin_data;

		if (file == NULL)
			continue;
		challenge_file_remove(file, challenges[i]->token);
		free(file);
		challenges[i]->plugin_data = NULL;
	}
	for (struct challenge_folder *folder = webroot->folders; folder != NULL;
	     folder = folder->next)
		challenge_folder_remove(folder);
	free_folders(webroot);
	return CW_OK;
}

static const struct cw_plugin_option path_option = {
	.size = sizeof(path_option),
	.name = "path",
	.kind = CW_OPTION_PATH_LIST,
	.metavar = "FOLDER",
	.help = "The folder that the web server serves files from. If given several times, each "
		"applies to the names (-d) after it, the first also to names before it.",
	.fills_map = "map",
};

static const struct cw_plugin_option map_option = {
	.size = sizeof(map_option),
	.name = "map",
	.kind = CW_OPTION_MAP,
	.metavar = "JSON",
	.help = "A JSON object of names and their webroots, such as {\"example.org\": "
		"\"/var/www/html\"}. Names joined by commas share one.",
};

static const struct cw_plugin_option *const options[] = {&path_option, &map_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = webroot_challenge_types,
	.perform = webroot_perform,
	.cleanup = webroot_cleanup,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "webroot",
	.version = PACKAGE_VERSION,
	.description = "Place files in webroot directory",
	.help = "Saves the files that the CA asks for (http-01) below the folder that your web "
		"server serves. The server keeps running; it must serve "
		"FOLDER/.well-known/acme-challenge/ on port 80.",
	.options = options,
	.open = webroot_open,
	.close = webroot_close,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
