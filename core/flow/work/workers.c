#include "flow/work/workers.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/work/channel.h"
#include "flow/work/listeners.h"
#include "flow/work/worker.h"
#include "store/checkpoint.h"
#include "store/undo.h"

#define WATCH_INTERVAL 1000 /* milliseconds between two looks of the watchdog */
#define STOP_LIMIT 60000    /* milliseconds that workers get to clean up after a signal */
#define SEND_LIMIT 30000    /* milliseconds that a worker gets to take an answer */

struct worker {
	struct coordinator *coordinator;
	struct cw_batch *batch;
	bool *reported; /* of each request of the batch */
	struct cw_pulse *pulse;
	struct cw_timer *watch;
	pid_t pid; /* 0: not running */
	struct cw_channel *channel;
	bool started;
	bool killed; /* by the watchdog */
};

struct coordinator {
	struct cw_context *context;
	struct cw_run *run;
	struct cw_loop *loop;
	struct worker *workers; /* one for each batch */
	size_t count;
	size_t jobs; /* workers that may ask the same CA at the same time */
	struct worker **running;
	size_t active; /* of those */
	struct cw_listeners listeners;
	struct cw_request **ended; /* to be given to done() */
	size_t ended_count;
	bool crashed; /* a worker died amid its work, and may have left edits and more */
	cw_request_done done;
	void *done_context;
};

static void
end_request(struct coordinator *coordinator, struct cw_request *request)
{
	coordinator->ended = cw_realloc(coordinator->ended, coordinator->ended_count + 1,
					sizeof(struct cw_request *));
	coordinator->ended[coordinator->ended_count++] = request;
}

/* The requests that the worker said nothing of fail as ERROR says, and may do better on their own
 * when they are LOST; returns their number. */
static size_t
fail_rest(struct worker *worker, bool lost, const struct cw_error *error)
{
	size_t failed = 0;

	for (size_t i = 0; i < worker->batch->count; i++) {
		struct cw_request *request = worker->batch->requests[i];

		if (worker->reported[i])
			continue;
		worker->reported[i] = true;
		request->lost = lost;
		cw_error_copy(&request->error, error);
		request->result = worker->batch->work == NULL
					  ? cw_describe_request(request, "failed", error)
					  : cw_json_new_object();
		end_request(worker->coordinator, request);
		failed++;
	}
	return failed;
}

static void
describe_death(const struct worker *worker, int wait_status, struct cw_error *error)
{
	const char *call = worker->pulse->call;
	bool in_call = atomic_load(&worker->pulse->in_call) != 0;

	if (worker->killed) {
		cw_fail(error, CW_E_PLUGIN,
			"%s did not return within --plugin-timeout and was ended", call);
		cw_hint(error, "see the log; the other certificates are not affected");
	} else if (WIFSIGNALED(wait_status)) {
		cw_fail(error, in_call ? CW_E_PLUGIN : CW_E_IO,
			"the process at work on this certificate was ended by signal %d (%s)%s%s",
			WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)),
			in_call ? " in " : "", in_call ? call : "");
		cw_hint(error, in_call ? "that is a defect of the plugin; report it to its authors"
				       : "run the command again");
	} else {
		cw_fail(error, CW_E_PLUGIN,
			"the process at work on this certificate ended with status %d%s%s",
			WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1,
			in_call ? " in " : "", in_call ? call : "");
	}
}

static void handle_message(struct worker *worker, struct json_object *message);

/* What the worker wrote before it ended. */
static void
drain(struct worker *worker)
{
	for (;;) {
		cw_auto_json struct json_object *message = NULL;

		if (cw_channel_receive(worker->channel, &message, NULL, NULL) < 0 ||
		    message == NULL)
			return;
		handle_message(worker, message);
	}
}

