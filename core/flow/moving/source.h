/* The ACME clients that can be imported from. Each has a reader in a file of its own. */
#ifndef CW_FLOW_MOVING_SOURCE_H
#define CW_FLOW_MOVING_SOURCE_H

#include "flow/moving/reader.h"

/*
 * Reads all of SOURCE into MOVING (empty). Fails if PATH cannot be read, is not what this client
 * keeps, or has neither an account nor a certificate; failures of single accounts and certificates
 * are their own.
 */
int cw_moving_source_read(const struct cw_moving_source *source, struct cw_moving *moving,
			  struct cw_error *error);

/* The readers. The file of each begins with what its client keeps. */
int cw_read_lego(const struct cw_moving_source *source, struct cw_moving *moving,
		 struct cw_error *error);
int cw_read_acme_sh(const struct cw_moving_source *source, struct cw_moving *moving,
		    struct cw_error *error);
int cw_read_dehydrated(const struct cw_moving_source *source, struct cw_moving *moving,
		       struct cw_error *error);
int cw_read_uacme(const struct cw_moving_source *source, struct cw_moving *moving,
		  struct cw_error *error);
int cw_read_getssl(const struct cw_moving_source *source, struct cw_moving *moving,
		   struct cw_error *error);
int cw_read_acmetool(const struct cw_moving_source *source, struct cw_moving *moving,
		     struct cw_error *error);
int cw_read_certbot_tarball(const struct cw_moving_source *source, struct cw_moving *moving,
			    struct cw_error *error);

#endif
