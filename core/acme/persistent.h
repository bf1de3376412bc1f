/*
 * The DNS records of the challenges that belong to an account: the persistent record of
 * dns-persist-01 (draft-ietf-acme-dns-persist), and the label of dns-account-01
 * (draft-ietf-acme-dns-account-label).
 *
 * A persistent record is a TXT record at _validation-persist.NAME in the syntax of CAA issue values
 * (RFC 8659 section 4.2): "ISSUER; accounturi=URL", with "; policy=wildcard" also for *.NAME and
 * the names below NAME, and with "; persistUntil=SECONDS" until then.
 */
#ifndef CW_ACME_PERSISTENT_H
#define CW_ACME_PERSISTENT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/strv.h"

#define CW_ACME_PERSISTENT "dns-persist-01"
#define CW_ACME_PERSISTENT_LABEL "_validation-persist"

enum { CW_ACME_ISSUERS_MAX = 10 };

/* Whether NAME is an issuer domain name: A-labels in lower case, without a dot at the end. */
bool cw_acme_issuer_ok(const char *name);

/* The name of the record for NAME. Release with free(). */
char *cw_acme_persistent_name(const char *name);
/* The text of a record. Release with free(). */
char *cw_acme_persistent_text(const char *issuer, const char *account_url, bool wildcard);

/* A CAA issue value (RFC 8659 section 4.2), or such a record. The parameters are NULL if there are
 * none. */
struct cw_acme_issue {
	char *issuer; /* in lower case, without a dot at the end; "": nobody */
	const char *account_url;
	const char *policy, *until; /* of a persistent record */
	const char *methods;        /* of CAA: joined by "," (RFC 8657 section 4) */
};
/* Cuts TEXT in place; all members point into it. False if it is malformed; the issuer is set
 * anyway. */
bool cw_acme_issue_parse(char *text, struct cw_acme_issue *issue);

/* What a record has to say. */
struct cw_acme_persistent {
	const struct cw_strv *issuers; /* one of these */
	const char *account_url;
	bool wildcard; /* it must have policy=wildcard */
	int64_t now;   /* seconds since the epoch */
};

/* Whether one of the TXT records TEXTS says it. If not, *WHY is what is wrong with the one that
 * comes closest, as in 'the record ... WHY'; NULL if there are none. Release with free(). */
bool cw_acme_persistent_find(const struct cw_acme_persistent *wanted, const struct cw_strv *texts,
			     char **why);

/* The name of the record of dns-account-01 for NAME. Release with free(). */
char *cw_acme_account_record(const char *account_url, const char *name);

#endif