/* Puts edited files back first: what is undone after that may be a server that reads them again. */
static void
clean_up_after_crash(struct coordinator *coordinator)
{
	const struct cw_directories *directories = &coordinator->context->directories;
	cw_auto_error struct cw_error error = {0};
	bool reverted = false;

	coordinator->crashed = false;
	if (cw_checkpoints_recover(directories->work, directories->config, &reverted, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_error("cannot revert what a process that died had edited: %s", line);
	}
	cw_undo_replay(directories->work, 0);
}

static void
remove_running(const struct worker *worker)
{
	struct coordinator *coordinator = worker->coordinator;
	size_t at = 0;

	while (coordinator->running[at] != worker)
		at++;
	coordinator->running[at] = coordinator->running[--coordinator->active];
}

static void
worker_ended(struct worker *worker, int wait_status)
{
	struct coordinator *coordinator = worker->coordinator;
	cw_auto_error struct cw_error error = {0};
	bool unfinished;

	drain(worker);
	cw_loop_watch(coordinator->loop, cw_channel_descriptor(worker->channel), 0, NULL, NULL);
	cw_loop_cancel(coordinator->loop, cw_take(&worker->watch));
	cw_channel_close(cw_take(&worker->channel));
	cw_listeners_forget(&coordinator->listeners, worker);
	describe_death(worker, wait_status, &error);
	unfinished = fail_rest(worker, worker->batch->count > 1 && !worker->killed, &error) > 0;
	munmap(worker->pulse, sizeof(*worker->pulse));
	worker->pid = 0;
	remove_running(worker);
	if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != EXIT_SUCCESS || unfinished)
		coordinator->crashed = true;
	/* The edits of all workers stand in one checkpoint, so it is reverted when nobody edits. */
	if (coordinator->crashed && coordinator->active == 0)
		clean_up_after_crash(coordinator);
}

/* Whether the worker has ended; if so its end is dealt with. */
static bool
reap(struct worker *worker, int options)
{
	int wait_status = 0;
	pid_t pid;

	do {
		pid = waitpid(worker->pid, &wait_status, options);
	} while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	worker_ended(worker, wait_status);
	return true;
}

/* The watchdog. A worker also is looked after here when a child of a plugin keeps its channel open.
 */
static void
watch_worker(void *context)
{
	struct worker *worker = context;
	struct coordinator *coordinator = worker->coordinator;
	int64_t limit = cw_settings_int(coordinator->context->settings, "plugin_timeout", 300);
	int64_t silence = cw_now_ms() - atomic_load(&worker->pulse->beat);

	worker->watch = NULL;
	if (reap(worker, WNOHANG))
		return;
	if (limit > 0 && atomic_load(&worker->pulse->in_call) && silence > limit * 1000) {
		worker->killed = true;
		kill(worker->pid, SIGKILL);
	}
	worker->watch = cw_loop_timer(coordinator->loop, WATCH_INTERVAL, watch_worker, worker);
}

/* A worker begins, or ends, to serve a socket. */
static void
answer_listen(struct worker *worker, bool begins, struct json_object *message,
	      struct json_object *answer, int *descriptor)
{
	struct cw_listeners *listeners = &worker->coordinator->listeners;
	const char *address = cw_json_string(message, "address");
	int64_t port = cw_json_int(message, "port", -1);
	cw_auto_error struct cw_error error = {0};
	bool by_run = false;

	if (address == NULL || port < 1 || port > 65535)
		cw_fail(&error, CW_E_INVALID, "a port must be a number from 1 to 65535");
	else if (begins)
		cw_listeners_take(listeners, worker, address, (unsigned)port, descriptor, &by_run,
				  &error);
	else
		cw_listeners_give_back(listeners, worker, address, (unsigned)port);
	cw_json_set_bool(answer, "by_run", by_run);
	cw_json_set(answer, "error", error.status < 0 ? cw_json_error(&error) : NULL);
}

static int
ask_choice(const struct cw_asker *asker, struct json_object *message, size_t *choice,
	   struct cw_error *error)
{
	struct json_object *items = cw_json_array(message, "items");
	const char *text = cw_json_string(message, "text");
	cw_auto_strv struct cw_strv list = {0};

