/*
 * Makes edits under a checkpoint, step by step, to be killed at any system call:
 *
 *     checkpoint-crash WORK CONFIG STEP...
 *
 * Steps: temporary (edits are temporary from here on), write PATH TEXT, remove PATH,
 * command PROGRAM ARGUMENT, commit TITLE, make-temporary, revert, recover (prints "reverted" or
 * "nothing"), rollback COUNT.
 */
#include "base/log.h"
#include "store/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
	const char *work, *config;
	struct cw_checkpoints *checkpoints;
};

static int
step_temporary(struct run *run, char **arguments, struct cw_error *error)
{
	(void)arguments;
	(void)error;
	cw_checkpoints_close(run->checkpoints);
	run->checkpoints = cw_checkpoints_open(run->work, run->config, true);
	return CW_OK;
}

static int
step_write(struct run *run, char **arguments, struct cw_error *error)
{
	return cw_checkpoints_write(run->checkpoints, arguments[0], arguments[1],
				    strlen(arguments[1]), NULL, 0, error);
}

static int
step_remove(struct run *run, char **arguments, struct cw_error *error)
{
	return cw_checkpoints_remove(run->checkpoints, arguments[0], error);
}

static int
step_command(struct run *run, char **arguments, struct cw_error *error)
{
	return cw_checkpoints_command(
		run->checkpoints, (const char *const[]){arguments[0], arguments[1], NULL}, error);
}

static int
step_commit(struct run *run, char **arguments, struct cw_error *error)
{
	return cw_checkpoints_commit(run->checkpoints, arguments[0], error);
}

static int
step_make_temporary(struct run *run, char **arguments, struct cw_error *error)
{
	(void)arguments;
	return cw_checkpoints_commit(run->checkpoints, NULL, error);
}

static int
step_revert(struct run *run, char **arguments, struct cw_error *error)
{
	(void)arguments;
	return cw_checkpoints_revert(run->checkpoints, error);
}

static int
step_recover(struct run *run, char **arguments, struct cw_error *error)
{
	bool reverted = false;
	int status = cw_checkpoints_recover(run->work, run->config, &reverted, error);

	(void)arguments;
	if (status == CW_OK)
		puts(reverted ? "reverted" : "nothing");
	return status;
}

static int
step_rollback(struct run *run, char **arguments, struct cw_error *error)
{
	return cw_checkpoints_rollback(run->work, run->config,
				       (unsigned)strtoul(arguments[0], NULL, 10), error);
}

static const struct step {
	const char *name;
	int arguments;
	int (*take)(struct run *run, char **arguments, struct cw_error *error);
} steps[] = {
	{"temporary", 0, step_temporary}, {"write", 2, step_write},
	{"remove", 1, step_remove},       {"command", 2, step_command},
	{"commit", 1, step_commit},       {"make-temporary", 0, step_make_temporary},
	{"revert", 0, step_revert},       {"recover", 0, step_recover},
	{"rollback", 1, step_rollback},
};

static const struct step *
find_step(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(steps); i++) {
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	}
	return NULL;
}

static void
show_line(void *context, enum cw_log_level level, const char *line)
{
	(void)context;
	(void)level;
	fprintf(stderr, "%s\n", line);
}

int
main(int argc, char **argv)
{
	struct run run;
	int status = CW_OK;

	if (argc < 3)
		return 2;
	cw_log_set_terminal(show_line, NULL, CW_LOG_WARNING);
	run = (struct run){argv[1], argv[2], cw_checkpoints_open(argv[1], argv[2], false)};
	for (int at = 3; at < argc && status == CW_OK;) {
		const struct step *step = find_step(argv[at]);
		cw_auto_error struct cw_error error = {0};

		if (step == NULL || argc - at - 1 < step->arguments) {
			fprintf(stderr, "\"%s\" is no step, or lacks arguments\n", argv[at]);
			return 2;
		}
		status = step->take(&run, argv + at + 1, &error);
		if (status != CW_OK) {
			cw_autofree char *line = cw_error_line(&error);

			fprintf(stderr, "%s\n", line);
		}
		at += 1 + step->arguments;
	}
	cw_checkpoints_close(run.checkpoints);
	return status == CW_OK ? 0 : 1;
}
