# Memory, strings, vectors, time, files, processes, log, errors, options and settings.

libcertwright_sources += \
	core/base/ask.h \
	core/base/buf.c core/base/buf.h \
	core/base/clock.c core/base/clock.h \
	core/base/error.c core/base/error.h \
	core/base/file.c core/base/file.h \
	core/base/folder.c \
	core/base/idn.c core/base/idn.h \
	core/base/json.c core/base/json.h \
	core/base/log.c core/base/log.h \
	core/base/loop.c core/base/loop.h \
	core/base/mem.c core/base/mem.h \
	core/base/option.h \
	core/base/option_set.c core/base/option_set.h \
	core/base/path.c \
	core/base/process.c core/base/process.h \
	core/base/process_error.c \
	core/base/process_spawn.c core/base/process_spawn.h \
	core/base/process_stream.c core/base/process_stream.h \
	core/base/setting_value.c core/base/setting_value.h \
	core/base/settings.c \
	core/base/settings_log.c \
	core/base/strv.c core/base/strv.h \
	core/base/text.c core/base/text.h

check_PROGRAMS += \
	tests/unit/test_buf \
	tests/unit/test_clock \
	tests/unit/test_error \
	tests/unit/test_file \
	tests/unit/test_json \
	tests/unit/test_log \
	tests/unit/test_loop \
	tests/unit/test_option \
	tests/unit/test_process \
	tests/unit/test_text

tests_unit_test_buf_SOURCES = tests/unit/test_buf.c
tests_unit_test_buf_LDADD = $(unit_libs)
tests_unit_test_buf_CPPFLAGS = $(unit_cppflags)

tests_unit_test_clock_SOURCES = tests/unit/test_clock.c
tests_unit_test_clock_LDADD = $(unit_libs)
tests_unit_test_clock_CPPFLAGS = $(unit_cppflags)

tests_unit_test_error_SOURCES = tests/unit/test_error.c
tests_unit_test_error_LDADD = $(unit_libs)
tests_unit_test_error_CPPFLAGS = $(unit_cppflags)

tests_unit_test_file_SOURCES = tests/unit/test_file.c
tests_unit_test_file_LDADD = $(unit_libs)
tests_unit_test_file_CPPFLAGS = $(unit_cppflags)

tests_unit_test_json_SOURCES = tests/unit/test_json.c
tests_unit_test_json_LDADD = $(unit_libs)
tests_unit_test_json_CPPFLAGS = $(unit_cppflags)

tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_LDADD = $(unit_libs)
tests_unit_test_log_CPPFLAGS = $(unit_cppflags)

tests_unit_test_loop_SOURCES = tests/unit/test_loop.c
tests_unit_test_loop_LDADD = $(unit_libs)
tests_unit_test_loop_CPPFLAGS = $(unit_cppflags)

tests_unit_test_option_SOURCES = tests/unit/test_option.c
tests_unit_test_option_LDADD = $(unit_libs)
tests_unit_test_option_CPPFLAGS = $(unit_cppflags)

tests_unit_test_process_SOURCES = tests/unit/test_process.c
tests_unit_test_process_LDADD = $(unit_libs)
tests_unit_test_process_CPPFLAGS = $(unit_cppflags)

tests_unit_test_text_SOURCES = tests/unit/test_text.c
tests_unit_test_text_LDADD = $(unit_libs)
tests_unit_test_text_CPPFLAGS = $(unit_cppflags)
