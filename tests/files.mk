check_PROGRAMS += \
	tests/unit/test_due \
	tests/unit/test_glance \
	tests/unit/test_scouts \
	tests/unit/test_rewrite \
	tests/unit/test_names \
	tests/unit/test_channel

tests_unit_test_names_SOURCES = tests/unit/test_names.c
tests_unit_test_names_CPPFLAGS = $(unit_cppflags)
tests_unit_test_names_LDADD = $(unit_libs)
tests_unit_test_channel_SOURCES = tests/unit/test_channel.c
tests_unit_test_channel_CPPFLAGS = $(unit_cppflags)
tests_unit_test_channel_LDADD = $(unit_libs)
tests_unit_test_due_SOURCES = tests/unit/test_due.c
tests_unit_test_due_CPPFLAGS = $(unit_cppflags)
tests_unit_test_due_LDADD = $(unit_libs)
tests_unit_test_glance_SOURCES = tests/unit/test_glance.c
tests_unit_test_glance_CPPFLAGS = $(unit_cppflags)
tests_unit_test_glance_LDADD = $(unit_libs)
tests_unit_test_scouts_SOURCES = tests/unit/test_scouts.c
tests_unit_test_scouts_CPPFLAGS = $(unit_cppflags)
tests_unit_test_scouts_LDADD = $(unit_libs)
tests_unit_test_rewrite_SOURCES = tests/unit/test_rewrite.c
tests_unit_test_rewrite_CPPFLAGS = $(unit_cppflags)
tests_unit_test_rewrite_LDADD = $(unit_libs)

noinst_PROGRAMS += tests/tools/checkpoint-crash
tests_tools_checkpoint_crash_SOURCES = tests/tools/checkpoint-crash.c
tests_tools_checkpoint_crash_LDADD = libcore.la
