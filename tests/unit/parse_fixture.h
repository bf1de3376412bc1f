/* A command line, read without the machine's configuration files. Include after "scratch.h". */
#ifndef CW_TESTS_PARSE_FIXTURE_H
#define CW_TESTS_PARSE_FIXTURE_H

#include "base/log.h"
#include "base/text.h"
#include "cli/parse.h"

static struct cw_registry *registry;
static struct cw_invocation invocation;
static struct cw_error error;
static struct cw_strv warnings;

static inline void
keep_warning(void *context, enum cw_log_level level, const char *line)
{
	(void)context;
	(void)level;
	cw_strv_add(&warnings, line);
}

static inline int
begin(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	setenv("CERTWRIGHT_PLUGIN_PATH", scratch, 1);
	cw_log_set_terminal(keep_warning, NULL, CW_LOG_WARNING);
	return 0;
}

static inline int
end(void **state)
{
	cw_invocation_clear(&invocation);
	cw_registry_free(registry);
	registry = NULL;
	cw_error_clear(&error);
	cw_strv_clear(&warnings);
	cw_log_set_terminal(NULL, NULL, CW_LOG_WARNING);
	unsetenv("CERTWRIGHT_PLUGIN_PATH");
	return scratch_remove(state);
}

static inline int
parse_arguments(const struct cw_strv *arguments)
{
	cw_invocation_clear(&invocation);
	cw_registry_free(registry);
	cw_error_clear(&error);
	cw_strv_clear(&warnings);
	registry = cw_registry_new();
	return cw_parse((int)arguments->count, (const char *const *)cw_strv_items(arguments),
			registry, &invocation, &error);
}

/* Reads LINE, words with blanks between them, without the machine's configuration files. */
static inline int
parse(const char *line)
{
	cw_auto_strv struct cw_strv arguments = {0};

	cw_strv_add(&arguments, "certwright");
	cw_strv_add(&arguments, "--config=/dev/null");
	cw_strv_split(&arguments, line, ' ');
	return parse_arguments(&arguments);
}

/* The same with a configuration file of its own. */
static inline int
parse_with(const char *config, const char *line)
{
	cw_auto_strv struct cw_strv arguments = {0};

	scratch_write("cli.ini", config, 0600);
	cw_strv_add(&arguments, "certwright");
	cw_strv_addf(&arguments, "-c%s/cli.ini", scratch);
	cw_strv_split(&arguments, line, ' ');
	return parse_arguments(&arguments);
}

static inline void
is_set(const char *internal, const char *value)
{
	const char *present = cw_settings_get(invocation.settings, internal);

	if (!cw_equal(present, value))
		fail_msg("%s is \"%s\", not \"%s\"", internal, present != NULL ? present : "none",
			 value != NULL ? value : "none");
}

static inline void
is_list_of(const char *internal, const char *values)
{
	cw_autofree char *joined =
		cw_strv_join(cw_settings_list(invocation.settings, internal), " ");

	assert_string_equal(joined, values);
}

/* LINE is an error with TEXT in its message or hint. */
static inline void
is_usage_error(const char *line, const char *text)
{
	cw_autofree char *message = NULL;
	const char *hint;

	if (parse(line) != CW_E_USAGE)
		fail_msg("\"%s\" is no usage error", line);
	assert_int_equal(error.status, CW_E_USAGE);
	message = cw_error_line(&error);
	hint = cw_error_hint(&error);
	if (strstr(message, text) == NULL && (hint == NULL || strstr(hint, text) == NULL))
		fail_msg("\"%s\" (%s) does not say \"%s\"", message, hint != NULL ? hint : "",
			 text);
}

static inline void
is_warned(const char *text)
{
	for (size_t i = 0; i < warnings.count; i++)
		if (strstr(warnings.items[i], text) != NULL)
			return;
	fail_msg("no warning of \"%s\"", text);
}

/* TEXT is refused with line LINE and WORDS in the message. */
static inline void
is_refused_at(const char *text, const char *line, const char *word)
{
	cw_autofree char *message = NULL;

	assert_int_equal(parse_with(text, "certonly --json"), CW_E_INVALID);
	message = cw_error_line(&error);
	if (strstr(message, line) == NULL || strstr(message, word) == NULL)
		fail_msg("%s", message);
	assert_non_null(strstr(message, "/cli.ini"));
	is_set("json", "1");
}

#endif
