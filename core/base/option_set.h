/* What settings.c needs of an option set beyond option.h: slots. */
#ifndef CW_BASE_OPTION_SET_H
#define CW_BASE_OPTION_SET_H

#include "option.h"

#define CW_NO_SLOT SIZE_MAX

/* The number of an internal name: from 0, in the order the names came, and never changed by options
 * that are added later. CW_NO_SLOT: unknown. */
size_t cw_option_slot(const struct cw_option_set *set, const char *internal);
/* The option that cw_option_by_internal() gives for it; NULL beyond the last. */
const struct cw_option *cw_option_at_slot(const struct cw_option_set *set, size_t slot);

#endif
