#include "helper.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef PLUGIN_FOLDER
#define PLUGIN_FOLDER "/usr/lib/certwright/plugins"
#endif

char *
helper_path(const char *name)
{
	static const int here;
	static const char *const between[] = {"/", "/../"};
	Dl_info info;
	char *path = NULL;
	const char *slash = dladdr(&here, &info) != 0 && info.dli_fname != NULL
				    ? strrchr(info.dli_fname, '/')
				    : NULL;

	for (size_t i = 0; slash != NULL && i < 2; i++) {
		if (asprintf(&path, "%.*s%s%s", (int)(slash - info.dli_fname), info.dli_fname,
			     between[i], name) < 0)
			return NULL;
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return asprintf(&path, "%s/%s", PLUGIN_FOLDER, name) < 0 ? NULL : path;
}
