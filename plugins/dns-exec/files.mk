if PLUGIN_DNS_EXEC
plugin_LTLIBRARIES += dns-exec.la
dns_exec_la_SOURCES = \
	$(common_helper) $(common_hooks) $(common_instance) $(common_records) $(common_undo) \
	$(common_words) \
	plugins/dns-exec/acme_sh.c plugins/dns-exec/acme_sh.h \
	plugins/dns-exec/call.c plugins/dns-exec/call.h \
	plugins/dns-exec/calls.c plugins/dns-exec/calls.h \
	plugins/dns-exec/dns_exec.c \
	plugins/dns-exec/options.c plugins/dns-exec/options.h
dns_exec_la_LDFLAGS = $(plugin_ldflags)
dns_exec_la_CPPFLAGS = $(plugin_cppflags) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"' \
	-DPLUGIN_FOLDER='"$(plugindir)"'
dist_man8_MANS += plugins/dns-exec/certwright-dns-exec.8

# In the build tree, too, it is beside the module.
plugin_DATA += dns-exec-acme.sh
CLEANFILES += dns-exec-acme.sh
dns-exec-acme.sh: plugins/dns-exec/dns-exec-acme.sh
	$(AM_V_GEN)rm -f $@ && cp "$(srcdir)/plugins/dns-exec/dns-exec-acme.sh" $@

check_PROGRAMS += tests/unit/test_dns_exec_call
tests_unit_test_dns_exec_call_SOURCES = tests/unit/test_dns_exec_call.c tests/unit/plain_host.h \
	$(common_helper) $(common_hooks) $(common_instance) $(common_undo) $(common_words) \
	plugins/dns-exec/acme_sh.c plugins/dns-exec/acme_sh.h \
	plugins/dns-exec/call.c plugins/dns-exec/call.h \
	plugins/dns-exec/calls.c plugins/dns-exec/calls.h
tests_unit_test_dns_exec_call_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
endif
EXTRA_DIST += plugins/dns-exec/dns-exec-acme.sh
