#include "base/idn.h"
#include <dlfcn.h>
#include <idn2.h>
#include <stdlib.h>
#include "base/text.h"

/* Mapped on demand: it pulls in two megabytes of tables, and few names need them. */
static int
load(int (**lookup)(const uint8_t *, uint8_t **, int), const char *(**describe)(int),
     void (**release)(void *), struct cw_error *error)
{
	void *library = dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL);

	if (library == NULL) {
		cw_fail(error, CW_E_UNSUPPORTED,
			"cannot load libidn2, which an international name needs");
		cw_hint(error, "install libidn2-0, or give the name in its ASCII form (xn--...)");
		return CW_E_UNSUPPORTED;
	}
	*(void **)lookup = dlsym(library, "idn2_lookup_u8");
	*(void **)describe = dlsym(library, "idn2_strerror");
	*(void **)release = dlsym(library, "idn2_free");
	if (*lookup == NULL || *describe == NULL || *release == NULL)
		return cw_fail(error, CW_E_UNSUPPORTED, "libidn2 lacks a function that is needed");
	return CW_OK;
}

int
cw_idn_to_ascii(const char *name, char **ascii, struct cw_error *error)
{
	int (*lookup)(const uint8_t *, uint8_t **, int);
	const char *(*describe)(int);
	void (*release)(void *);
	uint8_t *result = NULL;
	int code;

	for (const char *at = name;; at++) {
		if (*at == '\0') {
			*ascii = cw_lower(cw_strdup(name));
			return CW_OK;
		}
		if ((unsigned char)*at >= 0x80)
			break;
	}
	if (load(&lookup, &describe, &release, error) < 0)
		return error != NULL ? error->status : CW_E_UNSUPPORTED;
	code = lookup((const uint8_t *)name, &result, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (code == IDN2_MALLOC)
		cw_nomem();
	if (code != IDN2_OK)
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not a valid international name: %s",
			       name, describe(code));
	*ascii = cw_lower(cw_strdup((const char *)result));
	release(result);
	return CW_OK;
}
