/* What a switch of the links that was cut off becomes. */
#include "store/lineage.h"

#include "base/mem.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "lineage_fixture.h"

static void
make_record(unsigned count)
{
	static const char *const kinds[] = {"cert", "privkey", "chain", "fullchain"};

	for (unsigned i = 0; i < count; i++) {
		cw_autofree char *target =
			cw_format("%s/archive/a.test/%s1.pem", scratch, kinds[i]);
		cw_autofree char *name = cw_format("live/a.test/previous_%s.pem", kinds[i]);

		link_to(target, name);
	}
}

static void
test_certbots_interrupted_switch_is_completed(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	cw_auto_lineage struct cw_lineage *again = NULL;
	bool changed = false;

	(void)state;
	update(lineage);
	assert_int_equal(cw_lineage_switch(lineage, 1, NULL), CW_OK);
	make_record(CW_KIND_COUNT);
	link_to("../../archive/a.test/cert2.pem", "live/a.test/cert.pem");
	remove_link("live/a.test/privkey.pem");
	again = load("a.test");
	assert_true(again->interrupted);
	assert_int_equal(again->version, 2);
	assert_int_equal(again->newest, 2);
	assert_int_equal(cw_lineage_recover(again, &changed, NULL), CW_OK);
	assert_true(changed);
	assert_false(again->interrupted);
	assert_int_equal(again->version, 2);
	assert_link("live/a.test/chain.pem", "../../archive/a.test/chain2.pem");
	assert_true(scratch_says("live/a.test/privkey.pem", "key 2\n"));
	assert_int_equal(scratch_count("live/a.test"), 5);
}

static void
test_a_switch_that_led_nowhere_is_undone(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	bool changed = true;

	(void)state;
	make_record(CW_KIND_COUNT);
	remove_link("live/a.test/cert.pem");
	assert_int_equal(cw_lineage_recover(lineage, &changed, NULL), CW_OK);
	assert_false(changed);
	assert_int_equal(lineage->version, 1);
	assert_true(scratch_says("live/a.test/cert.pem", "cert 1\n"));
	assert_int_equal(scratch_count("live/a.test"), 5);
}

static void
test_the_rest_of_a_record_is_removed(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	bool changed = true;

	(void)state;
	make_record(2);
	assert_int_equal(cw_lineage_recover(lineage, &changed, NULL), CW_OK);
	assert_false(changed);
	assert_int_equal(scratch_count("live/a.test"), 5);
	update(lineage);
	make_record(2);
	assert_int_equal(cw_lineage_recover(lineage, &changed, NULL), CW_OK);
	assert_true(changed);
	assert_int_equal(lineage->version, 2);
	assert_int_equal(scratch_count("live/a.test"), 5);
}

static void
test_files_that_came_during_an_exchange_are_kept(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");

	(void)state;
	scratch_write("live/.a.test.next/notes", "mine\n", 0644);
	link_to("../../archive/a.test/cert1.pem", "live/.a.test.next/cert.pem");
	assert_int_equal(cw_lineage_recover(lineage, NULL, NULL), CW_OK);
	assert_true(scratch_says("live/a.test/notes", "mine\n"));
	assert_false(scratch_has("live/.a.test.next"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(test_certbots_interrupted_switch_is_completed),
		in_scratch(test_a_switch_that_led_nowhere_is_undone),
		in_scratch(test_the_rest_of_a_record_is_removed),
		in_scratch(test_files_that_came_during_an_exchange_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
