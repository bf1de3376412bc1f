#include "flow/report/failure.h"
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/text.h"

enum { PARTS_SHOWN = 5, LEVELS_MAX = 8 };

static const char acme_errors[] = "urn:ietf:params:acme:error:";

/* RFC 8555 section 6.7, RFC 9115 and others: what a CA refuses. */
static const struct {
	const char *problem;
	const char *kind;
} problem_kinds[] = {
	{"rateLimited", "rate-limit"},
	{"dns", "dns"},
	{"accountDoesNotExist", "account"},
	{"externalAccountRequired", "account"},
	{"userActionRequired", "account"},
	{"invalidContact", "account"},
	{"unsupportedContact", "account"},
	{"serverInternal", "ca-down"},
	{"unauthorized", "challenge"},
	{"connection", "challenge"},
	{"incorrectResponse", "challenge"},
	{"tls", "challenge"},
	{"caa", "challenge"},
};

/* By cw_status_name(). */
static const struct {
	const char *status;
	const char *kind;
} status_kinds[] = {
	{"network", "ca-down"}, {"timeout", "ca-down"}, {"protocol", "ca-down"},
	{"plugin", "plugin"},   {"command", "hook"},    {"io", "disk"},
	{"permission", "disk"},
};

static struct json_object *
part_at(struct json_object *error, size_t index)
{
	struct json_object *parts = cw_json_array(error, "parts");

	if (parts == NULL || index >= json_object_array_length(parts))
		return NULL;
	return json_object_array_get_idx(parts, index);
}

static const char *
kind_by_problem(struct json_object *error, int levels)
{
	const char *type = cw_json_string(cw_json_object(error, "problem"), "type");
	const char *kind = NULL;
	struct json_object *part;

	if (type != NULL && cw_starts_with(type, acme_errors))
		type += sizeof(acme_errors) - 1;
	for (size_t i = 0; i < CW_COUNT(problem_kinds) && kind == NULL; i++)
		if (cw_equal(type, problem_kinds[i].problem))
			kind = problem_kinds[i].kind;
	for (size_t i = 0; levels > 0 && kind == NULL && (part = part_at(error, i)) != NULL; i++)
		kind = kind_by_problem(part, levels - 1);
	return kind;
}

const char *
cw_failure_kind(struct json_object *error)
{
	const char *kind = kind_by_problem(error, LEVELS_MAX);
	const char *status = cw_json_string(error, "status");

	for (size_t i = 0; i < CW_COUNT(status_kinds) && kind == NULL; i++)
		if (cw_equal(status, status_kinds[i].status))
			kind = status_kinds[i].kind;
	return kind != NULL ? kind : "other";
}

char *
cw_failure_message(struct json_object *error)
{
	cw_autofree char *message = cw_json_prose(error, "message");
	cw_auto_buf struct cw_buf text = {0};
	struct json_object *part;
	size_t more = 0;

	cw_buf_add_text(&text, message != NULL ? message : "an error without a message");
	for (size_t i = 0; (part = part_at(error, i)) != NULL; i++) {
		cw_autofree char *detail = cw_json_prose(part, "message");

		if (detail == NULL || strstr(cw_buf_text(&text), detail) != NULL)
			continue;
		if (i < PARTS_SHOWN)
			cw_buf_addf(&text, "; %s", detail);
		else
			more++;
	}
	if (more > 0)
		cw_buf_addf(&text, "; and %zu more", more);
	return cw_buf_take(&text);
}

static const char *
find_hint(struct json_object *error, int levels)
{
	const char *hint = cw_json_string(error, "hint");
	struct json_object *part;

	for (size_t i = 0; levels > 0 && hint == NULL && (part = part_at(error, i)) != NULL; i++)
		hint = find_hint(part, levels - 1);
	return hint;
}

const char *
cw_failure_hint(struct json_object *error)
{
	return find_hint(error, LEVELS_MAX);
}

struct json_object *
cw_failure_describe(struct json_object *failure)
{
	struct json_object *error = cw_json_object(failure, "error");
	cw_autofree char *message = NULL;
	struct json_object *description;

	if (error == NULL)
		return NULL;
	message = cw_failure_message(error);
	description = cw_json_new_object();
	cw_json_set_string(description, "time", cw_json_string(failure, "time"));
	cw_json_set_string(description, "kind", cw_failure_kind(error));
	cw_json_set_string(description, "message", message);
	cw_json_set_string(description, "hint", cw_failure_hint(error));
	cw_json_set(description, "until", NULL);
	return description;
}

void
cw_problem_add(struct json_object *problems, const char *kind, const char *message,
	       const char *hint)
{
	struct json_object *problem = cw_json_new_object();

	cw_json_set_string(problem, "kind", kind);
	cw_json_set_string(problem, "message", message);
	cw_json_set_string(problem, "hint", hint);
	cw_json_append(problems, problem);
}

void
cw_problem_add_error(struct json_object *problems, const char *kind, const struct cw_error *error)
{
	cw_auto_json struct json_object *described = cw_json_error(error);
	cw_autofree char *message = cw_failure_message(described);

	cw_problem_add(problems, kind, message, cw_failure_hint(described));
}
