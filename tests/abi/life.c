/*
 * A plugin of ABI 1.0 that does everything for a small server: it answers http-01 with a file, and
 * copies the certificate into the server's file. It is C99 and C++11, and is compiled with the
 * header of 1.0 alone.
 */
#include <certwright/plugin.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#if CW_ABI_MINOR != 0
#error "this is to be compiled with the header of ABI 1.0"
#endif

struct life {
	const struct cw_host *host;
};

static int
life_open(const struct cw_host *host, void **self)
{
	struct life *life = (struct life *)calloc(1, sizeof(struct life));

	if (life == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	life->host = host;
	*self = life;
	return CW_OK;
}

static void
life_close(void *self)
{
	free(self);
}

static const char *const *
life_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const types[] = {"http-01", NULL};

	(void)self;
	(void)identifier_type;
	(void)identifier;
	return types;
}

static void
path_of(const struct life *life, const struct cw_challenge *challenge, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", cw_host_option(life->host, "challenges"), challenge->token);
}

static int
publish(const struct life *life, const struct cw_challenge *challenge)
{
	char path[4096];
	unsigned id = 0;
	FILE *stream;
	int status;

	path_of(life, challenge, path, sizeof(path));
	status = life->host->undo_remove(life->host, path, &id);
	if (status != CW_OK)
		return status;
	stream = fopen(path, "w");
	if (stream == NULL)
		return cw_host_fail(life->host, CW_E_IO, NULL, "cannot write \"%s\": %s", path,
				    strerror(errno));
	fputs(challenge->validation, stream);
	fclose(stream);
	return CW_OK;
}

static int
life_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct life *life = (const struct life *)self;

	for (size_t i = 0; i < count; i++) {
		int status = publish(life, challenges[i]);

		if (status != CW_OK)
			cw_host_pass_challenge(life->host, challenges[i], status);
	}
	return CW_OK;
}

static int
life_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct life *life = (const struct life *)self;

	for (size_t i = 0; i < count; i++) {
		char path[4096];

		path_of(life, challenges[i], path, sizeof(path));
		unlink(path);
	}
	return CW_OK;
}

static int
life_deploy(void *self, const struct cw_deployment *deployment)
{
	const struct life *life = (const struct life *)self;
	char text[65536];
	FILE *stream = fopen(deployment->fullchain_path, "r");
	size_t length;

	if (stream == NULL)
		return cw_host_fail(life->host, CW_E_IO, NULL, "cannot read \"%s\": %s",
				    deployment->fullchain_path, strerror(errno));
	length = fread(text, 1, sizeof(text), stream);
	fclose(stream);
	return life->host->write_file(life->host, cw_host_option(life->host, "target"), text,
				      length, NULL, 0);
}

static int
life_save(void *self, const char *title)
{
	const struct life *life = (const struct life *)self;

	return life->host->checkpoint_commit(life->host, title);
}

static const char *const no_names[] = {NULL};

/* In the order of the fields, as C++11 has no designated initializers. */
static const struct cw_plugin_option challenges_option = {
	sizeof(struct cw_plugin_option),
	"challenges",
	CW_OPTION_PATH,
	NULL,
	NULL,
	"The folder that is served for challenges.",
	NULL,
	NULL};
static const struct cw_plugin_option target_option = {sizeof(struct cw_plugin_option),
						      "target",
						      CW_OPTION_PATH,
						      NULL,
						      NULL,
						      "The server's file.",
						      NULL,
						      NULL};
static const struct cw_plugin_option *const options[] = {&challenges_option, &target_option, NULL};
static const struct cw_authenticator authenticator = {sizeof(struct cw_authenticator), life_types,
						      life_perform, life_cleanup};
static const struct cw_installer installer = {sizeof(struct cw_installer),
					      NULL,
					      life_deploy,
					      no_names,
					      NULL,
					      life_save,
					      NULL,
					      NULL,
					      NULL};
static const struct cw_plugin plugin = {sizeof(struct cw_plugin),
					CW_ABI_MAJOR,
					CW_ABI_MINOR,
					LIFE_NAME,
					"1.0",
					"A plugin of ABI 1.0",
					NULL,
					options,
					life_open,
					NULL,
					life_close,
					NULL,
					&authenticator,
					&installer};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
