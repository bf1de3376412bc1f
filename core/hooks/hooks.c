#include "hooks/hooks.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/permissions.h"
#include "base/process.h"
#include "base/program_path.h"
#include "base/text.h"

/* Linux takes no more than 128 KiB in one environment variable; a longer list of names is cut. */
#define ENVIRONMENT_MAX (100 * 1024)
/* Bytes of what a hook prints that are shown and logged. */
#define OUTPUT_MAX ((size_t)256 * 1024)

struct cw_hooks {
	char *config_dir;
	bool directory_hooks;
	unsigned time_limit;
	struct cw_loop *loop;
	cw_hook_failed failed;
	void *failed_context;
	bool directory_pre_done;
	bool directory_post_due;
	struct cw_strv pre_done;
	struct cw_strv post_due;
};

struct cw_hooks *
cw_hooks_new(const struct cw_hooks_options *options)
{
	struct cw_hooks *hooks = cw_alloc(sizeof(*hooks));

	hooks->config_dir = cw_strdup(options->config_dir);
	hooks->directory_hooks = options->directory_hooks;
	hooks->time_limit = options->time_limit;
	hooks->loop = options->loop;
	hooks->failed = options->failed;
	hooks->failed_context = options->failed_context;
	return hooks;
}

void
cw_hooks_free(struct cw_hooks *hooks)
{
	if (hooks == NULL)
		return;
	free(hooks->config_dir);
	cw_strv_clear(&hooks->pre_done);
	cw_strv_clear(&hooks->post_due);
	free(hooks);
}

/* The program of a shell command: its first word that is not an assignment. */
static char *
first_program(const char *command)
{
	const char *at = command;

	for (;;) {
		size_t length;

		at += strspn(at, " \t\n");
		length = strcspn(at, " \t\n;&|<>()");
		if (length == 0)
			return NULL;
		if (memchr(at, '=', length) == NULL)
			return cw_memdup(at, length);
		at += length;
	}
}

int
cw_hook_validate(const char *option, const char *command, struct cw_error *error)
{
	cw_autofree char *program = command != NULL ? first_program(command) : NULL;
	cw_autofree char *found = NULL;

	/* A command that begins with shell syntax or an expansion is the shell's to judge. */
	if (program == NULL || strpbrk(program, "'\"\\$`~*?[{!") != NULL)
		return CW_OK;
	if (strchr(program, '/') != NULL) {
		if (cw_is_executable_file(program))
			return CW_OK;
		if (cw_file_exists(program)) {
			cw_fail(error, CW_E_PERMISSION, "the %s program \"%s\" is not executable",
				option, program);
			cw_hint(error, "make it executable (chmod +x), or give "
				       "--disable-hook-validation");
			return CW_E_PERMISSION;
		}
	} else if ((found = cw_program_find(program)) != NULL) {
		return CW_OK;
	}
	/* Shell built-ins and functions are not files. */
	static const char *const builtins[] = {"cd",     "exit",    "export", ".",     ":",
					       "eval",   "exec",    "if",     "for",   "while",
					       "case",   "set",     "unset",  "trap",  "umask",
					       "ulimit", "command", "type",   "until", "read"};
	for (size_t i = 0; i < CW_COUNT(builtins); i++)
		if (strcmp(program, builtins[i]) == 0)
			return CW_OK;
	cw_fail(error, CW_E_NOT_FOUND, "cannot find the %s program \"%s\"", option, program);
	cw_hint(error, "give its full path, or --disable-hook-validation");
	return CW_E_NOT_FOUND;
}

int
cw_hook_check_permissions(const char *option, const char *command, struct cw_error *error)
{
	cw_autofree char *program = command != NULL ? first_program(command) : NULL;
	cw_autofree char *what = cw_format("the %s program", option);

	if (program != NULL && strchr(program, '/') == NULL) {
		char *found = cw_program_find(program);

		free(program);
		program = found;
	}
	return program != NULL ? cw_permissions_check(what, program, error) : CW_OK;
}

