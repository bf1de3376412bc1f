#include "store/undo_journal.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Field 22 of /proc/PID/stat, and the state, field 3; see proc(5). */
static bool
read_process_stat(pid_t pid, struct cw_undo_owner *owner)
{
	cw_auto_buf struct cw_buf text = {0};
	cw_autofree char *path = cw_format("/proc/%ld/stat", (long)pid);
	cw_auto_strv struct cw_strv fields = {0};
	const char *rest;

	if (cw_file_read(path, 8192, &text, NULL) != CW_OK)
		return false;
	/* The program's name, in brackets, may hold blanks and brackets itself. */
	rest = strrchr(cw_buf_text(&text), ')');
	if (rest == NULL)
		return false;
	cw_strv_split(&fields, rest + 1, ' ');
	if (fields.count < 20 || !cw_parse_uint(fields.items[19], UINT64_MAX, &owner->start))
		return false;
	owner->ended = strchr("ZX", fields.items[0][0]) != NULL;
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
