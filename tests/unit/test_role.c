/* This test program starts itself again, in roles of its own. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/peer.h"
#include "base/process.h"
#include "base/process_stat.h"
#include "base/role.h"
#include <cmocka.h>

#include "scratch.h"

enum { TELL = 1, LINES = 3000, LONG_LINE = 100000, WAIT = 20000 };

/* The started processes. */

struct server {
	struct cw_peer *peer;
	bool gone;
};

static void
serve_one(void *context, struct cw_message *request)
{
	struct server *server = context;
	struct cw_message *answer = cw_message_new(TELL);

	cw_message_put_int(answer, cw_message_get_int(request, 0, 1000) + 1);
	cw_peer_answer(server->peer, request, answer);
	cw_message_free(request);
}

static void
serve_no_more(void *context, const struct cw_error *reason)
{
	struct server *server = context;

	(void)reason;
	server->gone = true;
}

/* Answers until we are gone. */
static int
role_serve(int socket)
{
	struct cw_loop *loop = cw_loop_new();
	struct server server = {0};
	struct cw_peer_handler handler = {serve_one, serve_no_more, &server};

	server.peer = cw_peer_new(loop, socket, "the test", &handler);
	cw_loop_until(loop, &server.gone, NULL);
	cw_peer_free(server.peer);
	cw_loop_free(loop);
	return 7;
}

static void
tell_number(void *context, int stream, const char *line)
{
	const int *socket = context;
	pid_t number = (pid_t)atoi(line);

	(void)stream;
	(void)!write(*socket, &number, sizeof(number));
}

/* Runs a program as a plugin does: what that program leaves in the session tells its number. */
static int
role_runner(int socket)
{
	const char *const argv[] = {"/bin/sh", "-c", "(echo $$; exec sleep 1000 >&-) & wait", NULL};
	struct cw_process process = {
		.argv = argv, .in_session = true, .line = tell_number, .line_context = &socket};

	cw_process_run_one(&process, NULL);
	cw_process_clear(&process);
	return 0;
}

