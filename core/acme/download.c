#include <stdlib.h>
#include <string.h>
#include "acme/internal.h"
#include "acme/parse.h"
#include "acme/problem.h"
#include "base/log.h"
#include "base/mem.h"

#define PEM_CHAIN "application/pem-certificate-chain"

/* One alternate chain that is being fetched. */
struct alternate {
	struct download *download;
	char *url;
	struct cw_acme_call *call;
	char *chain; /* NULL: not had */
};

struct download {
	struct cw_acme_operation operation;
	const struct cw_acme_order *order;
	struct cw_strv *chains;
	struct alternate *alternates;
	size_t count;
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
	struct alternate *alternate = context;

	alternate->call = NULL;
	/* The default chain will do; the lack of another is not worth an issuance. */
	if (error == NULL)
		alternate->chain = take_chain(reply);
	if (error != NULL)
		cw_log_warning("the chain \"%s\" is left out: %s", alternate->url, error->message);
	else if (alternate->chain == NULL)
		cw_log_warning("the chain \"%s\" is left out: it is not in PEM", alternate->url);
	cw_acme_operation_one_done(&alternate->download->operation);
}

/* Fetches all alternates side by side. */
static void
fetch_alternates(struct download *download, const struct cw_strv *urls)
{
	struct cw_acme *acme = download->operation.acme;

	download->alternates = cw_calloc(urls->count + 1, sizeof(struct alternate));
	for (size_t i = 0; i < urls->count; i++) {
		struct alternate *alternate = &download->alternates[download->count];
		struct cw_acme_request request = {.what = "the download of an alternate chain",
						  .url = urls->items[i],
						  .accept = PEM_CHAIN,
						  .expect = CW_ACME_EXPECT_ANY};

		if (!cw_acme_url_ok(acme, urls->items[i]))
			continue;
		alternate->download = download;
		alternate->url = cw_strdup(urls->items[i]);
		download->count++;
		download->operation.left++;
		alternate->call = cw_acme_call_start(acme, &request, on_alternate, alternate);
	}
}

static void
on_certificate(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct download *download = context;
	cw_autofree char *names = cw_acme_order_names(download->order);
	cw_auto_error struct cw_error nonsense = {0};
	char *chain = error == NULL ? take_chain(reply) : NULL;

	download->operation.call = NULL;
	if (error == NULL && chain == NULL) {
		cw_fail(&nonsense, CW_E_PROTOCOL,
			"\"%s\" answered no certificate chain in PEM for %s",
			download->order->certificate_url, names);
		cw_acme_hint_nonsense(&nonsense);
		error = &nonsense;
	}
	if (error != NULL) {
		cw_acme_operation_end(&download->operation, error);
		return;
	}
	cw_strv_take(download->chains, chain);
	fetch_alternates(download, &reply->alternates);
	cw_acme_operation_one_done(&download->operation);
}

/* Hands the alternates over in the order in which the server named them. */
static void
complete(struct cw_acme_operation *operation)
{
	struct download *download = (struct download *)operation;

	for (size_t i = 0; i < download->count; i++) {
		if (download->alternates[i].chain != NULL)
			cw_strv_take(download->chains, cw_take(&download->alternates[i].chain));
	}
}

static void
release(struct cw_acme_operation *operation)
{
	struct download *download = (struct download *)operation;

	for (size_t i = 0; i < download->count; i++) {
		cw_acme_call_cancel(download->alternates[i].call);
		free(download->alternates[i].url);
		free(download->alternates[i].chain);
	}
	free(download->alternates);
}

struct cw_acme_operation *
cw_acme_order_download_start(struct cw_acme *acme, const struct cw_acme_order *order,
			     bool alternates, struct cw_strv *chains, cw_acme_done done,
			     void *context)
{
	struct download *download = cw_acme_operation_new(acme, sizeof(*download), done, context);
	cw_autofree char *names = cw_acme_order_names(order);
	cw_autofree char *what = cw_format("the download of the certificate for %s", names);
	struct cw_acme_request request = {.what = what,
					  .url = order->certificate_url,
					  .accept = PEM_CHAIN,
					  .expect = CW_ACME_EXPECT_ANY,
					  .links = alternates};
	cw_auto_error struct cw_error error = {0};
	int status = cw_acme_need_account(acme, &error);

	download->operation.complete = complete;
	download->operation.release = release;
	download->order = order;
	download->chains = chains;
	if (status == CW_OK && order->certificate_url == NULL)
		status =
			cw_fail(&error, CW_E_INVALID, "the order for %s has no certificate", names);
	if (status != CW_OK)
		cw_acme_operation_end(&download->operation, &error);
	else
		download->operation.call =
			cw_acme_call_start(acme, &request, on_certificate, download);
	return &download->operation;
}
