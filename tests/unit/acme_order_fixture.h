/*
 * One order for a.example and b.example, what the server says about it, and the steps that the
 * client is asked to take. Include after <cmocka.h>.
 */
#ifndef CW_TESTS_ACME_ORDER_FIXTURE_H
#define CW_TESTS_ACME_ORDER_FIXTURE_H

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "test_acme_server.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct cw_acme_order *order;
	struct cw_buf csr;
};

static inline int
setup(void **state)
{
	struct fixture *fixture = cw_alloc(sizeof(*fixture));

	server_start();
	fixture->order = cw_acme_order_new();
	cw_acme_order_add_identifier(fixture->order, "dns", "a.example");
	cw_acme_order_add_identifier(fixture->order, "dns", "b.example");
	cw_buf_add_text(&fixture->csr, "a CSR");
	*state = fixture;
	return 0;
}

static inline int
teardown(void **state)
{
	struct fixture *fixture = *state;

	server_stop();
	cw_acme_order_free(fixture->order);
	cw_buf_clear(&fixture->csr);
	free(fixture);
	return 0;
}

/* What the server says: an order object; MORE is further members with a leading comma. */
static inline char *
order_json(const char *status, const char *more)
{
	return cw_format("{\"status\":\"%s\",\"identifiers\":[{\"type\":\"dns\",\"value\":"
			 "\"a.example\"},{\"type\":\"dns\",\"value\":\"b.example\"}],"
			 "\"authorizations\":[\"" CA "/z/b\",\"" CA "/z/a\"],\"finalize\":\"" CA
			 "/f/1\"%s}",
			 status, more);
}

static inline void
on_order(const char *path, int http, const char *headers, const char *status, const char *more)
{
	cw_autofree char *body = order_json(status, more);

	server_on(path, http, headers, body);
}

static inline void
on_new_order(const char *url)
{
	cw_autofree char *headers = cw_format("location: %s", url);

	on_order("/orders", 201, headers, "pending", "");
}

/* An authorization of NAME.example; the challenge is at /c/NAME. */
static inline void
on_authorization(const char *name, const char *status, const char *challenge_status,
		 const char *problem)
{
	cw_autofree char *path = cw_format("/z/%s", name);
	cw_autofree char *body = cw_format(
		"{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\",\"value\":\"%s.example\"},"
		"\"challenges\":[{\"type\":\"dns-01\",\"url\":\"" CA "/d/%s\",\"status\":"
		"\"pending\",\"token\":\"dns-0123456789abcdefghi\"},{\"type\":\"http-01\",\"url\":"
		"\"" CA "/c/%s\",\"status\":\"%s\",\"token\":\"0123456789abcdef-token-%s\"%s}]}",
		status, name, name, name, challenge_status, name, problem);

	server_on(path, 200, NULL, body);
}

/* An order that is pending with two pending authorizations. */
static inline void
on_usual_opening(void)
{
	on_new_order(CA "/o/1");
	on_authorization("a", "pending", "pending", "");
	on_authorization("b", "pending", "pending", "");
}

static inline int
open_order(struct fixture *fixture)
{
	return cw_acme_orders_open(server_acme, &fixture->order, 1, NULL);
}

static inline void
choose(struct cw_acme_order *order)
{
	for (size_t i = 0; i < order->authorization_count; i++)
		order->authorizations[i]->chosen = order->authorizations[i]->challenges[1];
}

static inline int
validate(struct fixture *fixture, int64_t limit)
{
	choose(fixture->order);
	return cw_acme_orders_validate(server_acme, &fixture->order, 1, cw_now_ms() + limit, NULL);
}

static inline int
finalize(struct fixture *fixture, int64_t limit)
{
	const struct cw_buf *const csrs[] = {&fixture->csr};

	return cw_acme_orders_finalize(server_acme, &fixture->order, csrs, 1, cw_now_ms() + limit,
				       NULL);
}

static inline void
assert_failed(const struct cw_error *error, int status, const char *why)
{
	cw_autofree char *line = NULL;

	assert_int_equal(error->status, status);
	line = cw_error_line(error);
	if (strstr(line, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, line);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
