/* server_name in all its forms, and how well it matches a host. */
#ifndef NGINX_NAME_H
#define NGINX_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* From the best match to the worst, as nginx ranks them. */
enum name_match { MATCH_EXACT, MATCH_HEAD, MATCH_TAIL, MATCH_REGEX, MATCH_NONE };

struct name {
	const char *text;   /* lower case but for regular expressions; borrowed */
	size_t length;      /* bytes of TEXT */
	void *regex;        /* compiled when first needed */
	bool regex_refused; /* by the library: matches nothing */
};

/* Fills NAME from a word of server_name; TEXT is changed to lower case and must outlive it. */
void name_init(struct name *name, char *text);
void name_clear(struct name *name);

/*
 * How NAME matches HOST, a host name in lower case without port and final dot. Of two names that
 * match alike the longer wildcard is the better match (struct name's length); of regular
 * expressions the first.
 */
enum name_match name_matches(struct name *name, const char *host, size_t length);
bool name_is_regex(const struct name *name);
/* What a name that begins with a dot, or a leading wildcard, stands for: the part after it; NULL
 * for others. */
const char *name_base(const struct name *name);
/* The host that a certificate can be had for: the name itself, of ".NAME" the name; NULL when there
 * is none. */
const char *name_host(const struct name *name);
/* Whether a regular expression of the configuration matches TEXT; one that is none matches nothing.
 */
bool expression_matches(const char *expression, bool any_case, const char *text);

#endif
