libcore_sources += \
	core/flow/agent/alarm.c core/flow/agent/alarm.h \
	core/flow/agent/certificate.c core/flow/agent/certificate.h \
	core/flow/agent/child.c core/flow/agent/child.h \
	core/flow/agent/command.c core/flow/agent/command.h \
	core/flow/agent/config.c core/flow/agent/config.h \
	core/flow/agent/control.c core/flow/agent/control.h \
	core/flow/agent/lapsed.c core/flow/agent/lapsed.h \
	core/flow/agent/look.c core/flow/agent/look.h \
	core/flow/agent/modes.c core/flow/agent/modes.h \
	core/flow/agent/plan.c core/flow/agent/plan.h \
	core/flow/agent/provided.c core/flow/agent/provided.h \
	core/flow/agent/manager.c core/flow/agent/manager.h \
	core/flow/agent/stand_in.c core/flow/agent/stand_in.h \
	core/flow/agent/staple.c core/flow/agent/staple.h \
	core/flow/agent/watch.c core/flow/agent/watch.h \
	core/flow/agent/agent.c \
	core/flow/agent/attempts.c \
	core/flow/agent/document.c \
	core/flow/agent/looked.c \
	core/flow/agent/seen.c \
	core/flow/agent/state.c \
	core/flow/agent/tell.c \
	core/flow/agent/work.c \
	core/flow/agent/front.h core/flow/agent/internal.h \
	core/flow/status/address.c core/flow/status/address.h \
	core/flow/status/answer.c core/flow/status/answer.h \
	core/flow/status/hosts.c core/flow/status/hosts.h \
	core/flow/status/process.c \
	core/flow/status/server.c core/flow/status/server.h core/flow/status/wire.h \
	core/flow/report/describe.c core/flow/report/describe.h \
	core/flow/report/failure.c core/flow/report/failure.h \
	core/flow/report/health.c core/flow/report/health.h \
	core/flow/report/metrics.c core/flow/report/metrics.h \
	core/flow/report/nagios.c core/flow/report/nagios.h \
	core/flow/report/page.c core/flow/report/page.h \
	core/flow/report/page_certificate.c core/flow/report/page_certificate.h \
	core/flow/report/page_text.c core/flow/report/page_text.h \
	core/flow/report/provided.c core/flow/report/provided.h \
	core/flow/report/state.c core/flow/report/state.h \
	core/flow/report/status.c core/flow/report/status.h \
	core/flow/report/status_certificate.c \
	core/flow/report/table.c core/flow/report/table.h \
	core/flow/report/words.c core/flow/report/words.h \
	core/flow/verbs/report.c \
	core/flow/issue/accounts.c \
	core/flow/issue/accounts.h \
	core/flow/issue/aliases.c core/flow/issue/aliases.h \
	core/flow/issue/authentication.c \
	core/flow/issue/authentication.h core/flow/issue/authentication_internal.h \
	core/flow/issue/authentication_choose.c \
	core/flow/issue/authentication_step.c \
	core/flow/work/batches.c \
	core/flow/work/batches.h \
	core/flow/verbs/certificates.c \
	core/flow/verbs/certonly.c \
	core/flow/verbs/certonly.h \
	core/flow/issue/challenges.c \
	core/flow/issue/challenges.h \
	core/flow/ask/check.c \
	core/flow/ask/check.h \
	core/flow/ask/choose_lineage.c \
	core/flow/ask/choose_lineage.h \
	core/flow/ask/choose_names.c \
	core/flow/ask/choose_names.h \
	core/flow/ask/choose_plugin.c \
	core/flow/ask/choose_plugin.h \
	core/flow/context.h \
	core/flow/issue/given_account.c core/flow/issue/given_account.h \
	core/flow/issue/host.h \
	core/flow/issue/revoke.c core/flow/issue/revoke.h \
	core/flow/orders/account.c \
	core/flow/orders/certificate.c \
	core/flow/orders/order.c \
	core/flow/orders/orders.c core/flow/orders/orders.h \
	core/flow/orders/step.c core/flow/orders/step.h \
	core/flow/verbs/in_memory.c core/flow/verbs/in_memory.h \
	core/flow/ask/still_used.c \
	core/flow/ask/still_used.h \
	core/flow/issue/csr.c \
	core/flow/issue/csr.h \
	core/flow/due/decide.c \
	core/flow/due/decide.h \
	core/flow/verbs/delete.c \
	core/flow/verbs/export.c \
	core/flow/verbs/import.c \
	core/flow/moving/acme_sh.c \
	core/flow/moving/acmetool.c \
	core/flow/moving/certbot_tarball.c \
	core/flow/moving/conf.c core/flow/moving/conf.h \
	core/flow/moving/dehydrated.c \
	core/flow/moving/find_account.c \
	core/flow/moving/format.c core/flow/moving/format.h \
	core/flow/moving/getssl.c \
	core/flow/moving/keystore.c core/flow/moving/keystore.h \
	core/flow/moving/lego.c \
	core/flow/moving/moving.c core/flow/moving/moving.h \
	core/flow/moving/settings.c \
	core/flow/moving/reader.c core/flow/moving/reader.h \
	core/flow/moving/source.c core/flow/moving/source.h \
	core/flow/moving/take_over.c core/flow/moving/take_over.h \
	core/flow/moving/tar.c core/flow/moving/tar.h \
	core/flow/moving/tar_open.c \
	core/flow/moving/uacme.c \
	core/flow/work/deploy_hooks.c \
	core/flow/work/deploy_hooks.h \
	core/flow/due/due.c \
	core/flow/due/due.h \
	core/flow/verbs/dns_records.c \
	core/flow/verbs/enhance.c \
	core/flow/work/hooks.c \
	core/flow/work/hooks.h \
	core/flow/install/command.c \
	core/flow/install/command.h \
	core/flow/install/certificate.c core/flow/install/certificate.h \
	core/flow/install/deployed.c core/flow/install/deployed.h \
	core/flow/install/hsts.c core/flow/install/hsts.h \
	core/flow/install/redeploy.c core/flow/install/redeploy.h \
	core/flow/install/servers.c core/flow/install/servers.h \
	core/flow/install/undeploy.c core/flow/install/undeploy.h \
	core/flow/install/install.c \
	core/flow/install/install.h \
	core/flow/due/interval.c \
	core/flow/due/interval.h \
	core/flow/install/makers.c core/flow/install/makers.h \
	core/flow/install/owed.c \
	core/flow/install/owed.h \
	core/flow/due/lineage_settings.c \
	core/flow/due/lineage_settings.h \
	core/flow/kit/check.c core/flow/kit/check.h core/flow/kit/check_internal.h \
	core/flow/kit/check_authenticator.c \
	core/flow/kit/check_calls.c \
	core/flow/kit/check_findings.c \
	core/flow/kit/check_installer.c \
	core/flow/kit/check_leaks.c \
	core/flow/kit/check_options.c \
	core/flow/kit/measure.c core/flow/kit/measure.h \
	core/flow/kit/new.c core/flow/kit/new.h \
	core/flow/kit/template.c core/flow/kit/template.h \
	core/flow/kit/trial.c core/flow/kit/trial.h \
	core/flow/work/lookup.c core/flow/work/lookup.h \
	core/flow/work/lone_plugin.c core/flow/work/lone_plugin.h \
	core/flow/work/given_sockets.c core/flow/work/given_sockets.h \
	core/flow/work/listeners.c \
	core/flow/work/listeners.h \
	core/flow/issue/names.c \
	core/flow/issue/names.h \
	core/flow/issue/server.h \
	core/flow/issue/obtain.c \
	core/flow/issue/obtain.h \
	core/flow/verbs/run.c \
	core/flow/verbs/plugins.c \
	core/flow/issue/profile.c \
	core/flow/issue/profile.h \
	core/flow/verbs/reconfigure.c \
	core/flow/verbs/register.c \
	core/flow/due/renewal_info.c \
	core/flow/due/renewal_info.h \
	core/flow/verbs/install.c \
	core/flow/install/choose_installation.c \
	core/flow/install/choose_installation.h \
	core/flow/install/pay.c \
	core/flow/install/pay.h \
	core/flow/verbs/renew.c \
	core/flow/verbs/renew_failure.c \
	core/flow/verbs/renew_internal.h \
	core/flow/verbs/renew_hsts.c \
	core/flow/verbs/renew_owed.c \
	core/flow/verbs/renew_request.c \
	core/flow/issue/request.c \
	core/flow/issue/server.c core/flow/issue/server.h \
	core/flow/issue/request.h \
	core/flow/verbs/revoke.c \
	core/flow/due/revocation.c \
	core/flow/due/revocation.h \
	core/flow/verbs/rollback.c \
	core/flow/work/begin.c \
	core/flow/work/begin.h \
	core/flow/issue/save.c \
	core/flow/issue/save.h \
	core/flow/verbs/show_account.c \
	core/flow/due/lineage_facts.c \
	core/flow/due/lineage_facts.h \
	core/flow/due/schedule.c core/flow/due/schedule.h \
	core/flow/due/survey.c \
	core/flow/due/survey_one.c \
	core/flow/due/survey.h \
	core/flow/verbs/unregister.c \
	core/flow/verbs/update_account.c \
	core/flow/verb.h \
	core/flow/work/ca.c core/flow/work/ca.h core/flow/work/ca_internal.h \
	core/flow/work/ca_account.c \
	core/flow/work/ca_memory.c core/flow/work/ca_memory.h \
	core/flow/work/ca_post.c \
	core/flow/work/ca_orders.c \
	core/flow/work/network_process.c core/flow/work/network_process.h \
	core/flow/work/relay.c core/flow/work/relay.h \
	core/flow/work/signing.c \
	core/flow/work/undo_plugin.c core/flow/work/undo_plugin.h \
	core/flow/work/user_agent.c core/flow/work/user_agent.h \
	core/flow/context.c \
	core/flow/install/installer_work.c core/flow/install/installer_work.h \
	core/flow/issue/persistence.c core/flow/issue/persistence.h \
	core/flow/issue/order_item.c core/flow/issue/order_item.h \
	core/flow/work/job_plugin.c \
	core/flow/work/jobs.c core/flow/work/jobs.h core/flow/work/jobs_internal.h

