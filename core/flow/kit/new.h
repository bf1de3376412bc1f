/* "plugin new": writes the project of a new plugin. */
#ifndef CW_FLOW_KIT_NEW_H
#define CW_FLOW_KIT_NEW_H

#include <stdbool.h>
#include "base/error.h"
#include "base/json.h"

/* The languages that there are templates for, the default first; NULL-terminated. */
extern const char *const cw_plugin_languages[];

struct cw_plugin_project {
	const char *name;
	const char *folder;   /* absent, or empty */
	const char *language; /* one of cw_plugin_languages */
	bool authenticator;
	bool installer;
};

/*
 * Makes the files of PROJECT from the templates (CERTWRIGHT_TEMPLATE_PATH, else those that were
 * installed). RESULT gets "created": {"name", "folder", "language", "roles", "files": paths below
 * the folder}. CW_E_USAGE for a bad name or a folder that has something in it. After an error there
 * is nothing of it.
 */
int cw_plugin_new(const struct cw_plugin_project *project, struct json_object *result,
		  struct cw_error *error);

#endif
