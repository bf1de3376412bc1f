/*
 * Asks CAs when to renew (RFC 9773), for many certificates at once. When a CA may be asked again is
 * saved in the renewal file: ari_retry_after in [acme_renewal_info].
 */
#ifndef CW_FLOW_DUE_RENEWAL_INFO_H
#define CW_FLOW_DUE_RENEWAL_INFO_H

#include "flow/context.h"
#include "flow/due/due.h"

struct cw_advisors; /* the servers asked in this run */

/* CONTEXT must outlive it. */
struct cw_advisors *cw_advisors_new(struct cw_context *context);
void cw_advisors_free(struct cw_advisors *advisors); /* NULL is allowed */

struct cw_advice_wanted {
	const char *name;           /* of the lineage, for messages */
	const char *server;         /* the directory URL of the CA that issued the certificate */
	const char *certificate_id; /* cw_certificate_ari_id() */
	enum cw_advice advice;      /* out */
	int64_t ask_again;          /* out: not before this time; 0: the CA did not say */
	int64_t start, end;         /* out: the window in which to renew; 0: the CA did not say */
	bool unanswered;            /* out: the CA could not be asked */
};

/* Asks about COUNT certificates at the same time. A server that cannot be asked is named in one
 * warning and not tried again. CW_OK unless the loop was interrupted. */
int cw_advisors_ask(struct cw_advisors *advisors, struct cw_advice_wanted *wanted, size_t count,
		    struct cw_error *error);

/* The time before which the lineage's CA must not be asked; 0 if there is none, or if it is more
 * than a day away. */
int64_t cw_ask_again_read(const struct cw_configobj *config, int64_t now);
/* Sets it, in local time without a zone, as Certbot expects it. */
void cw_ask_again_write(struct cw_configobj *config, int64_t when);

/* The place of that time in a renewal file, for overwriting it. */
#define CW_ASK_AGAIN_LENGTH (sizeof("2026-01-31T12:00:00") - 1)
struct cw_ask_again_place {
	size_t offset; /* 0: nowhere */
	char text[CW_ASK_AGAIN_LENGTH + 1];
};
void cw_ask_again_find(const struct cw_configobj *config, struct cw_ask_again_place *place);
/* Whether WHEN was written there, in the file PATH. */
bool cw_ask_again_overwrite(const char *path, const struct cw_ask_again_place *place, int64_t when);

#endif
