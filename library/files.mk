# The library: a small client that starts the program. It has nothing of the core.

lib_LTLIBRARIES += libcertwright.la
libcertwright_la_SOURCES = library/channel.c library/channel.h library/client.c library/failure.c library/failure.h \
	library/protocol.h library/spawn.c library/spawn.h
libcertwright_la_CFLAGS = -std=c11 -pthread $(WARNINGS) $(HARDENING) $(SANITIZERS)
libcertwright_la_CPPFLAGS = $(system_cppflags) -I$(top_builddir) -I$(top_srcdir) -I$(top_srcdir)/include \
	-DCW_BINDIR='"$(bindir)"' -DCW_LIBDIR='"$(libdir)"'
libcertwright_la_LDFLAGS = $(shared_ldflags) -pthread -version-info 1:0:0 $(LIBRARY_EXPORTS)
EXTRA_libcertwright_la_DEPENDENCIES = library/libcertwright.map
EXTRA_DIST += library/libcertwright.map

dist_man3_MANS = docs/certwright.3
