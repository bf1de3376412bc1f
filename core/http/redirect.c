/*
 * Redirections (RFC 9110 section 15.4). libcurl could follow them, but it would send the headers of
 * the request along, which hold secrets, wherever they lead.
 */
#include "base/text.h"
#include "http/exchange.h"

#include <stdlib.h>
#include <string.h>

/* Where the answer redirects to; NULL: it does not. */
static const char *
location(const struct cw_http_exchange *exchange)
{
	static const int redirections[] = {301, 302, 303, 307, 308};

	for (size_t i = 0; i < CW_COUNT(redirections); i++)
		if (exchange->answer.status == redirections[i])
			return cw_http_header(&exchange->answer, "location");
	return NULL;
}

static bool
is_same_origin(const struct cw_endpoint *one, const struct cw_endpoint *other)
{
	return cw_equal_nocase(one->host, other->host) && one->port == other->port &&
	       one->secure == other->secure;
}

/* Whether the request becomes a GET without a body. A 301 or 302 does that to a POST, as browsers
 * have always done (RFC 9110 section 15.4.2, note). */
static bool
becomes_get(const struct cw_http_exchange *exchange)
{
	int status = exchange->answer.status;

	if (status == 303)
		return !cw_equal(exchange->method, "HEAD");
	return (status == 301 || status == 302) && cw_equal(exchange->method, "POST");
}

/* Whether the request may go to TARGET. */
static int
judge(const struct cw_http_exchange *exchange, const char *target, bool *same_origin,
      struct cw_error *error)
{
	cw_auto_endpoint struct cw_endpoint from = {0}, to = {0};
	cw_autofree char *who = cw_exchange_server(exchange->url, &from);
	cw_autofree char *where = NULL;

	if (exchange->redirections_left == 0)
		return cw_fail(error, CW_E_PROTOCOL, "%s redirects too many times", who);
	if (target == NULL)
		return cw_fail(error, CW_E_PROTOCOL,
			       "%s redirects to something other than an http or https URL", who);
	where = cw_exchange_server(target, &to);
	if (from.secure && !to.secure)
		return cw_fail(error, CW_E_PROTOCOL,
			       "%s redirects away from https, to %s, which is not followed", who,
			       where);
	*same_origin = is_same_origin(&from, &to);
	if (!*same_origin && exchange->body != NULL && !becomes_get(exchange))
		return cw_fail(error, CW_E_PROTOCOL,
			       "%s redirects to %s, to which the body of the request is not sent",
			       who, where);
	return CW_OK;
}

bool
cw_exchange_redirect(struct cw_http_exchange *exchange, const struct cw_http_settings *settings,
		     struct cw_error *error)
{
	const char *reference = location(exchange);
	cw_autofree char *target = NULL;
	bool same_origin = false;

	if (exchange->redirections == 0 || reference == NULL)
		return false;
	target = cw_http_resolve(exchange->url, reference);
	if (judge(exchange, target, &same_origin, error) != CW_OK)
		return false;
	exchange->redirections_left--;
	return cw_exchange_turn(exchange, settings, cw_take(&target), becomes_get(exchange),
				same_origin, error) == CW_OK;
}
