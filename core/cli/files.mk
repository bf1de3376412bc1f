# The option table, parsing, verbs, output, help, and what is made from the table.

libcore_sources += \
	core/cli/agent_check.c core/cli/agent_check.h \
	core/cli/agent_config.c core/cli/agent_config.h \
	core/cli/agent_environment.c core/cli/agent_environment.h \
	core/cli/agent_front.c core/cli/agent_front.h \
	core/cli/agent_values.c core/cli/agent_values.h \
	core/cli/command.c core/cli/command.h \
	core/cli/complete.c core/cli/complete.h \
	core/cli/config_files.c core/cli/config_files.h \
	core/cli/execute.c \
	core/cli/given_options.c core/cli/given_options.h \
	core/cli/help.c core/cli/help.h \
	core/cli/help_page.c core/cli/help_page.h \
	core/cli/ini.c core/cli/ini.h \
	core/cli/lookup.c core/cli/lookup.h \
	core/cli/manual.c \
	core/cli/option_text.c core/cli/option_text.h \
	core/cli/options_agent.c \
	core/cli/options.c core/cli/options.h core/cli/options_tables.h \
	core/cli/options_general.c \
	core/cli/options_manage.c \
	core/cli/options_own.c \
	core/cli/options_plugins.c \
	core/cli/options_renewal.c \
	core/cli/options_report.c \
	core/cli/options_request.c \
	core/cli/report.c \
	core/cli/options_security.c \
	core/cli/output.c core/cli/output.h \
	core/cli/result.c core/cli/result.h \
	core/cli/parse.c core/cli/parse.h \
	core/cli/plugin_tool.c core/cli/plugin_tool.h \
	core/cli/serve.c core/cli/serve.h \
	core/cli/serve_asker.c \
	core/cli/serve_call.c core/cli/serve_call.h \
	core/cli/serve_challenges.c \
	core/cli/serve_link.c core/cli/serve_link.h \
	core/cli/serve_request.c core/cli/serve_request.h \
	library/channel.c library/channel.h library/failure.c library/failure.h library/protocol.h \
	core/cli/select.c core/cli/select.h \
	core/cli/terminal.c core/cli/terminal.h \
	core/cli/verbs.c core/cli/verbs.h

# The manual is made from the table, by a program that is not installed.
noinst_PROGRAMS += generate-docs
generate_docs_SOURCES = core/cli/generate.c
generate_docs_LDADD = libcore.la

dist_man5_MANS += docs/cli.ini.5
dist_man7_MANS = docs/certwright-hooks.7 docs/certwright-json.7 docs/certwright-plugin.7
dist_doc_DATA = docs/agent.md docs/from-certbot.md docs/monitoring.md docs/plugin-authors-guide.md
examplesdir = $(docdir)/examples
dist_examples_DATA = docs/examples/Makefile docs/examples/appliance.c docs/examples/combined.c \
	docs/examples/acme-dns.sh docs/examples/notify-sendmail.sh \
	docs/examples/agent.openrc.sh docs/examples/agent.runit.sh docs/examples/renew.periodic.sh \
	docs/examples/notify-webhook.sh docs/examples/example-dns.c docs/examples/serve-http.c \
	docs/examples/site-list.c
dist_pkgdata_DATA = docs/certwright-json.schema.json docs/certwright-library.schema.json
CLEANFILES += docs/certwright.8

# The modules of this build, whose options belong into it; those of a static build are linked in.
docs_modules = for name in $(plugin_LTLIBRARIES:.la=); do \
		module="$(abs_builddir)/.libs/$$name.so"; \
		test ! -f "$$module" || set -- "$$@" "$$module"; done

if MANUAL_MADE
manual_made = docs/certwright.8
man8_MANS += docs/certwright.8
docs/certwright.8: generate-docs$(EXEEXT) $(plugin_LTLIBRARIES)
	$(AM_V_GEN)$(MKDIR_P) docs && set -- && $(docs_modules) && \
		./generate-docs$(EXEEXT) "$$@" > $@.tmp && mv $@.tmp $@
endif
if MANUAL_GIVEN
man8_MANS += docs/certwright.8
docs/certwright.8: $(manual_page)
	$(AM_V_GEN)$(MKDIR_P) docs && cp "$(manual_page)" $@
endif

check_PROGRAMS += \
	tests/unit/test_help \
	tests/unit/test_ini \
	tests/unit/test_options \
	tests/unit/test_parse \
	tests/unit/test_select

tests_unit_test_help_SOURCES = tests/unit/test_help.c \
	tests/unit/plugin_fixture.h tests/unit/scratch.h
tests_unit_test_ini_SOURCES = tests/unit/test_ini.c tests/unit/scratch.h
tests_unit_test_options_SOURCES = tests/unit/test_options.c \
	tests/unit/plugin_fixture.h tests/unit/scratch.h
tests_unit_test_options_CPPFLAGS = $(AM_CPPFLAGS) \
	-DFIXTURES='"$(abs_top_srcdir)/tests/unit/fixtures"'
tests_unit_test_parse_SOURCES = tests/unit/test_parse.c \
	tests/unit/parse_fixture.h tests/unit/scratch.h
tests_unit_test_select_SOURCES = tests/unit/test_select.c \
	tests/unit/parse_fixture.h tests/unit/plugin_fixture.h tests/unit/scratch.h
