if PLUGIN_DNS_RFC2136
if HAVE_LDNS
plugin_LTLIBRARIES += dns-rfc2136.la
rfc2136_updates = \
	$(common_instance) \
	plugins/dns-rfc2136/credentials.c plugins/dns-rfc2136/credentials.h \
	plugins/dns-rfc2136/server.c plugins/dns-rfc2136/server.h \
	plugins/dns-rfc2136/tsig.c plugins/dns-rfc2136/tsig.h \
	plugins/dns-rfc2136/update.c plugins/dns-rfc2136/update.h \
	plugins/dns-rfc2136/zone.c plugins/dns-rfc2136/zone.h
dns_rfc2136_la_SOURCES = \
	$(rfc2136_updates) $(common_records) \
	plugins/dns-rfc2136/dns_rfc2136.c \
	plugins/dns-rfc2136/remove_later.c plugins/dns-rfc2136/remove_later.h
dns_rfc2136_la_LDFLAGS = $(plugin_ldflags)
dns_rfc2136_la_LIBADD = $(LDNS_LIBS) $(OPENSSL_LIBS)
dns_rfc2136_la_CPPFLAGS = $(plugin_cppflags) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'

check_PROGRAMS += tests/unit/test_rfc2136
tests_unit_test_rfc2136_SOURCES = tests/unit/test_rfc2136.c tests/unit/plain_host.h \
	$(rfc2136_updates) plugins/dns-rfc2136/remove_later.c plugins/dns-rfc2136/remove_later.h
tests_unit_test_rfc2136_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_rfc2136_LDADD = $(LDNS_LIBS) $(unit_libs) $(OPENSSL_LIBS)
dist_man8_MANS += plugins/dns-rfc2136/certwright-dns-rfc2136.8
endif
endif
