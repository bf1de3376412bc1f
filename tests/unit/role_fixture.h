/* The test program as the plugin processes that it starts. */
#ifndef CW_TESTS_ROLE_FIXTURE_H
#define CW_TESTS_ROLE_FIXTURE_H

#include "base/role.h"
#include "plugin/worker.h"

/* Whether this is such a process, which has ended with *STATUS. First in main(). */
static inline bool
was_plugin_process(int argc, char **argv, int *status)
{
	static const struct cw_role roles[] = {{"plugin", cw_plugin_main}, {NULL, NULL}};

	cw_set_program(argv[0]);
	return cw_role_dispatch(argc, argv, roles, status);
}

#endif
