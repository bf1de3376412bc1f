/* --dns-alias: the TXT record of a name is written elsewhere, because _acme-challenge.NAME is an
 * alias (CNAME) of that record, which the plugin cannot see. */
#ifndef CW_FLOW_ISSUE_ALIASES_H
#define CW_FLOW_ISSUE_ALIASES_H

#include "base/error.h"
#include "base/option.h"
#include "flow/issue/names.h"

/* Whether every value is NAME=TARGET, with the names of a certificate and of a record. */
int cw_aliases_check(const struct cw_settings *settings, struct cw_error *error);
/* The same for what somebody asks for now: no name has two targets, and those of the command line
 * are among NAMES, the certificate's. */
int cw_aliases_check_names(const struct cw_settings *settings, const struct cw_names *names,
			   struct cw_error *error);
/* Where the record for NAME (A-labels without "*.") is written; NULL: in its usual place. Release
 * with free(). */
char *cw_alias_find(const struct cw_settings *settings, const char *name);

#endif
