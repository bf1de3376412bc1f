#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../plugins/nginx/location.h"

static char *folder;
static struct model model;
static char said[2048];

static int
host_fail(const struct cw_host *host, int status, const char *hint, const char *message)
{
	(void)host;
	(void)hint;
	snprintf(said, sizeof(said), "%s", message);
	return status;
}

static const struct cw_host host = {.size = sizeof(host), .fail = host_fail};

static const char *const file_names[] = {"nginx.conf", "a.conf",  "b.conf",
					 "sites/1",    "sites/2", "sites"};

static int
begin(void **state)
{
	char name[] = "/tmp/cw-test-nginx-XXXXXX";
	autofree char *sites = NULL;

	(void)state;
	if (mkdtemp(name) == NULL)
		return -1;
	folder = memory_copy(name, strlen(name));
	sites = memory_format("%s/sites", folder);
	return mkdir(sites, 0755);
}

static int
end(void **state)
{
	(void)state;
	model_clear(&model);
	for (size_t i = 0; i < sizeof(file_names) / sizeof(*file_names); i++) {
		autofree char *path = memory_format("%s/%s", folder, file_names[i]);

		if (remove(path) != 0 && errno != ENOENT)
			return -1;
	}
	if (rmdir(folder) != 0)
		return -1;
	free(folder);
	return 0;
}

