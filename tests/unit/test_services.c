#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "plugin_fixture.h"
#include "role_fixture.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "plugin/instance_internal.h"

#include <unistd.h>

static struct cw_call call;

static int
begin(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	fixture_begin(abi_folder(), "sample-1-0");
	fixture_open();
	cw_call_begin(&call, fixture.instance, "test");
	return 0;
}

static int
end(void **state)
{
	cw_call_end(&call, CW_OK, NULL);
	fixture_end();
	unsetenv("CERTWRIGHT_PLUGIN_PATH");
	return scratch_remove(state);
}

static const struct cw_host *
host(void)
{
	return &fixture.instance->host;
}

#define ERROR_HAS(text) assert_non_null(strstr(call.error.message, text))

/* RFC 4648 section 10, and bytes that the two alphabets spell differently. */
static const struct {
	enum cw_encoding encoding;
	const char *data, *text;
} encoded[] = {
	{CW_BASE64, "", ""},
	{CW_BASE64, "f", "Zg=="},
	{CW_BASE64, "fo", "Zm8="},
	{CW_BASE64, "foo", "Zm9v"},
	{CW_BASE64, "foobar", "Zm9vYmFy"},
	{CW_BASE64, "\xfb\xff\xfe", "+//+"},
	{CW_BASE64URL, "\xfb\xff\xfe", "-__-"},
	{CW_BASE64URL, "fo", "Zm8"},
	{CW_BASE16, "fo\xfe", "666ffe"},
};

static void
test_bytes_are_encoded_and_decoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < CW_COUNT(encoded); i++) {
		size_t length = strlen(encoded[i].data), decoded = 99;
		char *text = host()->encode(host(), encoded[i].encoding, encoded[i].data, length);
		char *data = NULL;

		assert_string_equal(text, encoded[i].text);
		assert_int_equal(host()->decode(host(), encoded[i].encoding, text, &data, &decoded),
				 CW_OK);
		assert_int_equal(decoded, length);
		assert_string_equal(data, encoded[i].data);
		host()->release(host(), text);
		host()->release(host(), data);
	}
	assert_null(host()->encode(host(), (enum cw_encoding)9, "", 0));
}

static void
test_malformed_encodings_are_refused(void **state)
{
	static const struct {
		enum cw_encoding encoding;
		const char *text;
	} malformed[] = {
		{CW_BASE64, "Zg"},      {CW_BASE64, "Zg="},   {CW_BASE64, "Zg==="},
		{CW_BASE64, "Zg== "},   {CW_BASE64, "-__-"},  {CW_BASE64, "===="},
		{CW_BASE64, "Zh=="},    {CW_BASE64, "Z=g="},  {CW_BASE64URL, "+//+"},
		{CW_BASE64URL, "Zg=="}, {CW_BASE64URL, "Z"},  {CW_BASE16, "6"},
		{CW_BASE16, "6g"},      {CW_BASE16, "66 6f"},
	};
	char *data = NULL;
	size_t length = 0;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(malformed); i++) {
		assert_int_equal(host()->decode(host(), malformed[i].encoding, malformed[i].text,
						&data, &length),
				 CW_E_INVALID);
		assert_null(data);
	}
	assert_int_equal(host()->decode(host(), (enum cw_encoding)9, "", &data, &length),
			 CW_E_PLUGIN);
}

