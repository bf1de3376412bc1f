/* The address that the status server listens on. */
#ifndef CW_FLOW_STATUS_ADDRESS_H
#define CW_FLOW_STATUS_ADDRESS_H

#include "base/error.h"

/* Reads what cw_status_server_start.address may be. *ADDRESS, an IP address, is to be released with
 * free(). CW_E_USAGE for anything else. */
int cw_status_address_parse(const char *text, char **address, unsigned *port,
			    struct cw_error *error);

#endif
