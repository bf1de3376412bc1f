/* Its description ends before the roles. */
#define NAME "truncated"
#define PLUGIN_SIZE offsetof(struct cw_plugin, open)
#include "sound.h"
