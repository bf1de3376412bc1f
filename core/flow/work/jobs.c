#include "flow/work/jobs.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/work/jobs_internal.h"
#include "flow/work/undo_plugin.h"
#include "store/checkpoint.h"

/* Milliseconds that jobs get to clean up after a signal; what they do not end then is ended. */
#define STOP_LIMIT 60000

struct cw_context *
cw_job_context(const struct cw_job *job)
{
	return job->jobs->context;
}

const struct cw_batch *
cw_job_batch(const struct cw_job *job)
{
	return job->batch;
}

static void
end_request(struct cw_jobs *jobs, struct cw_request *request)
{
	jobs->ended = cw_realloc(jobs->ended, jobs->ended_count + 1, sizeof(struct cw_request *));
	jobs->ended[jobs->ended_count++] = request;
}

static size_t
index_of(const struct cw_batch *batch, const struct cw_request *request)
{
	size_t index = 0;

	while (batch->requests[index] != request)
		index++;
	return index;
}

void
cw_job_report(struct cw_job *job, struct cw_request *request)
{
	bool *reported = &job->reported[index_of(job->batch, request)];
	bool failed = request->error.status != CW_OK;
	const char *action = failed             ? "failed"
			     : request->dry_run ? "simulated"
			     : request->renewal ? "renewed"
						: "issued";

	if (*reported)
		return;
	*reported = true;
	if (request->result == NULL)
		request->result =
			cw_describe_request(request, action, failed ? &request->error : NULL);
	end_request(job->jobs, request);
}

void
cw_job_over(struct cw_job *job)
{
	job->over = true;
}

/* The requests of which nothing was said fail as ERROR says. */
static void
fail_rest(struct cw_job *job, const struct cw_error *error)
{
	for (size_t i = 0; i < job->batch->count; i++) {
		struct cw_request *request = job->batch->requests[i];

		if (job->reported[i])
			continue;
		cw_error_copy(&request->error, error);
		cw_job_report(job, request);
	}
}

/* Puts edited files back first: what is undone after that may be a server that reads them again. */
static void
undo_what_was_left(struct cw_jobs *jobs)
{
	const struct cw_directories *directories = &jobs->context->directories;
	cw_auto_error struct cw_error error = {0};
	bool reverted = false;

	jobs->left_work = false;
	if (jobs->context->in_memory)
		return;
	if (cw_checkpoints_recover(directories->work, directories->config, &reverted, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_error("cannot revert what a process that died had edited: %s", line);
	}
	cw_undo_what_was_left(jobs->context);
}

static void
end_job(struct cw_job *job)
{
	struct cw_jobs *jobs = job->jobs;

	job->ended = true;
	job->batch->work->end(cw_take(&job->state));
	while (job->plugins != NULL)
		cw_job_plugin_free(job->plugins);
	jobs->active--;
	/* The edits of all stand in one checkpoint, so it is reverted when nobody edits. */
	if (jobs->left_work && jobs->active == 0)
		undo_what_was_left(jobs);
}

/* Not where they say so: that is deep in their own call backs. */
static void
end_those_over(struct cw_jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->items[i].over && !jobs->items[i].ended)
			end_job(&jobs->items[i]);
}

/* Gives what has ended to done(), which may turn the loop, so that more may end meanwhile. */
static void
deliver(struct cw_jobs *jobs)
{
	while (jobs->ended_count > 0) {
		struct cw_request *request = jobs->ended[0];

		jobs->ended_count--;
		memmove(jobs->ended, jobs->ended + 1,
			jobs->ended_count * sizeof(struct cw_request *));
		jobs->done(jobs->done_context, request);
	}
}

/* The CA that is to be asked; NULL: none. */
static const char *
server_of(const struct cw_batch *batch)
{
	const struct cw_account *account = batch->requests[0]->account;

	return account != NULL ? account->server : NULL;
}

