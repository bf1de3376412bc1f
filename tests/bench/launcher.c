/*
 * launcher DESCRIPTOR PROGRAM [ARGUMENT...]: runs it and writes what it took to the descriptor, in
 * one line: exit status, wall time and CPU time in microseconds, peak resident memory in KiB.
 *
 * CPU time is that of the program and of all its descendants, memory that of the largest of them.
 * Descendants that outlive their parents, as certwright's Python may, come to this program, which
 * waits for them after it has taken the wall time, a minute at most. A small program of its own
 * because a child's peak begins with the size of what forked it, which for a Python interpreter
 * would be more than what is measured.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long
microseconds(const struct timeval *value)
{
	return value->tv_sec * 1000000LL + value->tv_usec;
}

int
main(int argc, char **argv)
{
	struct timespec begin, end;
	struct rusage all;
	int status, report;
	pid_t child;

	if (argc < 3) {
		fputs("usage: launcher DESCRIPTOR PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	report = atoi(argv[1]);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	child = fork();
	if (child == 0) {
		close(report);
		execvp(argv[2], argv + 2);
		fprintf(stderr, "launcher: cannot run \"%s\": %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	if (child < 0)
		return 1;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	for (int tries = 0; tries < 6000 && (child = waitpid(-1, NULL, WNOHANG)) >= 0;) {
		if (child == 0) {
			tries++;
			nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		}
	}
	getrusage(RUSAGE_CHILDREN, &all);
	dprintf(report, "%d %lld %lld %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		(end.tv_sec - begin.tv_sec) * 1000000LL + (end.tv_nsec - begin.tv_nsec) / 1000,
		microseconds(&all.ru_utime) + microseconds(&all.ru_stime), all.ru_maxrss);
	return 0;
}
