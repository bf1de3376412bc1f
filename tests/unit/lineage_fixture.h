/* Lineages in a scratch folder. Include after <cmocka.h>. */
#ifndef CW_TESTS_LINEAGE_FIXTURE_H
#define CW_TESTS_LINEAGE_FIXTURE_H

#include "scratch.h"

static const struct cw_version_files first = {
	.cert = "cert 1\n", .privkey = "key 1\n", .chain = "chain 1\n", .fullchain = "full 1\n"};
static const struct cw_version_files second = {
	.cert = "cert 2\n", .privkey = "key 2\n", .chain = "chain 2\n", .fullchain = "full 2\n"};

static inline struct cw_lineage *
create(const char *name)
{
	cw_auto_configobj struct cw_configobj *config = cw_configobj_new();
	struct cw_lineage *lineage;

	cw_configobj_add_comment(config, "", "");
	cw_configobj_set(config, "renewalparams", "account", "1234");
	assert_int_equal(cw_lineage_create(scratch, name, &first, config, &lineage, NULL), CW_OK);
	return lineage;
}

static inline void
update(struct cw_lineage *lineage)
{
	assert_int_equal(cw_lineage_update(lineage, &second, NULL, true, NULL), CW_OK);
}

static inline struct cw_lineage *
load(const char *name)
{
	struct cw_lineage *lineage;

	assert_int_equal(cw_lineage_load(scratch, name, &lineage, NULL), CW_OK);
	return lineage;
}

static inline void
assert_link(const char *name, const char *target)
{
	cw_autofree char *path = scratch_path(name);
	cw_autofree char *found = NULL;

	assert_int_equal(cw_file_readlink(path, &found, NULL), CW_OK);
	assert_string_equal(found, target);
}

static inline void
link_to(const char *target, const char *name)
{
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(cw_file_symlink(target, path, NULL), CW_OK);
}

static inline void
remove_link(const char *name)
{
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(unlink(path), 0);
}

#define in_scratch(function) cmocka_unit_test_setup_teardown(function, scratch_make, scratch_remove)

#endif