static void
write_text(const char *name, const char *text)
{
	autofree char *path = memory_format("%s/%s", folder, name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static int
read_model(void)
{
	model_clear(&model);
	return model_read(&model, &host, folder);
}

/* Reads a configuration of these servers. */
static void
servers(const char *text)
{
	autofree char *whole = memory_format("events {}\nhttp {\n%s\n}\n", text);

	write_text("nginx.conf", whole);
	if (read_model() != CW_OK)
		fail_msg("%s", said);
}

/* The server chosen for HOST on a port has this in its "root" directive. */
static void
assert_chosen_at(const char *address, unsigned port, const char *host_name, const char *root)
{
	struct group *group = model_group(&model, address, port);
	enum name_match match;
	struct name *name;
	struct server *server;
	struct directive *directive;

	assert_non_null(group);
	server = group_choose(group, host_name, &name, &match);
	directive = model_find(&model, server->directive, "root", NULL);
	assert_non_null(directive);
	assert_string_equal(syntax_value(directive, 1), root);
}

static void
assert_chosen(const char *host_name, const char *root)
{
	assert_chosen_at("*", 80, host_name, root);
}

static void
test_exact_name_wins_over_all_others(void **state)
{
	(void)state;
	servers("server { listen 80; server_name ~^www; root regex; }\n"
		"server { listen 80; server_name www.*; root tail; }\n"
		"server { listen 80; server_name *.example.com; root head; }\n"
		"server { listen 80; server_name www.example.com; root exact; }\n");
	assert_chosen("www.example.com", "exact");
	assert_chosen("ftp.example.com", "head");
	assert_chosen("www.example.net", "tail");
	assert_chosen("www2.example.net", "regex");
	assert_chosen("else.example.net", "regex"); /* the default */
}

static void
test_first_server_is_the_default_unless_another_is_marked(void **state)
{
	(void)state;
	servers("server { listen 80; server_name a; root first; }\n"
		"server { listen 80; server_name b; root second; }\n");
	assert_chosen("unknown.example", "first");
	servers("server { listen 80; server_name a; root first; }\n"
		"server { listen 80 default_server; server_name b; root second; }\n");
	assert_chosen("unknown.example", "second");
	servers("server { listen 80; server_name a; root first; }\n"
		"server { listen 80 default; server_name b; root second; }\n");
	assert_chosen("unknown.example", "second");
}

static void
test_longest_wildcard_wins(void **state)
{
	(void)state;
	servers("server { listen 80; server_name *.example.com; root short; }\n"
		"server { listen 80; server_name *.sub.example.com; root long; }\n"
		"server { listen 80; server_name mail.*; root tail; }\n"
		"server { listen 80; server_name mail.sub.*; root longtail; }\n");
	assert_chosen("a.sub.example.com", "long");
	assert_chosen("sub.example.com", "short");
	assert_chosen("a.b.example.com", "short");
	assert_chosen("mail.x.y", "tail");
	assert_chosen("mail.sub.y", "longtail");
}

static void
test_dotted_name_is_the_name_and_all_below_it(void **state)
{
	(void)state;
	servers("server { listen 80; server_name x; root default; }\n"
		"server { listen 80; server_name .example.com; root dotted; }\n");
	assert_chosen("example.com", "dotted");
	assert_chosen("a.b.example.com", "dotted");
	assert_chosen("notexample.com", "default");
}

static void
test_dotted_name_after_its_exact_name_is_ignored(void **state)
{
	(void)state;
	servers("server { listen 80; server_name x; root default; }\n"
		"server { listen 80; server_name example.com; root exact; }\n"
		"server { listen 80; server_name .example.com; root dotted; }\n");
	assert_chosen("example.com", "exact");
	assert_chosen("a.example.com", "default");
	servers("server { listen 80; server_name .example.com; root dotted; }\n"
		"server { listen 80; server_name example.com; root exact; }\n");
	assert_chosen("example.com", "dotted");
}

static void
test_first_of_two_servers_with_one_name_wins(void **state)
{
	(void)state;
	servers("server { listen 80; server_name x; root default; }\n"
		"server { listen 80; server_name a.example; root first; }\n"
		"server { listen 80; server_name a.example; root second; }\n");
	assert_chosen("a.example", "first");
}

static void
test_case_matters_in_no_name_but_in_expressions_without_capitals(void **state)
{
	(void)state;
	servers("server { listen 80; server_name x; root default; }\n"
		"server { listen 80; server_name WWW.Example.COM; root exact; }\n"
		"server { listen 80; server_name ~^[A-B]\\.example$; root capitals; }\n");
	assert_chosen("www.example.com", "exact");
	assert_chosen("a.example", "capitals");
}

static void
test_first_expression_that_matches_wins_and_a_broken_one_never(void **state)
{
	(void)state;
	servers("server { listen 80; server_name x; root default; }\n"
		"server { listen 80; server_name ~((; root broken; }\n"
		"server { listen 80; server_name ~^(?<sub>.+)\\.example$; root one; }\n"
		"server { listen 80; server_name ~example; root two; }\n");
	assert_chosen("a.example", "one");
	assert_chosen("example.net", "two");
	assert_chosen("else.net", "default");
}

static void
test_every_form_of_listen_has_its_address(void **state)
{
	(void)state;
	servers("server { root implicit; }\n"
		"server { listen 127.0.0.1; root address; }\n"
		"server { listen [::]:80 ipv6only=off; root six; }\n"
		"server { listen [0:0::1]; root shortest; }\n"
		"server { listen *:8080; root star; }\n"
		"server { listen 0.0.0.0:8081; root zero; }\n"
		"server { listen 9000-9002; root range; }\n"
		"server { listen Host.Name:81; root named; }\n"
		"server { listen unix:/run/x.sock; root unix; }\n");
	assert_chosen_at("127.0.0.1", 80, "x", "address");
	assert_chosen_at("[::]", 80, "x", "six");
	assert_chosen_at("[::1]", 80, "x", "shortest");
	assert_chosen_at("*", 8080, "x", "star");
	assert_chosen_at("*", 8081, "x", "zero");
	assert_chosen_at("*", 9001, "x", "range");
	assert_chosen_at("host.name", 81, "x", "named");
	assert_chosen_at("unix:/run/x.sock", 0, "x", "unix");
	if (getuid() == 0)
		assert_chosen_at("*", 80, "x", "implicit");
}

static void
test_listen_options_are_of_the_address(void **state)
{
	struct group *group;

	(void)state;
	servers("server { listen 443 ssl http2; root a; }\n"
		"server { listen 443 ssl; listen 444 proxy_protocol; ssl on; root b; }\n"
		"server { listen 443 quic; root c; }\n");
	group = model_group(&model, "*", 443);
	assert_true(group->ssl && group->http2 && group->quic && !group->proxy_protocol);
	assert_int_equal(group->count, 3);
	group = model_group(&model, "*", 444);
	assert_true(group->ssl && group->proxy_protocol);
}

static void
test_only_servers_of_http_count(void **state)
{
	(void)state;
	write_text("nginx.conf",
		   "events {}\nstream { server { listen 80; root stream; } }\n"
		   "mail { server { listen 25; } }\n"
		   "http { upstream u { server 127.0.0.1:80; } server { root web; } }\n");
	assert_int_equal(read_model(), CW_OK);
	assert_int_equal(model.server_count, 1);
}

static void
test_includes_stand_where_they_are_and_relative_to_the_root(void **state)
{
	(void)state;
	write_text("sites/2", "server { listen 80; server_name two; include a.conf; }");
	write_text("sites/1", "server { listen 80; server_name one; include a.conf; }");
	write_text("a.conf", "root shared; include b.con[f];");
	write_text("b.conf", "server_name more;");
	servers("include none*.conf;\ninclude sites/*;\n"
		"server { listen 80; server_name three; root three; }\n");
	assert_int_equal(model.server_count, 3);
	assert_string_equal(model.servers[0]->names[0].text, "one");
	assert_string_equal(model.servers[0]->names[1].text, "more");
	assert_string_equal(model.servers[1]->names[0].text, "two");
	assert_string_equal(model.servers[2]->names[0].text, "three");
	assert_int_equal(
		file_of(model_find(&model, model.servers[0]->directive, "root", NULL))->uses, 2);
}

static void
test_include_that_leads_back_is_an_error(void **state)
{
	(void)state;
	write_text("nginx.conf", "events {}\nhttp { include a.conf; }\n");
	write_text("a.conf", "\ninclude b.conf;\n");
	write_text("b.conf", "include a.*;\n");
	assert_int_equal(read_model(), CW_E_INVALID);
	assert_non_null(strstr(said, "includes itself"));
	assert_non_null(strstr(said, "a.conf:2"));
}

static void
test_errors_in_files_name_their_places(void **state)
{
	(void)state;
	write_text("nginx.conf", "events {}\nhttp {\n include a.conf;\n}\n");
	assert_int_equal(read_model(), CW_E_NOT_FOUND);
	assert_non_null(strstr(said, "nginx.conf:3"));
	write_text("a.conf", "server {\n listen 80\n}\n");
	assert_int_equal(read_model(), CW_E_INVALID);
	assert_non_null(strstr(said, "a.conf:3:1"));
	write_text("a.conf", "server {\n listen 80:;\n}\n");
	assert_int_equal(read_model(), CW_E_INVALID);
	assert_non_null(strstr(said, "a.conf:2"));
}

static void
test_names_that_a_certificate_can_have_are_told_apart(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {{"www.Example.com", "www.example.com"},
		     {".example.com", "example.com"},
		     {"*.example.com", NULL},
		     {"mail.*", NULL},
		     {"~^a\\.b$", NULL},
		     {"_", NULL},
		     {"", NULL},
		     {"localhost", NULL},
		     {"a..b", NULL},
		     {"a.b.", NULL},
		     {"a_b.c", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *text = memory_copy(cases[i].text, strlen(cases[i].text));
		struct name name;

		name_init(&name, text);
		if (cases[i].wanted == NULL)
			assert_null(name_host(&name));
		else
			assert_string_equal(name_host(&name), cases[i].wanted);
		name_clear(&name);
	}
}

/* The location chosen for PATH has this in its "root" directive. */
static void
assert_location(const char *path, const char *root)
{
	const struct directive *location =
		location_choose(&model, model.servers[0]->directive, path);
	const struct directive *directive;

	if (root == NULL) {
		assert_null(location);
		return;
	}
	assert_non_null(location);
	directive = model_find(&model, location, "root", NULL);
	assert_non_null(directive);
	assert_string_equal(syntax_value(directive, 1), root);
}

static void
test_location_is_the_exact_one_or_a_regular_expression_or_the_longest_prefix(void **state)
{
	(void)state;
	servers("server {\n"
		"location /a { root short; location /a/in { root inner; } }\n"
		"location /abc { root long; }\n"
		"location = /a/exact { root exact; }\n"
		"location =/joined { root joined; }\n"
		"location ^~ /static { root static; }\n"
		"location ~ \\.php$ { root php; }\n"
		"location ~* \\.PHP$ { root second; }\n"
		"location ~*\\.gif$ { root gif; }\n"
		"location @named { root named; }\n"
		"}\n");
	assert_location("/a/b", "short");
	assert_location("/a/in/b", "inner");
	assert_location("/abcd", "long");
	assert_location("/a/exact", "exact");
	assert_location("/a/exact/b", "short");
	assert_location("/joined", "joined");
	assert_location("/abc/x.php", "php");
	assert_location("/abc/x.PHP", "second");
	assert_location("/x.GIF", "gif");
	assert_location("/static/x.php", "static");
	assert_location("@named", "named");
	assert_location("/other", NULL);
}

static void
test_rewrite_fills_in_its_groups(void **state)
{
	static const struct {
		const char *expression, *text, *replacement, *wanted;
	} cases[] = {
		{"^/(.*)$", "/x/y", "/r/$1", "/r/x/y"},
		{"^(/a)?(/.*)$", "/b", "/r$1${2}c", "/r/bc"},
		{"^/(?<all>.*)$", "/x", "/$all/${all}", "/x/x"},
		{"^", "/x", "/r$uri$2$", "/raa"},
		{"^/old", "/new", "/r", NULL},
		{"^/(", "/x", "/r", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *made = expression_replace(cases[i].expression, cases[i].text,
							 cases[i].replacement);

		if (cases[i].wanted == NULL)
			assert_null(made);
		else
			assert_string_equal(made, cases[i].wanted);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_exact_name_wins_over_all_others),
		TEST(test_first_server_is_the_default_unless_another_is_marked),
		TEST(test_longest_wildcard_wins),
		TEST(test_dotted_name_is_the_name_and_all_below_it),
		TEST(test_dotted_name_after_its_exact_name_is_ignored),
		TEST(test_first_of_two_servers_with_one_name_wins),
		TEST(test_case_matters_in_no_name_but_in_expressions_without_capitals),
		TEST(test_first_expression_that_matches_wins_and_a_broken_one_never),
		TEST(test_every_form_of_listen_has_its_address),
		TEST(test_listen_options_are_of_the_address),
		TEST(test_only_servers_of_http_count),
		TEST(test_includes_stand_where_they_are_and_relative_to_the_root),
		TEST(test_include_that_leads_back_is_an_error),
		TEST(test_errors_in_files_name_their_places),
		TEST(test_names_that_a_certificate_can_have_are_told_apart),
		TEST(test_location_is_the_exact_one_or_a_regular_expression_or_the_longest_prefix),
		TEST(test_rewrite_fills_in_its_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
