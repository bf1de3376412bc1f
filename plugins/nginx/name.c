#define PCRE2_CODE_UNIT_WIDTH 8
#include "name.h"
#include <ctype.h>
#include <pcre2.h>
#include <string.h>
#include <unistd.h>

enum { HOST_MAX = 253, STEPS_MAX = 1000000 };

bool
name_is_regex(const struct name *name)
{
	return name->text[0] == '~';
}

void
name_init(struct name *name, char *text)
{
	memset(name, 0, sizeof(*name));
	name->text = text;
	name->length = strlen(text);
	if (name_is_regex(name))
		return;
	for (; *text != '\0'; text++)
		*text = (char)tolower((unsigned char)*text);
}

void
name_clear(struct name *name)
{
	pcre2_code_free(name->regex);
	name->regex = NULL;
}

bool
name_ignores_case(const struct name *name)
{
	for (const char *byte = name->text + 1; *byte != '\0'; byte++)
		if (*byte >= 'A' && *byte <= 'Z')
			return true;
	return false;
}

bool
name_has_captures(const struct name *name)
{
	uint32_t count = 0;

	return name->regex != NULL &&
	       pcre2_pattern_info(name->regex, PCRE2_INFO_CAPTURECOUNT, &count) == 0 && count > 0;
}

static void
compile(struct name *name)
{
	uint32_t options = name_ignores_case(name) ? PCRE2_CASELESS : 0;
	PCRE2_SIZE offset;
	int error;

	name->regex = pcre2_compile((PCRE2_SPTR)name->text + 1, PCRE2_ZERO_TERMINATED, options,
				    &error, &offset, NULL);
	name->regex_refused = name->regex == NULL;
}

static bool
code_matches(const pcre2_code *code, const char *text, size_t length)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int result = PCRE2_ERROR_NOMEMORY;

	if (data != NULL && context != NULL) {
		pcre2_set_match_limit(context, STEPS_MAX);
		result = pcre2_match(code, (PCRE2_SPTR)text, length, 0, 0, data, context);
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	return result >= 0;
}

static bool
regex_matches(struct name *name, const char *host, size_t length)
{
	if (name->regex == NULL && !name->regex_refused)
		compile(name);
	return name->regex != NULL && code_matches(name->regex, host, length);
}

bool
expression_matches(const char *expression, bool any_case, const char *text)
{
	PCRE2_SIZE offset;
	int error;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
					 any_case ? PCRE2_CASELESS : 0, &error, &offset, NULL);
	bool matches = code != NULL && code_matches(code, text, strlen(text));

	pcre2_code_free(code);
	return matches;
}

/* "$hostname" is this machine's name. */
static bool
is_machine(const char *host, size_t length)
{
	char own[256];

	if (gethostname(own, sizeof(own)) != 0)
		return false;
	own[sizeof(own) - 1] = '\0';
	return strlen(own) == length && strncasecmp(own, host, length) == 0;
}

enum name_match
name_matches(struct name *name, const char *host, size_t length)
{
	const char *text = name->text;
	size_t own = name->length;

	if (own == 0)
		return length == 0 ? MATCH_EXACT : MATCH_NONE;
	switch (text[0]) {
	case '~': return regex_matches(name, host, length) ? MATCH_REGEX : MATCH_NONE;
	case '$':
		return strcmp(text, "$hostname") == 0 && is_machine(host, length) ? MATCH_EXACT
										  : MATCH_NONE;
	case '.':
		if (own - 1 == length && memcmp(text + 1, host, length) == 0)
			return MATCH_HEAD;
		return length > own && memcmp(host + length - own, text, own) == 0 ? MATCH_HEAD
										   : MATCH_NONE;
	case '*':
		if (own < 3 || text[1] != '.')
			return MATCH_NONE;
		/* "*.x": something, then ".x" */
		return length > own - 1 && memcmp(host + length - (own - 1), text + 1, own - 1) == 0
			       ? MATCH_HEAD
			       : MATCH_NONE;
	default: break;
	}
	if (own > 2 && text[own - 1] == '*' && text[own - 2] == '.')
		return length > own - 1 && memcmp(host, text, own - 1) == 0 ? MATCH_TAIL
									    : MATCH_NONE;
	return own == length && memcmp(text, host, length) == 0 ? MATCH_EXACT : MATCH_NONE;
}

const char *
name_base(const struct name *name)
{
	if (name->text[0] == '.')
		return name->text + 1;
	return name->text[0] == '*' && name->text[1] == '.' ? name->text + 2 : NULL;
}

const char *
name_host(const struct name *name)
{
	const char *host = name->text[0] == '.' ? name->text + 1 : name->text;
	bool label_begins = true;
	unsigned dots = 0;

	for (const char *byte = host; *byte != '\0'; byte++) {
		if (*byte == '.') {
			if (label_begins)
				return NULL;
			dots++;
		} else if (!isalnum((unsigned char)*byte) && *byte != '-') {
			return NULL;
		}
		label_begins = *byte == '.';
	}
	return dots > 0 && !label_begins && strlen(host) <= HOST_MAX ? host : NULL;
}
