libcore_sources += core/hooks/hooks.c core/hooks/hooks.h
check_PROGRAMS += tests/unit/test_hooks
