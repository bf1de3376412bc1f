#include "program.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../common/control.h"
#include "../common/exposure.h"
#include "../common/helper.h"

enum {
	TEST_LIMIT = 600, /* seconds */
	START_LIMIT = 60
};

static const char test_hint[] = "\"apache2ctl configtest\" shows it again";

/* The path of a file of the layout: below the root or, if it is absolute, in the same image. NULL
 * if NAME is. */
static char *
place_in(const struct program *program, const char *name)
{
	if (name == NULL)
		return NULL;
	return *name == '/' ? memory_format("%.*s%s", (int)layout_image(program->root),
					    program->root, name)
			    : memory_format("%s/%s", program->root, name);
}

void
program_init(struct program *program, const struct cw_host *host, const char *root, const char *ctl,
	     const char *binary)
{
	const struct layout *layout = layout_find(root);

	memset(program, 0, sizeof(*program));
	program->host = host;
	program->layout = layout;
	if (root == NULL)
		root = layout->root;
	program->is_usual = strcmp(root, layout->root) == 0;
	program->root = realpath(root, NULL);
	if (program->root == NULL)
		program->root = memory_copy(root, strlen(root));
	if (ctl == NULL)
		ctl = layout->ctl;
	program->ctl = memory_copy(ctl, strlen(ctl));
	if (binary == NULL)
		binary = layout->binary;
	if (binary != NULL)
		program->binary = memory_copy(binary, strlen(binary));
	program->configuration = memory_format("%s/%s", program->root, layout->main);
	program->confdir = memory_format("APACHE_CONFDIR=%s", program->root);
	program->script = helper_path("apache-environment.sh");
	if (program->script == NULL)
		abort(); /* out of memory, as in memory.c */
	program->environment = place_in(program, layout->environment);
	program->drop_ins = place_in(program, layout->drop_ins);
}

static void
facts_clear(struct facts *facts)
{
	map_clear(&facts->modules);
	map_clear(&facts->shared);
	map_clear(&facts->defines);
	map_clear(&facts->environment);
	arena_free(facts->arena);
	memset(facts, 0, sizeof(*facts));
}

void
program_clear(struct program *program)
{
	facts_clear(&program->facts);
	free(program->ctl);
	free(program->binary);
	free(program->root);
	free(program->configuration);
	free(program->environment);
	free(program->drop_ins);
	free(program->confdir);
	free(program->script);
	memset(program, 0, sizeof(*program));
}

/* What a shell says of a command that it does not find. */
enum { EXIT_NO_COMMAND = 127 };

static const char syntax_error[] = "Syntax error on line ";

/* Whether a line of Apache's output is not about an error. */
static bool
is_remark(const char *line, size_t length)
{
	static const char *const begins[] = {"AH00558",  "AH00112",  "AH00548",
					     "Warning:", "Action '", "The Apache error log"};
	autofree char *copy = memory_copy(line, length);

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (strncmp(copy, begins[i], strlen(begins[i])) == 0)
			return true;
	return *copy == '[' && (strstr(copy, ":warn]") != NULL ||
				strstr(copy, ":notice]") != NULL || strstr(copy, ":info]") != NULL);
}

/* Without the time, level and processes that a log line begins with. */
static const char *
after_level(const char *line, const char *end)
{
	while (*line == '[') {
		const char *close = memchr(line, ']', (size_t)(end - line));

		if (close == NULL)
			break;
		line = close + 1;
		while (line < end && *line == ' ')
			line++;
	}
	return line;
}

/* "line N of FILE" of what Apache says about an error; *LENGTH is 0 if it is cut off. */
static const char *
place_of(const char *error, size_t *length)
{
	const char *place = error + strlen(syntax_error);
	const char *end = strstr(place, ": ");

	*length = end != NULL ? (size_t)(end - place) : 0;
	return place;
}

/* Of an error in included files only the last, where it is. A cycle of includes goes on until
 * Apache gives up, and cuts its message off. */
