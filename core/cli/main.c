#include <certwright/certwright.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/role.h"
#include "base/sandbox.h"
#include "cli/complete.h"
#include "network/network.h"
#include "plugin/worker.h"

static const struct cw_role roles[] = {
	{"network", cw_network_main},
	{"plugin", cw_plugin_main},
	{NULL, NULL},
};

int
main(int argc, char **argv)
{
	int status;

	cw_set_program(argv[0]);
	if (cw_role_dispatch(argc, argv, roles, &status))
		return status;
	if (argc > 1 && strcmp(argv[1], "--complete") == 0)
		return cw_complete(argc - 2, (const char *const *)&argv[2]);
	cw_keep_memory_private();
	status = cw_command(argc, (const char *const *)argv);
	if (status >= 0)
		return status;
	fputs("certwright: out of memory; nothing is lost, run the command again when memory is "
	      "free\n",
	      stderr);
	return EXIT_FAILURE;
}
