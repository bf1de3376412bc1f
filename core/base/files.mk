# Memory, strings, vectors, time, files, processes, log, errors, options and settings.

libcore_sources += \
	core/base/ask.h \
	core/base/buf.c core/base/buf.h \
	core/base/clock.c core/base/clock.h \
	core/base/error.c core/base/error.h \
	core/base/file.c core/base/file.h \
	core/base/folder.c \
	core/base/hole.h \
	core/base/idn.c core/base/idn.h \
	core/base/json.c core/base/json.h \
	core/base/log.c core/base/log.h \
	core/base/loop.c core/base/loop.h \
	core/base/mem.c core/base/mem.h \
	core/base/merge.c core/base/merge.h \
	core/base/message.c core/base/message.h \
	core/base/option.h \
	core/base/option_set.c core/base/option_set.h \
	core/base/path.c \
	core/base/peer.c core/base/peer.h \
	core/base/permissions.c core/base/permissions.h \
	core/base/plugin_name.c core/base/plugin_name.h \
	core/base/pool.c core/base/pool.h \
	core/base/printable.c core/base/printable.h \
	core/base/process.c core/base/process.h \
	core/base/process_error.c \
	core/base/process_spawn.c core/base/process_spawn.h \
	core/base/process_stream.c core/base/process_stream.h \
	core/base/program_path.c core/base/program_path.h \
	core/base/role.c core/base/role.h \
	core/base/process_stat.c core/base/process_stat.h \
	core/base/role_main.c \
	core/base/sandbox.c core/base/sandbox.h core/base/sandbox_parts.h \
	core/base/sandbox_landlock.c \
	core/base/sandbox_seccomp.c \
	core/base/sandbox_user.c \
	core/base/seccomp_api.c core/base/seccomp_api.h \
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
	tests/unit/test_loop_signals \
	tests/unit/test_merge \
	tests/unit/test_message \
	tests/unit/test_option \
	tests/unit/test_peer \
	tests/unit/test_permissions \
	tests/unit/test_plugin_name \
	tests/unit/test_pool \
	tests/unit/test_printable \
	tests/unit/test_process \
	tests/unit/test_process_descriptors \
	tests/unit/test_process_ending \
	tests/unit/test_process_many \
	tests/unit/test_process_streams \
	tests/unit/test_program_path \
	tests/unit/test_role \
	tests/unit/test_sandbox \
	tests/unit/test_text

tests_unit_test_loop_SOURCES = tests/unit/test_loop.c \
	tests/unit/loop_fixture.h
tests_unit_test_loop_signals_SOURCES = tests/unit/test_loop_signals.c \
	tests/unit/child.h tests/unit/loop_fixture.h
tests_unit_test_permissions_SOURCES = tests/unit/test_permissions.c \
	tests/unit/scratch.h
tests_unit_test_process_SOURCES = tests/unit/test_process.c \
	tests/unit/process_fixture.h tests/unit/scratch.h
tests_unit_test_process_descriptors_SOURCES = tests/unit/test_process_descriptors.c \
	tests/unit/child.h tests/unit/process_fixture.h tests/unit/scratch.h
tests_unit_test_process_ending_SOURCES = tests/unit/test_process_ending.c \
	tests/unit/child.h tests/unit/process_fixture.h tests/unit/scratch.h
tests_unit_test_process_many_SOURCES = tests/unit/test_process_many.c \
	tests/unit/process_fixture.h tests/unit/scratch.h
tests_unit_test_process_streams_SOURCES = tests/unit/test_process_streams.c \
	tests/unit/process_fixture.h tests/unit/scratch.h
tests_unit_test_program_path_SOURCES = tests/unit/test_program_path.c \
	tests/unit/process_fixture.h tests/unit/scratch.h
tests_unit_test_role_SOURCES = tests/unit/test_role.c \
	tests/unit/scratch.h
tests_unit_test_sandbox_SOURCES = tests/unit/test_sandbox.c \
	tests/unit/child.h tests/unit/sandbox_fixture.h tests/unit/scratch.h
