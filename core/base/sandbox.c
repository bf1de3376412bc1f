#include "base/sandbox.h"
#ifdef __linux__
#include <sys/prctl.h>
#else
#include <sys/resource.h>
#endif

void
cw_keep_memory_private(void)
{
#ifdef __linux__
	/* Not RLIMIT_CORE, which a server that a hook starts would inherit. */
	prctl(PR_SET_DUMPABLE, 0);
#else
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		limit.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &limit);
	}
#endif
}
