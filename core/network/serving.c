/* Requests of the coordinator's: from when they come until they are answered or cancelled. */
#include <stdlib.h>
#include "base/mem.h"
#include "network/internal.h"

void *
cw_serving_new(struct cw_network_process *process, const struct cw_message *request, size_t size,
	       void (*clear)(struct cw_serving *job))
{
	struct cw_serving *job = cw_alloc(size);

	job->process = process;
	job->number = request->number;
	job->clear = clear;
	job->next = process->jobs;
	process->jobs = job;
	return job;
}

struct cw_message *
cw_serving_answer(void)
{
	struct cw_message *answer = cw_message_new(CW_NETWORK_ANSWER);

	cw_message_put_error(answer, NULL);
	return answer;
}

void
cw_serving_end(struct cw_serving *job)
{
	struct cw_serving **at = &job->process->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	cw_acme_operation_cancel(job->operation);
	if (job->clear != NULL)
		job->clear(job);
	free(job);
}

static void
answer_number(struct cw_network_process *process, uint32_t number, struct cw_message *answer)
{
	struct cw_message request = {.number = number};

	cw_peer_answer(process->peer, &request, answer);
}

void
cw_serving_finish(struct cw_serving *job, struct cw_message *answer)
{
	if (job->answering != NULL)
		job->answering(job->ca);
	answer_number(job->process, job->number, answer);
	cw_serving_end(job);
}

void
cw_serving_fail(struct cw_serving *job, const struct cw_error *error)
{
	struct cw_message *answer = cw_message_new(CW_NETWORK_ANSWER);

	cw_message_put_error(answer, error);
	cw_serving_finish(job, answer);
}

struct cw_message *
cw_serving_done(struct cw_serving *job, const struct cw_error *error)
{
	job->operation = NULL;
	if (error == NULL)
		return cw_serving_answer();
	cw_serving_fail(job, error);
	return NULL;
}
