#include "test_acme_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "http/client.h"

#include <cmocka.h>

enum { PATHS_MAX = 300, ANSWERS_MAX = 16 };

struct answer {
	int status;
	char *headers, *body;
};

struct path {
	char *path;
	struct answer answers[ANSWERS_MAX];
	size_t answer_count, next;
	bool hangs;
	size_t asked;
	char *payload;
	struct json_object *header;
};

struct cw_http_exchange {
	struct path *path;
	struct cw_timer *timer;
	cw_http_callback callback;
	void *context;
};

static struct path paths[PATHS_MAX];
static size_t path_count;
static size_t open_exchanges, peak;
static unsigned nonce;
struct cw_loop *server_loop;
struct cw_acme *server_acme;

/* What --wrap makes of cw_http_start() and cw_http_cancel(). */
struct cw_http_exchange *__wrap_cw_http_start(struct cw_http *http,
					      const struct cw_http_message *message,
					      cw_http_callback callback, void *context,
					      struct cw_error *error);
void __wrap_cw_http_cancel(struct cw_http_exchange *exchange);

static int
sign(void *context, const void *data, size_t length, unsigned char **signature,
     size_t *signature_length, struct cw_error *error)
{
	(void)context;
	(void)data;
	(void)error;
	*signature = (unsigned char *)cw_format("signed %zu", length);
	*signature_length = strlen((char *)*signature);
	return CW_OK;
}

const struct cw_signer server_signer = {.algorithm = "ES256", .thumbprint = "THUMB", .sign = sign};

static struct path *
find(const char *path)
{
	for (size_t i = 0; i < path_count; i++) {
		if (strcmp(paths[i].path, path) == 0)
			return &paths[i];
	}
	assert_true(path_count < PATHS_MAX);
	paths[path_count].path = cw_strdup(path);
	return &paths[path_count++];
}

static char *
decode(struct json_object *jws, const char *member)
{
	size_t length;
	const char *text = cw_json_string(jws, member);

	assert_non_null(text);
	return *text == '\0' ? cw_strdup("") : (char *)cw_base64url_decode(text, &length);
}

static void
read_jws(struct path *path, const struct cw_http_message *message)
{
	cw_auto_json struct json_object *jws = NULL;
	cw_autofree char *header = NULL;

	assert_int_equal(cw_json_parse(message->body, message->body_length, "the JWS", &jws, NULL),
			 CW_OK);
	free(path->payload);
	path->payload = decode(jws, "payload");
	header = decode(jws, "protected");
	cw_json_clear(&path->header);
	assert_int_equal(cw_json_parse(header, strlen(header), "it", &path->header, NULL), CW_OK);
	assert_string_equal(cw_json_string(path->header, "url"), message->url);
	assert_non_null(cw_json_string(path->header, "nonce"));
}

static void
reply(void *context)
{
	struct cw_http_exchange *exchange = context;
	struct path *path = exchange->path;
	const struct answer *answer = path->next < path->answer_count
					      ? &path->answers[path->next++]
					      : &path->answers[path->answer_count - 1];
	struct cw_http_answer sent = {.status = answer->status};
	cw_auto_error struct cw_error error = {0};

	open_exchanges--;
	if (answer->status == 0) {
		cw_fail(&error, CW_E_NETWORK, "the connection to \"ca.example\" broke");
		exchange->callback(exchange->context, NULL, &error);
	} else {
		cw_buf_add_text(&sent.body, answer->body == NULL ? "" : answer->body);
		if (answer->headers != NULL)
			cw_strv_split(&sent.headers, answer->headers, '\n');
		if (answer->headers == NULL || strstr(answer->headers, "no-nonce") == NULL)
			cw_strv_addf(&sent.headers, "replay-nonce: nonce-%u", nonce++);
		exchange->callback(exchange->context, &sent, NULL);
		cw_http_answer_clear(&sent);
	}
	free(exchange);
}

