#include <certwright/certwright.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	int status = cw_command(argc, (const char *const *)argv);

	if (status >= 0)
		return status;
	fputs("certwright: out of memory; nothing is lost, run the command again when there is "
	      "some\n",
	      stderr);
	return EXIT_FAILURE;
}
