#include "flow/agent/control.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"

#define SOCKET "control"
#define UNFINISHED ".control" /* nobody listens yet */

enum { CLIENTS_MAX = 32, REQUEST_MAX = 4096, READ_SIZE = 4096, ANSWER_MAX = 256 * 1024 * 1024 };

struct cw_control_client {
	struct cw_control *control;
	struct cw_control_client *next;
	int socket;
	bool asked;
	struct cw_buf input;
	struct cw_buf output;
	size_t sent;
};

struct cw_control {
	struct cw_loop *loop;
	int socket;
	char *path;
	cw_control_request request;
	cw_control_gone gone;
	void *context;
	struct cw_control_client *clients; /* the newest first */
};

/* The socket's path may be longer than an address can be, so that of its open folder is used. */
static int
make_address(const char *folder, const char *name, struct sockaddr_un *address, int *descriptor,
	     struct cw_error *error)
{
	*descriptor = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*descriptor < 0)
		return cw_fail_path(error, errno, "open the folder", folder);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", *descriptor,
		 name);
	return CW_OK;
}

static void
free_client(struct cw_control_client *client)
{
	struct cw_control_client **place = &client->control->clients;

	while (*place != client)
		place = &(*place)->next;
	*place = client->next;
	cw_loop_watch(client->control->loop, client->socket, 0, NULL, NULL);
	close(client->socket);
	cw_buf_clear(&client->input);
	cw_buf_clear(&client->output);
	free(client);
}

static void
leave(struct cw_control_client *client)
{
	if (client->asked)
		client->control->gone(client->control->context, client);
	free_client(client);
}

static void
take_request(struct cw_control_client *client)
{
	struct cw_control *control = client->control;
	cw_auto_json struct json_object *request = NULL;
	cw_auto_error struct cw_error error = {0};
	const char *command;

	if (cw_json_parse(cw_buf_text(&client->input), client->input.length, "the request",
			  &request, &error) < 0) {
		cw_control_answer(client, NULL, NULL, &error);
		return;
	}
	command = cw_json_string(request, "command");
	client->asked = true;
	control->request(control->context, client, command != NULL ? command : "",
			 cw_json_string(request, "name"));
}

static void
on_input(void *context, int descriptor, short events)
{
	struct cw_control_client *client = context;
	ssize_t length = read(descriptor, cw_buf_reserve(&client->input, READ_SIZE), READ_SIZE);

	(void)events;
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0 || client->input.length + (size_t)length > REQUEST_MAX) {
		leave(client);
		return;
	}
	cw_buf_grown(&client->input, (size_t)length);
	if (!client->asked && strchr(cw_buf_text(&client->input), '\n') != NULL)
		take_request(client);
}

static void
on_output(void *context, int descriptor, short events)
{
	struct cw_control_client *client = context;
	ssize_t length = send(descriptor, client->output.data + client->sent,
			      client->output.length - client->sent, MSG_NOSIGNAL);

	(void)events;
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length > 0)
		client->sent += (size_t)length;
	if (length <= 0 || client->sent == client->output.length)
		free_client(client);
}

void
cw_control_answer(struct cw_control_client *client, const char *key, struct json_object *value,
		  const struct cw_error *error)
{
	cw_auto_json struct json_object *answer = cw_json_new_object();
	bool failed = error != NULL && error->status < 0;

	cw_json_set_bool(answer, "ok", !failed);
	cw_json_set(answer, "error", failed ? cw_json_error(error) : NULL);
	if (key != NULL)
		cw_json_set(answer, key, value);
	cw_buf_add_text(&client->output, cw_json_text(answer));
	cw_buf_add_char(&client->output, '\n');
	client->asked = false;
	cw_loop_watch(client->control->loop, client->socket, POLLOUT, on_output, client);
}

/* Other users could only get here if somebody changed the folder's permissions. */
static bool
is_allowed(int socket)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

/* Ends the oldest connection that asks for nothing, or does not read its answer, if there are too
 * many. False: all of them wait for something. */
static bool
make_place(struct cw_control *control)
{
	struct cw_control_client *oldest = NULL;
	size_t count = 0;

	for (struct cw_control_client *client = control->clients; client != NULL;
	     client = client->next) {
		count++;
		if (!client->asked)
			oldest = client;
	}
	if (count < CLIENTS_MAX)
		return true;
	if (oldest != NULL)
		free_client(oldest);
	return oldest != NULL;
}

static void
on_connection(void *context, int descriptor, short events)
{
	struct cw_control *control = context;
	int socket = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct cw_control_client *client;

	(void)events;
	if (socket < 0)
		return;
	if (!is_allowed(socket) || !make_place(control)) {
		cw_log_warning("refused a connection to the control socket");
		close(socket);
		return;
	}
	client = cw_alloc(sizeof(*client));
	client->control = control;
	client->socket = socket;
	client->next = control->clients;
	control->clients = client;
	cw_loop_watch(control->loop, socket, POLLIN, on_input, client);
}