	for (size_t i = 0; items != NULL && i < json_object_array_length(items); i++)
		cw_strv_add(&list, json_object_get_string(json_object_array_get_idx(items, i)));
	return asker->choice(asker->context, text, (const char *const *)cw_strv_items(&list),
			     list.count, choice, error);
}

static void
answer_question(struct worker *worker, struct json_object *message, struct json_object *answer)
{
	const struct cw_asker *asker = worker->coordinator->context->asker;
	const char *kind = cw_json_string(message, "kind");
	const char *text = cw_json_string(message, "text");
	cw_auto_error struct cw_error error = {0};

	if (kind == NULL || text == NULL) {
		cw_fail(&error, CW_E_PROTOCOL, "a question between processes is malformed");
	} else if (strcmp(kind, "notify") == 0) {
		asker->notify(asker->context, text, cw_json_bool(message, "wait", false), &error);
	} else if (strcmp(kind, "yes_no") == 0) {
		bool value = cw_json_bool(message, "default", false);

		asker->yes_no(asker->context, text, &value, &error);
		cw_json_set_bool(answer, "answer", value);
	} else if (strcmp(kind, "text") == 0) {
		cw_autosecret char *value = NULL;

		asker->text(asker->context, text, cw_json_bool(message, "secret", false), &value,
			    &error);
		cw_json_set_string(answer, "text", value);
	} else {
		size_t choice = 0;

		ask_choice(asker, message, &choice, &error);
		cw_json_set_int(answer, "choice", (int64_t)choice);
	}
	cw_json_set(answer, "error", error.status < 0 ? cw_json_error(&error) : NULL);
}

static void
take_result(struct worker *worker, struct json_object *message)
{
	int64_t index = cw_json_int(message, "index", -1);
	struct json_object *error = cw_json_object(message, "error");
	struct json_object *result = cw_json_object(message, "result");
	struct cw_request *request;

	if (index < 0 || (uint64_t)index >= worker->batch->count || worker->reported[index])
		return;
	request = worker->batch->requests[index];
	worker->reported[index] = true;
	request->saved = cw_json_bool(message, "saved", false);
	request->ca_silent = cw_json_bool(message, "ca_silent", false);
	request->result = json_object_get(result);
	if (error != NULL)
		cw_json_to_error(error, &request->error);
	if (error != NULL && request->ca_silent)
		cw_breaker_trip(&worker->coordinator->run->breaker, request->account->server,
				&request->error);
	if (error != NULL && worker->batch->work == NULL && request->result != NULL)
		cw_json_set(request->result, "error", json_object_get(error));
	end_request(worker->coordinator, request);
}

