/* The text for an option in --help and in the manual. */
#ifndef CW_CLI_OPTION_TEXT_H
#define CW_CLI_OPTION_TEXT_H

#include "base/option.h"

/* The placeholder for its value, such as "FILE"; NULL for a flag without one. */
const char *cw_option_metavar(const struct cw_option *option);
/* "-d, --domains, --domain NAME"; release with free(). */
char *cw_option_heading(const struct cw_option *option);
/* Its help text, with choices, default and whether it has an effect; release with free(). */
char *cw_option_description(const struct cw_option *option);
/* The first topic; "" for a common option. Release with free(). */
char *cw_option_first_topic(const struct cw_option *option);

#endif
