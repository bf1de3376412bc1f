# What runs "renew": a systemd timer, and a cron file to copy. The agent's units. And the completions.

crondir = $(pkgdatadir)/cron

sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d

if SYSTEMD
dist_systemdsystemunit_DATA = \
	packaging/systemd/certwright-agent-http.socket \
	packaging/systemd/certwright-agent-https.socket \
	packaging/systemd/certwright-renew.timer
nodist_systemdsystemunit_DATA = $(systemd_services)
nodist_sysusers_DATA = packaging/systemd/sysusers/certwright.conf
nodist_tmpfiles_DATA = packaging/systemd/tmpfiles/certwright.conf
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
	packaging/systemd/certwright-agent.service.in \
	packaging/systemd/certwright-renew.service.in \
	packaging/systemd/certwright.sysusers \
	packaging/systemd/certwright.tmpfiles \
	packaging/systemd/hardening.in
systemd_services = packaging/systemd/certwright-agent.service packaging/systemd/certwright-renew.service
CLEANFILES += packaging/cron/certwright $(systemd_services) \
	packaging/systemd/sysusers/certwright.conf packaging/systemd/tmpfiles/certwright.conf

# With the restrictions that all services share.
make_service = sed -e 's|@bindir[@]|$(bindir)|' -e '/@hardening[@]/{' \
	-e 'r $(srcdir)/packaging/systemd/hardening.in' -e d -e '}'

packaging/systemd/certwright-agent.service: $(srcdir)/packaging/systemd/certwright-agent.service.in \
		$(srcdir)/packaging/systemd/hardening.in Makefile
	@$(MKDIR_P) packaging/systemd
	$(AM_V_GEN)$(make_service) $(srcdir)/packaging/systemd/certwright-agent.service.in > $@

packaging/systemd/certwright-renew.service: $(srcdir)/packaging/systemd/certwright-renew.service.in \
		$(srcdir)/packaging/systemd/hardening.in Makefile
	@$(MKDIR_P) packaging/systemd
	$(AM_V_GEN)$(make_service) $(srcdir)/packaging/systemd/certwright-renew.service.in > $@

packaging/systemd/sysusers/certwright.conf: $(srcdir)/packaging/systemd/certwright.sysusers
	@$(MKDIR_P) packaging/systemd/sysusers
	$(AM_V_GEN)cp $(srcdir)/packaging/systemd/certwright.sysusers $@

packaging/systemd/tmpfiles/certwright.conf: $(srcdir)/packaging/systemd/certwright.tmpfiles
	@$(MKDIR_P) packaging/systemd/tmpfiles
	$(AM_V_GEN)cp $(srcdir)/packaging/systemd/certwright.tmpfiles $@

packaging/cron/certwright: $(srcdir)/packaging/cron/certwright.in Makefile
	@$(MKDIR_P) packaging/cron
	$(AM_V_GEN)sed 's|@bindir[@]|$(bindir)|g' $(srcdir)/packaging/cron/certwright.in > $@
