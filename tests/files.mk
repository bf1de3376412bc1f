check_PROGRAMS += \
	tests/unit/test_agent_plan \
	tests/unit/test_due \
	tests/unit/test_moving_conf \
	tests/unit/test_schedule \
	tests/unit/test_summary \
	tests/unit/test_rewrite \
	tests/unit/test_names \
	tests/unit/test_report \
	tests/unit/test_status \
	tests/unit/test_listeners

tests_unit_test_moving_conf_SOURCES = tests/unit/test_moving_conf.c tests/unit/scratch.h
tests_unit_test_schedule_SOURCES = tests/unit/test_schedule.c tests/unit/scratch.h
tests_unit_test_summary_SOURCES = tests/unit/test_summary.c \
	tests/unit/sample_certificate.h tests/unit/scratch.h
tests_unit_test_listeners_SOURCES = tests/unit/test_listeners.c tests/unit/free_port.h

noinst_PROGRAMS += tests/tools/checkpoint-crash
tests_tools_checkpoint_crash_SOURCES = tests/tools/checkpoint-crash.c
tests_tools_checkpoint_crash_LDADD = libcore.la
noinst_PROGRAMS += tests/tools/status-serve
tests_tools_status_serve_SOURCES = tests/tools/status-serve.c
tests_tools_status_serve_LDADD = libcore.la
