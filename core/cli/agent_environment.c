#include "cli/agent_environment.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"

#define PREFIX "CERTWRIGHT_"
#define FILE_SUFFIX "_FILE"

enum { VALUE_MAX = 64 * 1024 };

/* They belong to other parts of certwright. */
static const char *const reserved[] = {"PLUGIN_PATH", "TEMPLATE_PATH", "CACHE_DIR",
				       "PROGRAM",     "LIBRARY",       "CERTBOT_PYTHON",
				       "RECORD",      "ACTION",        "STATUS_MODULE"};

/* Names that are shorter than those of their options. */
static const struct {
	const char *variable, *option;
} other_names[] = {{"NAME", "cert-name"}};

/* NAME=VALUE */
static struct cw_strv taken;

static bool
is_option(const char *name)
{
	const char *rest = name + sizeof(PREFIX) - 1;

	if (!cw_starts_with(name, PREFIX) || *rest == '\0')
		return false;
	for (size_t i = 0; i < CW_COUNT(reserved); i++)
		if (strcmp(rest, reserved[i]) == 0)
			return false;
	return strspn(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(rest);
}

/* The name of NAME=VALUE; release with free(). */
static char *
name_of(const char *entry)
{
	return cw_memdup(entry, strcspn(entry, "="));
}

void
cw_agent_take_environment(void)
{
	for (char **entry = environ; *entry != NULL; entry++) {
		cw_autofree char *name = name_of(*entry);

		if (is_option(name) && strchr(*entry, '=') != NULL)
			cw_strv_add(&taken, *entry);
	}
	for (size_t i = 0; i < taken.count; i++) {
		cw_autofree char *name = name_of(taken.items[i]);

		unsetenv(name);
	}
}

const char *
cw_agent_variable(const char *name)
{
	for (size_t i = 0; i < taken.count; i++) {
		cw_autofree char *other = name_of(taken.items[i]);

		if (strcmp(other, name) == 0)
			return taken.items[i] + strlen(name) + 1;
	}
	return getenv(name);
}

/* Release with free(). */
static char *
key_of(const char *variable, size_t length)
{
	char *key = cw_lower(cw_memdup(variable, length));

	for (size_t i = 0; i < CW_COUNT(other_names); i++)
		if (strlen(other_names[i].variable) == length &&
		    strncmp(other_names[i].variable, variable, length) == 0) {
			free(key);
			return cw_strdup(other_names[i].option);
		}
	return cw_replace_char(key, '_', '-');
}

static int
read_value(const char *variable, const char *path, char **value, struct cw_error *error)
{
	struct cw_buf text = {0};
	int status = cw_file_read(path, VALUE_MAX, &text, error);

	if (status < 0) {
		cw_buf_wipe(&text);
		return cw_context(error, "cannot read the value of %s", variable);
	}
	*value = cw_buf_take(&text);
	(*value)[strcspn(*value, "\r\n")] = '\0';
	return CW_OK;
}

/* Several names or servers may be separated by blanks as well. */
static void
join_words(char *value)
{
	for (; *value != '\0'; value++)
		if (isspace((unsigned char)*value))
			*value = ',';
}

static int
add(struct cw_agent_values *values, const struct cw_option *option, char *value,
    struct cw_error *error)
{
	cw_auto_strv struct cw_strv parts = {0};
	int status = CW_OK;

	if (strcmp(option->internal, "domains") != 0 && strcmp(option->internal, "server") != 0)
		return cw_agent_values_add(values, option, value, error);
	join_words(value);
	cw_strv_split(&parts, value, ',');
	for (size_t i = 0; i < parts.count && status == CW_OK; i++)
		status = cw_agent_values_add(values, option, parts.items[i], error);
	return status;
}

static int
contradiction(const char *variable, struct cw_error *error)
{
	cw_fail(error, CW_E_INVALID, "%s and %s" FILE_SUFFIX " are both set", variable, variable);
	cw_hint(error, "unset one of them");
	return CW_E_INVALID;
}

/* The option of VARIABLE (without the prefix). *FROM_FILE: its value is the path of a file. */
static int
find(struct cw_lookup *lookup, const char *variable, const struct cw_option **option,
     bool *from_file, struct cw_error *error)
{
	size_t length = strlen(variable), suffix = sizeof(FILE_SUFFIX) - 1;
	cw_autofree char *key = key_of(variable, length);
	cw_autofree char *shorter = NULL;
	int status = cw_agent_find_option(lookup, key, option, error);

	*from_file = false;
	if (status == CW_OK || length <= suffix || !cw_ends_with(variable, FILE_SUFFIX))
		return status;
	shorter = key_of(variable, length - suffix);
	*from_file = true;
	return cw_agent_find_option(lookup, shorter, option, NULL) == CW_OK ? CW_OK : status;
}

static int
add_variable(struct cw_lookup *lookup, const char *name, const char *text,
	     struct cw_agent_values *values, struct cw_error *error)
{
	const struct cw_option *option = NULL;
	cw_autosecret char *value = NULL;
	bool from_file;
	int status = find(lookup, name + sizeof(PREFIX) - 1, &option, &from_file, error);

	if (status < 0)
		return cw_context(error, "the environment variable %s is not known", name);
	if (from_file) {
		cw_autofree char *plain = cw_memdup(name, strlen(name) - (sizeof(FILE_SUFFIX) - 1));

		if (cw_agent_variable(plain) != NULL)
			return contradiction(plain, error);
		status = read_value(name, text, &value, error);
	} else {
		value = cw_strdup(text);
	}
	if (status == CW_OK && *value != '\0') {
		status = add(values, option, value, error);
		if (status < 0)
			cw_context(error, "the environment variable %s", name);
	}
	return status;
}

int
cw_agent_environment(struct cw_lookup *lookup, struct cw_agent_values *values,
		     struct cw_error *error)
{
	int status = CW_OK;

	/* After an error too: another variable says how that is to be logged. */
	for (size_t i = 0; i < taken.count; i++) {
		cw_autofree char *name = name_of(taken.items[i]);
		cw_auto_error struct cw_error problem = {0};

		if (add_variable(lookup, name, taken.items[i] + strlen(name) + 1, values,
				 &problem) < 0 &&
		    status == CW_OK)
			status = cw_error_move(error, &problem);
	}
	return status;
}

int
cw_agent_aiotes(struct cw_lookup *lookup, struct cw_agent_values *values, struct cw_error *error)
{
	static const struct {
		const char *variable, *option;
	} needed[] = {{"AIOTES_HOSTNAME", "domains"}, {"AIOTES_SYSADMIN_EMAIL", "email"}};
	const char *set = NULL, *missing = NULL;

	for (size_t i = 0; i < CW_COUNT(needed); i++) {
		const char *text = getenv(needed[i].variable);
		const struct cw_option *option;

		if (text == NULL || *text == '\0') {
			missing = needed[i].variable;
			continue;
		}
		set = needed[i].variable;
		if (cw_agent_find_option(lookup, needed[i].option, &option, error) < 0)
			return CW_E_INVALID;
		cw_agent_values_add(values, option, text, NULL);
	}
	if (set == NULL || missing == NULL)
		return CW_OK;
	cw_fail(error, CW_E_INVALID, "%s is set, but %s is not", set, missing);
	cw_hint(error, "set both, or neither");
	return CW_E_INVALID;
}
