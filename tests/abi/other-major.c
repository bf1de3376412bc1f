/* Built for another major version of the interface. */
#define NAME "other-major"
#define ABI_MAJOR (CW_ABI_MAJOR + 1)
#define ABI_MINOR 0
#include "sound.h"
