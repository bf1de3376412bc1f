/*
 * Options and settings. An option set is the one table that parsing, cli.ini, renewal files,
 * --help, man pages and completions are made from (the table itself: cli/options.c; plugins'
 * options are added from their modules). Settings are values by internal name, each with where it
 * came from.
 */
#ifndef CW_BASE_OPTION_H
#define CW_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "error.h"
#include "strv.h"

enum cw_option_flags {
	CW_OPT_COUNT = 1 << 0,    /* a flag that counts (-v) */
	CW_OPT_NEGATIVE = 1 << 1, /* a flag that sets its internal name to false */
	CW_OPT_COMMAS = 1 << 2,   /* a list whose values may be joined by commas */
	CW_OPT_RENEWAL = 1 << 3,  /* saved in [renewalparams] where the user set it */
	CW_OPT_OWN = 1 << 4,      /* certwright's, not Certbot's: saved in [certwright] */
	CW_OPT_INERT = 1 << 5,    /* accepted, has no effect; says so when used */
	CW_OPT_IGNORED = 1 << 6,  /* accepted, warns, does nothing, as Certbot's */
	CW_OPT_HIDDEN = 1 << 7,   /* not in --help */
	CW_OPT_SECRET = 1 << 8,   /* its value is a secret: never logged, shown or saved */
	CW_OPT_PLUGIN =
		1 << 9, /* a plugin's: saved in [renewalparams] when that plugin is selected */
	CW_OPT_REQUIRED = 1 << 10 /* its plugin does not work without a value */
};

struct cw_option {
	char short_name;          /* 0: none */
	const char *const *names; /* long names without "--", the main one first; NULL-terminated */
	enum cw_option_kind kind;
	unsigned flags;             /* enum cw_option_flags */
	const char *internal;       /* as in renewal files: "rsa_key_size" */
	const char *default_value;  /* NULL: none */
	const char *const *choices; /* NULL: any */
	const char *metavar;        /* NULL: from the kind */
	const char *topics;         /* of --help, blank-separated: "renew hooks"; "" for general */
	const char *help;
	const char *fills_map;   /* internal name of the map it fills by position against the names;
				    NULL: none */
	const char *environment; /* a plugin's: the variable that may give the value; NULL: none */
};

/* Where a value came from; a higher one wins. */
enum cw_source {
	CW_SOURCE_NONE = 0,
	CW_SOURCE_DEFAULT,
	CW_SOURCE_RENEWAL, /* the lineage's renewal file */
	CW_SOURCE_RUNTIME, /* chosen by a plugin or a prompt; saved like the user's own */
	CW_SOURCE_INI,     /* a configuration file, or a plugin's environment variable */
	CW_SOURCE_COMMAND  /* the command line */
};

/* Pointers to options, in order, with an index by name. Owns nothing but its arrays. */
struct cw_option_set;

struct cw_option_set *cw_option_set_new(void);
void cw_option_set_free(struct cw_option_set *set);
/* Adds OPTION, which must outlive the set. CW_E_EXISTS when a name is taken by another option. */
int cw_option_set_add(struct cw_option_set *set, const struct cw_option *option,
		      struct cw_error *error);
size_t cw_option_set_count(const struct cw_option_set *set);
const struct cw_option *cw_option_set_at(const struct cw_option_set *set, size_t index);
/* By exact long name, by short name, by internal name (the positive option where a negative one
 * shares it). */
const struct cw_option *cw_option_by_name(const struct cw_option_set *set, const char *name);
const struct cw_option *cw_option_by_short(const struct cw_option_set *set, char name);
const struct cw_option *cw_option_by_internal(const struct cw_option_set *set,
					      const char *internal);
/* All options that have a long name beginning with PREFIX; returns their number, the first MAX in
 * FOUND. */
size_t cw_option_by_prefix(const struct cw_option_set *set, const char *prefix,
			   const struct cw_option **found, size_t max);

struct cw_settings;

/* Settings over SET (which must outlive them); every option has its default. */
struct cw_settings *cw_settings_new(const struct cw_option_set *set);
/* A copy that can be changed apart. */
struct cw_settings *cw_settings_copy(const struct cw_settings *settings);
void cw_settings_free(struct cw_settings *settings);
#define cw_auto_settings cw_auto(cw_settings_cleanup)
void cw_settings_cleanup(struct cw_settings **settings);

/*
 * Sets the option with this internal name, checking the value against its kind and choices. A value
 * from a lower source than the present one is ignored. Lists: the first value of a new source
 * replaces, further ones are added. Flags: "1", "0" (also true, false, yes, no, on, off, in any
 * case). Maps: a JSON object of strings, or one "key=value" through cw_settings_set_map().
 */
int cw_settings_set(struct cw_settings *settings, const char *internal, enum cw_source source,
		    const char *value, struct cw_error *error);
int cw_settings_set_map(struct cw_settings *settings, const char *internal, enum cw_source source,
			const char *key, const char *value, struct cw_error *error);
/* Whether these would be set, without setting them: CW_OK, or the error. */
int cw_settings_try(const struct cw_settings *settings, const char *internal, enum cw_source source,
		    const char *value, struct cw_error *error);
int cw_settings_try_map(const struct cw_settings *settings, const char *internal,
			enum cw_source source, const char *value, struct cw_error *error);
/* Back to the default. */
void cw_settings_reset(struct cw_settings *settings, const char *internal);

/* The value, NULL when there is none (for lists the first). Unknown internal names have none. */
const char *cw_settings_get(const struct cw_settings *settings, const char *internal);
bool cw_settings_flag(const struct cw_settings *settings, const char *internal);
int64_t cw_settings_int(const struct cw_settings *settings, const char *internal,
			int64_t otherwise);
/* Never NULL; empty where there is none. */
const struct cw_strv *cw_settings_list(const struct cw_settings *settings, const char *internal);
/* The keys and values of a map, of equal count, in the order given; never NULL. */
const struct cw_strv *cw_settings_map_keys(const struct cw_settings *settings,
					   const char *internal);
const struct cw_strv *cw_settings_map_values(const struct cw_settings *settings,
					     const char *internal);
const char *cw_settings_map_get(const struct cw_settings *settings, const char *internal,
				const char *key);
enum cw_source cw_settings_source(const struct cw_settings *settings, const char *internal);
/* Set by anybody (source above the default). */
bool cw_settings_given(const struct cw_settings *settings, const char *internal);
const struct cw_option_set *cw_settings_options(const struct cw_settings *settings);
/* Logs, for debugging, what came from SOURCE as "WHERE: rsa_key_size = 3072"; no secrets. */
void cw_settings_log(const struct cw_settings *settings, enum cw_source source, const char *where);

#endif
