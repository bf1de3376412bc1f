#include "flow/work/listeners.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "flow/work/given_sockets.h"
#include "plugin/instance.h"

struct cw_listener {
	char *address;
	unsigned port;
	int descriptor;
	const void **users; /* one may be in it several times */
	size_t user_count;
};

static struct cw_listener *
find(const struct cw_listeners *listeners, const char *address, unsigned port)
{
	for (size_t i = 0; i < listeners->count; i++) {
		struct cw_listener *listener = listeners->items[i];

		if (listener->port == port && strcmp(listener->address, address) == 0)
			return listener;
	}
	return NULL;
}

static void
add_user(struct cw_listener *listener, const void *user)
{
	listener->users =
		cw_realloc(listener->users, listener->user_count + 1, sizeof(*listener->users));
	listener->users[listener->user_count++] = user;
}

int
cw_listeners_take(struct cw_listeners *listeners, const void *user, const char *address,
		  unsigned port, int *descriptor, bool *by_run, struct cw_error *error)
{
	struct cw_listener *listener = find(listeners, address, port);

	*by_run = false;
	if (listener == NULL) {
		int status = CW_OK;

		*descriptor = cw_given_socket(address, port);
		if (*descriptor < 0)
			status = cw_listen(address, port, descriptor, by_run, error);
		if (status < 0)
			return status;
		listener = cw_alloc(sizeof(*listener));
		listener->address = cw_strdup(address);
		listener->port = port;
		listener->descriptor = *descriptor;
		listeners->items = cw_realloc(listeners->items, listeners->count + 1,
					      sizeof(*listeners->items));
		listeners->items[listeners->count++] = listener;
	}
	add_user(listener, user);
	*descriptor = listener->descriptor;
	return CW_OK;
}

static void
close_listener(struct cw_listener *listener)
{
	close(listener->descriptor);
	free(listener->users);
	free(listener->address);
	free(listener);
}

static void
let_go(struct cw_listeners *listeners, struct cw_listener *listener)
{
	size_t index = 0;

	cw_log_debug("nobody serves port %u of \"%s\" any more", listener->port, listener->address);
	while (listeners->items[index] != listener)
		index++;
	listeners->items[index] = listeners->items[--listeners->count];
	close_listener(listener);
}

/* True when USER was in it. */
static bool
remove_user(struct cw_listener *listener, const void *user)
{
	for (size_t i = 0; i < listener->user_count; i++) {
		if (listener->users[i] != user)
			continue;
		listener->users[i] = listener->users[--listener->user_count];
		return true;
	}
	return false;
}

void
cw_listeners_give_back(struct cw_listeners *listeners, const void *user, const char *address,
		       unsigned port)
{
	struct cw_listener *listener = find(listeners, address, port);

	if (listener != NULL && remove_user(listener, user) && listener->user_count == 0)
		let_go(listeners, listener);
}

void
cw_listeners_forget(struct cw_listeners *listeners, const void *user)
{
	for (size_t i = listeners->count; i-- > 0;) {
		struct cw_listener *listener = listeners->items[i];
		bool served = false;

		while (remove_user(listener, user))
			served = true;
		if (served && listener->user_count == 0)
			let_go(listeners, listener);
	}
}

void
cw_listeners_clear(struct cw_listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		close_listener(listeners->items[i]);
	free(listeners->items);
	*listeners = (struct cw_listeners){0};
}
