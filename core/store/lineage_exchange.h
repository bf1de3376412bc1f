/* The exchange of live/<name>/ with its successor, live/.<name>.next. */
#ifndef CW_STORE_LINEAGE_EXCHANGE_H
#define CW_STORE_LINEAGE_EXCHANGE_H

#include "store/lineage_files.h"

/* What a link to TARGET becomes when it is to lead to VERSION; release with free(). */
char *cw_switched_target(const char *target, enum cw_kind kind, unsigned version);
/* Exchanges; LIVE are the links as they are. CW_E_UNSUPPORTED, with nothing changed, where the
 * folder is not plain or the system cannot; ERROR is not filled then. */
int cw_exchange_live(const struct cw_lineage *lineage, const struct cw_live *live, unsigned version,
		     struct cw_error *error);
/* Removes what an interrupted exchange left. *SWITCHED becomes true when it had taken place. */
int cw_exchange_recover(const struct cw_lineage *lineage, bool *switched, struct cw_error *error);

#endif
