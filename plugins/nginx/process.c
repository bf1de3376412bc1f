#include "process.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../common/memory.h"
#include "../common/proc.h"

enum { TITLE_SIZE = 4096 };

/* nginx sets its title to "nginx: master process ...", whatever its file is called. */
static bool
has_title(pid_t pid, const char *words)
{
	char title[TITLE_SIZE];

	return proc_read(pid, "cmdline", title, sizeof(title)) && strstr(title, words) != NULL;
}

bool
process_visible(pid_t master)
{
	return has_title(master, "master process");
}

/* A pid file survives a crash; another program may have the pid now. */
static bool
is_nginx(pid_t pid)
{
	char name[TITLE_SIZE];

	if (kill(pid, 0) != 0 && errno != EPERM)
		return false;
	if (access("/proc/self/stat", R_OK) != 0 || process_visible(pid))
		return true;
	return proc_read(pid, "comm", name, sizeof(name)) && strstr(name, "nginx") != NULL;
}

pid_t
process_master(const char *path)
{
	pid_t pid = proc_pid_file(path);

	return pid != 0 && is_nginx(pid) ? pid : 0;
}

/* The value of an option in a title, whose words are separated by blanks; NULL: none. Release
 * with free(). */
static char *
title_option(const char *title, const char *option)
{
	autofree char *word = memory_format(" %s", option);
	const char *found = strstr(title, word);

	if (found == NULL)
		return NULL;
	found += strlen(word);
	found += strspn(found, " ");
	return memory_copy(found, strcspn(found, " "));
}

/* PATH as the process sees it: it may have another current folder or run in a container. */
static bool
is_file_of(pid_t pid, const char *path, const struct stat *file)
{
	autofree char *seen =
		memory_format("/proc/%ld/%s/%s", (long)pid, *path == '/' ? "root" : "cwd", path);
	struct stat status;

	return stat(seen, &status) == 0 && status.st_dev == file->st_dev &&
	       status.st_ino == file->st_ino;
}

/* Whether the process is a master with the configuration FILE. */
static bool
runs_with(pid_t pid, const struct stat *file, const char *built, const char *prefix)
{
	static const char head[] = "nginx: master process";
	char title[TITLE_SIZE];
	autofree char *given = NULL;
	autofree char *own_prefix = NULL;
	autofree char *path = NULL;
	const char *name;

	if (!proc_read(pid, "cmdline", title, sizeof(title)) ||
	    strncmp(title, head, strlen(head)) != 0)
		return false;
	given = title_option(title, "-c");
	own_prefix = title_option(title, "-p");
	name = given != NULL ? given : built;
	if (own_prefix != NULL)
		prefix = own_prefix;
	path = *name == '/' ? memory_copy(name, strlen(name))
			    : memory_format("%s/%s", prefix, name);
	return is_file_of(pid, path, file);
}

pid_t
process_find(const char *configuration, const char *built, const char *prefix)
{
	struct stat file;
	DIR *folder = stat(configuration, &file) == 0 ? opendir("/proc") : NULL;
	struct dirent *entry;
	pid_t found = 0;

	while (found == 0 && folder != NULL && (entry = readdir(folder)) != NULL) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0])
				    ? (pid_t)strtol(entry->d_name, NULL, 10)
				    : 0;

		if (pid > 1 && runs_with(pid, &file, built, prefix))
			found = pid;
	}
	if (folder != NULL)
		closedir(folder);
	return found;
}

static void
add_if_worker(struct workers *workers, pid_t pid)
{
	char title[TITLE_SIZE];

	if (!proc_read(pid, "cmdline", title, sizeof(title)) ||
	    strstr(title, "worker process") == NULL)
		return;
	workers->items = memory_resize(workers->items, workers->count + 1, sizeof(*workers->items));
	workers->items[workers->count].pid = pid;
	workers->items[workers->count++].ending = strstr(title, "shutting down") != NULL;
}

void
process_workers(pid_t master, struct workers *workers)
{
	struct pids children;

	memset(workers, 0, sizeof(*workers));
	proc_children(master, &children);
	for (size_t i = 0; i < children.count; i++)
		add_if_worker(workers, children.items[i]);
	pids_clear(&children);
}

void
workers_clear(struct workers *workers)
{
	free(workers->items);
	memset(workers, 0, sizeof(*workers));
}

bool
workers_have(const struct workers *workers, pid_t pid)
{
	for (size_t i = 0; i < workers->count; i++)
		if (workers->items[i].pid == pid)
			return true;
	return false;
}

bool
process_is_idle(pid_t master)
{
	char text[4096];
	const char *blocked;

	if (!proc_read(master, "status", text, sizeof(text)))
		return true;
	blocked = strstr(text, "\nSigBlk:");
	return blocked == NULL ||
	       (strtoull(blocked + strlen("\nSigBlk:"), NULL, 16) >> (SIGHUP - 1) & 1) == 0;
}
