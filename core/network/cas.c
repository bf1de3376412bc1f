/* The CAs of a run: a client each, with its signers and orders. */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "network/internal.h"

/* A key of the coordinator's, as a number. */
struct signer {
	struct cw_served_ca *ca;
	uint32_t number;
	char *thumbprint;
	struct cw_acme_signer signer;
	struct signing *signings;
	struct signer *next;
};

/* A signature that the coordinator was asked for. */
struct signing {
	struct signer *signer;
	uint32_t request;
	cw_acme_signed done;
	void *done_context;
	struct signing *next;
};

struct kept_order {
	uint32_t number;
	struct cw_acme_order *order;
};

enum opening { CA_OPENING, CA_OPEN, CA_FAILED };

struct cw_served_ca {
	struct cw_network_process *process;
	uint32_t number;
	char *server;
	struct cw_acme *acme;
	struct cw_acme_count told; /* to the coordinator */
	bool silent;               /* a request ended without any answer */
	enum opening opening;
	struct cw_error failure;
	struct signer *signers;
	struct kept_order *orders;
	size_t order_count;
	struct cw_served_ca *next;
};

struct cw_acme *
cw_served_acme(const struct cw_served_ca *ca)
{
	return ca->acme;
}

uint32_t
cw_served_number(const struct cw_served_ca *ca)
{
	return ca->number;
}

/* Tells the coordinator how many requests were sent since it was told last: before an answer, as
 * the run may be over with that. */
static void
tell_count(struct cw_served_ca *ca)
{
	const struct cw_acme_count *count;
	struct cw_message *notice;

	if (ca->acme == NULL)
		return;
	count = cw_acme_count(ca->acme);
	if (count->sent == ca->told.sent && count->failed == ca->told.failed)
		return;
	notice = cw_message_new(CW_NETWORK_COUNTED);
	cw_message_put_int(notice, ca->number);
	cw_message_put_int(notice, count->sent - ca->told.sent);
	cw_message_put_int(notice, count->failed - ca->told.failed);
	cw_peer_tell(ca->process->peer, notice);
	ca->told = *count;
}

static void
set_ca(struct cw_serving *job, struct cw_served_ca *ca)
{
	job->ca = ca;
	job->answering = tell_count;
}

static struct cw_served_ca *
find(struct cw_network_process *process, uint32_t number)
{
	struct cw_served_ca *ca = process->cas;

	while (ca != NULL && ca->number != number)
		ca = ca->next;
	return ca;
}

struct cw_served_ca *
cw_served_find(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = find(process, cw_wire_get_number(request));
	cw_auto_error struct cw_error error = {0};

	if (ca != NULL)
		return ca;
	cw_fail(&error, CW_E_PROTOCOL, "the network process was asked about an unknown CA");
	cw_serving_fail(cw_serving_new(process, request, sizeof(struct cw_serving), NULL), &error);
	return NULL;
}

static void
begin_job(struct cw_serving *job)
{
	void (*begin)(struct cw_serving *) = job->begin;

	job->begin = NULL;
	begin(job);
}

/* A server that gave no answer to one is not waited for again in this run. */
static bool
is_silent(const struct cw_served_ca *ca)
{
	for (const struct cw_served_ca *other = ca->process->cas; other != NULL;
	     other = other->next)
		if (other->silent && strcmp(other->server, ca->server) == 0)
			return true;
	return false;
}

static void
fail_silent(struct cw_serving *job)
{
	cw_auto_error struct cw_error error = {0};

	cw_fail(&error, CW_E_NETWORK, "\"%s\" did not answer before, and is not asked again",
		job->ca->server);
	cw_hint(&error, "check the network and the CA's status page, then run the command again");
	cw_serving_fail(job, &error);
}

static void
await_directory(struct cw_served_ca *ca, struct cw_serving *job, void (*begin)(struct cw_serving *))
{
	set_ca(job, ca);
	job->begin = begin;
	if (ca->opening == CA_FAILED)
		cw_serving_fail(job, &ca->failure);
	else if (is_silent(ca))
		fail_silent(job);
	else if (ca->opening == CA_OPEN)
		begin_job(job);
}

void
cw_served_start(struct cw_served_ca *ca, struct cw_serving *job, const struct cw_message *request,
		void (*begin)(struct cw_serving *))
{
	cw_auto_error struct cw_error error = {0};

	if (cw_message_finish(request, "the coordinator", &error) < 0)
		cw_serving_fail(job, &error);
	else
		await_directory(ca, job, begin);
}

/* Those that waited for the directory, in the order in which they came. */
static void
begin_waiting(struct cw_served_ca *ca)
{
	for (;;) {
		struct cw_serving *oldest = NULL;

		for (struct cw_serving *job = ca->process->jobs; job != NULL; job = job->next)
			if (job->ca == ca && job->begin != NULL)
				oldest = job;
		if (oldest == NULL)
			return;
		if (ca->opening == CA_OPEN)
			begin_job(oldest);
		else
			cw_serving_fail(oldest, &ca->failure);
	}
}

