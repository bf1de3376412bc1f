/* The services that the coordinator, and through it the network process, provides to a plugin
 * process. Private to plugin/. The caller must check the arguments. */
#ifndef CW_PLUGIN_SERVICES_REMOTE_H
#define CW_PLUGIN_SERVICES_REMOTE_H

#include "base/strv.h"
#include "plugin/instance_internal.h"

int cw_remote_shared_put(const struct cw_host *host, const char *key, const char *value,
			 size_t length);
int cw_remote_shared_get(const struct cw_host *host, const char *key, char **data, size_t *length);
int cw_remote_state_put(const struct cw_host *host, const char *lineage, const char *key,
			const void *value, size_t length);
int cw_remote_state_get(const struct cw_host *host, const char *lineage, const char *key,
			char **data, size_t *length);
int cw_remote_credentials(const struct cw_host *host, const char *path, bool strict, char **text);
int cw_remote_undo_plugin(const struct cw_host *host, const char *data, unsigned *id);
int cw_remote_undo_done(const struct cw_host *host, unsigned id);
/* HEADERS are the headers of REQUEST, as "Name: value". */
int cw_remote_http(const struct cw_host *host, const struct cw_http_request *request,
		   const struct cw_strv *headers, struct cw_http_response *response);
int cw_remote_wait_txt(const struct cw_host *host, struct cw_txt_record *const *records,
		       size_t count, unsigned seconds);
int cw_remote_locate(const struct cw_host *host, struct cw_dns_place *const *places, size_t count);
int cw_remote_dns_exchange(const struct cw_host *host, struct cw_dns_query *query);

#endif
