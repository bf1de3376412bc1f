/* Declares an option that could not be typed. */
#include <certwright/plugin.h>

static const struct cw_plugin_option option = {
	.size = sizeof(option),
	.name = "Two Words",
	.kind = CW_OPTION_STRING,
	.help = "Help.",
};
static const struct cw_plugin_option *const options[] = {&option, NULL};

#define NAME "bad-option"
#define OPTIONS options
#include "sound.h"
