#include "answers.h"
#include <ctype.h>
#include <string.h>
#include "waiting.h"

enum { TOKEN_MAX = 512, ANSWER_MAX = 1024 };
/* How long, in milliseconds, what the server accepted needs no second test if no file of its
 * configuration changes. What the files name, such as certificates, may change. */
enum { TEST_LIFETIME = 60 * 1000 };

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const char *const *
challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const types[] = {"http-01", NULL};

	(void)self;
	(void)identifier_type;
	(void)identifier;
	return types;
}

static bool
is_plain(const struct cw_challenge *challenge)
{
	size_t token = strlen(challenge->token);
	size_t answer = strlen(challenge->key_authorization);
	const char *rest = challenge->key_authorization;

	rest += strspn(rest, base64url);
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, base64url);
	return token > 0 && token <= TOKEN_MAX && strspn(challenge->token, base64url) == token &&
	       answer > 0 && answer <= ANSWER_MAX && *rest == '\0';
}

static int
add(struct web_plugin *web, void *setup, const struct cw_challenge *challenge)
{
	bool ipv6 = strchr(challenge->identifier, ':') != NULL;
	autofree char *name = memory_format(ipv6 ? "[%s]" : "%s", challenge->identifier);

	if (strcmp(challenge->type, "http-01") != 0)
		return cw_host_fail(web->host, CW_E_UNSUPPORTED, NULL,
				    "%s cannot answer a challenge of the type \"%s\"",
				    dialect.server, challenge->type);
	if (!is_plain(challenge))
		return cw_host_fail(web->host, CW_E_PROTOCOL, NULL,
				    "the CA's token for \"%s\" is not base64url",
				    challenge->identifier);
	for (char *byte = name; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	return answering.add(setup, challenge, name);
}

static int
make_live(struct web_plugin *web, void *setup, char **refusal)
{
	int status = test_server(web, " with the challenges", refusal);

	if (status == CW_OK) {
		web->accepted = milliseconds_now();
		status = register_reload(web, &web->undo);
	}
	if (status != CW_OK)
		return status;
	web->reloaded = true;
	return answering.reload(web, setup);
}

/* Restores the files. If the server rejected them, checks whether it rejected them before us, too.
 */
static int
revert_after(struct web_plugin *web, int failure, const char *refusal)
{
	autofree char *other = NULL;
	int status = web->host->checkpoint_revert(web->host);

	if (status != CW_OK)
		return status;
	web->challenged = false;
	if (refusal == NULL)
		return failure;
	status = test_server(web, " as it is", &other);
	if (status != CW_OK)
		return status;
	return cw_host_fail(
		web->host, failure, "the files are restored; --webroot does not change them",
		"%s rejects its configuration with the challenges: %s", dialect.server, refusal);
}

static int
write_files(struct web_plugin *web, struct files *files)
{
	int status;

	web->challenged = true;
	status = files_write(files);
	return status == CW_OK ? web->host->checkpoint_commit(web->host, NULL) : status;
}

static int
perform_once(struct web_plugin *web, void *setup, struct cw_challenge *const *challenges,
	     size_t count)
{
	autofree char *refusal = NULL;
	struct files *files = NULL;
	int status = answering.read(setup, web, &files);

	if (status != CW_OK)
		return status;
	web->read = files_fingerprint(files);
	for (size_t i = 0; i < count; i++) {
		status = add(web, setup, challenges[i]);
		if (status != CW_OK)
			cw_host_pass_challenge(web->host, challenges[i], status);
	}
	status = answering.edit(setup);
	if (status != CW_OK || !files_changed(files))
		return status;
	status = write_files(web, files);
	if (status == CW_OK)
		status = make_live(web, setup, &refusal);
	if (status != CW_OK && !web->reloaded)
		return revert_after(web, status, refusal);
	return status;
}

static int
perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct web_plugin *web = self;
	autofree void *setup = memory_resize(NULL, 1, answering.setup_size);
	int status;

	memset(setup, 0, answering.setup_size);
	status = perform_once(web, setup, challenges, count);
	answering.clear(setup);
	if (status == CW_E_BUSY && !web->challenged) {
		/* Another program changed a file after we read it. */
		cw_host_log(web->host, CW_LOG_INFO,
			    "starting again because %s's configuration has changed",
			    dialect.server);
		memset(setup, 0, answering.setup_size);
		status = perform_once(web, setup, challenges, count);
		answering.clear(setup);
	}
	return status;
}

/* Whether the files on disk are those that the server has just accepted with the challenges. */
static bool
is_accepted(struct web_plugin *web)
{
	autofree void *setup = memory_resize(NULL, 1, answering.setup_size);
	struct files *files = NULL;
	bool same;

	if (milliseconds_now() - web->accepted > TEST_LIFETIME)
		return false;
	memset(setup, 0, answering.setup_size);
	same = answering.read(setup, web, &files) == CW_OK && files_fingerprint(files) == web->read;
	answering.clear(setup);
	return same;
}

static int
cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct web_plugin *web = self;
	autofree char *refusal = NULL;
	int status = CW_OK;

	(void)challenges;
	(void)count;
	if (web->challenged) {
		status = web->host->checkpoint_revert(web->host);
		web->challenged = status != CW_OK;
	}
	if (status == CW_OK && web->reloaded) {
		if (!is_accepted(web))
			status = test_server(web, "", &refusal);
		if (status == CW_OK)
			status = answering.reload(web, NULL);
		web->reloaded = false;
	}
	if (status == CW_OK)
		reload_done(web, &web->undo);
	return status;
}

const struct cw_authenticator answers_authenticator = {
	.size = sizeof(answers_authenticator),
	.challenge_types = challenge_types,
	.perform = perform,
	.cleanup = cleanup,
};