static char *
innermost(char *text)
{
	const char *last = NULL;
	char *shorter;

	for (const char *at = strstr(text, syntax_error); at != NULL;
	     at = strstr(at + 1, syntax_error)) {
		size_t length;
		const char *place = place_of(at, &length);
		autofree char *same = memory_format("%.*s: ", (int)length, place);

		if (length > 0 && strstr(place + length, same) != NULL) {
			shorter = memory_format("%.*s includes files that lead back to it",
						(int)length, place);
			free(text);
			return shorter;
		}
		last = at;
	}
	if (last == NULL)
		return text;
	shorter = memory_copy(last, strlen(last));
	free(text);
	return shorter;
}

/* Apache's reason on one line. Release with free(). */
static char *
reason(const char *output)
{
	auto_text struct text out = {0};

	for (const char *line = output; *line != '\0';) {
		size_t size = strcspn(line, "\n");
		const char *words = after_level(line, line + size);

		if (size > 0 && !is_remark(line, size)) {
			if (out.length > 0)
				text_add_string(&out, " ");
			text_add(&out, words, size - (size_t)(words - line));
		}
		line += size + (line[size] == '\n');
	}
	return out.data != NULL ? innermost(memory_copy(out.data, out.length))
				: memory_format("it gives no reason");
}

/* "Server version: Apache/2.4.57 (Debian)" */
static int
take_version(struct program *program, const char *output)
{
	const char *line = strstr(output, "Apache/");
	unsigned part[3] = {0, 0, 0};

	if (line == NULL)
		return cw_host_fail(program->host, CW_E_UNSUPPORTED,
				    "give the path of apache2ctl with --apache-ctl",
				    "\"%s\" is not Apache's", program->ctl);
	line += strlen("Apache/") - 1;
	for (size_t i = 0; i < 3; i++) {
		char *end;
		unsigned long number = strtoul(line + 1, &end, 10);

		part[i] = number > 255 ? 255 : (unsigned)number;
		if (*end != '.')
			break;
		line = end;
	}
	program->facts.version = APACHE_VERSION(part[0], part[1], part[2]);
	if (program->facts.version < APACHE_VERSION(2, 4, 0))
		return cw_host_fail(program->host, CW_E_UNSUPPORTED, "install a newer Apache",
				    "this Apache is too old; 2.4 or later is needed");
	return CW_OK;
}

static const char *
keep(struct facts *facts, const char *text, size_t length)
{
	return arena_copy(facts->arena, text, length);
}

/* Lines "Define: NAME[=VALUE]" and " ssl_module (shared)". */
static void
take_dump(struct facts *facts, const char *output)
{
	for (const char *line = output; *line != '\0';) {
		size_t size = strcspn(line, "\n");
		const char *end = line + size;

		if (strncmp(line, "Define: ", 8) == 0) {
			const char *name = line + 8;
			const char *equals = memchr(name, '=', (size_t)(end - name));
			const char *value = equals != NULL ? equals + 1 : end;

			if (strncmp(name, "DUMP_", 5) != 0)
				map_set(&facts->defines,
					keep(facts, name,
					     (size_t)((equals != NULL ? equals : end) - name)),
					(void *)keep(facts, value, (size_t)(end - value)));
		} else if (strncmp(line, "PidFile: \"", 10) == 0 && size > 11) {
			facts->pid_path = keep(facts, line + 10, size - 11);
		} else if (*line == ' ' && size > 10 && strncmp(end - 9, " (static)", 9) == 0) {
			map_set(&facts->modules, keep(facts, line + 1, size - 10),
				(void *)keep(facts, "", 0));
		} else if (*line == ' ' && size > 10 && strncmp(end - 9, " (shared)", 9) == 0) {
			map_set(&facts->shared, keep(facts, line + 1, size - 10),
				(void *)keep(facts, "", 0));
		}
		line = end + (*end == '\n');
	}
}

