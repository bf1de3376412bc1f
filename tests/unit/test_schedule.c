#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/due/schedule.h"

#include <pwd.h>
#include <unistd.h>

#include "scratch.h"

#define ETC "/etc/letsencrypt"

static const char *
found_for(const char *config, struct cw_schedule *schedule)
{
	cw_autofree char *copy = cw_strdup(config);
	const struct cw_directories directories = {.config = copy,
						   .work = (char *)"/var/lib/letsencrypt",
						   .logs = (char *)"/var/log/letsencrypt"};

	cw_schedule_clear(schedule);
	cw_schedule_find(scratch, &directories, schedule);
	return schedule->runner != NULL ? schedule->runner : "";
}

static void
run_systemd(void)
{
	cw_autofree char *folder = scratch_path("run/systemd/system");

	assert_int_equal(cw_folder_make(folder, 0755, NULL), CW_OK);
}

static void
install_cron(void)
{
	scratch_write("usr/sbin/cron", "", 0755);
}

static void
test_timer_that_is_enabled_is_found(void **state)
{
	cw_auto_schedule struct cw_schedule schedule = {0};

	(void)state;
	run_systemd();
	scratch_write("usr/lib/systemd/system/certwright-renew.service",
		      "[Service]\nExecStart=/usr/bin/certwright \\\n  renew --quiet\n", 0644);
	scratch_write("usr/lib/systemd/system/certwright-renew.timer", "[Timer]\n", 0644);
	assert_string_equal(found_for(ETC, &schedule), "");
	scratch_write("etc/systemd/system/timers.target.wants/certwright-renew.timer", "", 0644);
	assert_string_equal(found_for(ETC, &schedule), "systemd timer certwright-renew.timer");
	assert_null(schedule.setup);
	assert_string_equal(found_for("/srv/acme", &schedule), "");
}

static void
test_any_timer_whose_service_renews_counts(void **state)
{
	cw_auto_schedule struct cw_schedule schedule = {0};

	(void)state;
	run_systemd();
	scratch_write("etc/systemd/system/timers.target.wants/other.timer", "", 0644);
	scratch_write("etc/systemd/system/other.service",
		      "[Service]\n# ExecStart=certwright renew\nExecStart=/bin/true\n", 0644);
	assert_string_equal(found_for(ETC, &schedule), "");
	scratch_write("etc/systemd/system/other.service",
		      "[Service]\nExecStart=/usr/bin/certbot -q renew\n", 0644);
	assert_string_equal(found_for(ETC, &schedule), "systemd timer other.timer");
	scratch_write("etc/systemd/system/other.service",
		      "[Service]\nExecStart=certwright renew --config-dir /srv/acme\n", 0644);
	assert_string_equal(found_for(ETC, &schedule), "");
	assert_string_equal(found_for("/srv/acme", &schedule), "systemd timer other.timer");
	assert_string_equal(found_for("/srv/acm", &schedule), "");
}

static void
test_our_timer_is_named_before_others(void **state)
{
	cw_auto_schedule struct cw_schedule schedule = {0};
	cw_autofree char *alias = scratch_path("usr/lib/systemd/system/acme.timer");

	(void)state;
	run_systemd();
	scratch_write("usr/lib/systemd/system/certbot.service",
		      "[Service]\nExecStart=/usr/bin/certbot -q renew\n", 0644);
	scratch_write("usr/lib/systemd/system/certwright-renew.service",
		      "[Service]\nExecStart=/usr/bin/certwright renew\n", 0644);
	scratch_write("usr/lib/systemd/system/certwright-renew.timer", "[Timer]\n", 0644);
	assert_int_equal(symlink("certwright-renew.timer", alias), 0);
	scratch_write("etc/systemd/system/timers.target.wants/acme.timer", "", 0644);
	assert_string_equal(found_for(ETC, &schedule), "systemd timer certwright-renew.timer");
	scratch_write("etc/systemd/system/timers.target.wants/certbot.timer", "", 0644);
	scratch_write("etc/systemd/system/timers.target.wants/certwright-renew.timer", "", 0644);
	assert_string_equal(found_for(ETC, &schedule),
			    "systemd timers certwright-renew.timer and certbot.timer");
}

static void
test_timer_does_nothing_where_systemd_does_not_run(void **state)
{
	cw_auto_schedule struct cw_schedule schedule = {0};

	(void)state;
	scratch_write("etc/systemd/system/certwright-renew.service",
		      "ExecStart=/usr/bin/certwright renew\n", 0644);
	scratch_write("etc/systemd/system/timers.target.wants/certwright-renew.timer", "", 0644);
	assert_string_equal(found_for(ETC, &schedule), "");
}

