/* International names (RFC 5890): UTF-8 labels to A-labels. */
#ifndef CW_BASE_IDN_H
#define CW_BASE_IDN_H

#include "base/error.h"

/*
 * The lower-case A-label form of NAME, by IDNA 2008 with UTS #46's non-transitional mapping. Pure
 * ASCII names are only lower-cased; libidn2 is mapped when the first other name is seen.
 * CW_E_INVALID says what is wrong with the name. Release *ASCII with free().
 */
int cw_idn_to_ascii(const char *name, char **ascii, struct cw_error *error);

#endif
