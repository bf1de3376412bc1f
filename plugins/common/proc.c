#include "proc.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "memory.h"

enum { STATE_LISTEN = 0x0a /* in /proc/net/tcp */ };

static bool
read_start(const char *path, char *data, size_t size)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t got;

	if (descriptor < 0)
		return false;
	got = read(descriptor, data, size - 1);
	close(descriptor);
	data[got > 0 ? got : 0] = '\0';
	return got > 0;
}

bool
proc_read(pid_t pid, const char *name, char *data, size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	return read_start(path, data, size);
}

/* The fields of /proc/PID/stat after the name, which may contain any character. */
static const char *
stat_fields(pid_t pid, char *line, size_t size)
{
	const char *end;

	if (!proc_read(pid, "stat", line, size))
		return NULL;
	end = strrchr(line, ')');
	return end != NULL ? end + 1 : NULL;
}

bool
proc_runs(pid_t pid)
{
	char line[1024];
	const char *fields = stat_fields(pid, line, sizeof(line));

	if (fields != NULL)
		return fields[strspn(fields, " ")] != 'Z';
	return kill(pid, 0) == 0 || errno == EPERM;
}

bool
proc_sleeps(pid_t pid)
{
	char line[1024];
	const char *fields = stat_fields(pid, line, sizeof(line));

	return fields == NULL || fields[strspn(fields, " ")] == 'S';
}

unsigned long long
proc_ticks(pid_t pid)
{
	char line[1024];
	const char *fields = stat_fields(pid, line, sizeof(line));
	unsigned long long user = 0, kernel = 0;

	if (fields == NULL ||
	    sscanf(fields, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
		   &kernel) != 2)
		return 0;
	return user + kernel;
}

pid_t
proc_pid_file(const char *path)
{
	char number[32];
	long pid;

	if (!read_start(path, number, sizeof(number)))
		return 0;
	pid = strtol(number, NULL, 10);
	return pid > 1 && (pid_t)pid == pid ? (pid_t)pid : 0;
}

void
pids_add(struct pids *pids, pid_t pid)
{
	if (pids_have(pids, pid))
		return;
	pids->items = memory_resize(pids->items, pids->count + 1, sizeof(*pids->items));
	pids->items[pids->count++] = pid;
}

bool
pids_have(const struct pids *pids, pid_t pid)
{
	for (size_t i = 0; i < pids->count; i++)
		if (pids->items[i] == pid)
			return true;
	return false;
}

void
pids_clear(struct pids *pids)
{
	free(pids->items);
	memset(pids, 0, sizeof(*pids));
}

static pid_t
parent_of(pid_t pid)
{
	char line[1024];
	const char *fields = stat_fields(pid, line, sizeof(line));
	long parent = 0;

	return fields != NULL && sscanf(fields, " %*c %ld", &parent) == 1 ? (pid_t)parent : 0;
}

/* From the kernel's list of children, which not every kernel has. */
static bool
read_children(pid_t pid, struct pids *children)
{
	char path[96];
	FILE *file;
	long child;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (fscanf(file, "%ld", &child) == 1)
		if (proc_runs((pid_t)child))
			pids_add(children, (pid_t)child);
	fclose(file);
	return true;
}

void
proc_children(pid_t pid, struct pids *children)
{
	DIR *folder;
	struct dirent *entry;

	memset(children, 0, sizeof(*children));
	if (read_children(pid, children))
		return;
	folder = opendir("/proc");
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		pid_t child = isdigit((unsigned char)entry->d_name[0])
				      ? (pid_t)strtol(entry->d_name, NULL, 10)
				      : 0;

		if (child > 0 && parent_of(child) == pid && proc_runs(child))
			pids_add(children, child);
	}
	if (folder != NULL)
		closedir(folder);
}

/* Calls VISIT with the inode of every socket that the process has open, until it returns true. */
static bool
visit_sockets(pid_t pid, bool (*visit)(void *context, unsigned long inode), void *context)
{
	char path[96];
	DIR *folder;
	struct dirent *entry;
	bool stop = false;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	folder = opendir(path);
	while (!stop && folder != NULL && (entry = readdir(folder)) != NULL) {
		char target[64];
		ssize_t length =
			readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

		target[length > 0 ? length : 0] = '\0';
		if (strncmp(target, "socket:[", 8) == 0)
			stop = visit(context, strtoul(target + 8, NULL, 10));
	}
	if (folder != NULL)
		closedir(folder);
	return stop;
}

static void
add_socket(struct sockets *sockets, unsigned long inode, unsigned port)
{
	size_t count = sockets->count + 1;

	sockets->items = memory_resize(sockets->items, count, sizeof(*sockets->items));
	sockets->ports = memory_resize(sockets->ports, count, sizeof(*sockets->ports));
	sockets->items[sockets->count] = inode;
	sockets->ports[sockets->count++] = port;
}

static bool
collect(void *context, unsigned long inode)
{
	add_socket(context, inode, 0);
	return false;
}

static bool
is_one_of(void *context, unsigned long inode)
{
	const struct sockets *sockets = context;

	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->items[i] == inode)
			return true;
	return false;
}

bool
proc_has_socket(pid_t pid, const struct sockets *sockets)
{
	return visit_sockets(pid, is_one_of, (void *)sockets);
}

/* Adds those of OPEN that listen, according to one of the kernel's tables. */
static void
add_listening(pid_t pid, const char *table, struct sockets *open, struct sockets *found)
{
	char path[96], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/net/%s", (long)pid, table);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		unsigned long inode;
		unsigned state, port;

		if (sscanf(line, " %*u: %*[^:]:%x %*s %x %*s %*s %*s %*u %*u %lu", &port, &state,
			   &inode) == 3 &&
		    state == STATE_LISTEN && is_one_of(open, inode))
			add_socket(found, inode, port);
	}
	if (file != NULL)
		fclose(file);
}

void
proc_listening(pid_t pid, struct sockets *sockets)
{
	struct sockets open = {0};

	memset(sockets, 0, sizeof(*sockets));
	visit_sockets(pid, collect, &open);
	add_listening(pid, "tcp", &open, sockets);
	add_listening(pid, "tcp6", &open, sockets);
	sockets_clear(&open);
}

void
sockets_clear(struct sockets *sockets)
{
	free(sockets->items);
	free(sockets->ports);
	memset(sockets, 0, sizeof(*sockets));
}