/* Whether BATCH has to wait for others: as many as may ask its CA do, or one has its plugin. */
static bool
must_wait(const struct cw_jobs *jobs, const struct cw_batch *batch)
{
	const char *server = server_of(batch);
	size_t same_server = 0;

	for (size_t i = 0; i < jobs->count; i++) {
		const struct cw_job *other = &jobs->items[i];

		if (!other->started || other->ended)
			continue;
		if (batch->exclusive != NULL && cw_equal(other->batch->exclusive, batch->exclusive))
			return true;
		if (cw_equal(server_of(other->batch), server))
			same_server++;
	}
	return same_server >= jobs->most;
}

/* The next to be started, NULL when none may be now; all before *FIRST are started. */
static struct cw_job *
find_startable(const struct cw_jobs *jobs, size_t *first)
{
	while (*first < jobs->count && jobs->items[*first].started)
		(*first)++;
	for (size_t i = *first; i < jobs->count; i++)
		if (!jobs->items[i].started && !must_wait(jobs, jobs->items[i].batch))
			return &jobs->items[i];
	return NULL;
}

static void
start_job(struct cw_job *job)
{
	job->started = true;
	job->jobs->active++;
	job->state = job->batch->work->begin(job);
}

static void
interrupt_all(struct cw_jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->items[i].started && !jobs->items[i].over)
			jobs->items[i].batch->work->interrupt(jobs->items[i].state);
}

/* After a signal: lets the jobs clean up, and waits for them. */
static void
stop_jobs(struct cw_jobs *jobs, const struct cw_error *error)
{
	int64_t deadline = cw_now_ms() + STOP_LIMIT;

	cw_shield_signals(+1);
	jobs->stopping = true;
	interrupt_all(jobs);
	for (;;) {
		int64_t left = deadline - cw_now_ms();

		end_those_over(jobs);
		if (jobs->active == 0 || left <= 0)
			break;
		cw_loop_turn(jobs->context->loop, left, NULL);
	}
	/* Those that did not come to an end. */
	for (size_t i = 0; i < jobs->count; i++) {
		struct cw_job *job = &jobs->items[i];

		if (!job->started || job->ended)
			continue;
		fail_rest(job, error);
		end_job(job);
	}
	deliver(jobs);
	cw_shield_signals(-1);
}

static int
run_all(struct cw_jobs *jobs, struct cw_error *error)
{
	size_t first = 0;
	struct cw_job *next = find_startable(jobs, &first);
	int status = CW_OK;

	while (next != NULL || jobs->active > 0) {
		while (next != NULL) {
			start_job(next);
			next = find_startable(jobs, &first);
		}
		status = cw_loop_turn(jobs->context->loop, -1, error);
		if (status < 0)
			break;
		end_those_over(jobs);
		deliver(jobs);
		next = find_startable(jobs, &first);
	}
	if (jobs->active > 0)
		stop_jobs(jobs, error);
	return status;
}

static void
release(struct cw_jobs *jobs)
{
	cw_listeners_clear(&jobs->listeners);
	cw_shared_store_free(jobs->store);
	for (size_t i = 0; i < jobs->count; i++)
		free(jobs->items[i].reported);
	free(jobs->items);
	free(jobs->ended);
}

int
cw_jobs_run(struct cw_context *context, struct cw_batch *const *batches, size_t count,
	    size_t jobs_max, cw_request_done done, void *done_context, struct cw_error *error)
{
	struct cw_jobs jobs = {
		.context = context,
		.items = cw_calloc(count + 1, sizeof(struct cw_job)),
		.count = count,
		.most = jobs_max > 0 ? jobs_max : 1,
		.store = cw_shared_store_new(),
		.done = done,
		.done_context = done_context,
	};
	cw_auto_error struct cw_error failure = {0};
	int status;

	for (size_t i = 0; i < count; i++) {
		jobs.items[i].jobs = &jobs;
		jobs.items[i].batch = batches[i];
		jobs.items[i].reported = cw_calloc(batches[i]->count, sizeof(bool));
	}
	status = run_all(&jobs, &failure);
	if (status < 0) {
		for (size_t i = 0; i < count; i++)
			fail_rest(&jobs.items[i], &failure);
		deliver(&jobs);
		cw_error_move(error, &failure);
	}
	release(&jobs);
	return status;
}
