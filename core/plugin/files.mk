# The plugins' loader, their instances, and the services that they may call.

libcore_sources += \
	core/plugin/certbot_plugins.c core/plugin/certbot_plugins.h \
	core/plugin/challenges.c \
	core/plugin/change.c core/plugin/change.h \
	core/plugin/description.c \
	core/plugin/exclusive.c \
	core/plugin/installation.c core/plugin/installation.h \
	core/plugin/installer.c \
	core/plugin/host_call.c \
	core/plugin/host_plugin.c \
	core/plugin/instance.c core/plugin/instance.h core/plugin/instance_internal.h \
	core/plugin/listen.c \
	core/plugin/module.c core/plugin/module_internal.h \
	core/plugin/module_check.c \
	core/plugin/module_options.c \
	core/plugin/null_installer.c \
	core/plugin/port_holder.c core/plugin/port_holder_internal.h \
	core/plugin/process.c core/plugin/process.h core/plugin/process_internal.h \
	core/plugin/process_services.c \
	core/plugin/registry.c core/plugin/registry.h \
	core/plugin/services_ask.c \
	core/plugin/services_dns.c \
	core/plugin/services_files.c \
	core/plugin/services_net.c \
	core/plugin/services_options.c \
	core/plugin/services_process.c \
	core/plugin/services_put_file.c \
	core/plugin/services_remote.c core/plugin/services_remote.h \
	core/plugin/services_shared.c \
	core/plugin/services_text.c \
	core/plugin/services_state.c \
	core/plugin/shared_store.c core/plugin/shared_store.h \
	core/plugin/wire.c core/plugin/wire.h \
	core/plugin/wire_work.c \
	core/plugin/worker.c core/plugin/worker.h core/plugin/worker_internal.h \
	core/plugin/worker_services.c

check_PROGRAMS += \
	tests/unit/test_registry \
	tests/unit/test_instance \
	tests/unit/test_listen \
	tests/unit/test_plugin_process \
	tests/unit/test_services \
	tests/unit/test_plugin_wire

tests_unit_test_instance_SOURCES = tests/unit/test_instance.c tests/unit/plugin_fixture.h \
	tests/unit/role_fixture.h
tests_unit_test_services_SOURCES = tests/unit/test_services.c tests/unit/plugin_fixture.h \
	tests/unit/role_fixture.h tests/unit/scratch.h
tests_unit_test_plugin_process_SOURCES = tests/unit/test_plugin_process.c \
	tests/unit/plugin_fixture.h tests/unit/role_fixture.h tests/unit/scratch.h

# A plugin compiled against each released header, and ones that must be refused. The rpath makes
# libtool build shared objects of what is not installed.
abi_ldflags = -module -avoid-version -shared -rpath /nowhere

check_LTLIBRARIES += \
	tests/abi/sample-1-0.la \
	tests/abi/other-major.la \
	tests/abi/newer-minor.la \
	tests/abi/no-entry.la \
	tests/abi/no-function.la \
	tests/abi/truncated.la \
	tests/abi/truncated-role.la \
	tests/abi/acting.la \
	tests/abi/bad-option.la \
	tests/abi/misnamed.la

tests_abi_sample_1_0_la_SOURCES = tests/abi/sample.c
tests_abi_sample_1_0_la_CPPFLAGS = -I$(top_srcdir)/tests/abi/1.0 -DSAMPLE_NAME='"sample-1-0"'
tests_abi_sample_1_0_la_LDFLAGS = $(abi_ldflags)
tests_abi_other_major_la_SOURCES = tests/abi/other-major.c tests/abi/sound.h
tests_abi_other_major_la_CPPFLAGS = $(plugin_cppflags)
tests_abi_other_major_la_LDFLAGS = $(abi_ldflags)
tests_abi_newer_minor_la_SOURCES = tests/abi/newer-minor.c tests/abi/sound.h
tests_abi_newer_minor_la_CPPFLAGS = $(plugin_cppflags)
tests_abi_newer_minor_la_LDFLAGS = $(abi_ldflags)
tests_abi_no_entry_la_SOURCES = tests/abi/no-entry.c
tests_abi_no_entry_la_CPPFLAGS = $(plugin_cppflags)
tests_abi_no_entry_la_LDFLAGS = $(abi_ldflags)
tests_abi_no_function_la_SOURCES = tests/abi/no-function.c tests/abi/sound.h
tests_abi_no_function_la_CPPFLAGS = $(plugin_cppflags)
tests_abi_no_function_la_LDFLAGS = $(abi_ldflags)
tests_abi_truncated_la_SOURCES = tests/abi/truncated.c tests/abi/sound.h
tests_abi_truncated_la_CPPFLAGS = $(plugin_cppflags)
tests_abi_truncated_la_LDFLAGS = $(abi_ldflags)
tests_abi_truncated_role_la_SOURCES = tests/abi/truncated-role.c tests/abi/sound.h
tests_abi_truncated_role_la_CPPFLAGS = $(plugin_cppflags)
tests_abi_truncated_role_la_LDFLAGS = $(abi_ldflags)
tests_abi_acting_la_SOURCES = tests/abi/acting.c
tests_abi_acting_la_CPPFLAGS = $(plugin_cppflags)
tests_abi_acting_la_LDFLAGS = $(abi_ldflags)
tests_abi_bad_option_la_SOURCES = tests/abi/bad-option.c tests/abi/sound.h
tests_abi_bad_option_la_CPPFLAGS = $(plugin_cppflags)
tests_abi_bad_option_la_LDFLAGS = $(abi_ldflags)
tests_abi_misnamed_la_SOURCES = tests/abi/misnamed.c tests/abi/sound.h
tests_abi_misnamed_la_CPPFLAGS = $(plugin_cppflags)
tests_abi_misnamed_la_LDFLAGS = $(abi_ldflags)
