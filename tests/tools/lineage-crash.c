/*
 * Kills the making, the renewal and the deletion of a lineage at each of its system calls, and
 * looks at what is left: before anything is repaired the links must lead to one version whose key
 * and certificate match (or, while links are switched one by one, the record of the old one must be
 * there), afterwards so without exception, and the work must be possible again.
 *
 *   lineage-crash FOLDER create|update|delete|replace|put plain|links [STEP]
 *
 * "links" puts a file of the administrator into live/<name>/, so that the folder cannot be
 * exchanged. With STEP only that one is tried, and FOLDER is left as the kill left it.
 *
 * "replace" makes a lineage where there is a folder of files, and "put" makes another such folder:
 * ours, or with "links" those of somebody else, which must be somewhere at any time.
 */
#include "base/file.h"
#include "base/mem.h"
#include "store/lineage.h"
#include "store/stand_in.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char name[] = "a.test";

enum work { CREATE, UPDATE, DELETE, REPLACE, PUT };
static const char *const works[] = {"create", "update", "delete", "replace", "put"};

static _Noreturn void
stop(long step, const char *what, struct cw_error *error)
{
	cw_autofree char *line = error->status == CW_OK ? cw_strdup("") : cw_error_line(error);

	fprintf(stderr, "step %ld: %s%s%s\n", step, what, *line == '\0' ? "" : ": ", line);
	exit(1);
}

/* Parts that tell what they belong to: the text after the blank is the same in all of one version.
 */
struct parts {
	char text[CW_KIND_COUNT][64];
	struct cw_version_files files;
};

static void
make_parts(struct parts *parts, const char *mark)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++)
		snprintf(parts->text[i], sizeof(parts->text[i]), "%s %s\n",
			 cw_kind_name((enum cw_kind)i), mark);
	parts->files = (struct cw_version_files){.cert = parts->text[CW_KIND_CERT],
						 .privkey = parts->text[CW_KIND_PRIVKEY],
						 .chain = parts->text[CW_KIND_CHAIN],
						 .fullchain = parts->text[CW_KIND_FULLCHAIN]};
}

static struct cw_configobj *
make_config(const char *mark)
{
	struct cw_configobj *config = cw_configobj_new();

	cw_configobj_set(config, "renewalparams", "account", mark);
	return config;
}

static int
create(const char *folder, const char *mark, struct cw_error *error)
{
	cw_auto_configobj struct cw_configobj *config = make_config(mark);
	struct parts parts;

	make_parts(&parts, mark);
	return cw_lineage_create(folder, name, &parts.files, config, NULL, error);
}

static int
update(const char *folder, const char *mark, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_configobj struct cw_configobj *config = NULL;
	struct parts parts;
	int status = cw_lineage_load(folder, name, &lineage, error);

	if (status != CW_OK)
		return status;
	make_parts(&parts, mark);
	config = cw_configobj_copy(lineage->config);
	cw_configobj_set(config, "renewalparams", "account", mark);
	return cw_lineage_update(lineage, &parts.files, config, true, error);
}

static int
delete_lineage(const char *folder, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	int status = cw_lineage_open(folder, name, &lineage, error);

	return status == CW_OK ? cw_lineage_delete(lineage, error) : status;
}

static int
put(const char *folder, const char *mark, struct cw_error *error)
{
	cw_autofree char *aside = NULL;
	struct parts parts;

	make_parts(&parts, mark);
	return cw_live_put(folder, name, &parts.files, CW_ORIGIN_SELF_SIGNED, &aside, error);
}

static int
do_work(const char *folder, enum work work, struct cw_error *error)
{
	switch (work) {
	case CREATE:
	case REPLACE: return create(folder, "new", error);
	case PUT: return put(folder, "new", error);
	case UPDATE: return update(folder, "new", error);
	default: return delete_lineage(folder, error);
	}
}

static void
write_text(const char *path, const char *text)
{
	struct cw_file_mode mode = {.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};

	cw_file_write(path, text, strlen(text), &mode, NULL);
}

/* Somebody's own files; a lineage may take their place. */
static void
provide(const char *folder, struct cw_error *error)
{
	struct parts parts;

	make_parts(&parts, "old");
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *path =
			cw_format("%s/live/%s/%s.pem", folder, name, cw_kind_name((enum cw_kind)i));
		cw_autofree char *above = cw_path_folder(path);

		cw_folder_make(above, 0755, error);
		write_text(path, parts.text[i]);
	}
	if (cw_live_mark(folder, name, CW_ORIGIN_PROVIDED, true, error) != CW_OK)
		stop(0, "cannot mark the files", error);
}

