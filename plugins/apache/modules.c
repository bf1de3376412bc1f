#include "modules.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { TIME_LIMIT = 60, WORDS_MAX = 16 };

static const char *
program_for(const struct apache *apache, const char *option, const char *usual)
{
	const char *value = apache_option(apache, option, usual);

	return value != NULL && *value != '\0' ? value : NULL;
}

static bool
is_loaded(const struct apache *apache, const char *name)
{
	autofree char *module = memory_format("%s_module", name);

	return config_has_module(&apache->model.config, module);
}

/* Whether there is such a program; without a slash, on the path. */
static bool
is_program(const char *name)
{
	const char *path = getenv("PATH");
	autofree char *folders = NULL;
	char *rest = NULL;

	if (strchr(name, '/') != NULL || path == NULL)
		return access(name, X_OK) == 0;
	folders = memory_copy(path, strlen(path));
	for (char *folder = strtok_r(folders, ":", &rest); folder != NULL;
	     folder = strtok_r(NULL, ":", &rest)) {
		autofree char *file = memory_format("%s/%s", folder, name);

		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

int
modules_check(struct apache *apache, const char *name)
{
	const struct layout *layout = apache->program.layout;
	const char *program;

	if (is_loaded(apache, name))
		return CW_OK;
	if (strcasecmp(apache_option(apache, "handle-modules", "True"), "True") != 0)
		return cw_host_fail(apache->host, CW_E_NOT_FOUND,
				    "load the module, or leave out --apache-handle-modules",
				    "Apache does not load mod_%s, and "
				    "--apache-handle-modules forbids to enable it",
				    name);
	program = program_for(apache, "enmod", layout->enable_module);
	if (program != NULL && !is_program(program))
		return cw_host_fail(
			apache->host, CW_E_NOT_FOUND,
			"load the module by hand, or give the program with "
			"--apache-enmod",
			"Apache does not load mod_%s, and there is no program \"%s\" to "
			"enable it",
			name, program);
	if (program == NULL)
		return cw_host_fail(apache->host, CW_E_NOT_FOUND,
				    "install it and load it in Apache's configuration",
				    "Apache does not load mod_%s", name);
	return CW_OK;
}

/* Debian's modules that a2enmod enables with mod_ssl, and it itself. */
static const char *const with_ssl[] = {"ssl", "socache_shmcb", "setenvif", "mime", NULL};

/* The links that a2enmod will make for a module, added to ARGV. */
static size_t
add_links(const struct apache *apache, const char *name, const char **argv, size_t count)
{
	static const char *const endings[] = {"load", "conf"};
	const char *root = apache->program.root;
	struct arena *arena = apache->model.config.arena;

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		autofree char *from =
			memory_format("%s/mods-available/%s.%s", root, name, endings[i]);
		autofree char *link =
			memory_format("%s/mods-enabled/%s.%s", root, name, endings[i]);

		if (access(from, F_OK) == 0 && access(link, F_OK) != 0)
			argv[count++] = arena_copy(arena, link, strlen(link));
	}
	return count;
}

/* A rollback disables the module, and removes the links of those that came with it. */
static int
register_disable(struct apache *apache, const char *name)
{
	const char *const alone[] = {name, NULL};
	const char *const *all = strcmp(name, "ssl") == 0 ? with_ssl : alone;
	const char *program = program_for(apache, "dismod", apache->program.layout->disable_module);
	const char *disable[] = {"env", apache->program.confdir, program, "-f", "-q", name, NULL};
	const char *remove[WORDS_MAX] = {"rm", "-f", "--"};
	size_t count = 3;
	int status = CW_OK;

	for (; *all != NULL; all++)
		count = add_links(apache, *all, remove, count);
	if (count > 3)
		status = apache->host->checkpoint_command(apache->host, remove);
	if (status == CW_OK && program != NULL)
		status = apache->host->checkpoint_command(apache->host, disable);
	return status;
}

static int
run_enable(struct apache *apache, const char *name)
{
	const char *program = program_for(apache, "enmod", apache->program.layout->enable_module);
	const char *const argv[] = {program, name, NULL};
	const char *const environment[] = {apache->program.confdir, NULL};
	struct cw_command command = {.size = sizeof(command),
				     .argv = argv,
				     .environment = environment,
				     .time_limit = TIME_LIMIT};
	struct cw_command_result result = {.size = sizeof(result)};
	int status = cw_host_run(apache->host, &command, &result);

	if (status != CW_OK)
		return status;
	status = result.status;
	if (status != CW_OK)
		cw_host_fail(apache->host, status, "enable the module by hand",
			     "\"%s %s\" failed: %.*s", program, name,
			     (int)strcspn(result.error_output, "\n"), result.error_output);
	cw_host_release_result(apache->host, &result);
	return status;
}

/* Reads what Apache loads with the module. */
static int
read_again(struct apache *apache, const char *name)
{
	int status = model_rebuild(&apache->model);

	if (status != CW_OK || is_loaded(apache, name))
		return status;
	/* It may be loaded by the command that starts Apache. */
	apache->program.known = false;
	status = program_identify(&apache->program);
	if (status == CW_OK)
		status = model_rebuild(&apache->model);
	if (status == CW_OK && !is_loaded(apache, name))
		return cw_host_fail(apache->host, CW_E_NOT_FOUND,
				    "load the module in Apache's configuration",
				    "Apache does not load mod_%s, although it was enabled", name);
	return status;
}

int
modules_enable(struct apache *apache, const char *name)
{
	int status = modules_check(apache, name);

	if (status != CW_OK || is_loaded(apache, name))
		return status;
	status = register_disable(apache, name);
	if (status == CW_OK) {
		apache->web.touched = apache->enabled = true;
		status = run_enable(apache, name);
	}
	if (status == CW_OK)
		status = read_again(apache, name);
	/* A part of what was read may be gone. */
	if (status != CW_OK)
		install_reread(apache);
	return status;
}
