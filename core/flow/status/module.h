/*
 * The module certwright-status.so: HTTP for the status server, with libmicrohttpd. It is a module
 * so that certwright itself needs no such library. Only the status process maps it; both come from
 * the same build. The module sees requests and answers and nothing of what they are about.
 */
#ifndef CW_FLOW_STATUS_MODULE_H
#define CW_FLOW_STATUS_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_STATUS_MODULE_VERSION 1
#define CW_STATUS_MODULE_SYMBOL "cw_status_module"

/* Valid during a call. */
struct cw_status_request {
	const char *method;
	const char *path;
	const char *host;   /* the Host field; NULL: there is none */
	const char *accept; /* likewise */
};

struct cw_status_response {
	unsigned status;
	const char *type;
	char *body; /* from malloc(); the module's from then on */
	size_t length;
	char *policy;      /* the Content-Security-Policy, likewise; NULL: there is none */
	const char *allow; /* the Allow field; NULL: there is none */
};

struct cw_status_host {
	void *context;
	int listener; /* a listening socket that does not block */
	/* Fills RESPONSE and returns true; or returns false, and resume() is called later: then the
	 * same request is asked again. */
	bool (*answer)(void *context, const struct cw_status_request *request,
		       struct cw_status_response *response);
	void (*log)(void *context, const char *line);
};

struct cw_status_http;

struct cw_status_module {
	unsigned version; /* CW_STATUS_MODULE_VERSION */
	/* NULL if it cannot start. HOST must outlive it. */
	struct cw_status_http *(*start)(const struct cw_status_host *host);
	/* The descriptor to poll for POLLIN. */
	int (*descriptor)(const struct cw_status_http *http);
	/* Does what can be done now. Returns the milliseconds after which it must be called again
	 * even if there is nothing to read; -1: no need. */
	int64_t (*run)(struct cw_status_http *http);
	/* Asks again what was not answered. Call run() then. */
	void (*resume)(struct cw_status_http *http);
	void (*stop)(struct cw_status_http *http);
};

extern const struct cw_status_module cw_status_module;

#endif
