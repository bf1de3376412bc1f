#include "process.h"
#include <string.h>

/* Another program may have the pid now. */
static bool
is_apache(pid_t pid)
{
	char name[64];

	return proc_runs(pid) && (!proc_read(pid, "comm", name, sizeof(name)) ||
				  strstr(name, "apache") != NULL || strstr(name, "httpd") != NULL);
}

pid_t
process_parent(const char *path)
{
	pid_t pid = proc_pid_file(path);

	return pid != 0 && is_apache(pid) ? pid : 0;
}

/* It waits in select() or a sleep. */
bool
process_is_idle(pid_t parent)
{
	static const char *const places[] = {"poll_schedule", "select", "nanosleep"};
	char where[64];

	/* The kernel shows no place of a process that runs, either. */
	if (!proc_sleeps(parent))
		return false;
	if (!proc_read(parent, "wchan", where, sizeof(where)) || where[0] == '0')
		return true;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (strstr(where, places[i]) != NULL)
			return true;
	return false;
}

bool
process_listens_on(const struct sockets *sockets, unsigned port)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->ports[i] == port)
			return true;
	return false;
}
