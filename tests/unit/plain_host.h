/* A host of the test's own for the sources of plugins: it keeps what it is told. */
#ifndef CW_TESTS_PLAIN_HOST_H
#define CW_TESTS_PLAIN_HOST_H

#include <certwright/plugin.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"

#include <stdlib.h>
#include <string.h>

static struct {
	char message[CW_MESSAGE_MAX], hint[CW_MESSAGE_MAX];
	struct cw_strv log, secrets;
	struct cw_strv options;      /* "name=value" */
	struct cw_strv command;      /* the last one registered to be undone */
	unsigned registered, undone; /* ids */
	int command_status;
	char command_output[256];
	char commands_seen[1024]; /* of run(): the last words, one a line */
} plain;

static inline void
plain_log(const struct cw_host *host, enum cw_log_level level, const char *text)
{
	(void)host;
	(void)level;
	cw_strv_add(&plain.log, text);
}

static inline int
plain_fail(const struct cw_host *host, int status, const char *hint, const char *message)
{
	(void)host;
	snprintf(plain.message, sizeof(plain.message), "%s", message);
	snprintf(plain.hint, sizeof(plain.hint), "%s", hint != NULL ? hint : "");
	return status;
}

static inline void
plain_secret(const struct cw_host *host, const char *text)
{
	(void)host;
	cw_strv_add(&plain.secrets, text);
}

static inline const char *
plain_option(const struct cw_host *host, const char *name)
{
	size_t length = strlen(name);

	(void)host;
	for (size_t i = 0; i < plain.options.count; i++)
		if (strncmp(plain.options.items[i], name, length) == 0 &&
		    plain.options.items[i][length] == '=')
			return plain.options.items[i] + length + 1;
	return NULL;
}

static inline const char *
plain_setting(const struct cw_host *host, const char *name)
{
	return plain_option(host, name);
}

static inline int
plain_undo_command(const struct cw_host *host, const char *const *argv, unsigned *id)
{
	(void)host;
	cw_strv_clear(&plain.command);
	for (; *argv != NULL; argv++)
		cw_strv_add(&plain.command, *argv);
	*id = ++plain.registered;
	return CW_OK;
}

static inline int
plain_undo_done(const struct cw_host *host, unsigned id)
{
	(void)host;
	plain.undone = id;
	return CW_OK;
}

/* Every program ends as the test has said. */
static inline int
plain_run(const struct cw_host *host, const struct cw_command *const *commands,
	  struct cw_command_result *const *results, size_t count, size_t jobs)
{
	(void)host;
	(void)jobs;
	for (size_t i = 0; i < count; i++) {
		const char *last = commands[i]->argv[0];
		size_t used = strlen(plain.commands_seen);

		for (const char *const *word = commands[i]->argv; *word != NULL; word++)
			last = *word;
		snprintf(plain.commands_seen + used, sizeof(plain.commands_seen) - used, "%s\n",
			 last);
		results[i]->status = plain.command_status;
		results[i]->exit_status = plain.command_status == CW_OK ? 0 : 1;
		results[i]->output = cw_strdup(plain.command_output);
		results[i]->output_length = strlen(plain.command_output);
		results[i]->error_output = cw_strdup("first\nthe last line\n");
		results[i]->error_output_length = strlen(results[i]->error_output);
	}
	return CW_OK;
}

static inline void
plain_release(const struct cw_host *host, void *memory)
{
	(void)host;
	free(memory);
}

static inline int
plain_read_private(const struct cw_host *host, const char *path, char **text)
{
	struct cw_buf buf = {0};
	int status = cw_file_read(path, 1 << 20, &buf, NULL);

	(void)host;
	*text = cw_buf_take(&buf);
	return status;
}

static const struct cw_host plain_host = {
	.size = sizeof(plain_host),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.log = plain_log,
	.fail = plain_fail,
	.secret = plain_secret,
	.option = plain_option,
	.setting = plain_setting,
	.undo_command = plain_undo_command,
	.undo_done = plain_undo_done,
	.run = plain_run,
	.release = plain_release,
	.read_private = plain_read_private,
};

static inline int
plain_begin(void **state)
{
	(void)state;
	memset(&plain, 0, sizeof(plain));
	return 0;
}

static inline int
plain_end(void **state)
{
	(void)state;
	cw_strv_clear(&plain.log);
	cw_strv_clear(&plain.secrets);
	cw_strv_clear(&plain.options);
	cw_strv_clear(&plain.command);
	return 0;
}

/* Whether LIST is these words, with blanks between. */
static inline void
is_words(char *const *list, const char *words)
{
	struct cw_strv all = {0};
	char *joined;

	for (; list != NULL && *list != NULL; list++)
		cw_strv_add(&all, *list);
	joined = cw_strv_join(&all, " ");
	assert_string_equal(joined, words);
	free(joined);
	cw_strv_clear(&all);
}

/* The value of NAME in an environment; "" of one that shall not be set, NULL: it is not mentioned.
 */
static inline const char *
value_in(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment != NULL; environment++) {
		if (strncmp(*environment, name, length) != 0)
			continue;
		if ((*environment)[length] == '=')
			return *environment + length + 1;
		if ((*environment)[length] == '\0')
			return "";
	}
	return NULL;
}

#endif
