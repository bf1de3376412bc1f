#include "http_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
send_answer(FILE *stream, const char *status, const char *headers, const char *body, size_t length)
{
	fprintf(stream, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers, length);
	fwrite(body, 1, length, stream);
	fflush(stream);
}

/* One request's parts; the texts are static. */
struct request {
	char method[16], path[256], headers[4096], body[65536];
	size_t body_length;
};

static bool
read_request(FILE *stream, struct request *request)
{
	char line[2048];

	memset(request, 0, sizeof(*request));
	if (fgets(line, sizeof(line), stream) == NULL ||
	    sscanf(line, "%15s %255s", request->method, request->path) != 2)
		return false;
	while (fgets(line, sizeof(line), stream) != NULL && line[0] != '\r') {
		if (strlen(request->headers) + strlen(line) < sizeof(request->headers))
			strcat(request->headers, line);
		sscanf(line, "Content-Length: %zu", &request->body_length);
	}
	return request->body_length < sizeof(request->body) &&
	       fread(request->body, 1, request->body_length, stream) == request->body_length;
}

static void
answer_long(FILE *stream, bool announced)
{
	char block[1000];

	memset(block, 'x', sizeof(block));
	fprintf(stream, "HTTP/1.1 200 OK\r\n%s\r\n",
		announced ? "Content-Length: 3000000\r\n" : "Connection: close\r\n");
	for (int i = 0; i < 3000; i++)
		fwrite(block, 1, sizeof(block), stream);
	fflush(stream);
}

static void
answer_many_headers(FILE *stream, bool endless)
{
	fputs("HTTP/1.1 200 OK\r\n", stream);
	for (int i = 0; i < (endless ? 2000 : 100); i++)
		fprintf(stream, "X-Header-%d: a value that takes some room\r\n", i);
	fputs("Content-Length: 0\r\n\r\n", stream);
	fflush(stream);
}

static void
answer_echo(FILE *stream, const struct request *request)
{
	static char text[sizeof(request->headers) + sizeof(request->body) + 32];
	size_t length =
		(size_t)snprintf(text, sizeof(text), "%s\n%s\n", request->method, request->headers);

	memcpy(text + length, request->body, request->body_length);
	length += request->body_length;
	send_answer(stream, "200 OK", "", text, strcmp(request->method, "HEAD") == 0 ? 0 : length);
}

/* "/STATUS/here" redirects to /echo, "/STATUS/elsewhere" does so at another name of this server,
 * which is another origin. */
static void
answer_redirection(FILE *stream, const struct request *request)
{
	static const char host[] = "Host: 127.0.0.1:";
	const char *port = strstr(request->headers, host);
	char status[32], header[128];

	snprintf(status, sizeof(status), "%.3s Redirection", request->path + 1);
	if (strcmp(request->path + 4, "/here") == 0)
		snprintf(header, sizeof(header), "Location: /echo\r\n");
	else
		snprintf(header, sizeof(header), "Location: http://localhost:%u/echo\r\n",
			 port == NULL ? 0 : (unsigned)atoi(port + strlen(host)));
	send_answer(stream, status, header, "", 0);
}

/* Answers one request; false ends the connection. */
static bool
answer(FILE *stream, const struct request *request, int connection, int count)
{
	const char *path = request->path;
	char text[64];

	if (strcmp(path, "/hello") == 0) {
		send_answer(stream, "200 OK", "X-One: 1\r\nX-TWO:   two words  \r\n", "hello", 5);
	} else if (strcmp(path, "/count") == 0) {
		snprintf(text, sizeof(text), "connection %d request %d", connection, count);
		send_answer(stream, "200 OK", "", text, strlen(text));
	} else if (strcmp(path, "/echo") == 0) {
		answer_echo(stream, request);
	} else if (strcmp(path, "/missing") == 0) {
		send_answer(stream, "404 Not Found", "", "{}", 2);
	} else if (strcmp(path, "/redirect") == 0) {
		send_answer(stream, "302 Found", "Location: /hello\r\nX-Old: 1\r\n", "moved", 5);
	} else if (strcmp(path, "/redirect-file") == 0) {
		send_answer(stream, "302 Found", "Location: file:///etc/passwd\r\n", "", 0);
	} else if (path[0] == '/' && path[1] == '3') {
		answer_redirection(stream, request);
	} else if (strcmp(path, "/circle") == 0) {
		send_answer(stream, "302 Found", "Location: /circle\r\n", "", 0);
	} else if (strcmp(path, "/announced") == 0 || strcmp(path, "/unannounced") == 0) {
		answer_long(stream, strcmp(path, "/announced") == 0);
		return false;
	} else if (strcmp(path, "/headers") == 0 || strcmp(path, "/endless-headers") == 0) {
		answer_many_headers(stream, strcmp(path, "/headers") != 0);
	} else if (strcmp(path, "/folded") == 0) {
		send_answer(stream, "200 OK", "X-Folded: one\r\n  two\r\n", "", 0);
	} else if (strcmp(path, "/early-hints") == 0) {
		fputs("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n", stream);
		send_answer(stream, "200 OK", "", "", 0);
	} else if (strcmp(path, "/silent") == 0) {
		pause();
	} else if (strcmp(path, "/cut") == 0) {
		fputs("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", stream);
		fflush(stream);
		return false;
	} else if (strcmp(path, "/rubbish") == 0) {
		fputs("SSH-2.0-OpenSSH_9.2\r\n\r\n", stream);
		fflush(stream);
		return false;
	} else {
		return false;
	}
	return true;
}

static void
serve_connection(int descriptor, int connection)
{
	static struct request request;
	FILE *stream = fdopen(descriptor, "r+");
	int count = 0;

	while (read_request(stream, &request) && answer(stream, &request, connection, ++count))
		continue;
	fclose(stream);
}

/* The children end with their parent, which ends with the process group. */
void
serve(int listener)
{
	setpgid(0, 0);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (int connection = 1;; connection++) {
		int descriptor = accept(listener, NULL, NULL);

		if (descriptor < 0)
			_exit(1);
		if (fork() == 0) {
			close(listener);
			serve_connection(descriptor, connection);
			_exit(0);
		}
		close(descriptor);
	}
}
