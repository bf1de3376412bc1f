/* generate-docs manual|completion: writes the man page or the completions at build time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/help.h"
#include "cli/options.h"

int
main(int argc, char **argv)
{
	struct cw_option_set *options = cw_core_options();
	struct cw_stand_ins *stand_ins = cw_stand_in_options(options, NULL);
	int status = EXIT_SUCCESS;

	if (argc == 2 && strcmp(argv[1], "manual") == 0) {
		cw_manual_write(stdout, options);
	} else if (argc == 2 && strcmp(argv[1], "completion") == 0) {
		cw_completion_write(stdout, options);
	} else {
		fputs("usage: generate-docs manual|completion\n", stderr);
		status = 2;
	}
	cw_option_set_free(options);
	cw_stand_ins_free(stand_ins);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("generate-docs");
		status = EXIT_FAILURE;
	}
	return status;
}
