/*
 * libcurl, loaded on demand: its dependencies cost milliseconds and memory, which verbs without
 * network should not pay. For http/ only.
 *
 * CW_LINKED_CURL fills the same table at link time, for static builds.
 */
#ifndef CW_HTTP_CURL_API_H
#define CW_HTTP_CURL_API_H

#include <curl/curl.h>
#include "base/error.h"

#ifndef CW_CURL_LIBRARY
#define CW_CURL_LIBRARY "libcurl.so.4"
#endif

/* The functions of libcurl that we use, without "curl_". */
#define CW_CURL_FUNCTIONS(X)                                                                       \
	X(easy_cleanup)                                                                            \
	X(easy_getinfo)                                                                            \
	X(easy_init)                                                                               \
	X(easy_setopt)                                                                             \
	X(easy_strerror)                                                                           \
	X(global_init)                                                                             \
	X(multi_add_handle)                                                                        \
	X(multi_cleanup)                                                                           \
	X(multi_info_read)                                                                         \
	X(multi_init)                                                                              \
	X(multi_remove_handle)                                                                     \
	X(multi_setopt)                                                                            \
	X(multi_socket_action)                                                                     \
	X(slist_append)                                                                            \
	X(slist_free_all)                                                                          \
	X(version_info)

#define CW_CURL_POINTER(name) __typeof__(curl_##name) *name;
struct cw_curl {
	CW_CURL_FUNCTIONS(CW_CURL_POINTER)
};
#undef CW_CURL_POINTER

/* Valid once cw_curl_load() has returned CW_OK. */
extern struct cw_curl cw_curl;

/* Loads and initializes libcurl on the first call. It stays loaded until the process ends. */
int cw_curl_load(struct cw_error *error);

#endif