/* A folder as it is before the work: a renewal has eight versions, so that it removes some. */
static void
prepare(const char *folder, enum work work, bool links)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *notes = cw_format("%s/live/%s/notes", folder, name);

	if (cw_tree_remove(folder, &error) != CW_OK ||
	    cw_folder_make(folder, 0755, &error) != CW_OK)
		stop(0, "cannot make the folder", &error);
	if (work == CREATE)
		return;
	if (work == REPLACE || work == PUT) {
		if (links)
			provide(folder, &error);
		else if (put(folder, "old", &error) != CW_OK)
			stop(0, "cannot put files there", &error);
		return;
	}
	if (create(folder, "old", &error) != CW_OK)
		stop(0, "cannot make the lineage", &error);
	for (int i = 0; work == UPDATE && i < 7; i++) {
		if (update(folder, "old", &error) != CW_OK)
			stop(0, "cannot renew it", &error);
	}
	if (links)
		write_text(notes, "mine\n");
}

/* Runs the work in a child that is killed when it comes to, or back from, its STEPth system call.
 * Returns whether it was killed before it was through. */
static bool
run_killed(const char *folder, enum work work, long step)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(2);
		raise(SIGSTOP);
		_exit(do_work(folder, work, NULL) == CW_OK ? 0 : 3);
	}
	waitpid(child, &status, 0);
	for (long i = 0; WIFSTOPPED(status); i++) {
		if (i == step)
			kill(child, SIGKILL);
		else if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0)
			kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		fprintf(stderr, "the child ended with %d\n", WEXITSTATUS(status));
		exit(WEXITSTATUS(status) == 2 ? 77 : 1);
	}
	return WIFSIGNALED(status);
}

/* What a server reads through a link, "" when it cannot. */
static void
read_mark(const struct cw_lineage *lineage, enum cw_kind kind, char *mark, size_t size)
{
	cw_auto_buf struct cw_buf text = {0};
	const char *blank;

	*mark = '\0';
	if (cw_file_read(lineage->live[kind], 100, &text, NULL) != CW_OK)
		return;
	blank = strchr(cw_buf_text(&text), ' ');
	if (blank != NULL)
		snprintf(mark, size, "%s", blank + 1);
}

/* Whether what the four links lead to belongs together. */
static bool
belongs_together(const struct cw_lineage *lineage)
{
	char marks[CW_KIND_COUNT][64];

	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		read_mark(lineage, (enum cw_kind)i, marks[i], sizeof(marks[i]));
		if (*marks[i] == '\0' || strcmp(marks[i], marks[0]) != 0)
			return false;
	}
	return true;
}

static bool
has_record(const struct cw_lineage *lineage)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *folder = cw_path_folder(lineage->live[i]);
		cw_autofree char *path =
			cw_format("%s/previous_%s.pem", folder, cw_kind_name((enum cw_kind)i));

		if (access(path, F_OK) != 0)
			return false;
	}
	return true;
}

/* That nothing is left over. */
static void
check_clean(const char *folder, long step)
{
	static const char *const parts[] = {"renewal", "archive", "live"};
	cw_auto_error struct cw_error error = {0};

	for (size_t i = 0; i < CW_COUNT(parts); i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, parts[i]);
		cw_auto_strv struct cw_strv names = {0};

		cw_folder_list(path, true, &names, NULL);
		for (size_t j = 0; j < names.count; j++) {
			if (*names.items[j] == '.')
				stop(step, names.items[j], &error);
		}
	}
}

/* Before any repair. */
static void
check_usable(const char *folder, enum work work, bool links, long step)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_error struct cw_error error = {0};

	int status = cw_lineage_load(folder, name, &lineage, &error);

	if (status == CW_E_NOT_FOUND && work != UPDATE)
		return;
	if (status != CW_OK)
		stop(step, "the lineage cannot be read", &error);
	if (!belongs_together(lineage) && (!links || !lineage->interrupted || !has_record(lineage)))
		stop(step, "key and certificate are apart", &error);
}