static void
answer_directory(struct cw_serving *job)
{
	struct cw_message *answer = cw_serving_answer();

	cw_wire_put_directory(answer, job->ca->acme);
	cw_serving_finish(job, answer);
}

static void
directory_done(void *context, struct cw_error *error)
{
	struct cw_serving *job = context;
	struct cw_served_ca *ca = job->ca;

	job->operation = NULL;
	if (error == NULL) {
		ca->opening = CA_OPEN;
		answer_directory(job);
	} else {
		ca->opening = CA_FAILED;
		cw_error_copy(&ca->failure, error);
		cw_serving_fail(job, error);
	}
	begin_waiting(ca);
}

/* One that another CA of this run has: several accounts with one server. */
static char *
known_directory(const struct cw_network_process *process, const char *server)
{
	for (const struct cw_served_ca *ca = process->cas; ca != NULL; ca = ca->next) {
		bool fetched;

		if (ca->opening == CA_OPEN && strcmp(ca->server, server) == 0)
			return cw_strdup(cw_acme_directory_text(ca->acme, &fetched));
	}
	return NULL;
}

static void
free_signer(struct signer *signer)
{
	while (signer->signings != NULL) {
		struct signing *next = signer->signings->next;

		cw_peer_forget(signer->ca->process->peer, signer->signings->request);
		free(signer->signings);
		signer->signings = next;
	}
	free(signer->thumbprint);
	free(signer);
}

static void
free_ca(struct cw_served_ca *ca)
{
	cw_acme_free(ca->acme);
	while (ca->signers != NULL) {
		struct signer *next = ca->signers->next;

		free_signer(ca->signers);
		ca->signers = next;
	}
	for (size_t i = 0; i < ca->order_count; i++)
		cw_acme_order_free(ca->orders[i].order);
	free(ca->orders);
	cw_error_clear(&ca->failure);
	free(ca->server);
	free(ca);
}

static void
remove_ca(struct cw_network_process *process, struct cw_served_ca *ca)
{
	struct cw_served_ca **at = &process->cas;
	struct cw_serving *job = process->jobs;

	while (job != NULL) {
		struct cw_serving *next = job->next;

		if (job->ca == ca)
			cw_serving_end(job);
		job = next;
	}
	while (*at != ca)
		at = &(*at)->next;
	*at = ca->next;
	free_ca(ca);
}

void
cw_served_free_all(struct cw_network_process *process)
{
	while (process->cas != NULL)
		remove_ca(process, process->cas);
}

void
cw_serve_ca_open(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_serving *job = cw_serving_new(process, request, sizeof(*job), NULL);
	uint32_t number = cw_wire_get_number(request);
	cw_autofree char *server = cw_message_need_text(request, CW_MESSAGE_LINE);
	cw_autofree char *directory = cw_message_get_text(request, CW_MESSAGE_BODY);
	cw_autofree char *nonce = cw_message_get_text(request, CW_MESSAGE_LINE);
	struct cw_acme_options options = {.directory_url = server, .nonce = nonce};
	cw_auto_error struct cw_error error = {0};
	struct cw_served_ca *ca;
	bool for_renewal_info;
	int status;

	options.time_limit = cw_message_get_int(request, 0, INT32_MAX);
	for_renewal_info = cw_message_get_bool(request);
	status = cw_message_finish(request, "the coordinator", &error);
	if (status < 0) {
		cw_serving_fail(job, &error);
		return;
	}
	ca = find(process, number);
	if (ca != NULL) {
		await_directory(ca, job, answer_directory);
		return;
	}
	if (directory == NULL)
		directory = known_directory(process, server);
	options.directory = directory;
	ca = cw_alloc(sizeof(*ca));
	ca->process = process;
	ca->number = number;
	ca->server = cw_strdup(server);
	options.silent = &ca->silent;
	ca->next = process->cas;
	process->cas = ca;
	set_ca(job, ca);
	if (is_silent(ca)) {
		ca->opening = CA_FAILED;
		cw_fail(&ca->failure, CW_E_NETWORK,
			"\"%s\" did not answer before, and is not asked again", server);
		cw_serving_fail(job, &ca->failure);
		return;
	}
	if (cw_acme_make(process->loop, process->http, &options, NULL, &ca->acme, &error) < 0) {
		ca->opening = CA_FAILED;
		cw_error_copy(&ca->failure, &error);
		cw_serving_fail(job, &error);
		return;
	}
	/* What an earlier run learned may be older than the CA's renewal information. */
	if (for_renewal_info && cw_acme_resource(ca->acme, "renewalInfo") == NULL) {
		cw_acme_free(cw_take(&ca->acme));
		options.directory = NULL;
		cw_acme_make(process->loop, process->http, &options, NULL, &ca->acme, NULL);
	}
	job->operation = cw_acme_directory_start(ca->acme, directory_done, job);
}

void
cw_serve_ca_close(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = cw_served_find(process, request);
	struct cw_message *answer;
	const char *text;
	bool fetched = false;

	if (ca == NULL)
		return;
	answer = cw_serving_answer();
	text = ca->opening == CA_OPEN ? cw_acme_directory_text(ca->acme, &fetched) : NULL;
	cw_message_put_text(answer, text);
	cw_message_put_bool(answer, text != NULL && fetched);
	cw_message_put_text(answer, text != NULL ? cw_acme_unused_nonce(ca->acme) : NULL);
	tell_count(ca);
	cw_peer_answer(process->peer, request, answer);
	remove_ca(process, ca);
}

