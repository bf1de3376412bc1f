/* The status server over a document in a file, as the agent would run it: for tests and for
 * pictures.
 *
 * usage: status-serve ADDRESS FILE; the port is the first line of the output. The file is read anew
 * for each request that the server makes; where it is empty there is no document yet. Ends with
 * SIGTERM. */
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/log.h"
#include "base/role.h"
#include "flow/status/server.h"

enum { FILE_MAX = 32 * 1024 * 1024, STATUS_USAGE = 2 };

static struct json_object *
read_document(void *user)
{
	cw_auto_buf struct cw_buf text = {0};
	struct json_object *document = NULL;

	if (cw_file_read(user, FILE_MAX, &text, NULL) < 0 ||
	    cw_json_parse(cw_buf_text(&text), text.length, "it", &document, NULL) < 0)
		return NULL;
	return document;
}

static void
print_line(void *context, enum cw_log_level level, const char *line)
{
	(void)context;
	(void)level;
	fprintf(stderr, "%s\n", line);
}

static int
serve(const char *address, char *path)
{
	struct cw_loop *loop = cw_loop_new();
	const struct cw_status_server_start start = {
		.address = address, .document = read_document, .user = path};
	struct cw_status_server *server;
	cw_auto_error struct cw_error error = {0};
	int status = cw_status_server_new(loop, &start, &server, &error);

	if (status < 0) {
		cw_autofree char *line = cw_error_line(&error);

		fprintf(stderr, "%s\n%s\n", line, cw_error_hint(&error));
	} else {
		printf("%u\n", cw_status_server_port(server));
		fflush(stdout);
		while (cw_loop_turn(loop, -1, NULL) != CW_E_CANCELLED)
			continue;
	}
	cw_status_server_free(server);
	cw_loop_free(loop);
	return status < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	static const struct cw_role roles[] = {{"status", cw_status_main}, {NULL, NULL}};
	int status;

	cw_set_program(argv[0]);
	if (cw_role_dispatch(argc, argv, roles, &status))
		return status;
	if (argc != 3)
		return STATUS_USAGE;
	cw_log_set_terminal(print_line, NULL, CW_LOG_DEBUG);
	cw_catch_signals();
	return serve(argv[1], argv[2]);
}
