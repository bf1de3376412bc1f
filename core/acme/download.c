#include <string.h>
#include "acme/internal.h"
#include "acme/parse.h"
#include "acme/problem.h"
#include "base/log.h"
#include "base/mem.h"

#define PEM_CHAIN "application/pem-certificate-chain"

/* One alternate chain that is being fetched. */
struct download {
	struct cw_acme_batch *batch;
	const char *url;
	struct cw_acme_call *call;
	char *chain; /* NULL: not had */
};

/* The chain's text; NULL when the answer is no PEM chain (RFC 8555 section 9.1). */
static char *
take_chain(struct cw_acme_reply *reply)
{
	const char *text = cw_buf_text(&reply->content);

	if (strlen(text) != reply->content.length ||
	    strstr(text, "-----BEGIN CERTIFICATE-----") == NULL ||
	    strstr(text, "-----END CERTIFICATE-----") == NULL)
		return NULL;
	return cw_buf_take(&reply->content);
}

static void
on_alternate(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct download *download = context;

	download->call = NULL;
	/* The default chain will do; the lack of another is not worth an issuance. */
	if (error == NULL)
		download->chain = take_chain(reply);
	if (error != NULL)
		cw_log_warning("the chain \"%s\" is left out: %s", download->url, error->message);
	else if (download->chain == NULL)
		cw_log_warning("the chain \"%s\" is left out: it is not in PEM", download->url);
	cw_acme_batch_one_done(download->batch);
}

/* Fetches all alternates side by side, keeping their order. */
static int
fetch_alternates(struct cw_acme *acme, const struct cw_strv *urls, struct cw_strv *chains,
		 struct cw_error *error)
{
	struct cw_acme_batch batch = {.acme = acme};
	struct download *downloads = cw_calloc(urls->count + 1, sizeof(*downloads));
	int status;

	for (size_t i = 0; i < urls->count; i++) {
		struct cw_acme_request request = {.what = "the download of an alternate chain",
						  .url = urls->items[i],
						  .accept = PEM_CHAIN,
						  .expect = CW_ACME_EXPECT_ANY};

		if (!cw_acme_url_ok(acme, urls->items[i]))
			continue;
		downloads[i].batch = &batch;
		downloads[i].url = urls->items[i];
		batch.left++;
		downloads[i].call = cw_acme_call_start(acme, &request, on_alternate, &downloads[i]);
	}
	status = cw_acme_batch_run(&batch, error);
	for (size_t i = 0; i < urls->count; i++) {
		cw_acme_call_cancel(downloads[i].call);
		if (status == CW_OK && downloads[i].chain != NULL)
			cw_strv_take(chains, cw_take(&downloads[i].chain));
		free(downloads[i].chain);
	}
	free(downloads);
	return status;
}

int
cw_acme_order_download(struct cw_acme *acme, const struct cw_acme_order *order, bool alternates,
		       struct cw_strv *chains, struct cw_error *error)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_autofree char *names = cw_acme_order_names(order);
	cw_autofree char *what = cw_format("the download of the certificate for %s", names);
	struct cw_acme_request request = {.what = what,
					  .url = order->certificate_url,
					  .accept = PEM_CHAIN,
					  .expect = CW_ACME_EXPECT_ANY,
					  .links = alternates};
	char *chain;
	int status = cw_acme_need_account(acme, error);

	if (status != CW_OK)
		return status;
	if (order->certificate_url == NULL)
		return cw_fail(error, CW_E_INVALID, "the order for %s has no certificate", names);
	status = cw_acme_call_run(acme, &request, &reply, error);
	if (status != CW_OK)
		return status;
	chain = take_chain(&reply);
	if (chain == NULL) {
		cw_fail(error, CW_E_PROTOCOL, "\"%s\" answered no certificate chain in PEM for %s",
			request.url, names);
		cw_acme_hint_nonsense(error);
		return CW_E_PROTOCOL;
	}
	cw_strv_take(chains, chain);
	return fetch_alternates(acme, &reply.alternates, chains, error);
}
