#include "remove_records.h"
#include "credentials.h"

int
remove_records(const struct cw_host *host, const char *path, int udp, struct change *changes,
	       size_t count)
{
	struct credentials credentials = {NULL, NULL, 0, NULL, NULL, NULL, 0};
	int status = credentials_read(host, path, &credentials);

	if (status == CW_OK)
		update_all(host, &credentials, udp, 0, changes, count);
	for (size_t i = 0; i < count; i++) {
		if (status == CW_OK && changes[i].status != CW_OK)
			status = cw_host_fail(host, changes[i].status, changes[i].failure.hint,
					      "%s", changes[i].failure.message);
		change_clear(&changes[i]);
	}
	credentials_clear(&credentials);
	return status;
}
