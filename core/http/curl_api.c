#include "http/curl_api.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

struct cw_curl cw_curl;

#ifdef CW_LINKED_CURL

static int
bind_functions(struct cw_error *error)
{
	(void)error;
#define BIND(name) cw_curl.name = curl_##name;
	CW_CURL_FUNCTIONS(BIND)
#undef BIND
	return CW_OK;
}

#else

static int
bind_function(void *library, const char *name, void *slot, struct cw_error *error)
{
	void *symbol = dlsym(library, name);

	if (symbol == NULL)
		return cw_fail(error, CW_E_UNSUPPORTED, "\"%s\" has no function \"%s\"",
			       CW_CURL_LIBRARY, name);
	/* ISO C has no conversion from an object pointer to a function pointer; POSIX does. */
	memcpy(slot, &symbol, sizeof(symbol));
	return CW_OK;
}

static int
bind_functions(struct cw_error *error)
{
	void *library = dlopen(CW_CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	int status = CW_OK;

	if (library == NULL) {
		const char *reason = dlerror();

		cw_fail(error, CW_E_UNSUPPORTED, "cannot load the HTTP library: %s",
			reason == NULL ? CW_CURL_LIBRARY : reason);
		cw_hint(error, "install libcurl (Debian: libcurl4, Fedora: libcurl)");
		return CW_E_UNSUPPORTED;
	}
#define BIND(name)                                                                                 \
	if (status == CW_OK)                                                                       \
		status = bind_function(library, "curl_" #name, &cw_curl.name, error);
	CW_CURL_FUNCTIONS(BIND)
#undef BIND
	if (status != CW_OK) {
		cw_hint(error, "install a newer libcurl");
		dlclose(library);
	}
	return status;
}

#endif

int
cw_curl_load(struct cw_error *error)
{
	static bool loaded;
	CURLcode result;
	int status;

	if (loaded)
		return CW_OK;
	status = bind_functions(error);
	if (status != CW_OK)
		return status;
	result = cw_curl.global_init(CURL_GLOBAL_DEFAULT);
	if (result != CURLE_OK)
		return cw_fail(error, CW_E_UNSUPPORTED, "cannot use libcurl: %s",
			       cw_curl.easy_strerror(result));
	loaded = true;
	return CW_OK;
}