struct cw_http_exchange *
__wrap_cw_http_start(struct cw_http *http, const struct cw_http_message *message,
		     cw_http_callback callback, void *context, struct cw_error *error)
{
	struct cw_http_exchange *exchange = cw_alloc(sizeof(*exchange));

	(void)http;
	(void)error;
	assert_true(cw_starts_with(message->url, CA));
	exchange->path = find(message->url + strlen(CA));
	if (exchange->path->answer_count == 0 && !exchange->path->hangs)
		fail_msg("nothing is scripted for %s", message->url);
	exchange->callback = callback;
	exchange->context = context;
	exchange->path->asked++;
	if (strcmp(message->method, "POST") == 0)
		read_jws(exchange->path, message);
	if (++open_exchanges > peak)
		peak = open_exchanges;
	if (!exchange->path->hangs)
		exchange->timer = cw_loop_timer(server_loop, 0, reply, exchange);
	return exchange;
}

void
__wrap_cw_http_cancel(struct cw_http_exchange *exchange)
{
	if (exchange == NULL)
		return;
	cw_loop_cancel(server_loop, exchange->timer);
	free(exchange);
	open_exchanges--;
}

void
server_on(const char *path, int status, const char *headers, const char *body)
{
	struct path *entry = find(path);
	struct answer *answer = &entry->answers[entry->answer_count];

	assert_true(entry->answer_count < ANSWERS_MAX);
	entry->answer_count++;
	answer->status = status;
	answer->headers = cw_strdup(headers);
	answer->body = cw_strdup(body);
}

void
server_problem(const char *path, int status, const char *headers, const char *type,
	       const char *detail)
{
	cw_autofree char *body =
		cw_format("{\"type\":\"" URN "%s\",\"detail\":\"%s\"}", type, detail);

	server_on(path, status, headers, body);
}

static void
forget_answers(struct path *entry)
{
	for (size_t i = 0; i < entry->answer_count; i++) {
		free(entry->answers[i].headers);
		free(entry->answers[i].body);
	}
	entry->answer_count = entry->next = 0;
}

void
server_forget(const char *path)
{
	forget_answers(find(path));
}

void
server_hang(const char *path)
{
	find(path)->hangs = true;
}

size_t
server_count(const char *path)
{
	return find(path)->asked;
}

size_t
server_total(void)
{
	size_t sum = 0;

	for (size_t i = 0; i < path_count; i++)
		sum += paths[i].asked;
	return sum;
}

const char *
server_payload(const char *path)
{
	return find(path)->payload;
}

struct json_object *
server_header(const char *path)
{
	return find(path)->header;
}

size_t
server_peak(void)
{
	return peak;
}

int
server_connect(struct cw_acme **acme, struct cw_error *error)
{
	return server_connect_given(NULL, NULL, acme, error);
}

int
server_connect_given(const char *directory, const char *given_nonce, struct cw_acme **acme,
		     struct cw_error *error)
{
	const struct cw_acme_options options = {.directory_url = CA "/dir",
						.time_limit = 5000,
						.directory = directory,
						.nonce = given_nonce};

	return cw_acme_new(server_loop, NULL, &options, &server_signer, acme, error);
}

void
server_start(void)
{
	open_exchanges = peak = 0;
	server_loop = cw_loop_new();
	server_on("/dir", 200, "no-nonce: 1",
		  "{\"newNonce\":\"" CA "/nonce\",\"newAccount\":\"" CA
		  "/account\",\"newOrder\":\"" CA "/orders\",\"revokeCert\":\"" CA
		  "/revoke\",\"keyChange\":\"" CA "/key\",\"renewalInfo\":\"" CA "/info\"}");
	server_on("/nonce", 200, NULL, NULL);
	assert_int_equal(server_connect(&server_acme, NULL), CW_OK);
	cw_acme_account_use(server_acme, CA "/account/1");
}

void
server_stop(void)
{
	cw_acme_free(server_acme);
	assert_int_equal(open_exchanges, 0);
	cw_loop_free(server_loop);
	for (size_t i = 0; i < path_count; i++) {
		forget_answers(&paths[i]);
		free(paths[i].path);
		free(paths[i].payload);
		cw_json_clear(&paths[i].header);
	}
	memset(paths, 0, sizeof(paths));
	path_count = 0;
}

int
server_set_up(void **state)
{
	(void)state;
	server_start();
	return 0;
}

int
server_tear_down(void **state)
{
	(void)state;
	server_stop();
	return 0;
}