static void
test_cron_jobs_are_found_wherever_they_are(void **state)
{
	static const char *const files[] = {"/etc/crontab",
					    "/etc/cron.d/certificates",
					    "/etc/cron.daily/certwright",
					    "/var/spool/cron/crontabs/root",
					    "/var/spool/cron/root",
					    "/etc/crontabs/root",
					    "/etc/periodic/daily/certwright"};

	(void)state;
	install_cron();
	for (size_t i = 0; i < CW_COUNT(files); i++) {
		cw_auto_schedule struct cw_schedule schedule = {0};
		cw_autofree char *expected = cw_format("cron job in %s", files[i]);
		cw_autofree char *path = scratch_path(files[i] + 1);

		scratch_write(files[i] + 1, "# certwright renew\n1 2 * * * certwright -q\n", 0755);
		assert_string_equal(found_for(ETC, &schedule), "");
		scratch_write(files[i] + 1, "1 2 * * * root /opt/bin/certwright -q renew\n", 0755);
		assert_string_equal(found_for(ETC, &schedule), expected);
		assert_int_equal(unlink(path), 0);
	}
}

static void
test_cron_job_that_leaves_it_to_systemd(void **state)
{
	cw_auto_schedule struct cw_schedule schedule = {0};

	(void)state;
	install_cron();
	scratch_write("etc/cron.d/certbot",
		      "0 */12 * * * root test ! -d /run/systemd/system && certbot -q renew\n",
		      0644);
	assert_string_equal(found_for(ETC, &schedule), "cron job in /etc/cron.d/certbot");
	run_systemd();
	assert_string_equal(found_for(ETC, &schedule), "");
}

static void
test_timer_that_is_masked_does_nothing(void **state)
{
	cw_auto_schedule struct cw_schedule schedule = {0};
	cw_autofree char *unit = scratch_path("etc/systemd/system/certbot.timer");

	(void)state;
	run_systemd();
	scratch_write("usr/lib/systemd/system/certbot.service",
		      "ExecStart=/usr/bin/certbot renew\n", 0644);
	scratch_write("usr/lib/systemd/system/certbot.timer", "[Timer]\n", 0644);
	scratch_write("etc/systemd/system/timers.target.wants/certbot.timer", "", 0644);
	assert_string_equal(found_for(ETC, &schedule), "systemd timer certbot.timer");
	assert_int_equal(symlink("/dev/null", unit), 0);
	assert_string_equal(found_for(ETC, &schedule), "");
}

static void
test_what_cron_passes_over_does_not_count(void **state)
{
	static const char job[] = "1 2 * * * root certbot renew\n";
	cw_auto_schedule struct cw_schedule schedule = {0};
	cw_autofree char *script = scratch_path("etc/cron.daily/renew");

	(void)state;
	scratch_write("etc/cron.d/certbot.disabled", job, 0644);
	scratch_write("etc/cron.d/certbot~", job, 0644);
	scratch_write("etc/cron.daily/renew", job, 0644);
	install_cron();
	assert_string_equal(found_for(ETC, &schedule), "");
	assert_int_equal(chmod(script, 0755), 0);
	assert_string_equal(found_for(ETC, &schedule), "cron job in /etc/cron.daily/renew");
}

static void
test_without_cron_its_jobs_do_nothing(void **state)
{
	cw_auto_schedule struct cw_schedule schedule = {0};

	(void)state;
	scratch_write("etc/cron.d/certwright", "1 2 * * * root certwright renew\n", 0644);
	assert_string_equal(found_for(ETC, &schedule), "");
	install_cron();
	assert_string_equal(found_for(ETC, &schedule), "cron job in /etc/cron.d/certwright");
}

static void
test_what_to_do_is_said_where_there_is_none(void **state)
{
	cw_auto_schedule struct cw_schedule schedule = {0};
	bool root = geteuid() == 0;

	(void)state;
	found_for("/srv/my acme", &schedule);
	assert_non_null(strstr(schedule.setup, " renew --quiet --config-dir '/srv/my acme'"));
	assert_null(strstr(schedule.setup, "--work-dir"));
	assert_string_equal(schedule.file, root ? "/etc/cron.d/certwright" : "your crontab");
	run_systemd();
	scratch_write("usr/local/lib/systemd/system/certwright-renew.timer", "", 0644);
	found_for(ETC, &schedule);
	if (!root)
		skip();
	assert_string_equal(schedule.setup, "systemctl enable --now certwright-renew.timer");
	assert_null(schedule.file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_timer_that_is_enabled_is_found, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_any_timer_whose_service_renews_counts,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_our_timer_is_named_before_others, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_timer_does_nothing_where_systemd_does_not_run,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_cron_jobs_are_found_wherever_they_are,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_cron_job_that_leaves_it_to_systemd,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_timer_that_is_masked_does_nothing,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_what_cron_passes_over_does_not_count,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_without_cron_its_jobs_do_nothing, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_what_to_do_is_said_where_there_is_none,
						scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
