# What runs "renew": a systemd timer, and a cron file to copy. And the completions.

crondir = $(pkgdatadir)/cron

if SYSTEMD
dist_systemdsystemunit_DATA = packaging/systemd/certwright-renew.timer
nodist_systemdsystemunit_DATA = packaging/systemd/certwright-renew.service
endif
nodist_cron_DATA = packaging/cron/certwright

if BASH_COMPLETIONS
dist_bashcompletions_DATA = packaging/completions/certwright.bash
endif
if ZSH_COMPLETIONS
dist_zshcompletions_DATA = packaging/completions/_certwright
endif
if FISH_COMPLETIONS
dist_fishcompletions_DATA = packaging/completions/certwright.fish
endif

EXTRA_DIST += \
	packaging/completions/_certwright \
	packaging/completions/certwright.bash \
	packaging/completions/certwright.fish \
	packaging/cron/certwright.in \
	packaging/systemd/certwright-renew.service.in
CLEANFILES += packaging/cron/certwright packaging/systemd/certwright-renew.service

packaging/systemd/certwright-renew.service: $(srcdir)/packaging/systemd/certwright-renew.service.in Makefile
	@$(MKDIR_P) packaging/systemd
	$(AM_V_GEN)sed 's|@bindir[@]|$(bindir)|' $(srcdir)/packaging/systemd/certwright-renew.service.in > $@

packaging/cron/certwright: $(srcdir)/packaging/cron/certwright.in Makefile
	@$(MKDIR_P) packaging/cron
	$(AM_V_GEN)sed 's|@bindir[@]|$(bindir)|' $(srcdir)/packaging/cron/certwright.in > $@
