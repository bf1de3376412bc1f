if PLUGIN_WEBROOT
plugin_LTLIBRARIES += webroot.la
webroot_la_SOURCES = \
	plugins/webroot/beneath.c plugins/webroot/beneath.h \
	plugins/webroot/challenge_file.c plugins/webroot/challenge_file.h \
	plugins/webroot/challenge_folder.c plugins/webroot/challenge_folder.h \
	plugins/webroot/webroot.c
webroot_la_LDFLAGS = $(plugin_ldflags)
webroot_la_CPPFLAGS = $(plugin_cppflags) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'
dist_man8_MANS += plugins/webroot/certwright-webroot.8

check_PROGRAMS += tests/unit/test_webroot
tests_unit_test_webroot_SOURCES = tests/unit/test_webroot.c tests/unit/plugin_fixture.h
endif
