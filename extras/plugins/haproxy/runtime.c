#include "runtime.h"
#include "socket.h"

enum { COMMAND_MAX = 16384 };

static const char success[] = "Success!";

/* Fails with HAProxy's own words. */
static int
refused(const struct cw_host *host, const char *command, struct text *answer)
{
	size_t length = strcspn(answer->data, "\n");

	return cw_host_fail(host, CW_E_PROTOCOL, NULL, "HAProxy refuses \"%s\": %.*s", command,
			    (int)length, answer->data);
}

/* Sends VERB with one or two words. EXPECTED is part of the answer to a success; NULL: the answer
 * does not matter here, it is left in ANSWER. */
static int
ask(const struct cw_host *host, const char *verb, const char *first, const char *second,
    const struct text *payload, const char *expected, struct text *answer)
{
	char command[COMMAND_MAX];
	int length = snprintf(command, sizeof(command), "%s %s%s%s", verb, first,
			      second != NULL ? " " : "", second != NULL ? second : "");
	int status;

	if (length < 0 || (size_t)length >= sizeof(command))
		return cw_host_fail(host, CW_E_INVALID, NULL, "the path \"%s\" is too long", first);
	status = socket_ask(host, command, payload, answer);
	if (status == CW_OK && expected != NULL && strstr(answer->data, expected) == NULL)
		status = refused(host, command, answer);
	return status;
}

/* As ask(), where the answer is of no interest. */
static int
tell(const struct cw_host *host, const char *verb, const char *first, const char *second,
     const struct text *payload, const char *expected)
{
	struct text answer = {NULL, 0};
	int status = ask(host, verb, first, second, payload, expected, &answer);

	text_free(&answer);
	return status;
}

/* Whether a line of TEXT is WORD, perhaps with more words behind it. */
static int
has_line(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, word, length) == 0 && strchr(" \n", line[length]) != NULL)
			return 1;
	}
	return 0;
}

/* Whether what "show ssl ..." lists has the line WORD. */
static int
lists(const struct cw_host *host, const char *command, const char *argument, const char *word,
      int *found)
{
	struct text answer = {NULL, 0};
	int status = ask(host, command, argument, NULL, NULL, NULL, &answer);

	*found = status == CW_OK && has_line(answer.data, word);
	text_free(&answer);
	return status;
}

/* The payload of a command ends with its first empty line. */
static int
without_empty_lines(const struct cw_host *host, const char *path, struct text *payload)
{
	struct text whole = {NULL, 0};
	int status = text_add_file(host, &whole, path);
	const char *line = whole.data;

	while (status == CW_OK && line != NULL && *line != '\0') {
		size_t length = strcspn(line, "\n");

		if (length > 0)
			status = text_add(host, payload, line, length);
		if (status == CW_OK && length > 0)
			status = text_add(host, payload, "\n", 1);
		line += length + (line[length] == '\n');
	}
	text_free(&whole);
	return status;
}

static int
replace(const struct cw_host *host, const char *path, const struct text *pem)
{
	int status = tell(host, "set ssl cert", path, NULL, pem, "Transaction ");

	if (status == CW_OK) {
		status = tell(host, "commit ssl cert", path, NULL, NULL, success);
		if (status != CW_OK)
			tell(host, "abort ssl cert", path, NULL, NULL, NULL);
	}
	return status;
}

static int
take(const struct cw_host *host, const char *list, const char *path, const struct text *pem)
{
	int known = 0, listed = 0, has_list = 0;
	int status = lists(host, "show ssl cert", "", path, &known);

	if (status == CW_OK)
		status = lists(host, "show ssl crt-list", "", list, &has_list);
	if (status == CW_OK && !known && !has_list)
		return cw_host_fail(host, CW_E_NOT_FOUND,
				    "name it after \"crt\" or \"crt-list\" in a line \"bind\" of "
				    "haproxy.cfg, in the same spelling",
				    "the running HAProxy does not read certificates from \"%s\"",
				    list);
	if (status == CW_OK && !known)
		status = tell(host, "new ssl cert", path, NULL, NULL, "New empty");
	if (status == CW_OK)
		status = replace(host, path, pem);
	if (status != CW_OK || !has_list)
		return status;
	status = lists(host, "show ssl crt-list", list, path, &listed);
	if (status == CW_OK && !listed)
		status = tell(host, "add ssl crt-list", list, path, NULL, success);
	return status;
}

static int
forget(const struct cw_host *host, const char *list, const char *path)
{
	int known = 0, listed = 0;
	int status = lists(host, "show ssl crt-list", list, path, &listed);

	if (status == CW_OK && listed)
		status = tell(host, "del ssl crt-list", list, path, NULL, "deleted in");
	if (status == CW_OK)
		status = lists(host, "show ssl cert", "", path, &known);
	if (status == CW_OK && known)
		status = tell(host, "del ssl cert", path, NULL, NULL, "deleted!");
	return status;
}

int
runtime_take(const struct cw_host *host, const char *list, const char *path)
{
	struct text pem = {NULL, 0};
	int status = without_empty_lines(host, path, &pem);

	if (status == CW_OK)
		status = take(host, list, path, &pem);
	else if (status == CW_E_NOT_FOUND)
		status = forget(host, list, path);
	text_free(&pem);
	return status;
}

int
runtime_map_add(const struct cw_host *host, const char *map, const char *key, const char *value)
{
	struct text answer = {NULL, 0};
	char pair[COMMAND_MAX];
	int status;

	snprintf(pair, sizeof(pair), "%s %s", key, value);
	status = ask(host, "add map", map, pair, NULL, NULL, &answer);
	/* HAProxy says nothing if it has done it. */
	if (status == CW_OK && strstr(answer.data, "Unknown map") != NULL)
		status = cw_host_fail(
			host, CW_E_NOT_FOUND,
			"add the line \"http-request return\" of certwright-haproxy(8) to "
			"haproxy.cfg, and reload HAProxy",
			"the running HAProxy does not use the map file \"%s\"", map);
	else if (status == CW_OK && answer.data[0] != '\n')
		status = refused(host, "add map", &answer);
	text_free(&answer);
	return status;
}

int
runtime_map_remove(const struct cw_host *host, const char *map, const char *key)
{
	struct text answer = {NULL, 0};
	int status = ask(host, "del map", map, key, NULL, NULL, &answer);

	if (status == CW_OK && answer.data[0] != '\n' &&
	    strstr(answer.data, "Key not found") == NULL)
		status = refused(host, "del map", &answer);
	text_free(&answer);
	return status;
}
