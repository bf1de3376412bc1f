#include <string.h>
#include "base/role.h"
#include "base/sandbox.h"
#include "cli/command.h"
#include "cli/complete.h"
#include "cli/serve.h"
#include "flow/status/server.h"
#include "library/protocol.h"
#include "network/network.h"
#include "plugin/worker.h"

static const struct cw_role roles[] = {
	{"network", cw_network_main},
	{"plugin", cw_plugin_main},
	{"status", cw_status_main},
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
	if (argc > 1 && strcmp(argv[1], CW_SERVE_OPTION) == 0)
		return cw_serve(argc > 2 ? argv[2] : NULL);
	return cw_command(argc, (const char *const *)argv);
}
