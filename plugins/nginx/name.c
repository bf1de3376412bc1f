#define PCRE2_CODE_UNIT_WIDTH 8
#include "name.h"
#include <ctype.h>
#include <pcre2.h>
#include <string.h>
#include <unistd.h>
#include "../common/memory.h"

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

/* Adds the group that a variable at NAME stands for; returns the length of the variable's name. */
static size_t
add_group(struct text *out, const pcre2_code *code, pcre2_match_data *data, const char *text,
	  const char *name)
{
	const PCRE2_SIZE *places = pcre2_get_ovector_pointer(data);
	size_t brace = *name == '{', length = 0;
	autofree char *word = NULL;
	int group;

	while (isalnum((unsigned char)name[brace + length]) || name[brace + length] == '_')
		length++;
	word = memory_copy(name + brace, length);
	group = isdigit((unsigned char)*word)
			? *word - '0'
			: pcre2_substring_number_from_name(code, (PCRE2_SPTR)word);
	if (group < 0)
		text_add_string(out, "a");
	else if ((uint32_t)group < pcre2_get_ovector_count(data) &&
		 places[2 * group] != PCRE2_UNSET)
		text_add(out, text + places[2 * group], places[2 * group + 1] - places[2 * group]);
	return brace + (isdigit((unsigned char)*word) ? 1 : length) +
	       (brace && name[brace + length] == '}');
}

char *
expression_replace(const char *expression, const char *text, const char *replacement)
{
	PCRE2_SIZE offset;
	int error;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, 0, &error,
					 &offset, NULL);
	pcre2_match_data *data =
		code != NULL ? pcre2_match_data_create_from_pattern(code, NULL) : NULL;
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	auto_text struct text out = {0};
	bool matches = false;

	if (data != NULL && context != NULL) {
		pcre2_set_match_limit(context, STEPS_MAX);
		matches = pcre2_match(code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, data,
				      context) >= 0;
	}
	text_add(&out, "", 0);
	while (matches && *replacement != '\0') {
		size_t plain = strcspn(replacement, "$");

		text_add(&out, replacement, plain);
		replacement += plain;
		if (*replacement == '$')
			replacement += 1 + add_group(&out, code, data, text, replacement + 1);
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return matches ? memory_copy(out.data, out.length) : NULL;
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
