# Accounts, lineages, renewal files, checkpoints, locks, the log file.

libcore_sources += \
	core/store/account.c core/store/account.h \
	core/store/account_folder.c core/store/account_folder.h \
	core/store/checkpoint.c core/store/checkpoint.h \
	core/store/checkpoint_commit.c \
	core/store/checkpoint_files.c core/store/checkpoint_files.h \
	core/store/checkpoint_revert.c \
	core/store/checkpoint_secret.c core/store/checkpoint_secret.h \
	core/store/checkpoint_written.c core/store/checkpoint_written.h \
	core/store/configobj.c core/store/configobj.h \
	core/store/configobj_lines.c \
	core/store/configobj_lines.h \
	core/store/configobj_parse.c \
	core/store/configobj_value.c \
	core/store/configobj_write.c \
	core/store/directories.c core/store/directories.h \
	core/store/lineage.c core/store/lineage.h \
	core/store/lineage_create.c \
	core/store/lineage_exchange.c core/store/lineage_exchange.h \
	core/store/lineage_files.c core/store/lineage_files.h \
	core/store/lineage_live.c \
	core/store/lineage_damaged.c \
	core/store/lineage_shared.c \
	core/store/lineage_remove.c \
	core/store/lineage_rewrite.c \
	core/store/lineage_switch.c \
	core/store/lineage_update.c \
	core/store/lock.c core/store/lock.h \
	core/store/logfile.c core/store/logfile.h \
	core/store/memory.c core/store/memory.h \
	core/store/pending.c core/store/pending.h \
	core/store/renewal.c core/store/renewal.h \
	core/store/rewrite.c core/store/rewrite.h \
	core/store/replace.c core/store/replace.h \
	core/store/stand_in.c core/store/stand_in.h \
	core/store/state.c core/store/state.h \
	core/store/undo.c core/store/undo.h \
	core/store/undo_journal.h \
	core/store/undo_owner.c \
	core/store/undo_place.c \
	core/store/undo_replay.c

check_PROGRAMS += \
	tests/unit/test_account \
	tests/unit/test_checkpoint \
	tests/unit/test_checkpoint_changed \
	tests/unit/test_checkpoint_secret \
	tests/unit/test_configobj \
	tests/unit/test_lineage \
	tests/unit/test_lineage_look \
	tests/unit/test_lineage_recover \
	tests/unit/test_lock \
	tests/unit/test_logfile \
	tests/unit/test_memory \
	tests/unit/test_pending \
	tests/unit/test_renewal \
	tests/unit/test_stand_in \
	tests/unit/test_undo

tests_unit_test_checkpoint_SOURCES = tests/unit/test_checkpoint.c \
	tests/unit/checkpoint_fixture.h tests/unit/scratch.h
tests_unit_test_checkpoint_secret_SOURCES = tests/unit/test_checkpoint_secret.c \
	tests/unit/checkpoint_fixture.h tests/unit/scratch.h
tests_unit_test_checkpoint_changed_SOURCES = tests/unit/test_checkpoint_changed.c \
	tests/unit/checkpoint_fixture.h tests/unit/scratch.h
tests_unit_test_lineage_SOURCES = tests/unit/test_lineage.c \
	tests/unit/lineage_fixture.h tests/unit/scratch.h
tests_unit_test_lineage_recover_SOURCES = tests/unit/test_lineage_recover.c \
	tests/unit/lineage_fixture.h tests/unit/scratch.h

tests_unit_test_stand_in_SOURCES = tests/unit/test_stand_in.c \
	tests/unit/lineage_fixture.h tests/unit/scratch.h

# Run by tests/integration/test_store_crash.py.
noinst_PROGRAMS += tests/tools/lineage-crash
tests_tools_lineage_crash_SOURCES = tests/tools/lineage-crash.c
tests_tools_lineage_crash_LDADD = libcore.la
