/*
 * A web server that obtains its own certificate: it answers the CA from its own loop. One thread,
 * no file: the account, the key and the certificate are in memory, and are printed here.
 *
 * usage: serve-http NAME PORT [SERVER]
 *
 * PORT is the one that the CA asks: 80, for a public CA. It accepts the CA's terms of service.
 */
#include <arpa/inet.h>
#include <certwright/certwright.h>
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TOKENS_MAX 10

/* The challenges that this server answers now. */
struct token {
	int id; /* 0: the place is free */
	char path[256];
	char body[256];
};

struct server {
	int listener;
	struct token tokens[TOKENS_MAX];
};

static const char *
text_of(struct json_object *object, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(object, key));

	return text != NULL ? text : "";
}

static int
listen_at(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
	};
	int one = 1;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 16) < 0) {
		fprintf(stderr, "cannot listen at port %d: %s\n", port, strerror(errno));
		exit(1);
	}
	return listener;
}

/* A real server has pages of its own, too. */
static void
answer_request(const struct server *server)
{
	const struct timeval limit = {.tv_sec = 5};
	int connection = accept(server->listener, NULL, NULL);
	char request[4096], path[256] = "", answer[512];
	ssize_t length;

	if (connection < 0)
		return;
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	length = recv(connection, request, sizeof(request) - 1, 0);
	request[length > 0 ? length : 0] = '\0';
	sscanf(request, "GET %255s", path);
	snprintf(answer, sizeof(answer), "HTTP/1.0 404 Not Found\r\n\r\n");
	for (size_t i = 0; i < TOKENS_MAX; i++)
		if (server->tokens[i].id != 0 && strcmp(server->tokens[i].path, path) == 0)
			snprintf(answer, sizeof(answer), "HTTP/1.0 200 OK\r\n\r\n%s",
				 server->tokens[i].body);
	send(connection, answer, strlen(answer), MSG_NOSIGNAL);
	close(connection);
}

/* Serves what the challenge asks for, and says that it can be looked at. */
static void
publish(struct server *server, struct cw_client *client, struct json_object *challenge)
{
	int id = json_object_get_int(json_object_object_get(challenge, "id"));
	size_t place = 0;
	char reply[128];

	while (place < TOKENS_MAX && server->tokens[place].id != 0)
		place++;
	if (place < TOKENS_MAX) {
		struct token *token = &server->tokens[place];

		token->id = id;
		snprintf(token->path, sizeof(token->path), "%s", text_of(challenge, "location"));
		snprintf(token->body, sizeof(token->body), "%s", text_of(challenge, "validation"));
	}
	snprintf(reply, sizeof(reply), "{\"id\": %d, \"ready\": %s}", id,
		 place < TOKENS_MAX ? "true" : "false, \"detail\": \"too many challenges\"");
	cw_client_reply(client, reply);
}

static void
forget(struct server *server, int id)
{
	for (size_t i = 0; i < TOKENS_MAX; i++)
		if (server->tokens[i].id == id)
			server->tokens[i].id = 0;
}

static void
take_event(struct server *server, struct cw_client *client, struct json_object *event)
{
	const char *name = text_of(event, "event");

	if (strcmp(name, "challenge") == 0)
		publish(server, client, event);
	else if (strcmp(name, "challenge_over") == 0)
		forget(server, json_object_get_int(json_object_object_get(event, "id")));
	else if (strcmp(name, "message") == 0)
		fprintf(stderr, "%s\n", text_of(event, "text"));
}

static char *
make_request(const char *name, const char *server)
{
	struct json_object *request = json_object_new_object();
	struct json_object *options = json_object_new_object();
	char *text;

	json_object_object_add(request, "verb", json_object_new_string("certonly"));
	json_object_object_add(request, "store", json_object_new_string("memory"));
	json_object_object_add(request, "options", options);
	json_object_object_add(options, "domain", json_object_new_string(name));
	json_object_object_add(options, "authenticator", json_object_new_string("host"));
	json_object_object_add(options, "preferred-challenges", json_object_new_string("http-01"));
	json_object_object_add(options, "agree-tos", json_object_new_boolean(1));
	json_object_object_add(options, "register-unsafely-without-email",
			       json_object_new_boolean(1));
	if (server != NULL)
		json_object_object_add(options, "server", json_object_new_string(server));
	text = strdup(json_object_to_json_string(request));
	json_object_put(request);
	return text;
}

/* The server's loop: its own connections, and the client's events. */
static struct json_object *
serve_until_answer(struct server *server, struct cw_client *client)
{
	for (;;) {
		struct pollfd waits[] = {{.fd = server->listener, .events = POLLIN},
					 {.fd = cw_client_fd(client), .events = POLLIN}};
		char *text;
		int kind;

		while ((kind = cw_client_next_event(client, &text)) > CW_EVENT_NONE) {
			struct json_object *event = json_tokener_parse(text);

			cw_free(text);
			if (kind == CW_EVENT_ANSWER)
				return event;
			take_event(server, client, event);
			json_object_put(event);
		}
		poll(waits, 2, -1);
		if (waits[0].revents != 0)
			answer_request(server);
	}
}

int
main(int argc, char **argv)
{
	struct server server = {.listener = -1};
	struct cw_client *client;
	struct json_object *answer;
	char *text;
	int ok;

	if (argc < 3) {
		fprintf(stderr, "usage: serve-http NAME PORT [SERVER]\n");
		return 2;
	}
	if (cw_client_new(NULL, &client, &text) < 0) {
		fprintf(stderr, "%s\n", text != NULL ? text : "out of memory");
		cw_free(text);
		return 1;
	}
	server.listener = listen_at(atoi(argv[2]));
	text = make_request(argv[1], argc > 3 ? argv[3] : NULL);
	cw_call_start(client, text);
	free(text);
	answer = serve_until_answer(&server, client);
	cw_client_free(client);
	close(server.listener);
	ok = json_object_get_boolean(json_object_object_get(answer, "ok"));
	if (ok) {
		struct json_object *certificate = json_object_array_get_idx(
			json_object_object_get(answer, "certificates"), 0);

		printf("%s%s", text_of(certificate, "key"), text_of(certificate, "fullchain"));
	} else {
		fprintf(stderr, "%s\n",
			text_of(json_object_object_get(answer, "error"), "message"));
	}
	json_object_put(answer);
	return ok ? 0 : 1;
}