/* NAME=VALUE, each with a NUL after it. */
static void
take_environment(struct facts *facts, const char *output, size_t length)
{
	for (const char *at = output; at < output + length; at += strlen(at) + 1) {
		const char *equals = strchr(at, '=');

		if (equals != NULL)
			map_set(&facts->environment, keep(facts, at, (size_t)(equals - at)),
				(void *)keep(facts, equals + 1, strlen(equals + 1)));
	}
}

/* The file after "-f" in the options; NULL: none. */
static char *
main_of_options(const char *options)
{
	for (const char *at = options; at != NULL && *at != '\0'; at += strspn(at, " \t")) {
		size_t size = strcspn(at, " \t");
		const char *value = at + 2;

		if (strncmp(at, "-f", 2) == 0) {
			value += strspn(value, " \t");
			return memory_copy(value, strcspn(value, " \t"));
		}
		at += size;
	}
	return NULL;
}

/* The service may have another main file than the package. Another server root has its own. */
static void
find_main(struct program *program)
{
	const struct layout *layout = program->layout;
	const struct map *environment = &program->facts.environment;
	bool own = layout->environment != NULL && *layout->environment != '/';
	const char *value =
		layout->main_variable != NULL ? map_get(environment, layout->main_variable) : NULL;
	autofree char *path = NULL;

	if (!own && !program->is_usual && layout_image(program->root) == 0)
		return;
	if (value != NULL && *value != '\0')
		path = memory_copy(value, strlen(value));
	else if (layout->options != NULL)
		path = main_of_options(map_get(environment, layout->options));
	if (path == NULL)
		return;
	free(program->configuration);
	program->configuration = *path == '/' ? memory_copy(path, strlen(path))
					      : memory_format("%s/%s", program->root, path);
}

/* Apache's own programs run the script, too. */
static int
check_script(const struct program *program)
{
	autofree char *exposed = NULL;
	autofree char *hint = NULL;

	if (program->environment == NULL || program->layout->is_data)
		return CW_OK;
	exposed = exposure_find(program->environment);
	if (exposed == NULL)
		return CW_OK;
	hint = memory_format("make root its owner and take away the right to write: "
			     "chown -h root '%s'; chmod go-w '%s'",
			     exposed, exposed);
	return cw_host_fail(program->host, CW_E_PERMISSION, hint,
			    "other users can change \"%s\", so the commands in \"%s\" are not run",
			    exposed, program->environment);
}

/* Without an environment file, the environment is ours. */
static int
read_environment(struct program *program)
{
	const char *argv[PROGRAM_ARGV_MAX];
	const char *const variables[] = {program->confdir, NULL};
	struct cw_command command = {.size = sizeof(command),
				     .argv = argv,
				     .environment = variables,
				     .time_limit = TEST_LIMIT,
				     .output_limit = CONTROL_OUTPUT_LIMIT};
	struct cw_command_result result = {.size = sizeof(result)};
	int status;

	program_environment_words(program, argv);
	status = cw_host_run(program->host, &command, &result);
	if (status != CW_OK)
		return status;
	if (result.status == CW_OK)
		take_environment(&program->facts, result.output, result.output_length);
	cw_host_release_result(program->host, &result);
	find_main(program);
	return CW_OK;
}

enum { RUN_VERSION, RUN_DUMP, RUN_COUNT };

static int
take_facts(struct program *program, const struct cw_command_result *results)
{
	int status = results[RUN_VERSION].status;

	if (results[RUN_VERSION].exit_status == EXIT_NO_COMMAND)
		status = CW_E_NOT_FOUND;
	if (status != CW_OK && status != CW_E_COMMAND)
		return control_cannot_run(program->host, program->ctl, status);
	status = take_version(program, results[RUN_VERSION].output);
	if (status != CW_OK)
		return status;
	if (results[RUN_DUMP].status == CW_E_COMMAND) {
		autofree char *refusal = reason(results[RUN_DUMP].error_output);

		return cw_host_fail(program->host, CW_E_COMMAND, test_hint,
				    "Apache rejects its configuration: %s", refusal);
	}
	if (results[RUN_DUMP].status != CW_OK)
		return control_cannot_run(program->host, program->ctl, results[RUN_DUMP].status);
	program->facts.pid_path = "";
	take_dump(&program->facts, results[RUN_DUMP].output);
	return CW_OK;
}

