apache_model_sources = \
	$(common_memory) \
	$(common_exposure) \
	$(common_files) \
	$(common_helper) \
	plugins/apache/address.c plugins/apache/address.h \
	plugins/apache/command.c \
	plugins/apache/condition.c plugins/apache/condition.h \
	plugins/apache/config.c plugins/apache/config.h \
	plugins/apache/files.c plugins/apache/files.h \
	plugins/apache/include.c plugins/apache/include.h \
	plugins/apache/layout.c plugins/apache/layout.h \
	plugins/apache/macro.c plugins/apache/macro.h \
	plugins/apache/model.c plugins/apache/model.h \
	plugins/apache/program.c plugins/apache/program.h \
	plugins/apache/words.c plugins/apache/words.h

EXTRA_DIST += plugins/apache/fixtures plugins/apache/apache-environment.sh

if PLUGIN_APACHE
plugin_LTLIBRARIES += apache.la
apache_la_SOURCES = \
	$(apache_model_sources) \
	$(common_certificate) \
	$(common_policy_file) \
	$(common_proc) \
	$(common_web_server) \
	plugins/apache/apache.c plugins/apache/plugin.h \
	plugins/apache/challenge.c \
	plugins/apache/choose.c plugins/apache/choose.h \
	plugins/apache/copy.c plugins/apache/copy.h \
	plugins/apache/deploy.c \
	plugins/apache/edit.c plugins/apache/edit.h \
	plugins/apache/enhance.c \
	plugins/apache/install.c \
	plugins/apache/loop.c plugins/apache/loop.h \
	plugins/apache/modules.c plugins/apache/modules.h \
	plugins/apache/naming.c plugins/apache/naming.h \
	plugins/apache/pair.c plugins/apache/pair.h \
	plugins/apache/place.c plugins/apache/place.h \
	plugins/apache/plan.c plugins/apache/plan.h \
	plugins/apache/port.c plugins/apache/port.h \
	plugins/apache/process.c plugins/apache/process.h \
	plugins/apache/reload.c plugins/apache/reload.h \
	plugins/apache/split.c plugins/apache/split.h
apache_la_LDFLAGS = $(plugin_ldflags)
apache_la_LIBADD = $(OPENSSL_LIBS)
apache_la_CPPFLAGS = $(plugin_cppflags) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"' \
	-DPLUGIN_FOLDER='"$(plugindir)"'
dist_man8_MANS += plugins/apache/certwright-apache.8

# In the build tree, too, it is beside the module.
plugin_DATA += apache-environment.sh
CLEANFILES += apache-environment.sh
apache-environment.sh: plugins/apache/apache-environment.sh
	$(AM_V_GEN)rm -f $@ && cp "$(srcdir)/plugins/apache/apache-environment.sh" $@

check_PROGRAMS += tests/unit/test_apache_config
tests_unit_test_apache_config_SOURCES = tests/unit/test_apache_config.c $(apache_model_sources)
tests_unit_test_apache_config_CPPFLAGS = $(AM_CPPFLAGS) -DCONFIG_SIZE_MAX=33554432

noinst_PROGRAMS += tests/tools/apache-hosts
tests_tools_apache_hosts_SOURCES = tests/tools/apache-hosts.c $(apache_model_sources)
tests_tools_apache_hosts_CPPFLAGS = $(AM_CPPFLAGS) -DPLUGIN_FOLDER='"$(abs_top_builddir)"'
tests_tools_apache_hosts_LDADD = libcore.la
endif
