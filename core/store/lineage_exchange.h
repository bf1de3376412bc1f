/* Exchanges live/<name>/ with its successor, live/.<name>.next. */
#ifndef CW_STORE_LINEAGE_EXCHANGE_H
#define CW_STORE_LINEAGE_EXCHANGE_H

#include "store/lineage_files.h"

/* Returns the target that a link to TARGET has after a switch to VERSION. Release with free(). */
char *cw_switched_target(const char *target, enum cw_kind kind, unsigned version);
/* Exchanges the folders; LIVE are the current links. CW_E_UNSUPPORTED, with nothing changed and
 * ERROR not filled, if the folder has other contents or the system cannot exchange. */
int cw_exchange_live(const struct cw_lineage *lineage, const struct cw_live *live, unsigned version,
		     struct cw_error *error);
/* Removes what an interrupted exchange left. Sets *SWITCHED to true if the exchange had taken
 * place. */
int cw_exchange_recover(const struct cw_lineage *lineage, bool *switched, struct cw_error *error);

#endif
