# The ACME client (RFC 8555) and renewal information (RFC 9773).

libcore_sources += \
	core/acme/account.c \
	core/acme/call.h \
	core/acme/client.h \
	core/acme/directory.c \
	core/acme/download.c \
	core/acme/exchange.c \
	core/acme/finalize.c \
	core/acme/internal.h \
	core/acme/limit.c \
	core/acme/nonces.c \
	core/acme/open.c core/acme/opening.h \
	core/acme/open_authorizations.c \
	core/acme/open_continued.c \
	core/acme/open_new.c \
	core/acme/operation.c \
	core/acme/order.c \
	core/acme/parse.c core/acme/parse.h \
	core/acme/persistent.c core/acme/persistent.h \
	core/acme/poll.c core/acme/poll.h \
	core/acme/post.c \
	core/acme/problem.c core/acme/problem.h \
	core/acme/renewal_info.c \
	core/acme/reply.c core/acme/reply.h \
	core/acme/retry.c \
	core/acme/revoke.c \
	core/acme/signer.c core/acme/signer.h \
	core/acme/stale.c \
	core/acme/transport.c core/acme/transport.h \
	core/acme/validate.c core/acme/validate.h \
	core/acme/validate_authorization.c \
	core/acme/validate_order.c \
	core/acme/wire.c core/acme/wire.h

# acme-smoke skips itself without arguments; the integration tests give it a server.
check_PROGRAMS += \
	tests/unit/test_acme_account \
	tests/unit/test_acme_directory \
	tests/unit/test_acme_download \
	tests/unit/test_acme_finalize \
	tests/unit/test_acme_given \
	tests/unit/test_acme_limit \
	tests/unit/test_acme_open \
	tests/unit/test_acme_operations \
	tests/unit/test_acme_parse \
	tests/unit/test_acme_persistent \
	tests/unit/test_acme_problem \
	tests/unit/test_acme_renewal_info \
	tests/unit/test_acme_signer \
	tests/unit/test_acme_transport \
	tests/unit/test_acme_validate \
	tests/tools/acme-smoke

# These put a server of their own where the HTTP client would be.
acme_wait = tests/unit/acme_wait.c tests/unit/acme_wait.h
acme_server = tests/unit/test_acme_server.c tests/unit/test_acme_server.h $(acme_wait)
tests_tools_acme_smoke_SOURCES = tests/tools/acme-smoke.c $(acme_wait)
acme_server_ldflags = $(AM_LDFLAGS) -Wl,--wrap=cw_http_start,--wrap=cw_http_cancel

tests_unit_test_acme_account_SOURCES = tests/unit/test_acme_account.c $(acme_server)
tests_unit_test_acme_account_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_directory_SOURCES = tests/unit/test_acme_directory.c $(acme_server)
tests_unit_test_acme_directory_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_download_SOURCES = tests/unit/test_acme_download.c \
	tests/unit/acme_order_fixture.h $(acme_server)
tests_unit_test_acme_download_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_finalize_SOURCES = tests/unit/test_acme_finalize.c \
	tests/unit/acme_order_fixture.h $(acme_server)
tests_unit_test_acme_finalize_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_given_SOURCES = tests/unit/test_acme_given.c $(acme_server)
tests_unit_test_acme_given_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_limit_SOURCES = tests/unit/test_acme_limit.c $(acme_server)
tests_unit_test_acme_limit_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_open_SOURCES = tests/unit/test_acme_open.c \
	tests/unit/acme_order_fixture.h $(acme_server)
tests_unit_test_acme_open_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_operations_SOURCES = tests/unit/test_acme_operations.c \
	tests/unit/acme_order_fixture.h $(acme_server)
tests_unit_test_acme_operations_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_signer_SOURCES = tests/unit/test_acme_signer.c $(acme_server)
tests_unit_test_acme_signer_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_renewal_info_SOURCES = tests/unit/test_acme_renewal_info.c $(acme_server)
tests_unit_test_acme_renewal_info_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_transport_SOURCES = tests/unit/test_acme_transport.c $(acme_server)
tests_unit_test_acme_transport_LDFLAGS = $(acme_server_ldflags)
tests_unit_test_acme_validate_SOURCES = tests/unit/test_acme_validate.c \
	tests/unit/acme_order_fixture.h $(acme_server)
tests_unit_test_acme_validate_LDFLAGS = $(acme_server_ldflags)
