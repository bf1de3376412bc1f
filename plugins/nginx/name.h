/* server_name in all its forms, and how well it matches a host. */
#ifndef NGINX_NAME_H
#define NGINX_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* From the best match to the worst, as nginx ranks them. */
enum name_match { MATCH_EXACT, MATCH_HEAD, MATCH_TAIL, MATCH_REGEX, MATCH_NONE };

struct name {
	const char *text;   /* lower case except for regular expressions; borrowed */
	size_t length;      /* bytes of TEXT */
	void *regex;        /* compiled when first needed */
	bool regex_refused; /* the library rejects it: matches nothing */
};

/* Fills NAME from a word of server_name; changes TEXT to lower case. TEXT must outlive NAME. */
void name_init(struct name *name, char *text);
void name_clear(struct name *name);

/*
 * How NAME matches HOST, a host name in lower case without port and final dot. Of two equal matches
 * the longer wildcard (by length), or the first regular expression, is better.
 */
enum name_match name_matches(struct name *name, const char *host, size_t length);
bool name_is_regex(const struct name *name);
/* Whether a regular expression that has matched has groups, which set variables. */
bool name_has_captures(const struct name *name);
/* Whether nginx ignores case in a regular expression: only if it has capitals
 * (ngx_http_core_server_name()). */
bool name_ignores_case(const struct name *name);
/* The part of a name after its leading dot or wildcard; NULL for other names. */
const char *name_base(const struct name *name);
/* The host name to get a certificate for: the name itself, or NAME for ".NAME"; NULL if there is
 * none. */
const char *name_host(const struct name *name);
/* Whether a regular expression of the configuration matches TEXT. An invalid one matches
 * nothing. */
bool expression_matches(const char *expression, bool any_case, const char *text);
/* REPLACEMENT with the groups of a match in TEXT ("$1", "$name"); other variables become "a". NULL:
 * EXPRESSION does not match. Release with free(). */
char *expression_replace(const char *expression, const char *text, const char *replacement);

#endif
