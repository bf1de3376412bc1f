libcore_sources += \
	core/http/answer.c \
	core/http/client.c \
	core/http/client.h \
	core/http/curl_api.c \
	core/http/curl_api.h \
	core/http/exchange.c \
	core/http/exchange.h \
	core/http/failure.c \
	core/http/link.c \
	core/http/redirect.c \
	core/http/trust.c \
	core/http/trust.h \
	core/http/trust_index.c \
	core/http/trust_index.h \
	core/http/url.c \
	core/http/url.h

check_PROGRAMS += \
	tests/unit/test_http \
	tests/unit/test_http_many \
	tests/unit/test_http_redirect \
	tests/unit/test_http_trust \
	tests/unit/test_link \
	tests/unit/test_sandbox_work

http_fixture_sources = \
	tests/unit/http_fixture.c \
	tests/unit/http_fixture.h \
	tests/unit/http_server.c
tests_unit_test_http_SOURCES = tests/unit/test_http.c tests/unit/free_port.h $(http_fixture_sources)
tests_unit_test_http_many_SOURCES = tests/unit/test_http_many.c $(http_fixture_sources)
tests_unit_test_http_redirect_SOURCES = tests/unit/test_http_redirect.c $(http_fixture_sources)
tests_unit_test_http_trust_SOURCES = tests/unit/test_http_trust.c $(http_fixture_sources)
tests_unit_test_sandbox_work_SOURCES = tests/unit/test_sandbox_work.c \
	tests/unit/child.h tests/unit/sandbox_fixture.h $(http_fixture_sources)
