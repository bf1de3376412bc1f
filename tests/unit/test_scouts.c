#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "flow/due/scouts.h"
#include "plugin/registry.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "sample_certificate.h"
#include "scratch.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { COUNT = 1500 };

static const struct cw_option options[] = {
	{.names = NAMES("authenticator"),
	 .kind = CW_OPTION_STRING,
	 .flags = CW_OPT_RENEWAL,
	 .internal = "authenticator"},
	{.names = NAMES("configurator"), .kind = CW_OPTION_STRING, .internal = "configurator"},
	{.names = NAMES("no-autorenew"),
	 .kind = CW_OPTION_FLAG,
	 .flags = CW_OPT_RENEWAL | CW_OPT_NEGATIVE,
	 .internal = "autorenew",
	 .default_value = "True"},
};

struct machine {
	struct cw_option_set *set;
	struct cw_context context;
	struct cw_strv names;
};

/* Without the syncs that the program's own way of writing has. */
static void
put(const char *path, const char *text)
{
	cw_autofile FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
}

static void
make_folder(const char *format, const char *name)
{
	cw_autofree char *part = cw_format(format, name);
	cw_autofree char *path = scratch_path(part);

	assert_int_equal(mkdir(path, 0755), 0);
}

/* A lineage; one in so many has something that is not as with most. */
static void
make_lineage(const char *name, unsigned index)
{
	static const char *const kinds[] = {"cert", "privkey", "chain", "fullchain"};
	cw_autofree char *file = cw_format("%s/renewal/%s.conf", scratch, name);
	struct cw_buf config = {0};

	make_folder("live/%s", name);
	make_folder("archive/%s", name);
	cw_buf_addf(&config, "archive_dir = %s/archive/%s\n", scratch, name);
	for (size_t i = 0; i < CW_COUNT(kinds); i++) {
		cw_autofree char *path =
			cw_format("%s/archive/%s/%s1.pem", scratch, name, kinds[i]);
		cw_autofree char *target = cw_format("../../archive/%s/%s1.pem", name, kinds[i]);
		cw_autofree char *link = cw_format("%s/live/%s/%s.pem", scratch, name, kinds[i]);

		put(path, index % 50 == 7 && i == 0 ? "damaged" : sample_certificate);
		if (index % 50 == 13 && i == 2)
			assert_int_equal(symlink("nowhere", link), 0);
		else
			assert_int_equal(symlink(target, link), 0);
		cw_buf_addf(&config, "%s = %s\n", kinds[i], link);
	}
	cw_buf_addf(&config, "[renewalparams]\nauthenticator = %s\n",
		    index % 50 == 21 ? "None" : "null");
	if (index % 3 != 0)
		cw_buf_add_text(&config, "server = https://ca.example/dir\n");
	if (index % 50 == 30)
		cw_buf_add_text(&config, "autorenew = False\n");
	if (index % 50 == 40)
		cw_buf_add_text(&config, "= nonsense\n");
	put(file, cw_buf_text(&config));
	cw_buf_clear(&config);
	if (index % 50 == 45)
		make_folder("live/.%s.next", name);
}

static int
make_machine(void **state)
{
	struct machine *machine = cw_alloc(sizeof(*machine));

	if (scratch_make(state) != 0)
		return -1;
	machine->set = cw_option_set_new();
	for (size_t i = 0; i < CW_COUNT(options); i++)
		assert_int_equal(cw_option_set_add(machine->set, &options[i], NULL), CW_OK);
	machine->context.options = machine->set;
	machine->context.registry = cw_registry_new();
	machine->context.settings = cw_settings_new(machine->set);
	machine->context.directories.config = scratch;
	make_folder("%s", "live");
	make_folder("%s", "archive");
	make_folder("%s", "renewal");
	for (unsigned i = 0; i < COUNT; i++) {
		cw_strv_addf(&machine->names, "site%u.test", i);
		make_lineage(machine->names.items[i], i);
	}
	*state = machine;
	return 0;
}

