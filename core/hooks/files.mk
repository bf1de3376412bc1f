libcertwright_sources += core/hooks/hooks.c core/hooks/hooks.h
check_PROGRAMS += tests/unit/test_hooks
tests_unit_test_hooks_SOURCES = tests/unit/test_hooks.c
tests_unit_test_hooks_CPPFLAGS = $(unit_cppflags)
tests_unit_test_hooks_LDADD = $(unit_libs)
