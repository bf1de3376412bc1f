#include "command.h"

enum { TIME_LIMIT = 120, TEXT_MAX = 1024 };

/* Adds WORD to TEXT, with a blank in between. What does not fit is left out. */
static void
add_word(char *text, size_t size, const char *word)
{
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s%s", length > 0 ? " " : "", word);
}

/* NAME is for messages; OUTPUT may be NULL. */
static int
run(const struct cw_host *host, const char *const *argv, const char *name, const char *hint,
    char **output)
{
	struct cw_command command;
	struct cw_command_result result;
	const char *said;
	int status;

	memset(&command, 0, sizeof(command));
	command.size = sizeof(command);
	command.argv = argv;
	command.time_limit = TIME_LIMIT;
	memset(&result, 0, sizeof(result));
	result.size = sizeof(result);
	status = cw_host_run(host, &command, &result);
	if (status == CW_OK && result.status != CW_OK) {
		said = result.error_output != NULL && result.error_output[0] != '\0'
			       ? result.error_output
			       : result.output;
		if (result.status == CW_E_NOT_FOUND)
			said = "there is no such program";
		else if (result.status == CW_E_TIMEOUT)
			said = "it takes too long";
		status = cw_host_fail(
			host, result.status, hint, "\"%s\" failed: %.*s", name, TEXT_MAX,
			said != NULL && said[0] != '\0' ? said : "it does not say why");
	}
	if (status == CW_OK && output != NULL) {
		*output = result.output;
		result.output = NULL;
	}
	cw_host_release_result(host, &result);
	return status;
}

int
command_read(const struct cw_host *host, const char *const *argv, const char *hint, char **output)
{
	char name[TEXT_MAX] = "";

	for (size_t i = 0; argv[i] != NULL; i++)
		add_word(name, sizeof(name), argv[i]);
	return run(host, argv, name, hint, output);
}

int
command_run(const struct cw_host *host, const char *const *argv, const char *hint)
{
	return command_read(host, argv, hint, NULL);
}

int
command_shell(const struct cw_host *host, const char *line, const char *hint)
{
	const char *const argv[] = {"sh", "-c", line, NULL};

	return run(host, argv, line, hint, NULL);
}