/* Asks Apache for its version and for what the configuration leads to, at once. */
static int
ask_apache(struct program *program)
{
	const char *const version_words[] = {"-v", NULL};
	const char *const dump_words[] = {"-d", program->root,  "-f", program->configuration, "-t",
					  "-D", "DUMP_RUN_CFG", "-D", "DUMP_MODULES",         NULL};
	const char *argv[RUN_COUNT][PROGRAM_ARGV_MAX];
	const char *const variables[] = {program->confdir, NULL};
	struct cw_command items[RUN_COUNT];
	struct cw_command_result results[RUN_COUNT];
	const struct cw_command *commands[RUN_COUNT];
	struct cw_command_result *outcomes[RUN_COUNT];
	int status;

	program_words(program, version_words, argv[RUN_VERSION]);
	program_words(program, dump_words, argv[RUN_DUMP]);
	for (size_t i = 0; i < RUN_COUNT; i++) {
		items[i] = (struct cw_command){.size = sizeof(*items),
					       .argv = argv[i],
					       .environment = variables,
					       .time_limit = TEST_LIMIT,
					       .output_limit = CONTROL_OUTPUT_LIMIT};
		results[i] = (struct cw_command_result){.size = sizeof(*results)};
		commands[i] = &items[i];
		outcomes[i] = &results[i];
	}
	status = program->host->run(program->host, commands, outcomes, RUN_COUNT, RUN_COUNT);
	if (status != CW_OK)
		return status;
	status = take_facts(program, results);
	for (size_t i = 0; i < RUN_COUNT; i++)
		cw_host_release_result(program->host, &results[i]);
	return status;
}

int
program_identify(struct program *program)
{
	int status;

	if (program->known)
		return CW_OK;
	facts_clear(&program->facts);
	program->facts.arena = arena_new();
	status = check_script(program);
	if (status == CW_OK)
		status = read_environment(program);
	if (status != CW_OK)
		return status;
	if (access(program->configuration, R_OK) != 0)
		return cw_host_fail(
			program->host, errno == EACCES ? CW_E_PERMISSION : CW_E_NOT_FOUND,
			errno == EACCES ? "run certwright as a user who may read Apache's "
					  "configuration"
					: "if Apache's configuration is in another folder, give "
					  "that with --apache-server-root",
			"cannot read \"%s\": %s", program->configuration, strerror(errno));
	status = ask_apache(program);
	program->known = status == CW_OK;
	return status;
}

int
program_test(struct program *program, const char *what, char **refusal)
{
	const char *const words[] = {"-d", program->root, "-f", program->configuration, "-t", NULL};
	const char *argv[PROGRAM_ARGV_MAX];
	const char *const environment[] = {program->confdir, NULL};
	const struct control control = {.host = program->host,
					.ctl = program->ctl,
					.argv = argv,
					.environment = environment,
					.time_limit = TEST_LIMIT,
					.failure = what,
					.hint = test_hint,
					.reason = reason};

	program_words(program, words, argv);
	return control_run(&control, refusal);
}

int
program_start(struct program *program)
{
	const char *argv[PROGRAM_ARGV_MAX];
	const char *const environment[] = {program->confdir, NULL};
	const struct control control = {.host = program->host,
					.ctl = program->ctl,
					.argv = argv,
					.environment = environment,
					.time_limit = START_LIMIT,
					.failure = "cannot start Apache",
					.hint = "start Apache by hand to see more",
					.reason = reason};
	autofree char *refusal = NULL;

	program_argv(program, "start", argv);
	return control_run(&control, &refusal);
}