static void
check_recovered(const char *folder, enum work work, long step)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_error struct cw_error error = {0};
	int status = cw_lineage_sweep(folder, &error);
	bool changed = false;

	if (status != CW_OK)
		stop(step, "the sweep fails", &error);
	status = cw_lineage_load(folder, name, &lineage, &error);
	if (status == CW_E_NOT_FOUND && work != UPDATE) {
		cw_error_clear(&error);
		check_clean(folder, step);
		if (work == CREATE && create(folder, "again", &error) != CW_OK)
			stop(step, "it cannot be made again", &error);
		return;
	}
	if (status != CW_OK || cw_lineage_recover(lineage, &changed, &error) != CW_OK)
		stop(step, "the recovery fails", &error);
	if (!belongs_together(lineage) || lineage->version == 0 || lineage->interrupted)
		stop(step, "key and certificate are apart after the recovery", &error);
	if (changed && lineage->version != 9)
		stop(step, "it was changed, and yet was not", &error);
	check_clean(folder, step);
	if (work == DELETE && delete_lineage(folder, &error) != CW_OK)
		stop(step, "it cannot be deleted again", &error);
	if (work == DELETE)
		return;
	if (update(folder, "later", &error) != CW_OK)
		stop(step, "it cannot be renewed", &error);
	cw_lineage_free(cw_take(&lineage));
	if (cw_lineage_load(folder, name, &lineage, &error) != CW_OK ||
	    !belongs_together(lineage) || lineage->version != lineage->newest)
		stop(step, "it is not right after the next renewal", &error);
}

/* What is in live/<name>/ belongs together at any time, whether files or links. */
static void
check_folder(const char *folder, bool links, const char *when, long step)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_strv struct cw_strv asides = {0};
	cw_autofree char *aside = cw_format("%s/aside", folder);
	struct cw_lineage lineage = {0};
	char mark[64];
	bool together;

	for (unsigned i = 0; i < CW_KIND_COUNT; i++)
		lineage.live[i] =
			cw_format("%s/live/%s/%s.pem", folder, name, cw_kind_name((enum cw_kind)i));
	together = belongs_together(&lineage);
	read_mark(&lineage, CW_KIND_CERT, mark, sizeof(mark));
	for (unsigned i = 0; i < CW_KIND_COUNT; i++)
		free(lineage.live[i]);
	if (!together)
		stop(step, when, &error);
	cw_folder_list(aside, true, &asides, NULL);
	if (links && strcmp(mark, "old\n") != 0 && asides.count != 1 && *when == 'a')
		stop(step, "somebody's files are lost", &error);
	if (!links && asides.count != 0)
		stop(step, "our own files were kept", &error);
}

/* A folder of files that is replaced. */
static void
check_replaced(const char *folder, enum work work, bool links, long step)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_error struct cw_error error = {0};

	check_folder(folder, links, "before the recovery the parts are apart", step);
	if (cw_lineage_sweep(folder, &error) != CW_OK)
		stop(step, "the sweep fails", &error);
	check_folder(folder, links, "after the recovery the parts are apart", step);
	check_clean(folder, step);
	if (work == PUT) {
		if (put(folder, "later", &error) != CW_OK)
			stop(step, "they cannot be put there again", &error);
		return;
	}
	if (!cw_lineage_exists(folder, name) && create(folder, "again", &error) != CW_OK)
		stop(step, "the lineage cannot be made again", &error);
	if (cw_lineage_load(folder, name, &lineage, &error) != CW_OK)
		stop(step, "the lineage cannot be read", &error);
	check_folder(folder, links, "at the end the parts are apart", step);
}

int
main(int count, char **arguments)
{
	bool single = count == 5;
	long step = single ? strtol(arguments[4], NULL, 10) : 0;
	enum work work;
	bool links;

	if (count < 4 || count > 5)
		return 2;
	for (work = CREATE; work < PUT && strcmp(arguments[2], works[work]) != 0; work++)
		continue;
	links = strcmp(arguments[3], "links") == 0;
	for (;; step++) {
		bool killed;

		prepare(arguments[1], work, links);
		killed = run_killed(arguments[1], work, step);
		if (single)
			return killed ? 0 : 1;
		if (work == REPLACE || work == PUT) {
			check_replaced(arguments[1], work, links, step);
		} else {
			check_usable(arguments[1], work, links, step);
			check_recovered(arguments[1], work, step);
		}
		if (!killed)
			break;
	}
	printf("%ld\n", step);
	return 0;
}
