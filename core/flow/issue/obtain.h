/* Obtains the certificates of a batch: orders, challenges, finalization, saving. */
#ifndef CW_FLOW_ISSUE_OBTAIN_H
#define CW_FLOW_ISSUE_OBTAIN_H

#include "flow/work/jobs.h"

/*
 * The steps of an issuance, each for all certificates of the batch at once:
 *
 *     plugins and CA are opened -> orders are opened -> challenges are chosen, performed, shown
 *     -> the CA validates -> plugins clean up -> orders are finalized -> certificates are
 *     downloaded, checked, saved
 *
 * What fails of a certificate that can do without some of its names (--allow-subset-of-names) is
 * tried again without these, up to three times. When the network process dies, the orders are
 * continued with another one, once; published challenges stay in place.
 */
extern const struct cw_work cw_obtain_work;

#endif
