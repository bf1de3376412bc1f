/* The identifiers of a certificate: checks and converts what users write. */
#ifndef CW_FLOW_ISSUE_NAMES_H
#define CW_FLOW_ISSUE_NAMES_H

#include <stdbool.h>
#include "base/error.h"
#include "base/option.h"
#include "base/strv.h"

struct cw_names {
	struct cw_strv dns; /* lower-case A-labels; wildcards with "*." */
	struct cw_strv ip;  /* as inet_ntop(3) writes them */
};

/* Whether TEXT is an IPv4 or IPv6 address. */
bool cw_is_address(const char *text);
/* Checks a DNS name (lengths of RFC 1035; letters, digits, hyphens; at most one "*." in front) and
 * adds it unless it is there. The error says what is wrong; for addresses, URLs and ports, the hint
 * says what to give. */
int cw_names_add_dns_name(struct cw_names *names, const char *name, struct cw_error *error);
int cw_names_add_ip_address(struct cw_names *names, const char *address, struct cw_error *error);
/* The names of --domains and --ip-address. */
int cw_names_from_settings(const struct cw_settings *settings, struct cw_names *names,
			   struct cw_error *error);
/* The names of a certificate in PEM. */
int cw_names_from_certificate(const char *path, struct cw_names *names, struct cw_error *error);
size_t cw_names_count(const struct cw_names *names);
/* All names, DNS names first. */
void cw_names_all(const struct cw_names *names, struct cw_strv *all);
/* Whether both have the same names, in any order. */
bool cw_names_equal(const struct cw_names *a, const struct cw_names *b);
/* Whether ALL has every name of SOME. */
bool cw_names_contain(const struct cw_names *all, const struct cw_names *some);
/* Whether they have a name in common. */
bool cw_names_overlap(const struct cw_names *a, const struct cw_names *b);
/* "a", "a and b", "a and 3 more names"; release with free(). */
char *cw_names_summary(const struct cw_names *names);
void cw_names_copy(struct cw_names *to, const struct cw_names *from);
void cw_names_clear(struct cw_names *names);
#define cw_auto_names cw_auto(cw_names_clear)

#endif
