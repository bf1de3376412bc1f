#include "program.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECONDS_MAX = 86400, ANSWER_MAX = 1024 * 1024, WORDS_MAX = 400 };

static const char *
program_path(const struct cw_host *host)
{
	return cw_host_option(host, "program");
}

/* Of /tmp, where the sticky bit keeps others from replacing a file, no more is asked. */
static int
others_can_write(const struct stat *status)
{
	if (S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX) != 0)
		return 0;
	return (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* WHAT is PATH, or its folder. */
static int
check_rights(const struct cw_host *host, const char *what, const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return cw_host_fail(host, errno == ENOENT ? CW_E_NOT_FOUND : CW_E_IO,
				    "check the path in --external-program",
				    "cannot find %s \"%s\": %s", what, path, strerror(errno));
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return cw_host_fail(host, CW_E_PERMISSION, "make root its owner with chown",
				    "%s \"%s\" belongs to another user, who can change what it "
				    "does",
				    what, path);
	if (others_can_write(&status))
		return cw_host_fail(host, CW_E_PERMISSION,
				    "take away the right to write with chmod go-w",
				    "other users can write to %s \"%s\"", what, path);
	return CW_OK;
}

/* Seconds; 0: what the option says makes no sense. */
static unsigned
time_limit(const struct cw_host *host)
{
	const char *text = cw_host_option(host, "time-limit");
	long seconds = text != NULL ? strtol(text, NULL, 10) : 0;

	return seconds < 1 || seconds > SECONDS_MAX ? 0 : (unsigned)seconds;
}

int
program_check(const struct cw_host *host)
{
	const char *path = program_path(host);
	char *real, *slash;
	int status;

	if (path == NULL || *path != '/')
		return cw_host_fail(host, CW_E_USAGE, "give an absolute path",
				    "\"%s\" is not the path of a program", path ? path : "");
	if (time_limit(host) == 0)
		return cw_host_fail(
			host, CW_E_USAGE, "give 1 to 86400 seconds with --external-time-limit",
			"\"%s\" is not a time limit", cw_host_option(host, "time-limit"));
	status = check_rights(host, "the program", path);
	if (status != CW_OK)
		return status;
	if (access(path, X_OK) != 0)
		return cw_host_fail(host, CW_E_PERMISSION, "make it executable with chmod +x",
				    "cannot run the program \"%s\": %s", path, strerror(errno));
	real = realpath(path, NULL);
	slash = real != NULL ? strrchr(real, '/') : NULL;
	if (slash == NULL) {
		free(real);
		return cw_host_fail(host, CW_E_IO, NULL, "cannot find the program \"%s\"", path);
	}
	slash[slash == real] = '\0';
	status = check_rights(host, "the folder of the program", real);
	free(real);
	return status;
}

/* The last line of the program's stderr that is not blank. */
static void
last_words(const struct cw_command_result *result, char *words, size_t size)
{
	const char *text = result->error_output;
	size_t end = text != NULL ? result->error_output_length : 0, begin;

	while (end > 0 && (unsigned char)text[end - 1] <= ' ')
		end--;
	for (begin = end; begin > 0 && text[begin - 1] != '\n'; begin--)
		continue;
	snprintf(words, size, "%s%.*s", end > begin ? ": " : "", (int)(end - begin),
		 text != NULL ? text + begin : "");
}

/* Whether stdout is one JSON object and nothing else. */
static int
is_object(const struct cw_host *host, const struct cw_command_result *result)
{
	const char *text = result->output + strspn(result->output, " \t\r\n");
	char *whole = NULL;
	int status = *text == '{' ? cw_host_json_get(host, result->output, result->output_length,
						     "", &whole)
				  : CW_E_INVALID;

	cw_host_release(host, whole);
	return status == CW_OK;
}

/* The failure that the answer states; CW_OK: none. */
static int
stated_failure(const struct cw_host *host, const struct cw_command_result *result, const char *verb)
{
	char *message = NULL, *hint = NULL;
	int status = CW_OK;

	if (cw_host_json_get(host, result->output, result->output_length, "/error", &message) ==
	    CW_OK) {
		if (cw_host_json_get(host, result->output, result->output_length, "/hint", &hint) !=
		    CW_OK)
			hint = NULL;
		status = cw_host_fail(host, CW_E_COMMAND, hint,
				      "the program \"%s\" failed (\"%s\"): %s", program_path(host),
				      verb, message);
	}
	cw_host_release(host, message);
	cw_host_release(host, hint);
	return status;
}

/* The program did not end by itself with status 0. */
static int
fail_ended(const struct cw_host *host, const struct cw_command_result *result, const char *verb)
{
	const char *path = program_path(host);
	char words[WORDS_MAX];

	last_words(result, words, sizeof(words));
	if (result->status == CW_E_CANCELLED)
		return cw_host_fail(host, CW_E_CANCELLED, NULL,
				    "the program \"%s\" (\"%s\") was interrupted", path, verb);
	if (result->status == CW_E_TIMEOUT)
		return cw_host_fail(host, CW_E_TIMEOUT,
				    "give it more time with --external-time-limit",
				    "the program \"%s\" (\"%s\") was killed because it took longer "
				    "than %u s%s",
				    path, verb, time_limit(host), words);
	if (result->status != CW_E_COMMAND)
		return cw_host_fail(host, result->status,
				    "check the interpreter in the first line of the program",
				    "the program \"%s\" could not be run%s", path, words);
	if (result->signal != 0)
		return cw_host_fail(host, CW_E_COMMAND, NULL,
				    "the program \"%s\" (\"%s\") was ended by signal %d%s", path,
				    verb, result->signal, words);
	return cw_host_fail(host, CW_E_COMMAND, NULL,
			    "the program \"%s\" (\"%s\") failed with exit status %d%s", path, verb,
			    result->exit_status, words);
}

static int
judge(const struct cw_host *host, const struct cw_command_result *result, const char *verb)
{
	static const char hint[] = "it must print one JSON object, see certwright-external(8)";
	const char *path = program_path(host);
	int answered = result->output != NULL && is_object(host, result);
	int status;

	if (result->status != CW_OK && result->status != CW_E_COMMAND)
		return fail_ended(host, result, verb);
	status = answered ? stated_failure(host, result, verb) : CW_OK;
	if (status != CW_OK)
		return status;
	if (result->status != CW_OK)
		return fail_ended(host, result, verb);
	if (answered)
		return CW_OK;
	if (strspn(result->output, " \t\r\n") == result->output_length)
		return cw_host_fail(host, CW_E_PROTOCOL, hint,
				    "the program \"%s\" gave no answer to \"%s\"", path, verb);
	return cw_host_fail(host, CW_E_PROTOCOL, hint,
			    "the answer of the program \"%s\" to \"%s\" is not a JSON object", path,
			    verb);
}

static void
log_words(const struct cw_host *host, const struct cw_command_result *result)
{
	if (result->error_output_length > 0)
		cw_host_log(host, CW_LOG_INFO, "the program \"%s\" says: %s", program_path(host),
			    result->error_output);
}

int
program_call(const struct cw_host *host, const char *verb, char *request, char **answer)
{
	const char *argv[] = {program_path(host), NULL};
	struct cw_command command = {
		.size = sizeof(command),
		.argv = argv,
		.input = request,
		.input_length = request != NULL ? strlen(request) : 0,
		.time_limit = time_limit(host),
		.output_limit = ANSWER_MAX,
	};
	struct cw_command_result result = {.size = sizeof(result)};
	int status = request != NULL ? program_check(host)
				     : cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");

	*answer = NULL;
	if (status == CW_OK)
		status = cw_host_run(host, &command, &result);
	free(request);
	if (status != CW_OK)
		return status;
	log_words(host, &result);
	status = judge(host, &result, verb);
	if (status == CW_OK) {
		*answer = result.output;
		result.output = NULL;
	}
	cw_host_release_result(host, &result);
	return status;
}
