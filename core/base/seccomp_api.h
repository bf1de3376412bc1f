/* libseccomp, mapped when a sandbox is entered: verbs without network should not pay for it. For
 * sandbox_seccomp.c only. */
#ifndef CW_BASE_SECCOMP_API_H
#define CW_BASE_SECCOMP_API_H

#include <seccomp.h>
#include <stdbool.h>

#define CW_SECCOMP_LIBRARY "libseccomp.so.2"

/* The functions that are used, without "seccomp_". */
#define CW_SECCOMP_FUNCTIONS(X)                                                                    \
	X(attr_set)                                                                                \
	X(init)                                                                                    \
	X(load)                                                                                    \
	X(release)                                                                                 \
	X(rule_add_array)                                                                          \
	X(syscall_resolve_name)

#define CW_SECCOMP_POINTER(name) __typeof__(seccomp_##name) *name;
struct cw_seccomp {
	CW_SECCOMP_FUNCTIONS(CW_SECCOMP_POINTER)
};
#undef CW_SECCOMP_POINTER

/* Valid after cw_seccomp_load() returned true. */
extern struct cw_seccomp cw_seccomp;

/* Maps it; false: it is not installed, or too old. */
bool cw_seccomp_load(void);

#endif
