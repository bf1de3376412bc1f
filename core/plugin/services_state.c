/* The services that keep values for a lineage: the coordinator has them (store/state.h). */
#include "plugin/instance_internal.h"
#include "plugin/services_remote.h"

int
cw_service_state_put(const struct cw_host *host, const char *lineage, const char *key,
		     const void *value, size_t length)
{
	int status;

	if (lineage == NULL || key == NULL || (value == NULL && length > 0))
		return cw_host_misused(host, "state_put", "the lineage, key or value is missing");
	status = cw_host_begin(host, "state_put");
	return status == CW_OK ? cw_remote_state_put(host, lineage, key, value, length) : status;
}

int
cw_service_state_get(const struct cw_host *host, const char *lineage, const char *key, char **data,
		     size_t *length)
{
	int status;

	if (lineage == NULL || key == NULL)
		return cw_host_misused(host, "state_get", "the lineage or key is missing");
	status = cw_host_begin(host, "state_get");
	return status == CW_OK ? cw_remote_state_get(host, lineage, key, data, length) : status;
}
