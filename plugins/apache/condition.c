#include "condition.h"
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Modules whose source file is not called after their identifier. */
static const struct {
	const char *file, *module;
} sources[] = {
	{"core.c", "core_module"},
	{"http_core.c", "http_module"},
	{"event.c", "mpm_event_module"},
	{"worker.c", "mpm_worker_module"},
	{"prefork.c", "mpm_prefork_module"},
	{"util_ldap.c", "ldap_module"},
	{"mod_authnz_ldap.c", "authnz_ldap_module"},
};

bool
config_has_module(const struct config *config, const char *name)
{
	const char *extension = strrchr(name, '.');
	autofree char *module = NULL;

	if (map_get(&config->modules, name) != NULL)
		return true;
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		if (strcmp(sources[i].file, name) == 0)
			return map_get(&config->modules, sources[i].module) != NULL;
	if (extension == NULL || strncmp(name, "mod_", 4) != 0)
		return false;
	module = memory_format("%.*s_module", (int)(extension - name - 4), name + 4);
	return strncmp(module, "mpm_", 4) != 0 && map_get(&config->modules, module) != NULL;
}

static bool
has_module(struct config *config, const char *name)
{
	return config_has_module(config, name);
}

static bool
is_defined(struct config *config, const char *name)
{
	return map_get(&config->defines, name) != NULL;
}

static bool
is_file(struct config *config, const char *path)
{
	return access(config_path(config, path), F_OK) == 0;
}

/* Apache knows by its modules; what is asked for is nearly always there. */
static bool
is_known(struct config *config, const char *name)
{
	(void)config;
	(void)name;
	return true;
}

/* The sign of the difference of Apache's version and VERSION, "MAJOR[.MINOR[.PATCH]]". */
static int
compare_version(unsigned own, const char *version)
{
	unsigned long part[3] = {0};
	char *end = NULL;

	for (size_t i = 0; i < 3; i++) {
		part[i] = strtoul(version, &end, 10);
		if (*end != '.')
			break;
		version = end + 1;
	}
	for (size_t i = 0; i < 3; i++) {
		unsigned long mine = (own >> (16 - 8 * i)) & 255;

		if (mine != part[i])
			return mine < part[i] ? -1 : 1;
	}
	return 0;
}

static bool
version_matches(unsigned own, const char *pattern)
{
	autofree char *text = memory_format("%u.%u.%u", own >> 16, (own >> 8) & 255, own & 255);
	regex_t regex;
	bool matches;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	matches = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

/* "[!][OPERATOR] VERSION", where a version between slashes is a regular expression. */
static bool
version_holds(struct config *config, const char *arguments)
{
	const char *comparison = words_next(config->arena, &arguments);
	const char *version = words_next(config->arena, &arguments);
	unsigned own = config->facts->version;
	size_t length;
	int sign;

	if (*version == '\0') {
		version = comparison;
		comparison = "=";
	}
	length = strlen(version);
	if (*comparison == '~')
		return version_matches(own, version);
	if (*comparison == '=' && length > 1 && *version == '/' && version[length - 1] == '/')
		return version_matches(own, arena_copy(config->arena, version + 1, length - 2));
	sign = compare_version(own, version);
	if (sign == 0)
		return *comparison == '=' || comparison[1] == '=';
	return sign > 0 ? *comparison == '>' : *comparison == '<';
}

bool
condition_check(struct config *config, const char *name, const char *arguments, bool *holds)
{
	static const struct {
		const char *name;
		bool (*check)(struct config *config, const char *argument);
	} kinds[] = {
		{"IfModule", has_module},     {"IfDefine", is_defined},  {"IfFile", is_file},
		{"IfVersion", version_holds}, {"IfDirective", is_known}, {"IfSection", is_known},
	};
	bool negated;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcasecmp(kinds[i].name, name) != 0)
			continue;
		negated = *arguments == '!';
		arguments += negated;
		if (kinds[i].check != version_holds)
			arguments = words_next(config->arena, &arguments);
		*holds = kinds[i].check(config, arguments) != negated;
		return true;
	}
	return false;
}
