# Holes in the processes, for the tests of what one that was taken over can do.

if TEST_HOLES
hole_flags = -DCW_TEST_HOLES -include $(top_srcdir)/tests/security/attempts.h -I$(top_srcdir)/core
AM_CPPFLAGS += $(hole_flags)
plugin_cppflags += $(hole_flags)
libcore_sources += tests/security/attempts.c tests/security/attempts.h
endif
