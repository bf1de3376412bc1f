#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../common/instance.h"
#include "../common/words.h"
#include "remove_records.h"

static const char program[] = "dns-rfc2136-remove";
/* libtool's folder for modules, below the folder of the programs. */
static const char libtool_folder[] = "/.libs";

/* The path of PROGRAM in the folder named by the first LENGTH bytes, or NULL if it is not there. */
static char *
find_in(const char *folder, size_t length)
{
	char *path = text_format("%.*s/%s", (int)length, folder, program);

	if (path != NULL && *path == '/' && access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static int
ends_with(const char *text, size_t length, const char *end)
{
	size_t end_length = strlen(end);

	return length >= end_length && memcmp(text + length - end_length, end, end_length) == 0;
}

/* Looks beside this module, then in the installed folder. */
static char *
find_program(void)
{
	Dl_info info;
	char *module = NULL, *found = NULL;

	if (dladdr(program, &info) != 0 && info.dli_fname != NULL)
		module = realpath(info.dli_fname, NULL);
	if (module != NULL) {
		size_t length = (size_t)(strrchr(module, '/') - module);

		found = find_in(module, length);
		if (found == NULL && ends_with(module, length, libtool_folder))
			found = find_in(module, length - strlen(libtool_folder));
	}
	free(module);
	return found != NULL ? found : find_in(CW_PLUGIN_DIR, strlen(CW_PLUGIN_DIR));
}

int
remove_later(const struct cw_host *host, struct undo *undo, const char *path, int udp,
	     const char *const *names, const char *const *values, size_t count)
{
	struct words words = words_new(3 + 2 * count);
	char *found = find_program(), **argv;
	int status;

	if (found == NULL) {
		words_free(words_finish(&words));
		cw_host_log(host, CW_LOG_INFO,
			    "the program %s is not there: a run that is killed would leave its "
			    "records",
			    program);
		return CW_OK;
	}
	words_take(&words, found);
	words_add(&words, path);
	words_add(&words, udp ? "udp" : "tcp");
	for (size_t i = 0; i < count; i++) {
		words_add(&words, names[i]);
		words_add(&words, values[i]);
	}
	argv = words_finish(&words);
	status = undo_register(host, undo, argv);
	words_free(argv);
	return status;
}
