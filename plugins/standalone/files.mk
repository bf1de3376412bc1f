if PLUGIN_STANDALONE
plugin_LTLIBRARIES += standalone.la
standalone_la_SOURCES = \
	$(common_alpn) $(common_instance) \
	plugins/standalone/alpn.c plugins/standalone/alpn.h \
	plugins/standalone/answers.c plugins/standalone/answers.h \
	plugins/standalone/http.c plugins/standalone/http.h \
	plugins/standalone/request.c plugins/standalone/request.h \
	plugins/standalone/server.c plugins/standalone/server.h \
	plugins/standalone/standalone.c \
	plugins/standalone/tokens.c plugins/standalone/tokens.h
if TEST_HOLES
standalone_la_SOURCES += tests/security/attempts.c
endif
standalone_la_LDFLAGS = $(plugin_ldflags)
standalone_la_LIBADD = $(OPENSSL_LIBS)
standalone_la_CPPFLAGS = $(plugin_cppflags) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'
dist_man8_MANS += plugins/standalone/certwright-standalone.8

check_PROGRAMS += tests/unit/test_standalone
tests_unit_test_standalone_SOURCES = tests/unit/test_standalone.c \
	tests/unit/free_port.h tests/unit/plugin_fixture.h
endif
