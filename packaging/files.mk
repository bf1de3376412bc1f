# What runs "renew": a systemd timer, and a cron file to copy.

crondir = $(pkgdatadir)/cron

if SYSTEMD
dist_systemdsystemunit_DATA = packaging/systemd/certwright-renew.timer
nodist_systemdsystemunit_DATA = packaging/systemd/certwright-renew.service
endif
nodist_cron_DATA = packaging/cron/certwright

EXTRA_DIST += \
	packaging/cron/certwright.in \
	packaging/systemd/certwright-renew.service.in
CLEANFILES += packaging/cron/certwright packaging/systemd/certwright-renew.service

packaging/systemd/certwright-renew.service: $(srcdir)/packaging/systemd/certwright-renew.service.in Makefile
	@$(MKDIR_P) packaging/systemd
	$(AM_V_GEN)sed 's|@bindir[@]|$(bindir)|' $(srcdir)/packaging/systemd/certwright-renew.service.in > $@

packaging/cron/certwright: $(srcdir)/packaging/cron/certwright.in Makefile
	@$(MKDIR_P) packaging/cron
	$(AM_V_GEN)sed 's|@bindir[@]|$(bindir)|' $(srcdir)/packaging/cron/certwright.in > $@
