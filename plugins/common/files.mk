# Code that several plugins share, compiled into each.
common_memory = plugins/common/memory.c plugins/common/memory.h
common_files = \
	plugins/common/control.c plugins/common/control.h \
	plugins/common/edits.c plugins/common/edits.h \
	plugins/common/files.c plugins/common/files.h
common_exposure = plugins/common/exposure.c plugins/common/exposure.h
common_waiting = plugins/common/waiting.c plugins/common/waiting.h
common_web_server = $(common_waiting) \
	plugins/common/answers.c plugins/common/answers.h \
	plugins/common/installation.c plugins/common/installation.h \
	plugins/common/web_server.c plugins/common/web_server.h
common_certificate = plugins/common/certificate.c plugins/common/certificate.h
common_policy_file = plugins/common/policy_file.c plugins/common/policy_file.h
common_proc = plugins/common/proc.c plugins/common/proc.h
common_helper = plugins/common/helper.c plugins/common/helper.h
common_instance = plugins/common/instance.c plugins/common/instance.h
common_words = plugins/common/words.c plugins/common/words.h
common_undo = plugins/common/undo.c plugins/common/undo.h
common_records = plugins/common/records.c plugins/common/records.h
common_hooks = \
	plugins/common/hook_environment.c plugins/common/hook_environment.h \
	plugins/common/outcome.c plugins/common/outcome.h
common_alpn = plugins/common/alpn_certificate.c plugins/common/alpn_certificate.h

check_PROGRAMS += tests/unit/test_alpn_certificate
tests_unit_test_alpn_certificate_SOURCES = tests/unit/test_alpn_certificate.c $(common_alpn)
tests_unit_test_alpn_certificate_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_test_alpn_certificate_LDADD = $(unit_libs) $(OPENSSL_LIBS)

check_PROGRAMS += tests/unit/test_proc
tests_unit_test_proc_SOURCES = tests/unit/test_proc.c $(common_memory) $(common_proc)
tests_unit_test_proc_CPPFLAGS = $(AM_CPPFLAGS)
