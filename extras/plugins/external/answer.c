#include "answer.h"

enum { POINTER_SIZE = 64 };

static const char no_reason[] = "it gives no reason";

char *
answer_item(const struct cw_host *host, const char *answer, const char *list, size_t index,
	    const char *member)
{
	char pointer[POINTER_SIZE], *value = NULL;

	snprintf(pointer, sizeof(pointer), "/%s/%zu%s", list, index, member);
	return cw_host_json_get(host, answer, strlen(answer), pointer, &value) == CW_OK ? value
											: NULL;
}

int
answer_check_list(const struct cw_host *host, const char *answer, const char *list)
{
	char pointer[POINTER_SIZE], *value = NULL;
	int status = CW_OK;

	snprintf(pointer, sizeof(pointer), "/%s", list);
	if (cw_host_json_get(host, answer, strlen(answer), pointer, &value) == CW_OK &&
	    *value != '[')
		status = cw_host_fail(host, CW_E_PROTOCOL, "see certwright-external(8)",
				      "\"%s\" in the answer of the program \"%s\" is not an array",
				      list, cw_host_option(host, "program"));
	cw_host_release(host, value);
	return status;
}

/* Fails the challenges with the token of the failure at INDEX; returns how many. */
static int
fail_token(const struct cw_host *host, const char *answer, size_t index,
	   struct cw_challenge *const *challenges, size_t count)
{
	char *token = answer_item(host, answer, "failures", index, "/token");
	char *message = answer_item(host, answer, "failures", index, "/message");
	char *hint = answer_item(host, answer, "failures", index, "/hint");
	int found = 0;

	for (size_t i = 0; token != NULL && i < count; i++) {
		if (strcmp(challenges[i]->token, token) != 0)
			continue;
		cw_host_fail_challenge(
			host, challenges[i], CW_E_COMMAND, hint, "the program \"%s\" failed: %s",
			cw_host_option(host, "program"), message != NULL ? message : no_reason);
		found++;
	}
	cw_host_release(host, token);
	cw_host_release(host, message);
	cw_host_release(host, hint);
	return found;
}

int
answer_fail_challenges(const struct cw_host *host, const char *answer,
		       struct cw_challenge *const *challenges, size_t count)
{
	int status = answer_check_list(host, answer, "failures");

	for (size_t i = 0; status == CW_OK; i++) {
		char *failure = answer_item(host, answer, "failures", i, "");

		if (failure == NULL)
			break;
		cw_host_release(host, failure);
		if (fail_token(host, answer, i, challenges, count) == 0)
			status = cw_host_fail(host, CW_E_PROTOCOL, "see certwright-external(8)",
					      "the program \"%s\" reports a failure without the "
					      "token of a challenge",
					      cw_host_option(host, "program"));
	}
	return status;
}

int
answer_fail_call(const struct cw_host *host, const char *answer)
{
	int status = answer_check_list(host, answer, "failures");
	char *failure = status == CW_OK ? answer_item(host, answer, "failures", 0, "") : NULL;
	char *message = NULL;

	if (failure == NULL)
		return status;
	message = answer_item(host, answer, "failures", 0, "/message");
	status = cw_host_fail(host, CW_E_COMMAND, NULL, "the program \"%s\" failed: %s",
			      cw_host_option(host, "program"),
			      message != NULL ? message : no_reason);
	cw_host_release(host, failure);
	cw_host_release(host, message);
	return status;
}