static void
handle_message(struct worker *worker, struct json_object *message)
{
	const char *type = cw_json_string(message, "type");
	cw_auto_json struct json_object *answer = cw_json_new_object();
	cw_auto_error struct cw_error error = {0};
	int descriptor = -1;

	cw_json_set_string(answer, "type", "answer");
	if (type != NULL && strcmp(type, "result") == 0) {
		take_result(worker, message);
		return;
	}
	if (type != NULL && strcmp(type, "listen") == 0)
		answer_listen(worker, true, message, answer, &descriptor);
	else if (type != NULL && strcmp(type, "unlisten") == 0)
		answer_listen(worker, false, message, answer, &descriptor);
	else
		answer_question(worker, message, answer);
	if (cw_channel_send(worker->channel, answer, descriptor, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_debug("answering worker %d: %s", (int)worker->pid, line);
		if (error.status == CW_E_TIMEOUT)
			kill(worker->pid, SIGKILL);
	}
}

static void
channel_ready(void *context, int descriptor, short events)
{
	struct worker *worker = context;
	cw_auto_json struct json_object *message = NULL;
	cw_auto_error struct cw_error error = {0};

	(void)descriptor;
	(void)events;
	if (cw_channel_receive(worker->channel, &message, NULL, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_error("%s", line);
		kill(worker->pid, SIGKILL);
		reap(worker, 0);
	} else if (message != NULL) {
		handle_message(worker, message);
	} else if (cw_channel_ended(worker->channel)) {
		reap(worker, 0);
	}
}

/* The coordinator's handler would unwind to where only the coordinator may go on. */
static void
die_of_nomem(void)
{
	static const char text[] = "certwright: out of memory in a worker process\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(EXIT_FAILURE);
}

/* In the child: leaves only what is its own. Returns the exit status. */
static int
become_worker(struct coordinator *coordinator, struct worker *self, int end, pid_t parent)
{
	struct cw_channel *channel = cw_channel_open(end, -1);
	int status;

	cw_set_nomem_handler(die_of_nomem);
	/* A worker must not outlive its coordinator's locks for long: it cleans up and ends. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return EXIT_FAILURE;
	for (size_t i = 0; i < coordinator->count; i++)
		if (coordinator->workers[i].pid != 0)
			cw_channel_close(cw_take(&coordinator->workers[i].channel));
	cw_listeners_clear(&coordinator->listeners);
	cw_run_abandon(coordinator->run);
	status = cw_worker_main(coordinator->context, coordinator->run, self->batch, channel,
				self->pulse);
	cw_channel_close(channel);
	return status;
}

static int
start_worker(struct coordinator *coordinator, struct worker *worker, struct cw_error *error)
{
	pid_t parent = getpid();
	int ends[2];
	int status = cw_channel_pair(ends, error);

	if (status < 0)
		return status;
	worker->pulse = mmap(NULL, sizeof(*worker->pulse), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (worker->pulse == MAP_FAILED) {
		status = cw_fail_errno(error, errno, "cannot map a page for a worker");
		goto failed;
	}
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid < 0) {
		worker->pid = 0;
		status = cw_fail_errno(error, errno, "cannot start a worker process");
		munmap(worker->pulse, sizeof(*worker->pulse));
		goto failed;
	}
	if (worker->pid == 0) {
		worker->pid = 0;
		close(ends[0]);
		exit(become_worker(coordinator, worker, ends[1], parent));
	}
	close(ends[1]);
	worker->channel = cw_channel_open(ends[0], SEND_LIMIT);
	coordinator->running[coordinator->active++] = worker;
	cw_loop_watch(coordinator->loop, ends[0], POLLIN, channel_ready, worker);
	worker->watch = cw_loop_timer(coordinator->loop, WATCH_INTERVAL, watch_worker, worker);
	return CW_OK;
failed:
	close(ends[0]);
	close(ends[1]);
	return status;
}

/* Gives what has ended to done(), which may turn the loop (a deploy hook does), so that more may
 * end meanwhile. */
static void
deliver(struct coordinator *coordinator)
{
	while (coordinator->ended_count > 0) {
		struct cw_request *request = coordinator->ended[0];

		coordinator->ended_count--;
		memmove(coordinator->ended, coordinator->ended + 1,
			coordinator->ended_count * sizeof(struct cw_request *));
		coordinator->done(coordinator->done_context, request);
	}
}

static void
signal_workers(struct coordinator *coordinator, int number)
{
	for (size_t i = 0; i < coordinator->count; i++)
		if (coordinator->workers[i].pid != 0)
			kill(coordinator->workers[i].pid, number);
}

/* After a signal: lets the workers clean up, and waits for them. */
static void
stop_workers(struct coordinator *coordinator)
{
	int64_t deadline = cw_now_ms() + STOP_LIMIT;

	cw_shield_signals(+1);
	signal_workers(coordinator, SIGTERM);
	while (coordinator->active > 0) {
		int64_t left = deadline - cw_now_ms();

		if (left <= 0)
			signal_workers(coordinator, SIGKILL);
		cw_loop_turn(coordinator->loop, left > 0 ? left : WATCH_INTERVAL, NULL);
	}
	deliver(coordinator);
	cw_shield_signals(-1);
}

/* The CA that is to be asked; NULL: none. */
static const char *
server_of(const struct cw_batch *batch)
{
	return batch->work == NULL ? batch->requests[0]->account->server : NULL;
}

/* Whether BATCH has to wait for others: as many as may ask its CA do, or one has its plugin. */
static bool
must_wait(const struct coordinator *coordinator, const struct cw_batch *batch)
{
	const char *server = server_of(batch);
	size_t same_server = 0;

	for (size_t i = 0; i < coordinator->active; i++) {
		const struct cw_batch *other = coordinator->running[i]->batch;

		if (batch->exclusive != NULL && cw_equal(other->exclusive, batch->exclusive))
			return true;
		if (cw_equal(server_of(other), server))
			same_server++;
	}
	return same_server >= coordinator->jobs;
}

/* The next to be started, NULL when none may be now; all before *FIRST are started. */
static struct worker *
find_startable(const struct coordinator *coordinator, size_t *first)
{
	while (*first < coordinator->count && coordinator->workers[*first].started)
		(*first)++;
	for (size_t i = *first; i < coordinator->count; i++) {
		struct worker *worker = &coordinator->workers[i];

		if (!worker->started && !must_wait(coordinator, worker->batch))
			return worker;
	}
	return NULL;
}

/* Starts a worker, unless its CA gives no answer. */
static int
begin_batch(struct worker *worker, struct cw_error *error)
{
	struct coordinator *coordinator = worker->coordinator;
	const char *server = server_of(worker->batch);
	cw_auto_error struct cw_error failure = {0};

	worker->started = true;
	if (server == NULL ||
	    cw_breaker_check(&coordinator->run->breaker, server, &failure) == CW_OK)
		return start_worker(coordinator, worker, error);
	fail_rest(worker, false, &failure);
	return CW_OK;
}

static int
run_all(struct coordinator *coordinator, struct cw_error *error)
{
	size_t first = 0;
	struct worker *next = find_startable(coordinator, &first);
	int status = CW_OK;

	while (status == CW_OK && (next != NULL || coordinator->active > 0)) {
		while (status == CW_OK && next != NULL) {
			status = begin_batch(next, error);
			next = find_startable(coordinator, &first);
		}
		if (status == CW_OK && coordinator->active > 0)
			status = cw_loop_turn(coordinator->loop, -1, error);
		deliver(coordinator);
		next = find_startable(coordinator, &first);
	}
	if (coordinator->active > 0)
		stop_workers(coordinator);
	return status;
}

static void
release(struct coordinator *coordinator)
{
	cw_listeners_clear(&coordinator->listeners);
	for (size_t i = 0; i < coordinator->count; i++)
		free(coordinator->workers[i].reported);
	free(coordinator->workers);
	free(coordinator->running);
	free(coordinator->ended);
}

int
cw_workers_run(struct cw_context *context, struct cw_run *run, struct cw_loop *loop,
	       struct cw_batch *const *batches, size_t count, size_t jobs, cw_request_done done,
	       void *done_context, struct cw_error *error)
{
	struct coordinator coordinator = {
		.context = context,
		.run = run,
		.loop = loop,
		.workers = cw_calloc(count, sizeof(struct worker)),
		.running = cw_calloc(count, sizeof(struct worker *)),
		.count = count,
		.jobs = jobs > 0 ? jobs : 1,
		.done = done,
		.done_context = done_context,
	};
	cw_auto_error struct cw_error failure = {0};
	int status;

	for (size_t i = 0; i < count; i++) {
		coordinator.workers[i].coordinator = &coordinator;
		coordinator.workers[i].batch = batches[i];
		coordinator.workers[i].reported = cw_calloc(batches[i]->count, sizeof(bool));
	}
	status = cw_run_share(context, run, &failure);
	if (status == CW_OK)
		status = run_all(&coordinator, &failure);
	if (status < 0) {
		for (size_t i = 0; i < count; i++)
			fail_rest(&coordinator.workers[i], false, &failure);
		deliver(&coordinator);
		cw_error_move(error, &failure);
	}
	release(&coordinator);
	return status;
}
