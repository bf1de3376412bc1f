# DNS questions, and what is asked with them: the zone of a name, and whether a TXT record is there.

libcore_sources += \
	core/dns/address.c core/dns/address.h \
	core/dns/exchange.c core/dns/exchange.h \
	core/dns/locate.c core/dns/locate.h \
	core/dns/lookup.c core/dns/lookup.h \
	core/dns/message.c \
	core/dns/question.c core/dns/question.h \
	core/dns/txt.c core/dns/txt.h core/dns/txt_internal.h \
	core/dns/txt_checks.c \
	core/dns/txt_servers.c \
	core/dns/txt_zone.c \
	core/dns/zone.c core/dns/zone.h

check_PROGRAMS += \
	tests/unit/test_locate \
	tests/unit/test_txt

tests_unit_test_locate_SOURCES = tests/unit/test_locate.c \
	tests/unit/free_port.h tests/unit/named_fixture.h
tests_unit_test_txt_SOURCES = tests/unit/test_txt.c \
	tests/unit/free_port.h tests/unit/named_fixture.h