static void
signed_by_coordinator(void *context, struct cw_message **answer, const struct cw_error *gone)
{
	struct signing *signing = context;
	struct signing **at = &signing->signer->signings;
	cw_acme_signed done = signing->done;
	void *done_context = signing->done_context;
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *jws = NULL;

	while (*at != signing)
		at = &(*at)->next;
	*at = signing->next;
	free(signing);
	if (*answer != NULL) {
		cw_message_get_error(*answer, &error);
		if (error.status == CW_OK) {
			jws = cw_message_need_text(*answer, CW_MESSAGE_BODY);
			cw_message_finish(*answer, "the coordinator", &error);
		}
	} else {
		cw_error_copy(&error, gone);
	}
	done(done_context, error.status == CW_OK ? jws : NULL,
	     error.status == CW_OK ? NULL : &error);
}

static void
ask_signature(void *context, const struct cw_acme_to_sign *what, cw_acme_signed done,
	      void *done_context)
{
	struct signer *signer = context;
	struct cw_message *request = cw_message_new(CW_NETWORK_SIGN);
	struct signing *signing = cw_alloc(sizeof(*signing));

	cw_message_put_int(request, signer->ca->number);
	cw_message_put_int(request, signer->number);
	cw_message_put_text(request, what->url);
	cw_message_put_text(request, what->nonce);
	cw_message_put_text(request, what->kid);
	cw_message_put_text(request, what->payload);
	signing->signer = signer;
	signing->done = done;
	signing->done_context = done_context;
	signing->next = signer->signings;
	signer->signings = signing;
	signing->request =
		cw_peer_ask(signer->ca->process->peer, request, signed_by_coordinator, signing);
}

static void
cancel_signature(void *context, void *done_context)
{
	struct signer *signer = context;

	for (struct signing **at = &signer->signings; *at != NULL; at = &(*at)->next) {
		struct signing *signing = *at;

		if (signing->done_context != done_context)
			continue;
		*at = signing->next;
		cw_peer_forget(signer->ca->process->peer, signing->request);
		free(signing);
		return;
	}
}

const struct cw_acme_signer *
cw_served_signer(struct cw_served_ca *ca, uint32_t number, const char *thumbprint)
{
	struct signer *signer = ca->signers;

	while (signer != NULL && signer->number != number)
		signer = signer->next;
	if (signer == NULL) {
		signer = cw_alloc(sizeof(*signer));
		signer->ca = ca;
		signer->number = number;
		signer->thumbprint = cw_strdup(thumbprint != NULL ? thumbprint : "");
		signer->signer = (struct cw_acme_signer){.thumbprint = signer->thumbprint,
							 .sign = ask_signature,
							 .cancel = cancel_signature,
							 .context = signer};
		signer->next = ca->signers;
		ca->signers = signer;
	}
	return &signer->signer;
}

void
cw_serve_account_use(struct cw_network_process *process, struct cw_message *request)
{
	struct cw_served_ca *ca = find(process, cw_wire_get_number(request));
	uint32_t number = cw_wire_get_number(request);
	cw_autofree char *thumbprint = cw_message_need_text(request, CW_MESSAGE_NAME);
	cw_autofree char *url = cw_message_get_text(request, CW_MESSAGE_LINE);

	if (ca == NULL || ca->acme == NULL ||
	    cw_message_finish(request, "the coordinator", NULL) < 0) {
		cw_log_debug("an account that cannot be used was named");
		return;
	}
	cw_acme_sign_with(ca->acme, cw_served_signer(ca, number, thumbprint));
	if (url != NULL)
		cw_acme_account_use(ca->acme, url);
}

struct cw_acme_order *
cw_served_order(const struct cw_served_ca *ca, uint32_t number)
{
	for (size_t i = 0; i < ca->order_count; i++)
		if (ca->orders[i].number == number)
			return ca->orders[i].order;
	return NULL;
}

uint32_t
cw_served_order_number(const struct cw_served_ca *ca, const struct cw_acme_order *order)
{
	for (size_t i = 0; i < ca->order_count; i++)
		if (ca->orders[i].order == order)
			return ca->orders[i].number;
	return 0;
}

void
cw_served_keep_order(struct cw_served_ca *ca, uint32_t number, struct cw_acme_order *order)
{
	for (size_t i = 0; i < ca->order_count; i++) {
		if (ca->orders[i].number != number)
			continue;
		cw_acme_order_free(ca->orders[i].order);
		if (order != NULL)
			ca->orders[i].order = order;
		else
			ca->orders[i] = ca->orders[--ca->order_count];
		return;
	}
	if (order == NULL)
		return;
	ca->orders = cw_realloc(ca->orders, ca->order_count + 1, sizeof(*ca->orders));
	ca->orders[ca->order_count++] = (struct kept_order){.number = number, .order = order};
}
