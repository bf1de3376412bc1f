/*
 * generate-docs MODULE...: writes the man page at build time, with the options of the plugins in
 * the files MODULE.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/role.h"
#include "base/text.h"
#include "cli/help.h"
#include "cli/options.h"
#include "plugin/worker.h"

/* The options of all modules; false when one cannot be opened. */
static bool
add_options(struct cw_option_set *options, struct cw_registry *registry)
{
	bool good = true;

	for (size_t i = 0; i < cw_registry_count(registry); i++) {
		const char *name = cw_registry_at(registry, i)->name;
		struct cw_module *module;
		cw_auto_error struct cw_error error = {0};
		int status = cw_registry_open(registry, name, &module, &error);

		if (status == CW_OK)
			status = cw_module_add_options(module, options, &error);
		if (status < 0) {
			cw_autofree char *line = cw_error_line(&error);

			fprintf(stderr, "generate-docs: %s\n", line);
			good = false;
		}
	}
	return good;
}

static int
generate(int argc, char **argv)
{
	struct cw_option_set *options = cw_core_options();
	size_t count = argc > 1 ? (size_t)argc - 1 : 0;
	struct cw_registry *registry =
		cw_registry_of_files(count > 0 ? (const char *const *)&argv[1] : NULL, count);
	struct cw_plugin_flags *plugin_flags = cw_add_plugin_options(options, registry);
	int status = EXIT_SUCCESS;

	if (add_options(options, registry))
		cw_manual_write(stdout, options, registry);
	else
		status = EXIT_FAILURE;
	cw_option_set_free(options);
	cw_plugin_flags_free(plugin_flags);
	cw_registry_free(registry);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("generate-docs");
		status = EXIT_FAILURE;
	}
	return status;
}

/* The modules are described by processes, which are this program too. */
int
main(int argc, char **argv)
{
	static const struct cw_role roles[] = {{"plugin", cw_plugin_main}, {NULL, NULL}};
	int status;

	cw_set_program(argv[0]);
	return cw_role_dispatch(argc, argv, roles, &status) ? status : generate(argc, argv);
}
