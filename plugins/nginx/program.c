#include "program.h"
#include <stdlib.h>
#include <string.h>
#include "../common/control.h"
#include "../common/waiting.h"

enum {
	VERSION_LIMIT = 30, /* seconds */
	TEST_LIMIT = 600,
	START_LIMIT = 60
};

void
program_clear(struct program *program)
{
	free(program->ctl);
	free(program->configuration);
	free(program->prefix);
	free(program->pid_path);
	free(program->error_log);
	free(program->conf_path);
	memset(program, 0, sizeof(*program));
}

/* The value of "--NAME=" among the arguments of configure. Release with free(). */
static char *
built_with(const char *output, const char *name)
{
	autofree char *words = memory_format(" --%s=", name);
	const char *found = strstr(output, words);
	size_t length;

	if (found == NULL)
		return NULL;
	found += strlen(words);
	length = strcspn(found, " \n");
	return memory_copy(found, length);
}

/* "nginx version: nginx/1.22.1", or openresty/1.21.4.1 and others */
static unsigned
parse_version(const char *output)
{
	const char *line = strstr(output, "version: ");
	unsigned part[3] = {0, 0, 0};
	char *end;

	if (line == NULL || (line = strchr(line, '/')) == NULL)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		unsigned long number = strtoul(line + 1, &end, 10);

		part[i] = number > 255 ? 255 : (unsigned)number;
		if (*end != '.')
			break;
		line = end;
	}
	return NGINX_VERSION(part[0], part[1], part[2]);
}

static int
take_identity(struct program *program, const char *output)
{
	program->version = parse_version(output);
	if (program->version == 0)
		return cw_host_fail(program->host, CW_E_UNSUPPORTED,
				    "give the path of nginx with --nginx-ctl",
				    "\"%s\" is not nginx", program->ctl);
	if (program->version < NGINX_VERSION(0, 8, 48))
		return cw_host_fail(program->host, CW_E_UNSUPPORTED, "install a newer nginx",
				    "this nginx is too old; 0.8.48 or later is needed");
	if (strstr(output, "TLS SNI support enabled") == NULL)
		return cw_host_fail(program->host, CW_E_UNSUPPORTED,
				    "install nginx with ngx_http_ssl_module",
				    "this nginx is built without TLS");
	program->http2 = strstr(output, "--with-http_v2_module") != NULL;
	program->prefix = built_with(output, "prefix");
	program->pid_path = built_with(output, "pid-path");
	program->error_log = built_with(output, "error-log-path");
	program->conf_path = built_with(output, "conf-path");
	return CW_OK;
}

int
program_identify(struct program *program)
{
	const char *const argv[] = {program->ctl, "-V", NULL};
	const struct cw_command command = {.size = sizeof(command),
					   .argv = argv,
					   .time_limit = VERSION_LIMIT,
					   .output_limit = CONTROL_OUTPUT_LIMIT};
	struct cw_command_result result = {.size = sizeof(result)};
	int status;

	if (program->version != 0)
		return CW_OK;
	status = cw_host_run(program->host, &command, &result);
	if (status != CW_OK)
		return status;
	status = result.status == CW_OK || result.status == CW_E_COMMAND
			 ? take_identity(program, result.error_output)
			 : control_cannot_run(program->host, program->ctl, result.status);
	cw_host_release_result(program->host, &result);
	return status;
}

/* The message without the level and, if a log is configured, the process numbers. */
static const char *
after_level(const char *level)
{
	const char *words = level + strlen("[emerg]");

	words += strspn(words, " ");
	if (words[strspn(words, "0123456789")] == '#') {
		const char *end = strstr(words, ": ");

		words = end != NULL ? end + 2 : words;
	}
	return words;
}

/* nginx's reason: its last line of the level emerg, else its last line. Release with free(). */
static char *
reason(const char *output)
{
	const char *best = NULL, *last = "";

	for (const char *line = output; *line != '\0';) {
		size_t size = strcspn(line, "\n");
		const char *level = strstr(line, "[emerg]");

		if (size > 0)
			last = line;
		if (level != NULL && level < line + size)
			best = after_level(level);
		line += size + (line[size] == '\n');
	}
	if (best == NULL)
		best = last;
	return memory_copy(best, strcspn(best, "\n"));
}

int
program_test(struct program *program, const char *what, char **refusal)
{
	const char *const argv[] = {program->ctl, "-t", "-c", program->configuration, NULL};
	const struct control control = {.host = program->host,
					.ctl = program->ctl,
					.argv = argv,
					.time_limit = TEST_LIMIT,
					.failure = what,
					.hint = "\"nginx -t\" shows it again",
					.reason = reason};
	long long begin = milliseconds_now();
	int status = control_run(&control, refusal);

	program->test_milliseconds = (unsigned)(milliseconds_now() - begin);
	return status;
}

int
program_start(struct program *program)
{
	const char *const argv[] = {program->ctl, "-c", program->configuration, NULL};
	const struct control control = {.host = program->host,
					.ctl = program->ctl,
					.argv = argv,
					.time_limit = START_LIMIT,
					.failure = "cannot start nginx",
					.hint = "start nginx by hand to see more",
					.reason = reason};
	autofree char *refusal = NULL;

	return control_run(&control, &refusal);
}

char *
program_path(const struct program *program, const char *path)
{
	if (*path == '/' || program->prefix == NULL)
		return memory_copy(path, strlen(path));
	return memory_format("%s/%s", program->prefix, path);
}
