if PLUGIN_DNS_EXEC
plugin_LTLIBRARIES += dns-exec.la
dns_exec_la_SOURCES = \
	$(common_hooks) $(common_instance) $(common_records) $(common_undo) $(common_words) \
	plugins/dns-exec/call.c plugins/dns-exec/call.h \
	plugins/dns-exec/calls.c plugins/dns-exec/calls.h \
	plugins/dns-exec/dns_exec.c \
	plugins/dns-exec/options.c plugins/dns-exec/options.h
dns_exec_la_LDFLAGS = $(plugin_ldflags)
dns_exec_la_CPPFLAGS = $(plugin_cppflags) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'
dist_man8_MANS += plugins/dns-exec/certwright-dns-exec.8

check_PROGRAMS += tests/unit/test_dns_exec_call
tests_unit_test_dns_exec_call_SOURCES = tests/unit/test_dns_exec_call.c tests/unit/plain_host.h \
	$(common_hooks) $(common_instance) $(common_undo) $(common_words) \
	plugins/dns-exec/call.c plugins/dns-exec/call.h \
	plugins/dns-exec/calls.c plugins/dns-exec/calls.h
tests_unit_test_dns_exec_call_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
endif
