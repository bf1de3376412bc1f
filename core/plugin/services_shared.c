/* The store that the plugin processes of a run share: the coordinator has it. */
#include "plugin/instance_internal.h"
#include "plugin/services_remote.h"
#include "plugin/shared_store.h"
#include "plugin/wire.h"

int
cw_service_shared_put(const struct cw_host *host, const char *key, const char *value, size_t length)
{
	int status;

	if (!cw_shared_key_valid(key) || (value != NULL && length > CW_PLUGIN_VALUE_MAX))
		return cw_host_misused(host, "shared_put",
				       "the key or the value is too long, or "
				       "the key has a character that may not "
				       "stand there");
	status = cw_host_begin(host, "shared_put");
	return status == CW_OK ? cw_remote_shared_put(host, key, value, length) : status;
}

int
cw_service_shared_get(const struct cw_host *host, const char *key, char **data, size_t *length)
{
	int status;

	*data = NULL;
	*length = 0;
	if (!cw_shared_key_valid(key))
		return cw_host_misused(host, "shared_get",
				       "the key is too long, or has a character that may not stand "
				       "there");
	status = cw_host_begin(host, "shared_get");
	return status == CW_OK ? cw_remote_shared_get(host, key, data, length) : status;
}
