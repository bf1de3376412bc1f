#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"

#include <fcntl.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

/* A log file without a name. */
static int log_file = -1;

static int
open_log(void)
{
	char path[] = "/tmp/cw-test-log-XXXXXX";
	int descriptor = mkostemp(path, O_APPEND | O_CLOEXEC);

	if (descriptor >= 0)
		unlink(path);
	return descriptor;
}

static int
begin(void **state)
{
	(void)state;
	log_file = open_log();
	return log_file < 0 ? -1 : 0;
}

static int
end(void **state)
{
	int drain = open_log();

	(void)state;
	/* Nothing that was kept shall meet the next test. */
	cw_log_set_file(drain);
	cw_log_set_file(-1);
	cw_log_set_terminal(NULL, NULL, CW_LOG_DEBUG);
	close(drain);
	return close(log_file);
}

static char *
logged(void)
{
	struct cw_buf text = {0};
	off_t size = lseek(log_file, 0, SEEK_END);

	assert_true(size >= 0);
	assert_int_equal(pread(log_file, cw_buf_reserve(&text, (size_t)size), (size_t)size, 0),
			 size);
	cw_buf_grown(&text, (size_t)size);
	return cw_buf_take(&text);
}

static void
add_line(void *context, enum cw_log_level level, const char *line)
{
	cw_strv_addf(context, "%d:%s", (int)level, line);
}

static void
test_a_line_has_time_process_and_level(void **state)
{
	cw_autofree char *text = NULL, *rest = NULL;
	regex_t pattern;

	(void)state;
	cw_log_set_file(log_file);
	cw_log_warning("hello %d", 5);
	text = logged();
	rest = cw_format("^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2},[0-9]{3}:%ld:"
			 "WARNING:hello 5\n$",
			 (long)getpid());
	assert_int_equal(regcomp(&pattern, rest, REG_EXTENDED | REG_NOSUB), 0);
	assert_int_equal(regexec(&pattern, text, 0, NULL, 0), 0);
	regfree(&pattern);
}

static void
test_the_terminal_gets_lines_from_its_level_up(void **state)
{
	cw_auto_strv struct cw_strv lines = {0};
	cw_autofree char *text = NULL;

	(void)state;
	cw_log_set_file(log_file);
	cw_log_set_terminal(add_line, &lines, CW_LOG_INFO);
	cw_log_debug("one");
	cw_log_info("two");
	cw_log_error("three");
	assert_int_equal(lines.count, 2);
	assert_string_equal(lines.items[0], "1:two");
	assert_string_equal(lines.items[1], "3:three");
	text = logged();
	assert_non_null(strstr(text, ":DEBUG:one\n"));
	assert_non_null(strstr(text, ":ERROR:three\n"));
}

static void
test_control_characters_cannot_forge_a_line(void **state)
{
	cw_auto_strv struct cw_strv lines = {0};
	cw_autofree char *text = NULL;

	(void)state;
	cw_log_set_file(log_file);
	cw_log_set_terminal(add_line, &lines, CW_LOG_DEBUG);
	cw_log_info("a\nb\r\t\x1b[2J\x7f\xc2\x9b\xc3\xa9\xc2");
	assert_string_equal(lines.items[0], "1:a\\nb\\r\\t\\x1b[2J\\x7f\\x9b\xc3\xa9\\xc2");
	text = logged();
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void
test_lines_before_the_file_are_kept_without_late_secrets(void **state)
{
	cw_autofree char *text = NULL;

	(void)state;
	cw_log_debug("first with late-secret-1");
	cw_log_debug("second");
	cw_log_secret("late-secret-1");
	cw_log_set_file(log_file);
	cw_log_debug("third");
	text = logged();
	assert_null(strstr(text, "late-secret-1"));
	assert_non_null(strstr(text, ":DEBUG:first with [secret]\n"));
	assert_true(strstr(text, "first") < strstr(text, "second"));
	assert_true(strstr(text, "second") < strstr(text, "third"));
}

static void
test_kept_lines_are_bounded_and_the_rest_counted(void **state)
{
	cw_autofree char *text = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++)
		cw_log_debug("line %d %0100d", i, 0);
	cw_log_set_file(log_file);
	text = logged();
	assert_in_range(strlen(text), 60000, 66000);
	assert_non_null(strstr(text, "line 0 "));
	assert_null(strstr(text, "line 999 "));
	assert_non_null(strstr(text, "earlier lines are not in this log"));
}

static void
assert_redacted(const char *text, const char *expected)
{
	cw_autofree char *redacted = cw_redact(text);

	assert_string_equal(redacted, expected);
}

static void
test_secrets_are_replaced_wherever_they_stand(void **state)
{
	(void)state;
	cw_log_secret(NULL);
	cw_log_secret("");
	cw_log_secret("abc");
	cw_log_secret("hunter22");
	cw_log_secret("hunter22-longer");
	cw_log_secret("overlap");
	cw_log_secret("lappend");
	cw_log_secret("two\nlines");
	assert_redacted("", "");
	assert_redacted("abc stays", "abc stays");
	assert_redacted("hunter22", "[secret]");
	assert_redacted("<hunter22><hunter22-longer>hunter2", "<[secret]><[secret]>hunter2");
	assert_redacted("an overlappend x", "an [secret] x");
	assert_redacted("hunter22hunter22.", "[secret][secret].");
	assert_redacted("a two\nlines b", "a [secret] b");
}

static void
test_a_secret_in_an_argument_never_reaches_the_sinks(void **state)
{
	cw_auto_strv struct cw_strv lines = {0};
	cw_autofree char *text = NULL;

	(void)state;
	cw_log_secret("s3cr3t/with\ttab");
	cw_log_set_file(log_file);
	cw_log_set_terminal(add_line, &lines, CW_LOG_DEBUG);
	cw_log_error("token=%s;", "s3cr3t/with\ttab");
	assert_string_equal(lines.items[0], "3:token=[secret];");
	text = logged();
	assert_null(strstr(text, "s3cr3t"));
}

#define with_log(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_log(test_a_line_has_time_process_and_level),
		with_log(test_the_terminal_gets_lines_from_its_level_up),
		with_log(test_control_characters_cannot_forge_a_line),
		with_log(test_lines_before_the_file_are_kept_without_late_secrets),
		with_log(test_kept_lines_are_bounded_and_the_rest_counted),
		cmocka_unit_test(test_secrets_are_replaced_wherever_they_stand),
		with_log(test_a_secret_in_an_argument_never_reaches_the_sinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
