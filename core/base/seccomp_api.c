#include <config.h>

#ifdef HAVE_SECCOMP

#include <dlfcn.h>
#include <string.h>
#include "base/seccomp_api.h"

struct cw_seccomp cw_seccomp;

static bool
bind_function(void *library, const char *name, void *slot)
{
	void *symbol = dlsym(library, name);

	/* ISO C has no conversion from an object pointer to a function pointer; POSIX does. */
	memcpy(slot, &symbol, sizeof(symbol));
	return symbol != NULL;
}

bool
cw_seccomp_load(void)
{
	void *library = dlopen(CW_SECCOMP_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	bool complete = library != NULL;

#define BIND(name)                                                                                 \
	complete = complete && bind_function(library, "seccomp_" #name, &cw_seccomp.name);
	CW_SECCOMP_FUNCTIONS(BIND)
#undef BIND
	return complete;
}

#endif