static int
open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = -1; /* the folder's own */
	struct dirent *entry;

	while ((entry = readdir(folder)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

/* Says what it has been given. */
static int
role_look(int socket)
{
	struct stat null, out, err;
	int parent_signal = 0;

	fstat(0, &null);
	fstat(1, &out);
	fstat(2, &err);
	prctl(PR_GET_PDEATHSIG, &parent_signal);
	printf("descriptors %d, socket %d\n", open_descriptors(), socket);
	printf("stdin is /dev/null: %d\n", S_ISCHR(null.st_mode) && null.st_rdev == makedev(1, 3));
	printf("one pipe: %d\n", S_ISFIFO(out.st_mode) && out.st_ino == err.st_ino);
	printf("own group: %d, own session: %d\n", getpgid(0) == getpid(), getsid(0) == getpid());
	printf("dies with its parent: %d\n", parent_signal == SIGTERM);
	printf("dumpable: %d\n", prctl(PR_GET_DUMPABLE));
	fflush(stdout);
	fprintf(stderr, "and this is stderr\nwithout an end");
	return 0;
}

static int
role_flood(int socket)
{
	(void)socket;
	for (int i = 0; i < LONG_LINE; i++)
		putchar('x');
	putchar('\n');
	for (int i = 0; i < LINES; i++)
		printf("line %d\n", i);
	return 0;
}

static _Noreturn void
pause_for_ever(void)
{
	for (;;)
		pause();
}

/* Ignores SIGTERM, and says when. */
static int
role_stubborn(int socket)
{
	signal(SIGTERM, SIG_IGN);
	(void)!write(socket, "!", 1);
	pause_for_ever();
}

/* Leaves a child behind that ignores SIGTERM, and tells its number. */
static int
role_leaver(int socket)
{
	pid_t child = fork();

	if (child == 0) {
		signal(SIGTERM, SIG_IGN);
		child = getpid();
		(void)!write(socket, &child, sizeof(child));
		pause_for_ever();
	}
	/* Not before the child has told. */
	(void)!poll(&(struct pollfd){.fd = socket, .events = POLLIN}, 1, -1);
	return 0;
}

/* Starts a server, tells its number, and dies. */
static int
role_parent(int socket)
{
	struct cw_loop *loop = cw_loop_new();
	struct cw_role_start start = {.role = "stays", .what = "the grandchild"};
	struct cw_role_process *process;
	pid_t pid;

	cw_role_start(loop, &start, &process, NULL);
	pid = cw_role_pid(process);
	/* Once it has written, it is there, and will not notice that the socket closes. */
	(void)!poll(&(struct pollfd){.fd = cw_role_take_socket(process), .events = POLLIN}, 1, -1);
	(void)!write(socket, &pid, sizeof(pid));
	raise(SIGKILL);
	return 0;
}

static int
role_stays(int socket)
{
	(void)!write(socket, "!", 1);
	pause_for_ever();
}

static int
role_crash(int socket)
{
	(void)socket;
	signal(SIGSEGV, SIG_DFL); /* a sanitizer has a handler of its own */
	raise(SIGSEGV);
	return 0;
}

static const struct cw_role roles[] = {
	{"serve", role_serve},   {"look", role_look},
	{"flood", role_flood},   {"stubborn", role_stubborn},
	{"leaver", role_leaver}, {"parent", role_parent},
	{"stays", role_stays},   {"crash", role_crash},
	{"runner", role_runner}, {NULL, NULL},
};

/* The tests. */

struct scene {
	struct cw_loop *loop;
	struct cw_role_process *process;
	bool ended;
	char log[PATH_MAX];
};

static void
ended(void *context)
{
	struct scene *scene = context;

	assert_false(scene->ended);
	scene->ended = true;
}

static struct scene *
start(const char *role)
{
	static struct scene scene;
	struct cw_role_start how = {
		.role = role, .what = "the test's process", .ended = ended, .context = &scene};
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *log = scratch_path("log");

	scene = (struct scene){.loop = cw_loop_new()};
	cw_log_set_file(open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
	cw_role_start(scene.loop, &how, &scene.process, &error);
	assert_null(error.message);
	return &scene;
}

static void
finish(struct scene *scene)
{
	cw_role_free(scene->process);
	cw_loop_free(scene->loop);
	cw_log_set_file(-1);
}

static void
wait_for_end(struct scene *scene)
{
	int64_t limit = cw_now_ms() + WAIT;

	while (!scene->ended && cw_now_ms() < limit)
		cw_loop_turn(scene->loop, 100, NULL);
	assert_true(scene->ended);
	assert_true(cw_role_has_ended(scene->process));
}

static void
assert_fate(const struct scene *scene, const char *fate)
{
	cw_auto_error struct cw_error error = {0};

	assert_int_equal(cw_role_fate(scene->process, &error), CW_E_IO);
	assert_string_equal(error.message, fate);
}

static char *
read_log(void)
{
	cw_auto_buf struct cw_buf text = {0};
	cw_autofree char *path = scratch_path("log");

	assert_int_equal(cw_file_read(path, 16 << 20, &text, NULL), CW_OK);
	return cw_buf_take(&text);
}

static void
assert_logged(const char *line)
{
	cw_autofree char *log = read_log();

	if (strstr(log, line) == NULL)
		fail_msg("\"%s\" is not in the log:\n%s", line, log);
}

static bool
is_alive(pid_t pid)
{
	cw_autofree char *path = cw_format("/proc/%ld/stat", (long)pid);
	cw_auto_buf struct cw_buf text = {0};
	const char *state;

	if (cw_file_read(path, 65536, &text, NULL) != CW_OK)
		return false;
	state = strrchr(cw_buf_text(&text), ')');
	return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

static void
assert_dies(pid_t pid)
{
	int64_t limit = cw_now_ms() + WAIT;

	while (is_alive(pid) && cw_now_ms() < limit)
		poll(NULL, 0, 5);
	assert_false(is_alive(pid));
}

struct answer {
	bool done;
	int64_t number;
};

static void
answered(void *context, struct cw_message **message, const struct cw_error *error)
{
	struct answer *answer = context;

	(void)error;
	answer->done = true;
	if (*message != NULL)
		answer->number = cw_message_get_int(*message, 0, 1000);
}

static void
ignore_message(void *context, struct cw_message *message)
{
	(void)context;
	cw_message_free(message);
}

static void
ignore_end(void *context, const struct cw_error *reason)
{
	(void)context;
	(void)reason;
}

static void
test_a_process_answers_and_ends_when_its_socket_closes(void **state)
{
	struct scene *scene = start("serve");
	struct cw_peer_handler handler = {ignore_message, ignore_end, NULL};
	struct cw_peer *peer = cw_peer_new(scene->loop, cw_role_take_socket(scene->process),
					   "the test's process", &handler);
	struct cw_message *request = cw_message_new(TELL);
	struct answer answer = {0};

	(void)state;
	cw_message_put_int(request, 41);
	cw_peer_ask(peer, request, answered, &answer);
	assert_int_equal(cw_loop_until(scene->loop, &answer.done, NULL), CW_OK);
	assert_int_equal(answer.number, 42);
	cw_peer_free(peer);
	wait_for_end(scene);
	assert_fate(scene, "the test's process exited with status 7");
	finish(scene);
}

static void
test_a_process_has_four_descriptors_and_a_group_of_its_own(void **state)
{
	int extra = open("/dev/zero", O_RDONLY); /* not close-on-exec */
	struct scene *scene = start("look");

	(void)state;
	wait_for_end(scene);
	assert_logged("the test's process printed: descriptors 4, socket 3\n");
	assert_logged("the test's process printed: stdin is /dev/null: 1\n");
	assert_logged("the test's process printed: one pipe: 1\n");
	assert_logged("the test's process printed: own group: 1, own session: 1\n");
	assert_logged("the test's process printed: dies with its parent: 1\n");
	assert_logged("the test's process printed: dumpable: 0\n");
	assert_logged("the test's process printed: and this is stderr\n");
	assert_logged("the test's process printed: without an end\n");
	finish(scene);
	close(extra);
}

static size_t
count_lines(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void
test_what_it_prints_is_bounded_and_the_log_says_so(void **state)
{
	struct scene *scene = start("flood");
	cw_autofree char *log = NULL;

	(void)state;
	wait_for_end(scene);
	log = read_log();
	assert_logged("printed: xxxx");
	assert_logged("x ... (");
	assert_logged("printed: line 0\n");
	assert_logged("more lines, which are not shown here\n");
	assert_true(count_lines(log) < LINES / 2);
	assert_true(strlen(log) < LONG_LINE);
	finish(scene);
}

static void
test_one_that_ignores_sigterm_is_killed(void **state)
{
	struct scene *scene = start("stubborn");
	char byte;

	(void)state;
	assert_int_equal(read(cw_role_take_socket(scene->process), &byte, 1), 1);
	cw_role_stop(scene->process, 60000);
	cw_loop_turn(scene->loop, 0, NULL);
	assert_false(scene->ended);
	cw_role_stop(scene->process, 10);
	wait_for_end(scene);
	assert_fate(scene, "the test's process was ended by signal 9 (Killed)");
	finish(scene);
}

static void
test_what_it_leaves_in_its_group_is_ended(void **state)
{
	struct scene *scene = start("leaver");
	int socket = cw_role_take_socket(scene->process);
	pid_t left = 0;

	(void)state;
	assert_int_equal(read(socket, &left, sizeof(left)), sizeof(left));
	assert_int_equal(write(socket, "!", 1), 1);
	wait_for_end(scene);
	assert_fate(scene, "the test's process exited with status 0");
	assert_dies(left);
	close(socket);
	finish(scene);
}

/* The leader's number is nobody else's as long as there are others. */
static void
assert_session_ends(const struct scene *scene)
{
	int64_t limit = cw_now_ms() + WAIT;

	while (cw_session_signal(cw_role_pid(scene->process), 0) > 0 && cw_now_ms() < limit)
		poll(NULL, 0, 5);
	assert_int_equal(cw_session_signal(cw_role_pid(scene->process), 0), 0);
}

/* Starts one that runs a shell, and waits for it; *PROGRAM is that shell. */
static struct scene *
start_runner(int *socket, pid_t *program)
{
	struct scene *scene = start("runner");

	*socket = cw_role_take_socket(scene->process);
	assert_int_equal(read(*socket, program, sizeof(*program)), sizeof(*program));
	return scene;
}

static void
test_what_it_runs_ends_when_it_crashes(void **state)
{
	pid_t program = 0;
	int socket;
	struct scene *scene = start_runner(&socket, &program);

	(void)state;
	assert_int_not_equal(getpgid(program), cw_role_pid(scene->process));
	kill(cw_role_pid(scene->process), SIGKILL);
	wait_for_end(scene);
	assert_dies(program);
	assert_session_ends(scene);
	close(socket);
	finish(scene);
}

static void
test_what_it_runs_ends_when_it_is_stopped(void **state)
{
	pid_t program = 0;
	int socket;
	struct scene *scene = start_runner(&socket, &program);

	(void)state;
	assert_true(cw_session_signal(cw_role_pid(scene->process), 0) >= 2);
	cw_role_stop(scene->process, 0);
	wait_for_end(scene);
	assert_dies(program);
	assert_session_ends(scene);
	close(socket);
	finish(scene);
}

static void
test_forgetting_a_process_kills_it_and_its_group(void **state)
{
	struct scene *scene = start("leaver");
	int socket = cw_role_take_socket(scene->process);
	pid_t leader = cw_role_pid(scene->process);
	pid_t left = 0;

	(void)state;
	assert_int_equal(read(socket, &left, sizeof(left)), sizeof(left));
	finish(scene);
	assert_false(scene->ended);
	assert_dies(leader);
	assert_dies(left);
	close(socket);
}

static void
test_it_dies_with_the_one_that_started_it(void **state)
{
	struct scene *scene = start("parent");
	int socket = cw_role_take_socket(scene->process);
	pid_t grandchild = 0;

	(void)state;
	assert_int_equal(read(socket, &grandchild, sizeof(grandchild)), sizeof(grandchild));
	wait_for_end(scene);
	assert_dies(grandchild);
	close(socket);
	finish(scene);
}

static void
test_a_crash_is_told_by_its_signal(void **state)
{
	struct scene *scene = start("crash");

	(void)state;
	wait_for_end(scene);
	assert_fate(scene, "the test's process was ended by signal 11 (Segmentation fault)");
	finish(scene);
}

static void
test_a_role_that_is_not_there_is_refused(void **state)
{
	struct scene *scene = start("unknown");

	(void)state;
	wait_for_end(scene);
	assert_fate(scene, "the test's process exited with status 2");
	assert_logged("\"--process\" is not for the command line");
	finish(scene);
}

static void
test_the_program_is_found_after_its_file_was_replaced(void **state)
{
	cw_autofree char *path = cw_own_program();
	cw_autofree char *copy = scratch_path("copy");
	cw_autofree char *command =
		cw_format("cp '%s' '%s' && exec '%s' --removed", path, copy, copy);

	(void)state;
	assert_int_equal(access(path, X_OK), 0);
	assert_int_equal(system(command), 0);
}

/* What that copy does. */
static int
start_when_removed(const char *argv0)
{
	struct cw_role_start how = {.role = "crash", .what = "the process"};
	struct cw_loop *loop = cw_loop_new();
	struct cw_role_process *process;

	if (unlink(argv0) != 0 || cw_role_start(loop, &how, &process, NULL) != CW_OK)
		return 1;
	cw_role_free(process);
	cw_loop_free(loop);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_process_answers_and_ends_when_its_socket_closes),
		cmocka_unit_test(test_a_process_has_four_descriptors_and_a_group_of_its_own),
		cmocka_unit_test(test_what_it_prints_is_bounded_and_the_log_says_so),
		cmocka_unit_test(test_one_that_ignores_sigterm_is_killed),
		cmocka_unit_test(test_what_it_leaves_in_its_group_is_ended),
		cmocka_unit_test(test_what_it_runs_ends_when_it_crashes),
		cmocka_unit_test(test_what_it_runs_ends_when_it_is_stopped),
		cmocka_unit_test(test_forgetting_a_process_kills_it_and_its_group),
		cmocka_unit_test(test_it_dies_with_the_one_that_started_it),
		cmocka_unit_test(test_a_crash_is_told_by_its_signal),
		cmocka_unit_test(test_a_role_that_is_not_there_is_refused),
		cmocka_unit_test(test_the_program_is_found_after_its_file_was_replaced),
	};
	int status;

	cw_set_program(argv[0]);
	if (cw_role_dispatch(argc, argv, roles, &status))
		return status;
	if (argc == 2 && strcmp(argv[1], "--removed") == 0)
		return start_when_removed(argv[0]);
	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
