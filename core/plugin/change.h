/* A change to the configuration of an installer's server. It is made, saved, tested and loaded, or
 * undone as a whole. */
#ifndef CW_PLUGIN_CHANGE_H
#define CW_PLUGIN_CHANGE_H

#include <stdbool.h>
#include "base/error.h"
#include "plugin/instance.h"

/* Makes the calls of the plugin that change something. */
typedef int (*cw_change_function)(void *context, struct cw_error *error);

/*
 * Calls MAKE, then the plugin's save, config_test and reload. If one of them fails, the files are
 * restored. If the server has already loaded the new files, it loads the old ones again. If someone
 * else changed a file in the meantime (CW_E_BUSY), everything is tried once more. *CHANGED is set
 * if a file was changed.
 */
int cw_change_carry_out(struct cw_instance *instance, const char *title, cw_change_function make,
			void *context, bool *changed, struct cw_error *error);

#endif
