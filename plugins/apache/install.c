/* What the common installer asks of Apache. */
#include <string.h>
#include "plugin.h"
#include "reload.h"

static int
read_model(void *self)
{
	struct apache *apache = self;

	return model_read(&apache->model, &apache->program);
}

static void
forget(void *self)
{
	struct apache *apache = self;

	model_clear(&apache->model);
	if (apache->enabled)
		apache->program.known = false;
	apache->enabled = apache->supposed = false;
	apache->tried = 0;
}

static int
test(void *self, const char *what, char **refusal)
{
	struct apache *apache = self;

	return program_test(&apache->program, what, refusal);
}

static int
reload(void *self)
{
	struct apache *apache = self;

	return reload_apache(&apache->program, &apache->model);
}

static void
reload_command(void *self, const char *words[RELOAD_WORDS_MAX])
{
	const struct apache *apache = self;

	program_argv(&apache->program, "graceful", words);
}

const struct web_server web_server = {
	.test_command = "apache2ctl configtest",
	.read = read_model,
	.forget = forget,
	.deploy = apache_deploy,
	.test = test,
	.reload = reload,
	.reload_command = reload_command,
};

int
install_names(void *self, cw_name_sink sink, void *context)
{
	struct apache *apache = self;
	struct map seen = {0};
	int status = install_load(apache);

	for (size_t i = 0; i < apache->model.host_count && status == CW_OK; i++) {
		const struct host *host = &apache->model.hosts[i];

		for (size_t j = 0; j < host->name_count && status == CW_OK; j++) {
			const char *name = host->names[j];

			if (strchr(name, '.') == NULL || strpbrk(name, "*?_:[") != NULL ||
			    map_get(&seen, name) != NULL)
				continue;
			map_set(&seen, name, apache);
			status = sink(context, name);
		}
	}
	map_clear(&seen);
	return status;
}
