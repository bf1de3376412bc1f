#include "flow/due/scouts.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"

#define SCOUTS_MAX 4
#define LINEAGES_MIN 200 /* fewer are looked at before another process has begun */
#define BLOCK 16         /* lineages in a row that one of them looks at, and reports together */
#define STRINGS 5
#define RECEIVE 32768 /* bytes at once */

/* What a pipe brings of one lineage, behind which its strings follow, each with its NUL. */
struct report {
	size_t length; /* of the strings */
	bool is_plain;
	bool has[STRINGS];
	struct cw_sighting sighting; /* whose pointers mean nothing */
};

struct scout {
	pid_t pid; /* 0: it is not there */
	int pipe;
	struct cw_buf received;
	size_t taken; /* bytes of what was received */
};

struct cw_scouts {
	const struct cw_strv *names;
	size_t next; /* of the names */
	size_t count;
	struct scout scouts[SCOUTS_MAX];
};

static void
strings_of(struct cw_sighting *sighting, char **strings[STRINGS])
{
	strings[0] = &sighting->fullchain;
	strings[1] = &sighting->server;
	strings[2] = &sighting->certificate_id;
	strings[3] = &sighting->certificate;
	strings[4] = &sighting->chain;
}

static void
add_report(struct cw_buf *buf, bool is_plain, struct cw_sighting *sighting)
{
	struct report report = {.is_plain = is_plain};
	char **strings[STRINGS];

	strings_of(sighting, strings);
	for (size_t i = 0; is_plain && i < STRINGS; i++) {
		report.has[i] = *strings[i] != NULL;
		report.length += report.has[i] ? strlen(*strings[i]) + 1 : 0;
	}
	report.sighting = *sighting;
	cw_buf_add(buf, &report, sizeof(report));
	for (size_t i = 0; i < STRINGS; i++)
		if (report.has[i])
			cw_buf_add(buf, *strings[i], strlen(*strings[i]) + 1);
}

static void
look(const struct cw_context *context, const struct cw_strv *names, size_t first, size_t step,
     int pipe)
{
	struct cw_buf reports = {0};

	for (size_t block = first; block < names->count; block += step) {
		cw_buf_truncate(&reports, 0);
		for (size_t i = block; i < block + BLOCK && i < names->count; i++) {
			cw_auto_sighting struct cw_sighting sighting = {0};
			bool is_plain = cw_sighting_plain(context, names->items[i], &sighting);

			add_report(&reports, is_plain, &sighting);
		}
		if (cw_write_all(pipe, reports.data, reports.length) != 0)
			break;
	}
	cw_buf_clear(&reports);
}

/* The survey looks by itself at what it is told nothing of. */
static void
end_quietly(void)
{
	_exit(EXIT_FAILURE);
}

static _Noreturn void
become_scout(const struct cw_context *context, const struct cw_scouts *scouts, size_t index,
	     int pipe, pid_t parent)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	cw_set_nomem_handler(end_quietly);
	/* It holds the locks as well, and must not outlive who took them. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < CW_COUNT(signals); i++)
		signal(signals[i], SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < index; i++)
		close(scouts->scouts[i].pipe);
	if (getppid() == parent)
		look(context, scouts->names, index * BLOCK, scouts->count * BLOCK, pipe);
	_exit(EXIT_SUCCESS);
}

static void
dismiss(struct scout *scout)
{
	if (scout->pid == 0)
		return;
	close(scout->pipe);
	/* Its next write would end it, but it may have nothing to write for a while. */
	kill(scout->pid, SIGKILL);
	while (waitpid(scout->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	scout->pid = 0;
	cw_buf_clear(&scout->received);
}

static bool
send_one(const struct cw_context *context, struct cw_scouts *scouts, size_t index)
{
	struct scout *scout = &scouts->scouts[index];
	pid_t parent = getpid();
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		become_scout(context, scouts, index, ends[1], parent);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return false;
	}
	scout->pid = pid;
	scout->pipe = ends[0];
	return true;
}

struct cw_scouts *
cw_scouts_send(const struct cw_context *context, const struct cw_strv *names)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct cw_scouts *scouts;

	if (names->count < LINEAGES_MIN || processors < 2)
		return NULL;
	scouts = cw_alloc(sizeof(*scouts));
	scouts->names = names;
	scouts->count = processors < SCOUTS_MAX ? (size_t)processors : SCOUTS_MAX;
	for (size_t i = 0; i < scouts->count; i++) {
		if (send_one(context, scouts, i))
			continue;
		cw_log_debug("looking at all certificates in one process: %s", strerror(errno));
		cw_scouts_free(scouts);
		return NULL;
	}
	return scouts;
}

/* Has at least LENGTH bytes received; false when they will not come. */
static bool
receive(struct scout *scout, size_t length)
{
	while (scout->pid != 0 && scout->received.length - scout->taken < length) {
		struct cw_buf *buf = &scout->received;
		size_t left = buf->length - scout->taken;
		ssize_t got;

		if (scout->taken > 0) {
			memmove(buf->data, buf->data + scout->taken, left);
			cw_buf_truncate(buf, left);
			scout->taken = 0;
		}
		cw_buf_reserve(buf, length > RECEIVE ? length : RECEIVE);
		got = read(scout->pipe, buf->data + left, buf->capacity - left - 1);
		if (got > 0)
			cw_buf_grown(buf, (size_t)got);
		else if (got == 0 || errno != EINTR)
			dismiss(scout);
	}
	return scout->pid != 0;
}

static void
take(struct scout *scout, void *data, size_t length)
{
	memcpy(data, scout->received.data + scout->taken, length);
	scout->taken += length;
}

bool
cw_scouts_next(struct cw_scouts *scouts, struct cw_sighting *sighting)
{
	struct scout *scout = &scouts->scouts[scouts->next++ / BLOCK % scouts->count];
	char **strings[STRINGS];
	struct report report;

	*sighting = (struct cw_sighting){0};
	if (!receive(scout, sizeof(report)))
		return false;
	take(scout, &report, sizeof(report));
	if (!receive(scout, report.length) || !report.is_plain)
		return false;
	*sighting = report.sighting;
	strings_of(sighting, strings);
	for (size_t i = 0; i < STRINGS; i++) {
		const char *text = scout->received.data + scout->taken;

		*strings[i] = report.has[i] ? cw_strdup(text) : NULL;
		scout->taken += report.has[i] ? strlen(text) + 1 : 0;
	}
	return true;
}

void
cw_scouts_free(struct cw_scouts *scouts)
{
	if (scouts == NULL)
		return;
	for (size_t i = 0; i < scouts->count; i++)
		dismiss(&scouts->scouts[i]);
	free(scouts);
}