static int
remove_machine(void **state)
{
	struct machine *machine = *state;

	cw_settings_free(machine->context.settings);
	cw_registry_free(machine->context.registry);
	cw_option_set_free(machine->set);
	cw_strv_clear(&machine->names);
	free(machine);
	return scratch_remove(state);
}

static void
assert_same(const struct cw_sighting *a, const struct cw_sighting *b)
{
	assert_true(cw_equal(a->fullchain, b->fullchain));
	assert_true(cw_equal(a->server, b->server));
	assert_true(cw_equal(a->certificate_id, b->certificate_id));
	assert_true(cw_equal(a->certificate, b->certificate));
	assert_true(cw_equal(a->chain, b->chain));
	assert_int_equal(a->due.expiry, b->due.expiry);
	assert_int_equal(a->due.when, b->due.when);
	assert_int_equal(a->due.by_interval, b->due.by_interval);
	assert_int_equal(a->place.offset, b->place.offset);
	assert_int_equal(a->is_renewed, b->is_renewed);
	assert_int_equal(a->waits, b->waits);
}

static struct cw_scouts *
send(struct machine *machine)
{
	struct cw_scouts *scouts = cw_scouts_send(&machine->context, &machine->names);

	/* There is one processor. */
	if (scouts == NULL)
		skip();
	return scouts;
}

static void
test_scouts_see_what_the_survey_would(void **state)
{
	struct machine *machine = *state;
	struct cw_scouts *scouts = send(machine);
	size_t plain = 0;

	for (unsigned i = 0; i < COUNT; i++) {
		cw_auto_sighting struct cw_sighting told = {0}, seen = {0};
		bool is_plain =
			cw_sighting_plain(&machine->context, machine->names.items[i], &seen);

		assert_int_equal(cw_scouts_next(scouts, &told), is_plain);
		if (is_plain)
			assert_same(&told, &seen);
		plain += is_plain;
	}
	assert_int_equal(plain, COUNT - 5 * COUNT / 50);
	cw_scouts_free(scouts);
}

static void
test_few_lineages_are_worth_no_process(void **state)
{
	struct machine *machine = *state;
	struct cw_strv few = machine->names;

	few.count = 20;
	assert_null(cw_scouts_send(&machine->context, &few));
}

/* The children of this process, ended. */
static size_t
kill_children(void)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	size_t killed = 0;

	assert_non_null(processes);
	while ((entry = readdir(processes)) != NULL) {
		cw_autofree char *path = cw_format("/proc/%s/stat", entry->d_name);
		cw_autofile FILE *file = fopen(path, "r");
		int pid, parent;

		if (file == NULL || fscanf(file, "%d %*s %*c %d", &pid, &parent) != 2 ||
		    parent != getpid())
			continue;
		kill(pid, SIGKILL);
		killed++;
	}
	closedir(processes);
	return killed;
}

static void
test_what_a_killed_scout_did_not_tell_is_not_plain(void **state)
{
	struct machine *machine = *state;
	struct cw_scouts *scouts = send(machine);
	size_t told = 0;

	assert_true(kill_children() >= 2);
	for (unsigned i = 0; i < COUNT; i++) {
		cw_auto_sighting struct cw_sighting sighting = {0};
		cw_auto_sighting struct cw_sighting seen = {0};

		if (!cw_scouts_next(scouts, &sighting))
			continue;
		assert_true(cw_sighting_plain(&machine->context, machine->names.items[i], &seen));
		assert_same(&sighting, &seen);
		told++;
	}
	/* Pipes do not hold as much. */
	assert_true(told < COUNT - 5 * COUNT / 50);
	cw_scouts_free(scouts);
	assert_int_equal(kill_children(), 0);
}

static void
test_scouts_that_are_not_heard_end(void **state)
{
	cw_scouts_free(send(*state));
	assert_int_equal(kill_children(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scouts_see_what_the_survey_would),
		cmocka_unit_test(test_few_lineages_are_worth_no_process),
		cmocka_unit_test(test_what_a_killed_scout_did_not_tell_is_not_plain),
		cmocka_unit_test(test_scouts_that_are_not_heard_end),
	};

	return cmocka_run_group_tests(tests, make_machine, remove_machine);
}
