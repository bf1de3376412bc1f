#include "store/undo_journal.h"

#include "base/file.h"
#include "base/process_stat.h"
#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static bool
read_process_stat(pid_t pid, struct cw_undo_owner *owner)
{
	struct cw_process_stat stat;

	if (!cw_process_stat(pid, &stat))
		return false;
	owner->start = stat.start;
	owner->ended = stat.ended;
	return true;
}

struct cw_undo_owner
cw_undo_look_up(pid_t pid)
{
	struct cw_undo_owner owner = {.pid = pid};
	struct cw_undo_owner self = {0};

	if (read_process_stat(pid, &owner))
		return owner;
	owner.ended = true;
	/* Only where there is no /proc at all. */
	if (!read_process_stat(getpid(), &self))
		owner.ended = kill(pid, 0) != 0 && errno == ESRCH;
	return owner;
}

char *
cw_undo_boot_id(void)
{
	cw_auto_buf struct cw_buf text = {0};

	if (cw_file_read("/proc/sys/kernel/random/boot_id", 256, &text, NULL) != CW_OK)
		return cw_strdup("");
	return cw_strdup(cw_trim(text.data));
}
