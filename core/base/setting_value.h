/* A value of a setting, for settings.c: checks, merges and releases it by the kind of its option.
 * */
#ifndef CW_BASE_SETTING_VALUE_H
#define CW_BASE_SETTING_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include "error.h"
#include "option.h"
#include "strv.h"

struct cw_value {
	enum cw_source source;
	bool made;             /* from the default, because somebody asked for it as a list */
	bool secret;           /* wiped when released */
	char *text;            /* of all kinds but lists and maps; NULL for those */
	struct cw_strv items;  /* of a list; the keys of a map */
	struct cw_strv values; /* of a map, beside the keys */
};

bool cw_option_is_list(const struct cw_option *option);

/* An empty one; release with cw_value_free(). */
struct cw_value *cw_value_new(const struct cw_option *option, enum cw_source source);
struct cw_value *cw_value_copy(const struct cw_value *value);
void cw_value_free(struct cw_value *value); /* NULL is allowed */

/*
 * Checks TEXT and puts it into VALUE, a new one, in the one spelling of its kind: "1" or "0", a
 * plain number, an absolute path where the user gave it, the items of a list, the members of a map.
 * CW_E_USAGE from the command line, else CW_E_INVALID, with what it can be in the hint.
 */
int cw_value_convert(const struct cw_option *option, enum cw_source source, const char *text,
		     struct cw_value *value, struct cw_error *error);
/* Whether TEXT is one of the option's choices, in any letter case; *SPELLING is the choice as the
 * option has it, TEXT itself where any value will do. Fails likewise. */
int cw_value_check(const struct cw_option *option, enum cw_source source, const char *text,
		   const char **spelling, struct cw_error *error);
/* Sets one member of a map. */
void cw_value_put(struct cw_value *value, const char *key, const char *text);
/* Adds MORE, which may lose its contents: lists grow, maps get members, counts are added up,
 * anything else is replaced. */
void cw_value_merge(const struct cw_option *option, struct cw_value *value, struct cw_value *more);

/* False if TEXT is invalid. */
bool cw_value_flag(const char *text, bool *flag);
bool cw_value_integer(const char *text, int64_t *number);

#endif
