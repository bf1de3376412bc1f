#include "undo.h"
#include "instance.h"

int
undo_register(const struct cw_host *host, struct undo *undo, char *const *argv)
{
	unsigned id = 0;
	int status = argv != NULL ? host->undo_command(host, (const char *const *)argv, &id)
				  : fail_no_memory(host);

	if (status != CW_OK)
		return status;
	undo_forget(host, undo);
	undo->id = id;
	undo->registered = 1;
	return CW_OK;
}

void
undo_forget(const struct cw_host *host, struct undo *undo)
{
	if (undo->registered)
		host->undo_done(host, undo->id);
	undo->registered = 0;
}
