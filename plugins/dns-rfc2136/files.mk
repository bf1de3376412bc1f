if PLUGIN_DNS_RFC2136
if HAVE_LDNS
plugin_LTLIBRARIES += dns-rfc2136.la
dns_rfc2136_la_SOURCES = \
	$(common_instance) $(common_records) \
	plugins/dns-rfc2136/credentials.c plugins/dns-rfc2136/credentials.h \
	plugins/dns-rfc2136/dns_rfc2136.c \
	plugins/dns-rfc2136/server.c plugins/dns-rfc2136/server.h \
	plugins/dns-rfc2136/tsig.c plugins/dns-rfc2136/tsig.h \
	plugins/dns-rfc2136/update.c plugins/dns-rfc2136/update.h
dns_rfc2136_la_LDFLAGS = $(plugin_ldflags)
dns_rfc2136_la_LIBADD = $(LDNS_LIBS) $(OPENSSL_LIBS)
dns_rfc2136_la_CPPFLAGS = $(plugin_cppflags) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'
dist_man8_MANS += plugins/dns-rfc2136/certwright-dns-rfc2136.8
endif
endif
