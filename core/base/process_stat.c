#include "base/process_stat.h"
#include <dirent.h>
#include <signal.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"

#define STAT_MAX 8192 /* bytes */

/* Fields of /proc/PID/stat, counted from the one behind the program's name. */
enum { FIELD_STATE = 0, FIELD_SESSION = 3, FIELD_START = 19, FIELDS = 20 };

bool
cw_process_stat(pid_t pid, struct cw_process_stat *stat)
{
	cw_auto_buf struct cw_buf text = {0};
	cw_autofree char *path = cw_format("/proc/%ld/stat", (long)pid);
	cw_auto_strv struct cw_strv fields = {0};
	uint64_t session;
	const char *rest;

	if (cw_file_read(path, STAT_MAX, &text, NULL) != CW_OK)
		return false;
	/* The name, in brackets, may have blanks and brackets itself. */
	rest = strrchr(cw_buf_text(&text), ')');
	if (rest == NULL || rest[1] != ' ')
		return false;
	cw_strv_split(&fields, rest + 2, ' ');
	if (fields.count < FIELDS ||
	    !cw_parse_uint(fields.items[FIELD_SESSION], INT32_MAX, &session) ||
	    !cw_parse_uint(fields.items[FIELD_START], UINT64_MAX, &stat->start))
		return false;
	stat->session = (pid_t)session;
	stat->ended = strchr("ZX", fields.items[FIELD_STATE][0]) != NULL;
	return true;
}

size_t
cw_session_signal(pid_t session, int number)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	size_t count = 0;

	if (folder == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL) {
		struct cw_process_stat stat;
		uint64_t pid;

		if (!cw_parse_uint(entry->d_name, INT32_MAX, &pid) || (pid_t)pid == session ||
		    !cw_process_stat((pid_t)pid, &stat) || stat.ended || stat.session != session)
			continue;
		count++;
		if (number != 0)
			kill((pid_t)pid, number);
	}
	closedir(folder);
	return count;
}