int
cw_control_open(struct cw_loop *loop, const char *folder, cw_control_request request,
		cw_control_gone gone, void *context, struct cw_control **control,
		struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/" SOCKET, folder);
	cw_autofree char *unfinished = cw_format("%s/" UNFINISHED, folder);
	cw_autoclose int socket_descriptor = -1, place = -1;
	struct sockaddr_un address;
	int status = make_address(folder, UNFINISHED, &address, &place, error);

	if (status < 0)
		return status;
	/* The agent's lock is held: whoever made these is gone. */
	unlink(path);
	unlink(unfinished);
	socket_descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (socket_descriptor < 0 || fchmod(socket_descriptor, 0600) != 0 ||
	    bind(socket_descriptor, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(unfinished, 0600) != 0 || listen(socket_descriptor, CLIENTS_MAX) != 0 ||
	    rename(unfinished, path) != 0)
		return cw_fail_path(error, errno, "make the control socket", path);
	*control = cw_alloc(sizeof(**control));
	(*control)->loop = loop;
	(*control)->socket = socket_descriptor;
	(*control)->path = cw_take(&path);
	(*control)->request = request;
	(*control)->gone = gone;
	(*control)->context = context;
	socket_descriptor = -1;
	cw_loop_watch(loop, (*control)->socket, POLLIN, on_connection, *control);
	return CW_OK;
}

void
cw_control_close(struct cw_control *control)
{
	if (control == NULL)
		return;
	while (control->clients != NULL)
		free_client(control->clients);
	cw_loop_watch(control->loop, control->socket, 0, NULL, NULL);
	close(control->socket);
	unlink(control->path);
	free(control->path);
	free(control);
}

static int
fail_no_agent(const char *folder, struct cw_error *error)
{
	cw_fail(error, CW_E_NOT_FOUND, "no agent runs for \"%s\"", folder);
	cw_hint(error, "start it with: certwright agent; or give --work-dir if it uses another "
		       "directory");
	return CW_E_NOT_FOUND;
}

static int
receive(int socket, struct json_object **answer, struct cw_error *error)
{
	cw_auto_buf struct cw_buf text = {0};
	ssize_t length;

	while ((length = read(socket, cw_buf_reserve(&text, READ_SIZE), READ_SIZE)) != 0) {
		if (length < 0 && errno != EINTR)
			return cw_fail_errno(error, errno, "cannot read the agent's answer");
		if (length > 0)
			cw_buf_grown(&text, (size_t)length);
		if (text.length > ANSWER_MAX)
			return cw_fail(error, CW_E_PROTOCOL, "the agent's answer is too long");
	}
	if (text.length == 0)
		return cw_fail(error, CW_E_IO, "the agent ended without an answer");
	return cw_json_parse(cw_buf_text(&text), text.length, "the agent's answer", answer, error);
}

static int
connect_to(const char *folder, int *descriptor, struct cw_error *error)
{
	cw_autoclose int place = -1;
	struct sockaddr_un address;

	if (make_address(folder, SOCKET, &address, &place, NULL) < 0)
		return fail_no_agent(folder, error);
	*descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*descriptor >= 0 &&
	    connect(*descriptor, (struct sockaddr *)&address, sizeof(address)) == 0)
		return CW_OK;
	return errno == EACCES ? cw_fail_path(error, errno, "talk to the agent in", folder)
			       : fail_no_agent(folder, error);
}

bool
cw_control_answers(const char *folder)
{
	cw_autoclose int descriptor = -1;

	return connect_to(folder, &descriptor, NULL) == CW_OK;
}

int
cw_control_ask(const char *folder, const char *command, const char *name,
	       struct json_object **answer, struct cw_error *error)
{
	cw_auto_json struct json_object *request = cw_json_new_object();
	cw_autofree char *line = NULL;
	cw_autoclose int descriptor = -1;
	struct json_object *failure;
	int status = connect_to(folder, &descriptor, error);

	if (status < 0)
		return status;
	cw_json_set_string(request, "command", command);
	cw_json_set_string(request, "name", name);
	line = cw_format("%s\n", cw_json_text(request));
	if (cw_write_all(descriptor, line, strlen(line)) != 0)
		return cw_fail(error, CW_E_IO, "the agent does not listen");
	if (receive(descriptor, answer, error) < 0)
		return error->status;
	failure = cw_json_object(*answer, "error");
	if (failure == NULL)
		return CW_OK;
	cw_json_to_error(failure, error);
	return error->status;
}