# The status page, from files that a browser and a linter can read.
page_sources = core/flow/report/page/certificate.html core/flow/report/page/page.css \
	core/flow/report/page/page.html core/flow/report/page/page.js
EXTRA_DIST += $(page_sources) core/flow/report/page/embed
nodist_libcore_la_SOURCES = core/flow/report/page_sources.c
CLEANFILES += core/flow/report/page_sources.c

core/flow/report/page_sources.c: $(page_sources) core/flow/report/page/embed
	$(AM_V_GEN)$(MKDIR_P) core/flow/report && page="$(srcdir)/core/flow/report/page" && \
		"$$page/embed" cw_page_html="$$page/page.html" \
			cw_page_certificate_html="$$page/certificate.html" \
			cw_page_css="$$page/page.css" cw_page_js="$$page/page.js" > $@.tmp && mv $@.tmp $@

# HTTP for the status server. Only its process maps it.
if STATUS
pkglib_LTLIBRARIES += certwright-status.la
certwright_status_la_SOURCES = core/flow/status/module.c core/flow/status/module.h
certwright_status_la_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
certwright_status_la_LIBADD = $(MICROHTTPD_LIBS)
certwright_status_la_LDFLAGS = $(shared_ldflags) -module -avoid-version -shared \
	-export-symbols-regex '^cw_status_module$$'
endif
