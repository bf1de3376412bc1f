if PLUGIN_MANUAL
plugin_LTLIBRARIES += manual.la
manual_la_SOURCES = \
	$(common_alpn) $(common_hooks) $(common_instance) $(common_undo) $(common_words) \
	plugins/manual/hooks.c plugins/manual/hooks.h \
	plugins/manual/instructions.c plugins/manual/instructions.h \
	plugins/manual/manual.c \
	plugins/manual/validation_files.c plugins/manual/validation_files.h
manual_la_LDFLAGS = $(plugin_ldflags)
manual_la_LIBADD = $(OPENSSL_LIBS)
manual_la_CPPFLAGS = $(plugin_cppflags) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'
dist_man8_MANS += plugins/manual/certwright-manual.8

check_PROGRAMS += tests/unit/test_manual
tests_unit_test_manual_SOURCES = tests/unit/test_manual.c tests/unit/plain_host.h \
	$(common_alpn) $(common_hooks) $(common_instance) $(common_undo) $(common_words) \
	plugins/manual/hooks.c plugins/manual/hooks.h \
	plugins/manual/instructions.c plugins/manual/instructions.h \
	plugins/manual/validation_files.c plugins/manual/validation_files.h
tests_unit_test_manual_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_manual_LDADD = $(unit_libs) $(OPENSSL_LIBS)
endif
