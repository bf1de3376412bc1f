/* The parts of the table of options; each ends with an option that has no names. */
#ifndef CW_CLI_OPTIONS_TABLES_H
#define CW_CLI_OPTIONS_TABLES_H

#include "base/option.h"

/* The names or choices of one option. */
#define CW_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

extern const struct cw_option cw_options_general[];
extern const struct cw_option cw_options_request[];
extern const struct cw_option cw_options_security[];
extern const struct cw_option cw_options_renewal[];
extern const struct cw_option cw_options_manage[];
extern const struct cw_option cw_options_report[];
extern const struct cw_option cw_options_select[]; /* which plugin */
extern const struct cw_option cw_options_own[];    /* options that Certbot does not have */
extern const struct cw_option cw_options_agent[];

/* The options of a Certbot plugin, used if there is no module of that name. */
struct cw_known_plugin {
	const char *name;
	const struct cw_option *options; /* NULL: the module is always installed */
};

extern const struct cw_known_plugin cw_known_plugins[]; /* ended by a NULL name */
extern const char *const cw_cloud_dns[];                /* NULL-terminated */

#endif