struct output_context {
	const char *hook;
	bool headed[3];
	size_t shown;    /* bytes */
	size_t left_out; /* lines */
};

static void
show_line(void *context, int stream, const char *line)
{
	struct output_context *output = context;
	size_t length = strlen(line) + 1;

	/* From one that fills the log somebody wants to see how it began. */
	if (output->left_out > 0 || length > OUTPUT_MAX - output->shown) {
		output->left_out++;
		return;
	}
	output->shown += length;
	if (!output->headed[stream]) {
		output->headed[stream] = true;
		cw_log_info("hook \"%s\" ran with %s:", output->hook,
			    stream == 1 ? "output" : "error output");
	}
	cw_log_info("  %s", line);
}

static int
run_process(const struct cw_hooks *hooks, struct cw_process *process, struct cw_error *error)
{
	int status;

	if (hooks->loop == NULL)
		return cw_process_run_one(process, error);
	status = cw_process_run(hooks->loop, &process, 1, 1, error);
	return status < 0 ? status : cw_process_error(process, error);
}

/* What happened to a hook that failed, in words; release with free(). */
static char *
describe_failure(const struct cw_hooks *hooks, const struct cw_process *process,
		 const struct cw_error *error)
{
	cw_autofree char *line = NULL;

	if (error->status == CW_E_TIMEOUT)
		return cw_format("did not end within %u second%s (--hook-timeout) and was ended",
				 hooks->time_limit, hooks->time_limit == 1 ? "" : "s");
	if (error->status == CW_E_COMMAND && process->exit_status >= 0)
		return cw_format("returned error code %d", process->exit_status);
	line = cw_error_line(error);
	return cw_format("failed: %s", line);
}

static void
run_hook(const struct cw_hooks *hooks, const char *kind, const char *command,
	 const char *const *environment)
{
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	struct output_context output = {.hook = kind};
	struct cw_process process = {
		.argv = argv,
		.environment = environment,
		.time_limit = hooks->time_limit,
		.line = show_line,
		.line_context = &output,
	};
	cw_auto_error struct cw_error error = {0};
	int status;

	cw_log_info("running %s command: %s", kind, command);
	status = run_process(hooks, &process, &error);
	if (output.left_out > 0)
		cw_log_warning("%zu more lines of the output of the %s command are not shown",
			       output.left_out, kind);
	if (status < 0) {
		cw_autofree char *message = describe_failure(hooks, &process, &error);

		cw_log_error("%s command \"%s\" %s", kind, command, message);
		if (hooks->failed != NULL)
			hooks->failed(hooks->failed_context, kind, command,
				      error.status == CW_E_COMMAND ? process.exit_status : -1,
				      message);
	}
	cw_process_clear(&process);
}

static bool
may_run(const char *kind, const char *path)
{
	cw_autofree char *what = cw_format("the %s hook", kind);
	cw_auto_error struct cw_error error = {0};

	if (cw_permissions_check(what, path, &error) == CW_OK)
		return true;
	cw_log_error("not running the %s hook: %s", kind, error.message);
	return false;
}

/* The executables of renewal-hooks/KIND/, in order. */
static void
list_folder(const struct cw_hooks *hooks, const char *kind, struct cw_strv *paths)
{
	cw_autofree char *folder = cw_format("%s/renewal-hooks/%s", hooks->config_dir, kind);
	cw_auto_strv struct cw_strv names = {0};
	cw_auto_error struct cw_error error = {0};

	if (!hooks->directory_hooks)
		return;
	if (cw_folder_list(folder, true, &names, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_error("cannot run the %s hooks in the renewal-hooks directory: %s", kind,
			     line);
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, names.items[i]);

		if (cw_is_executable_file(path) && !cw_ends_with(path, "~") && may_run(kind, path))
			cw_strv_take(paths, cw_take(&path));
	}
}

