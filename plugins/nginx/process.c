#include "process.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "memory.h"

enum { TITLE_SIZE = 4096 };

/* Reads the first bytes of a file as a string; false if it cannot be read. */
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

/* /proc/PID/NAME */
static bool
read_about(pid_t pid, const char *name, char *data, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	return read_start(path, data, size);
}

/* nginx sets its title to "nginx: master process ...", whatever its file is called. */
static bool
has_title(pid_t pid, const char *words)
{
	char title[TITLE_SIZE];

	return read_about(pid, "cmdline", title, sizeof(title)) && strstr(title, words) != NULL;
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
	return read_about(pid, "comm", name, sizeof(name)) && strstr(name, "nginx") != NULL;
}

pid_t
process_master(const char *path)
{
	char number[32];
	long pid;

	if (!read_start(path, number, sizeof(number)))
		return 0;
	pid = strtol(number, NULL, 10);
	return pid > 1 && (pid_t)pid == pid && is_nginx((pid_t)pid) ? (pid_t)pid : 0;
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

	if (!read_about(pid, "cmdline", title, sizeof(title)) ||
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

	if (!read_about(pid, "cmdline", title, sizeof(title)) ||
	    strstr(title, "worker process") == NULL)
		return;
	workers->items = memory_resize(workers->items, workers->count + 1, sizeof(*workers->items));
	workers->items[workers->count].pid = pid;
	workers->items[workers->count++].ending = strstr(title, "shutting down") != NULL;
}

/* From the kernel's list of children. */
static bool
read_children(pid_t master, struct workers *workers)
{
	char path[96];
	FILE *file;
	long pid;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)master, (long)master);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (fscanf(file, "%ld", &pid) == 1)
		add_if_worker(workers, (pid_t)pid);
	fclose(file);
	return true;
}

/* The fields of /proc/PID/stat after the name, which may contain any character. */
static const char *
stat_fields(pid_t pid, char *line, size_t size)
{
	const char *end;

	if (!read_about(pid, "stat", line, size))
		return NULL;
	end = strrchr(line, ')');
	return end != NULL ? end + 1 : NULL;
}

static pid_t
parent_of(pid_t pid)
{
	char line[1024];
	const char *fields = stat_fields(pid, line, sizeof(line));
	long parent = 0;

	return fields != NULL && sscanf(fields, " %*c %ld", &parent) == 1 ? (pid_t)parent : 0;
}

static void
search_children(pid_t master, struct workers *workers)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0])
				    ? (pid_t)strtol(entry->d_name, NULL, 10)
				    : 0;

		if (pid > 0 && parent_of(pid) == master)
			add_if_worker(workers, pid);
	}
	if (folder != NULL)
		closedir(folder);
}

void
process_workers(pid_t master, struct workers *workers)
{
	memset(workers, 0, sizeof(*workers));
	if (!read_children(master, workers))
		search_children(master, workers);
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

	if (!read_about(master, "status", text, sizeof(text)))
		return true;
	blocked = strstr(text, "\nSigBlk:");
	return blocked == NULL ||
	       (strtoull(blocked + strlen("\nSigBlk:"), NULL, 16) >> (SIGHUP - 1) & 1) == 0;
}

unsigned long long
process_ticks(pid_t pid)
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
