#include "flow/orders/orders.h"
#include <string.h>

static const struct cw_verb requests[] = {
	{.name = "directory", .asks_ca = true, .flow = cw_flow_directory},
	{.name = "account_new", .asks_ca = true, .flow = cw_flow_account_new},
	{.name = "account_find", .asks_ca = true, .flow = cw_flow_account_find},
	{.name = "account_update", .asks_ca = true, .flow = cw_flow_account_update},
	{.name = "account_deactivate", .asks_ca = true, .flow = cw_flow_account_deactivate},
	{.name = "order_new", .asks_ca = true, .flow = cw_flow_order_new},
	{.name = "order_get", .asks_ca = true, .flow = cw_flow_order_get},
	{.name = "order_finalize", .asks_ca = true, .flow = cw_flow_order_finalize},
	{.name = "authorization_get", .asks_ca = true, .flow = cw_flow_authorization_get},
	{.name = "authorization_deactivate",
	 .asks_ca = true,
	 .flow = cw_flow_authorization_deactivate},
	{.name = "challenge_get", .asks_ca = true, .flow = cw_flow_challenge_get},
	{.name = "challenge_ready", .asks_ca = true, .flow = cw_flow_challenge_ready},
	{.name = "certificate_get", .asks_ca = true, .flow = cw_flow_certificate_get},
	{.name = "revoke", .asks_ca = true, .flow = cw_flow_revoke_given},
	{.name = "renewal_info", .asks_ca = true, .flow = cw_flow_renewal_info},
	{.name = "csr_new", .flow = cw_flow_csr_new},
};

const struct cw_verb *
cw_order_request_by_name(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(requests); i++)
		if (strcmp(requests[i].name, name) == 0)
			return &requests[i];
	return NULL;
}
