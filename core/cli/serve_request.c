#include "cli/serve_request.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "cli/verbs.h"
#include "flow/orders/orders.h"

#define TIMEOUT_DEFAULT 60
#define TIMEOUT_MAX 86400

#define HINT "see certwright(3)"

/* Which requests have a member. */
enum { OF_VERBS = 1, OF_ORDERS = 2, OF_MEMORY = 4 };

static const struct {
	const char *name;
	enum json_type type;
	unsigned of;
} members[] = {
	{"verb", json_type_string, OF_VERBS},
	{"request", json_type_string, OF_ORDERS},
	{"options", json_type_object, OF_VERBS | OF_ORDERS},
	{"environment", json_type_object, OF_VERBS | OF_ORDERS},
	{"answer_timeout", json_type_int, OF_VERBS | OF_ORDERS},
	{"arguments", json_type_array, OF_VERBS},
	{"interactive", json_type_boolean, OF_VERBS},
	{"store", json_type_string, OF_VERBS},
	{"account", json_type_object, OF_ORDERS | OF_MEMORY},
	{"csr", json_type_string, OF_ORDERS | OF_MEMORY},
	{"key", json_type_string, OF_ORDERS | OF_MEMORY},
	{"contact", json_type_array, OF_ORDERS},
	{"terms_agreed", json_type_boolean, OF_ORDERS},
	{"identifiers", json_type_array, OF_ORDERS},
	{"profile", json_type_string, OF_ORDERS},
	{"not_before", json_type_string, OF_ORDERS},
	{"not_after", json_type_string, OF_ORDERS},
	{"replaces", json_type_string, OF_ORDERS},
	{"uri", json_type_string, OF_ORDERS},
	{"finalize", json_type_string, OF_ORDERS},
	{"certificate", json_type_string, OF_ORDERS},
	{"certificate_key", json_type_string, OF_ORDERS},
	{"reason", json_type_string, OF_ORDERS},
	{"must_staple", json_type_boolean, OF_ORDERS},
};

static int __attribute__((format(printf, 2, 3)))
fail(struct cw_error *error, const char *format, ...)
{
	cw_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = cw_vformat(format, arguments);
	va_end(arguments);
	cw_fail(error, CW_E_USAGE, "%s", message);
	cw_hint(error, HINT);
	return CW_E_USAGE;
}

static int
check_member(const struct cw_serve_request *request, const char *name, struct json_object *value,
	     struct cw_error *error)
{
	unsigned kind = request->order != NULL ? OF_ORDERS
			: request->in_memory   ? OF_VERBS | OF_MEMORY
					       : OF_VERBS;

	for (size_t i = 0; i < CW_COUNT(members); i++) {
		if (strcmp(members[i].name, name) != 0)
			continue;
		if ((members[i].of & kind) == 0)
			return fail(error,
				    request->order != NULL || (members[i].of & OF_MEMORY) == 0
					    ? "this request has no member \"%s\""
					    : "the member \"%s\" needs \"store\": \"memory\"",
				    name);
		if (!json_object_is_type(value, members[i].type))
			return fail(error, "the member \"%s\" of the request is of the wrong type",
				    name);
		return CW_OK;
	}
	return fail(error, "the request has the unknown member \"%s\"", name);
}

static int
add_option(struct cw_strv *arguments, const char *name, struct json_object *value,
	   struct cw_error *error)
{
	switch (json_object_get_type(value)) {
	case json_type_boolean:
		if (json_object_get_boolean(value))
			cw_strv_addf(arguments, "--%s", name);
		return CW_OK;
	case json_type_string:
		if (strlen(json_object_get_string(value)) !=
		    (size_t)json_object_get_string_len(value))
			return fail(error, "the option \"%s\" has a zero byte", name);
		cw_strv_addf(arguments, "--%s=%s", name, json_object_get_string(value));
		return CW_OK;
	case json_type_int:
	case json_type_double:
		cw_strv_addf(arguments, "--%s=%s", name, json_object_to_json_string(value));
		return CW_OK;
	default: return fail(error, "the value of the option \"%s\" is of the wrong type", name);
	}
}

static bool
is_option_name(const char *name)
{
	return *name != '\0' && *name != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-:._") == strlen(name);
}

static int
add_options(struct cw_serve_request *request, struct json_object *options, struct cw_error *error)
{
	json_object_object_foreach(options, name, value)
	{
		size_t count = json_object_is_type(value, json_type_array)
				       ? json_object_array_length(value)
				       : 1;
		int status = CW_OK;

		if (!is_option_name(name))
			return fail(error, "\"%s\" is not the name of an option", name);
		for (size_t i = 0; i < count && status == CW_OK; i++)
			status = add_option(&request->arguments, name,
					    json_object_is_type(value, json_type_array)
						    ? json_object_array_get_idx(value, i)
						    : value,
					    error);
		if (status < 0)
			return status;
	}
	return CW_OK;
}

/* Whether the verb reads its words itself: options for it are among them. */
static bool
has_own_words(const struct cw_verb *verb)
{
	return verb != NULL && (verb->own_options != NULL || cw_is_help(verb));
}

static int
add_words(struct cw_serve_request *request, const struct cw_verb *verb, struct json_object *words,
	  struct cw_error *error)
{
	bool own = has_own_words(verb);

