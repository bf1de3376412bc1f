# manuale: a program of its own, on the library. It has nothing of the core.

bin_PROGRAMS += manuale/manuale
manuale_manuale_SOURCES = manuale/account.c manuale/account.h manuale/authorize.c manuale/ca.c manuale/ca.h \
	manuale/challenge.c manuale/challenge.h manuale/files.c manuale/files.h manuale/info.c manuale/issue.c \
	manuale/json.c manuale/json.h manuale/key.c manuale/key.h manuale/main.c manuale/migrate.c \
	manuale/order.c manuale/order.h manuale/register.c manuale/request.c manuale/request.h manuale/revoke.c manuale/say.c manuale/say.h \
	manuale/settings.c manuale/settings.h manuale/upgrade.c
manuale_manuale_CPPFLAGS = $(system_cppflags) -I$(top_srcdir)/include
manuale_manuale_LDADD = libcertwright.la $(OPENSSL_LIBS) $(JSONC_LIBS)
dist_man1_MANS += manuale/manuale.1
