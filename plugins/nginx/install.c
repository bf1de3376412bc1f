/* What the common installer asks of nginx. */
#include <string.h>
#include "plugin.h"
#include "reload.h"
#include "tls.h"

static int
read_model(void *self)
{
	struct nginx *nginx = self;

	return model_read(&nginx->model, nginx->host, nginx->root);
}

static void
forget(void *self)
{
	struct nginx *nginx = self;

	model_clear(&nginx->model);
	map_clear(&nginx->turned);
}

static int
may_write(void *self)
{
	struct nginx *nginx = self;
	int status = program_identify(&nginx->program);

	return status == CW_OK ? tls_check_shared(nginx) : status;
}

static int
test(void *self, const char *what, char **refusal)
{
	struct nginx *nginx = self;
	int status = program_identify(&nginx->program);

	return status == CW_OK ? program_test(&nginx->program, what, refusal) : status;
}

static int
reload(void *self)
{
	struct nginx *nginx = self;

	return reload_nginx(&nginx->program, &nginx->model, nginx->sleep_seconds, NULL);
}

static void
reload_command(void *self, const char *words[RELOAD_WORDS_MAX])
{
	const struct nginx *nginx = self;
	const char *const command[RELOAD_WORDS_MAX] = {
		nginx->program.ctl, "-c", nginx->program.configuration, "-s", "reload"};

	memcpy(words, command, sizeof(command));
}

const struct web_server web_server = {
	.test_command = "nginx -t",
	.read = read_model,
	.forget = forget,
	.deploy = nginx_deploy,
	.may_write = may_write,
	.test = test,
	.reload = reload,
	.reload_command = reload_command,
};

int
install_names(void *self, cw_name_sink sink, void *context)
{
	struct nginx *nginx = self;
	struct map seen = {0};
	int status = install_load(nginx);

	for (size_t i = 0; i < nginx->model.server_count && status == CW_OK; i++) {
		const struct server *server = nginx->model.servers[i];

		for (size_t j = 0; j < server->name_count && status == CW_OK; j++) {
			const char *host = name_host(&server->names[j]);

			if (host == NULL || map_get(&seen, host) != NULL)
				continue;
			map_set(&seen, host, nginx);
			status = sink(context, host);
		}
	}
	map_clear(&seen);
	return status;
}
