if PLUGIN_CERTBOT_DNS
plugin_LTLIBRARIES += certbot-dns.la
certbot_dns_la_SOURCES = \
	$(common_helper) $(common_instance) $(common_memory) $(common_records) $(common_waiting) \
	plugins/certbot-dns/certbot_dns.c \
	plugins/certbot-dns/python.c plugins/certbot-dns/python.h
certbot_dns_la_LDFLAGS = $(plugin_ldflags)
certbot_dns_la_CPPFLAGS = $(plugin_cppflags) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"' \
	-DPLUGIN_FOLDER='"$(plugindir)"'
dist_man8_MANS += plugins/certbot-dns/certwright-certbot-dns.8

# In the build tree, too, it is beside the module.
plugin_DATA += certbot-dns.py
CLEANFILES += certbot-dns.py
certbot-dns.py: plugins/certbot-dns/certbot-dns.py
	$(AM_V_GEN)rm -f $@ && cp "$(srcdir)/plugins/certbot-dns/certbot-dns.py" $@
endif
EXTRA_DIST += plugins/certbot-dns/certbot-dns.py
