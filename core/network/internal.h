/* The requests in progress. Private to network/. */
#ifndef CW_NETWORK_INTERNAL_H
#define CW_NETWORK_INTERNAL_H

#include "acme/client.h"
#include "acme/wire.h"
#include "base/loop.h"
#include "base/peer.h"
#include "http/client.h"

struct cw_served_ca;

struct cw_network_process {
	struct cw_loop *loop;
	struct cw_peer *peer;
	struct cw_http *http; /* NULL before BEGIN */
	struct cw_served_ca *cas;
	struct cw_serving *jobs;
	bool over;
};

/* A job: one request of the coordinator, until it is answered or cancelled. Each kind of request
 * has a struct that begins with this one. */
struct cw_serving {
	struct cw_network_process *process;
	uint32_t number;
	struct cw_served_ca *ca; /* the CA that the request is for; NULL: none */
	/* Called before an answer is sent. With a CA only. */
	void (*answering)(struct cw_served_ca *ca);
	/* Called when the CA's directory is there; NULL: the job has started. */
	void (*begin)(struct cw_serving *job);
	struct cw_acme_operation *operation; /* the current operation; NULL: none */
	/* Frees what this kind of request added and cancels what is in flight. May be NULL. */
	void (*clear)(struct cw_serving *job);
	struct cw_serving *next;
};

/* Makes a job of SIZE bytes for REQUEST. All bytes after struct cw_serving are zero. */
void *cw_serving_new(struct cw_network_process *process, const struct cw_message *request,
		     size_t size, void (*clear)(struct cw_serving *job));
/* Starts an answer that says that the request succeeded. More fields may follow. */
struct cw_message *cw_serving_answer(void);
/* Sends ANSWER, which it takes, and ends the job. */
void cw_serving_finish(struct cw_serving *job, struct cw_message *answer);
/* Takes the end of the job's operation. ERROR NULL: returns an answer like cw_serving_answer(), for
 * cw_serving_finish(). Else fails the job and returns NULL. */
struct cw_message *cw_serving_done(struct cw_serving *job, const struct cw_error *error);
/* Answers with ERROR and ends the job. */
void cw_serving_fail(struct cw_serving *job, const struct cw_error *error);
/* Ends the job without an answer. */
void cw_serving_end(struct cw_serving *job);

/* Handles a request. REQUEST is valid only during the call. */
typedef void (*cw_network_handler)(struct cw_network_process *process, struct cw_message *request);

/* cas.c: */
void cw_serve_ca_open(struct cw_network_process *process, struct cw_message *request);
void cw_serve_ca_close(struct cw_network_process *process, struct cw_message *request);
void cw_serve_account_use(struct cw_network_process *process, struct cw_message *request);
struct cw_acme *cw_served_acme(const struct cw_served_ca *ca);
uint32_t cw_served_number(const struct cw_served_ca *ca);
/* Returns the CA that the first field of REQUEST names. If there is none, answers REQUEST with an
 * error and returns NULL. */
struct cw_served_ca *cw_served_find(struct cw_network_process *process, struct cw_message *request);
/* Starts JOB when the CA's directory is there: now or later. If REQUEST was not well-formed to its
 * end or the directory cannot be fetched, JOB fails. */
void cw_served_start(struct cw_served_ca *ca, struct cw_serving *job,
		     const struct cw_message *request, void (*begin)(struct cw_serving *));
/* Returns the signer with this number. If it is new, THUMBPRINT is its thumbprint (NULL: not
 * needed). It lives as long as the CA. */
const struct cw_acme_signer *cw_served_signer(struct cw_served_ca *ca, uint32_t number,
					      const char *thumbprint);
/* Finds an order by its number; NULL: none. orders.c adds the orders. Adding one frees the one that
 * it replaces. */
struct cw_acme_order *cw_served_order(const struct cw_served_ca *ca, uint32_t number);
void cw_served_keep_order(struct cw_served_ca *ca, uint32_t number, struct cw_acme_order *order);
uint32_t cw_served_order_number(const struct cw_served_ca *ca, const struct cw_acme_order *order);
void cw_served_free_all(struct cw_network_process *process);

/* accounts.c: */
void cw_serve_account_new(struct cw_network_process *process, struct cw_message *request);
void cw_serve_account_get(struct cw_network_process *process, struct cw_message *request);
void cw_serve_account_update(struct cw_network_process *process, struct cw_message *request);
void cw_serve_account_deactivate(struct cw_network_process *process, struct cw_message *request);
void cw_serve_account_change_key(struct cw_network_process *process, struct cw_message *request);
/* orders.c: */
void cw_serve_orders_open(struct cw_network_process *process, struct cw_message *request);
void cw_serve_orders_validate(struct cw_network_process *process, struct cw_message *request);
void cw_serve_orders_finalize(struct cw_network_process *process, struct cw_message *request);
void cw_serve_orders_forget(struct cw_network_process *process, struct cw_message *request);
void cw_serve_order_download(struct cw_network_process *process, struct cw_message *request);
/* certificates.c: */
void cw_serve_authorization_deactivate(struct cw_network_process *process,
				       struct cw_message *request);
void cw_serve_revoke(struct cw_network_process *process, struct cw_message *request);
void cw_serve_renewal_info(struct cw_network_process *process, struct cw_message *request);
/* posts.c: */
void cw_serve_post(struct cw_network_process *process, struct cw_message *request);
/* exchanges.c: */
void cw_serve_ocsp(struct cw_network_process *process, struct cw_message *request);
void cw_serve_http(struct cw_network_process *process, struct cw_message *request);
/* names.c: */
void cw_serve_locate(struct cw_network_process *process, struct cw_message *request);
void cw_serve_wait_txt(struct cw_network_process *process, struct cw_message *request);
void cw_serve_lookup(struct cw_network_process *process, struct cw_message *request);
void cw_serve_dns_exchange(struct cw_network_process *process, struct cw_message *request);

#endif
