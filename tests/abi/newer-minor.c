/* Built for a newer minor version: it must be loaded, and looks before it leaps. */
#define NAME "newer-minor"
#define ABI_MINOR (CW_ABI_MINOR + 7)
#define PLUGIN_SIZE (sizeof(struct cw_plugin) + 64)
#define AUTHENTICATOR_SIZE (sizeof(struct cw_authenticator) + 16)
#include "sound.h"
