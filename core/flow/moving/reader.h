/* What the readers (source.h) share. */
#ifndef CW_FLOW_MOVING_READER_H
#define CW_FLOW_MOVING_READER_H

#include "flow/moving/conf.h"
#include "flow/moving/moving.h"

struct cw_moving_source {
	const char *name;   /* as --from has it */
	const char *server; /* the directory URL that the user gave; NULL: none */
	const char *path;   /* absolute; what the client keeps */
	bool gives_method;  /* the user names an authenticator, so the client's does not count */
};

/* The directory URL of Let's Encrypt. */
#define CW_LETS_ENCRYPT "https://acme-v02.api.letsencrypt.org/directory"
/* The directory URL of the CA at HOST ("host" or "host:port", ':' may be '_'): that of the user if
 * it has this host, or of a CA that is known; NULL: neither. */
const char *cw_directory_at(const struct cw_moving_source *source, const char *host);
/* The directory URL of a CA's short name, such as "letsencrypt-test"; NULL: unknown. */
const char *cw_directory_of_preset(const char *preset);
/* The host and port of URL; release with free(). */
char *cw_host_of(const char *url);
/* Remarks what CONF, the file PLACE, has that only a shell can tell. */
void cw_moving_remark_unclear(struct cw_moving *moving, const struct cw_conf *conf,
			      const char *place);
/* Remarks when to renew, if CONF, the file PLACE, has that as KEY. */
void cw_moving_remark_days(struct cw_moving *moving, const struct cw_conf *conf, const char *key,
			   const char *place);
/* CW_E_NOT_FOUND, which says that PATH lacks WHAT and so is not what the client keeps. */
int cw_moving_source_lacks(const struct cw_moving_source *source, const char *what,
			   struct cw_error *error);

#endif
