nginx_parser_sources = \
	$(common_memory) \
	plugins/nginx/lexer.c plugins/nginx/lexer.h \
	plugins/nginx/syntax.c plugins/nginx/syntax.h \
	plugins/nginx/word.c
nginx_model_sources = \
	$(nginx_parser_sources) \
	$(common_files) \
	plugins/nginx/choose.c \
	plugins/nginx/edit.c plugins/nginx/edit.h \
	plugins/nginx/files.c plugins/nginx/files.h \
	plugins/nginx/listen.c plugins/nginx/listen.h \
	plugins/nginx/location.c plugins/nginx/location.h \
	plugins/nginx/model.c plugins/nginx/model.h \
	plugins/nginx/name.c plugins/nginx/name.h

EXTRA_DIST += plugins/nginx/fixtures

if PLUGIN_NGINX
plugin_LTLIBRARIES += nginx.la
nginx_la_SOURCES = \
	$(nginx_model_sources) \
	$(common_certificate) \
	$(common_policy_file) \
	$(common_proc) \
	$(common_web_server) \
	plugins/nginx/challenge.c \
	plugins/nginx/change.c plugins/nginx/change.h \
	plugins/nginx/copy.c plugins/nginx/copy.h \
	plugins/nginx/deploy.c \
	plugins/nginx/enhance.c \
	plugins/nginx/evaluate.c plugins/nginx/evaluate.h \
	plugins/nginx/headers.c plugins/nginx/headers.h \
	plugins/nginx/install.c \
	plugins/nginx/naming.c plugins/nginx/naming.h \
	plugins/nginx/nginx.c \
	plugins/nginx/pair.c plugins/nginx/pair.h \
	plugins/nginx/plan.c plugins/nginx/plan.h \
	plugins/nginx/plugin.h \
	plugins/nginx/process.c plugins/nginx/process.h \
	plugins/nginx/program.c plugins/nginx/program.h \
	plugins/nginx/redirect.c plugins/nginx/redirect.h \
	plugins/nginx/redirect_rest.c \
	plugins/nginx/reload.c plugins/nginx/reload.h \
	plugins/nginx/tls.c plugins/nginx/tls.h \
	plugins/nginx/tls_options.c \
	plugins/nginx/wildcard.c plugins/nginx/wildcard.h
nginx_la_LDFLAGS = $(plugin_ldflags)
nginx_la_CPPFLAGS = $(plugin_cppflags) $(PCRE2_CFLAGS) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'
nginx_la_LIBADD = $(PCRE2_LIBS) $(OPENSSL_LIBS)
dist_man8_MANS += plugins/nginx/certwright-nginx.8

check_PROGRAMS += tests/unit/test_nginx_parser tests/unit/test_nginx_match
tests_unit_test_nginx_parser_SOURCES = tests/unit/test_nginx_parser.c $(nginx_model_sources)
tests_unit_test_nginx_parser_CPPFLAGS = $(AM_CPPFLAGS) $(PCRE2_CFLAGS) \
	-DFIXTURES='"$(abs_top_srcdir)/plugins/nginx/fixtures"'
tests_unit_test_nginx_parser_LDADD = $(PCRE2_LIBS) $(CMOCKA_LIBS)
tests_unit_test_nginx_match_SOURCES = tests/unit/test_nginx_match.c $(nginx_model_sources)
tests_unit_test_nginx_match_CPPFLAGS = $(AM_CPPFLAGS) $(PCRE2_CFLAGS)
tests_unit_test_nginx_match_LDADD = $(PCRE2_LIBS) $(CMOCKA_LIBS)

noinst_PROGRAMS += tests/tools/nginx-roundtrip
tests_tools_nginx_roundtrip_SOURCES = tests/tools/nginx-roundtrip.c $(nginx_parser_sources)
tests_tools_nginx_roundtrip_CPPFLAGS = $(AM_CPPFLAGS)
endif