static void
test_digests_are_those_of_the_standards(void **state)
{
	unsigned char digest[32];

	(void)state;
	/* FIPS 180-4's example, and test case 2 of RFC 4231. */
	assert_int_equal(host()->sha256(host(), "abc", 3, digest), CW_OK);
	cw_autofree char *sha = cw_hex(digest, sizeof(digest));
	assert_string_equal(sha,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(
		host()->hmac_sha256(host(), "Jefe", 4, "what do ya want for nothing?", 28, digest),
		CW_OK);
	cw_autofree char *mac = cw_hex(digest, sizeof(digest));
	assert_string_equal(mac,
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_int_equal(host()->hmac_sha256(host(), NULL, 0, "", 0, digest), CW_OK);
	cw_autofree char *empty = cw_hex(digest, sizeof(digest));
	assert_string_equal(empty,
			    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void
test_json_values_are_found_by_pointer(void **state)
{
	static const char text[] =
		"{\"records\": [{\"id\": 7, \"a/b\": \"x\\u00e9\"}], \"n\": null, "
		"\"t\": true, \"s\": \"a\\u0000b\"}";
	static const struct {
		const char *pointer, *value;
	} found[] = {
		{"/records/0/id", "7"}, {"/records/0/a~1b", "x\xc3\xa9"},
		{"/t", "true"},         {"/records/1", NULL},
		{"/n", NULL},           {"/nothing/at/all", NULL},
		{"/records/-", NULL},   {"/s", NULL},
	};
	char *value = NULL;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(found); i++) {
		int status = host()->json_get(host(), text, strlen(text), found[i].pointer, &value);

		assert_int_equal(status, found[i].value != NULL ? CW_OK : CW_E_NOT_FOUND);
		if (found[i].value != NULL)
			assert_string_equal(value, found[i].value);
		host()->release(host(), value);
	}
	ERROR_HAS("\"/s\"");
	assert_int_equal(host()->json_get(host(), "[1,2]", 5, "", &value), CW_OK);
	assert_string_equal(value, "[1,2]");
	host()->release(host(), value);
	assert_int_equal(host()->json_get(host(), "{\"a\":", 5, "/a", &value), CW_E_INVALID);
	assert_int_equal(host()->json_get(host(), "{}", 2, "a", &value), CW_E_PLUGIN);
}

static void
test_texts_are_quoted_for_json(void **state)
{
	static const struct {
		const char *text, *quoted;
	} texts[] = {
		{"", "\"\""},
		{"a:b", "\"a:b\""},
		{"a\"\\\n/", "\"a\\\"\\\\\\n/\""},
		{"\xff", "\"\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		char *quoted = host()->json_quote(host(), texts[i].text);

		assert_string_equal(quoted, texts[i].quoted);
		host()->release(host(), quoted);
	}
}

static void
test_a_credential_is_read_by_its_key_and_is_a_secret(void **state)
{
	cw_autofree char *path = scratch_path("credentials.ini");
	char *value = NULL;

	(void)state;
	scratch_write("credentials.ini", "# key\nexample_token = \"swordfish-9\"\nempty =\n", 0600);
	assert_int_equal(host()->credential(host(), path, "example_token", &value), CW_OK);
	assert_string_equal(value, "swordfish-9");
	host()->release(host(), value);
	cw_autofree char *redacted = cw_redact("it is swordfish-9");
	assert_string_equal(redacted, "it is [secret]");
	assert_int_equal(host()->credential(host(), path, "other", &value), CW_E_NOT_FOUND);
	assert_null(value);
	ERROR_HAS("credentials.ini\" has no \"other\"");
	assert_int_equal(host()->credential(host(), path, "empty", &value), CW_E_NOT_FOUND);
	assert_int_equal(chmod(path, 0604), 0);
	assert_int_equal(host()->credential(host(), path, "example_token", &value),
			 CW_E_PERMISSION);
	scratch_write("credentials.ini", "[unclosed\n", 0600);
	assert_int_equal(host()->credential(host(), path, "example_token", &value), CW_E_INVALID);
	ERROR_HAS("credentials.ini");
}

static int
read_below(const char *path, size_t limit)
{
	cw_autofree char *folder = scratch_path("below");
	char *data = NULL;
	size_t length = 0;
	int status = host()->read_below(host(), folder, path, limit, &data, &length);

	if (status == CW_OK) {
		assert_int_equal(length, 5);
		assert_string_equal(data, "hello");
	} else {
		assert_null(data);
	}
	host()->release(host(), data);
	return status;
}

static void
test_a_file_below_a_folder_is_read_without_following_links(void **state)
{
	cw_autofree char *file = scratch_path("below/link"), *folder = scratch_path("below/loop");
	cw_autofree char *pipe = scratch_path("below/pipe");

	(void)state;
	scratch_write("below/a b/file", "hello", 0600);
	scratch_write("secret", "secret", 0600);
	assert_int_equal(symlink("a b/file", file), 0);
	assert_int_equal(symlink("a b", folder), 0);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(read_below("a b/file", 0), CW_OK);
	assert_int_equal(read_below("a b//./file", 5), CW_OK);
	assert_int_equal(read_below("a b/file", 4), CW_E_INVALID);
	assert_int_equal(read_below("link", 0), CW_E_INVALID);
	ERROR_HAS("is a link");
	assert_int_equal(read_below("loop/file", 0), CW_E_INVALID);
	ERROR_HAS("is a link");
	assert_int_equal(read_below("../secret", 0), CW_E_INVALID);
	assert_int_equal(read_below("/etc/passwd", 0), CW_E_INVALID);
	assert_int_equal(read_below("", 0), CW_E_INVALID);
	assert_int_equal(read_below("pipe", 0), CW_E_INVALID);
	assert_int_equal(read_below("a b", 0), CW_E_INVALID);
	assert_int_equal(read_below("absent", 0), CW_E_NOT_FOUND);
}

static void
note(void *context)
{
	bool *noted = context;

	*noted = true;
}

static void
test_waiting_turns_the_loop_and_takes_the_time(void **state)
{
	int64_t before = cw_now_ms();
	bool noted = false;

	(void)state;
	cw_loop_timer(fixture.loop, 1, note, &noted);
	assert_int_equal(host()->wait(host(), 30), CW_OK);
	assert_true(cw_now_ms() - before >= 30);
	assert_true(noted);
	/* Nobody watches this instance. */
	host()->still_busy(host());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bytes_are_encoded_and_decoded),
		TEST(test_malformed_encodings_are_refused),
		TEST(test_digests_are_those_of_the_standards),
		TEST(test_json_values_are_found_by_pointer),
		TEST(test_texts_are_quoted_for_json),
		TEST(test_a_credential_is_read_by_its_key_and_is_a_secret),
		TEST(test_a_file_below_a_folder_is_read_without_following_links),
		TEST(test_waiting_turns_the_loop_and_takes_the_time),
	};
	int status;

	if (was_plugin_process(argc, argv, &status))
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