static void
run_path(const struct cw_hooks *hooks, const char *kind, const char *path,
	 const char *const *environment)
{
	cw_autofree char *word = cw_shell_word(path);

	run_hook(hooks, kind, word, environment);
}

/* A hook that is also in the folder has already run with the folder's hooks. */
static bool
stands_in_folder(const struct cw_hooks *hooks, const char *kind, const char *command)
{
	cw_auto_strv struct cw_strv paths = {0};

	list_folder(hooks, kind, &paths);
	return cw_strv_contains(&paths, command);
}

void
cw_hooks_pre(struct cw_hooks *hooks, const char *command)
{
	if (!hooks->directory_pre_done) {
		cw_auto_strv struct cw_strv paths = {0};

		hooks->directory_pre_done = true;
		list_folder(hooks, "pre", &paths);
		for (size_t i = 0; i < paths.count; i++) {
			run_path(hooks, "pre-hook", paths.items[i], NULL);
			cw_strv_add_unique(&hooks->pre_done, paths.items[i]);
		}
	}
	if (command != NULL && *command != '\0' && cw_strv_add_unique(&hooks->pre_done, command))
		run_hook(hooks, "pre-hook", command, NULL);
}

void
cw_hooks_post_later(struct cw_hooks *hooks, const char *command)
{
	hooks->directory_post_due = true;
	if (command != NULL && *command != '\0')
		cw_strv_add_unique(&hooks->post_due, command);
}

/* NAME=a b c, cut between two names when it grows too long for the kernel. */
static char *
names_variable(const char *name, const struct cw_strv *names)
{
	struct cw_buf text = {0};

	cw_buf_addf(&text, "%s=", name);
	for (size_t i = 0; i < names->count; i++) {
		if (text.length + strlen(names->items[i]) + 1 > ENVIRONMENT_MAX) {
			cw_log_warning("%s is too long for the environment; it holds the first %zu "
				       "of %zu names",
				       name, i, names->count);
			break;
		}
		cw_buf_addf(&text, "%s%s", i > 0 ? " " : "", names->items[i]);
	}
	return cw_buf_take(&text);
}

void
cw_hooks_post(struct cw_hooks *hooks, const struct cw_strv *renewed, const struct cw_strv *failed)
{
	cw_autofree char *renewed_variable = names_variable("RENEWED_DOMAINS", renewed);
	cw_autofree char *failed_variable = names_variable("FAILED_DOMAINS", failed);
	const char *environment[] = {renewed_variable, failed_variable, NULL};
	cw_auto_strv struct cw_strv paths = {0};

	if (!hooks->directory_post_due)
		return;
	hooks->directory_post_due = false;
	cw_shield_signals(+1);
	list_folder(hooks, "post", &paths);
	for (size_t i = 0; i < paths.count; i++)
		run_path(hooks, "post-hook", paths.items[i], environment);
	for (size_t i = 0; i < hooks->post_due.count; i++)
		if (!cw_strv_contains(&paths, hooks->post_due.items[i]))
			run_hook(hooks, "post-hook", hooks->post_due.items[i], environment);
	cw_strv_clear(&hooks->post_due);
	cw_shield_signals(-1);
}

void
cw_hooks_deploy(struct cw_hooks *hooks, const char *command, const char *live,
		const struct cw_strv *names)
{
	cw_autofree char *lineage = cw_format("RENEWED_LINEAGE=%s", live);
	cw_autofree char *domains = names_variable("RENEWED_DOMAINS", names);
	const char *environment[] = {lineage, domains, NULL};
	cw_auto_strv struct cw_strv paths = {0};

	list_folder(hooks, "deploy", &paths);
	for (size_t i = 0; i < paths.count; i++)
		run_path(hooks, "deploy-hook", paths.items[i], environment);
	if (command != NULL && *command != '\0' && !stands_in_folder(hooks, "deploy", command))
		run_hook(hooks, "deploy-hook", command, environment);
}
