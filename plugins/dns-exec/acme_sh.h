/* The style acme.sh: a DNS script of acme.sh's, which needs the functions of acme.sh itself. */
#ifndef DNS_EXEC_ACME_SH_H
#define DNS_EXEC_ACME_SH_H

#include <certwright/plugin.h>

/*
 * Checks that SCRIPT and its acme.sh are there. The core then knows the secrets that the script
 * uses, from account.conf and the environment, and has looked at who can read account.conf.
 */
int acme_sh_prepare(const struct cw_host *host, const char *script);

/* The path of the program that calls a function of a script: PROGRAM SCRIPT add|rm RECORD VALUE.
 * It is for sh(1). Release with free(); NULL if out of memory. */
char *acme_sh_caller(void);

#endif