	if (!own && (verb == NULL || verb->word == CW_WORD_NONE))
		return fail(error, "the verb \"%s\" takes no \"arguments\"", request->verb);
	if (!own)
		cw_strv_add(&request->arguments, "--");
	for (size_t i = 0; i < json_object_array_length(words); i++) {
		struct json_object *word = json_object_array_get_idx(words, i);

		if (!json_object_is_type(word, json_type_string))
			return fail(error, "the member \"%s\" of the request is of the wrong type",
				    "arguments");
		if (strlen(json_object_get_string(word)) !=
		    (size_t)json_object_get_string_len(word))
			return fail(error, "a word of \"arguments\" has a zero byte");
		cw_strv_add(&request->arguments, json_object_get_string(word));
	}
	return CW_OK;
}

static int
make_arguments(struct cw_serve_request *request, struct cw_error *error)
{
	struct json_object *options = cw_json_object(request->json, "options");
	struct json_object *words = cw_json_array(request->json, "arguments");
	const struct cw_verb *verb = request->verb != NULL ? cw_verb_by_name(request->verb) : NULL;
	bool own_words = words != NULL && has_own_words(verb);
	int status = CW_OK;

	cw_strv_add(&request->arguments, "certwright");
	/* An order request has the options, and is not a verb. */
	cw_strv_add(&request->arguments, request->verb != NULL ? request->verb : "show_account");
	if (own_words)
		status = add_words(request, verb, words, error);
	if (status == CW_OK && options != NULL)
		status = add_options(request, options, error);
	if (!own_words || cw_is_help(verb))
		cw_strv_add(&request->arguments, "--json");
	if (!request->interactive && !own_words)
		cw_strv_add(&request->arguments, "--non-interactive");
	/* A host chooses when it renews. */
	if (cw_equal(request->verb, "renew"))
		cw_strv_add(&request->arguments, "--no-random-sleep-on-renew");
	/* Behind the options, as no word is one. */
	if (status == CW_OK && words != NULL && !own_words)
		status = add_words(request, verb, words, error);
	return status;
}

static int
check_kind(struct cw_serve_request *request, struct cw_error *error)
{
	const char *store = cw_json_string(request->json, "store");

	if ((request->verb == NULL) == (request->order == NULL))
		return fail(error, "the request has to have either \"verb\" or \"request\"");
	if (request->verb != NULL && cw_verb_by_name(request->verb) == NULL)
		return fail(error, "there is no verb \"%s\"", cw_take(&request->verb));
	if (request->order != NULL && cw_order_request_by_name(request->order) == NULL)
		return fail(error, "there is no request \"%s\"", cw_take(&request->order));
	if (store != NULL && strcmp(store, "files") != 0 && strcmp(store, "memory") != 0)
		return fail(error, "there is no store \"%s\": give files or memory", store);
	request->in_memory = request->verb != NULL && cw_equal(store, "memory");
	if (request->in_memory && strcmp(request->verb, "certonly") != 0)
		return fail(error,
			    "the verb \"%s\" needs files: only certonly has the store memory",
			    request->verb);
	return CW_OK;
}

static int
check(struct cw_serve_request *request, struct cw_error *error)
{
	int64_t timeout = cw_json_int(request->json, "answer_timeout", TIMEOUT_DEFAULT);
	int status = check_kind(request, error);

	if (status < 0)
		return status;
	json_object_object_foreach(request->json, name, value)
	{
		status = check_member(request, name, value, error);
		if (status < 0)
			return status;
	}
	if (timeout < 1 || timeout > TIMEOUT_MAX)
		return fail(error, "\"answer_timeout\" has to be from 1 to %d seconds",
			    TIMEOUT_MAX);
	request->timeout = timeout * 1000;
	request->interactive = cw_json_bool(request->json, "interactive", false);
	return make_arguments(request, error);
}

int
cw_serve_request_read(const char *text, struct cw_serve_request *request, struct cw_error *error)
{
	int status = cw_json_parse_secret(text, strlen(text), "the request", &request->json, error);

	request->timeout = TIMEOUT_DEFAULT * 1000;
	if (status == CW_OK && !json_object_is_type(request->json, json_type_object))
		status = cw_fail(error, CW_E_INVALID, "the request is not a JSON object");
	if (status < 0) {
		error->status = CW_E_USAGE;
		cw_hint(error, HINT);
		return CW_E_USAGE;
	}
	request->verb = cw_json_string(request->json, "verb");
	request->order = cw_json_string(request->json, "request");
	return check(request, error);
}

int
cw_serve_request_set_environment(const struct cw_serve_request *request, struct cw_error *error)
{
	struct json_object *variables = cw_json_object(request->json, "environment");

	if (variables == NULL)
		return CW_OK;
	json_object_object_foreach(variables, name, value)
	{
		const char *text = value != NULL ? json_object_get_string(value) : NULL;
		int failed;

		if (value != NULL && !json_object_is_type(value, json_type_string))
			return fail(error, "the variable \"%s\" of \"environment\" is not a string",
				    name);
		failed = text != NULL ? setenv(name, text, 1) : unsetenv(name);
		if (failed != 0)
			return cw_fail_errno(error, errno, "cannot set the variable \"%s\"", name);
	}
	return CW_OK;
}

void
cw_serve_request_clear(struct cw_serve_request *request)
{
	cw_strv_clear(&request->arguments);
	cw_json_wipe(&request->json);
}
