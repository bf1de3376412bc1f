/* The description of its authenticator ends before cleanup. */
#define NAME "truncated-role"
#define AUTHENTICATOR_SIZE offsetof(struct cw_authenticator, cleanup)
#include "sound.h"
