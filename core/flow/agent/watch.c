#include "flow/agent/watch.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"

#define CHANGES                                                                                    \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF |   \
	 IN_MOVE_SELF | IN_ONLYDIR)

struct watch {
	int number;
	char *key;
	char *folder;
};

struct cw_watches {
	int descriptor;
	struct cw_loop *loop;
	cw_watch_changed changed;
	void *context;
	struct watch *items;
	size_t count;
	bool full; /* that was said */
};

/* One event may be of several keys, and the callback may change the list. */
static void
tell(struct cw_watches *watches, int number, const char *file)
{
	cw_auto_strv struct cw_strv keys = {0};

	for (size_t i = 0; i < watches->count; i++)
		if (watches->items[i].number == number)
			cw_strv_add(&keys, watches->items[i].key);
	for (size_t i = 0; i < keys.count; i++)
		watches->changed(watches->context, keys.items[i], file);
}

/* Too many changes to be told one by one. */
static void
tell_all(struct cw_watches *watches)
{
	cw_auto_strv struct cw_strv keys = {0};

	for (size_t i = 0; i < watches->count; i++)
		cw_strv_add_unique(&keys, watches->items[i].key);
	for (size_t i = 0; i < keys.count; i++)
		watches->changed(watches->context, keys.items[i], "");
}

static void
forget_number(struct cw_watches *watches, int number)
{
	for (size_t i = watches->count; i-- > 0;)
		if (watches->items[i].number == number)
			watches->items[i].number = -1;
}

static void
take(struct cw_watches *watches, const struct inotify_event *event)
{
	if ((event->mask & IN_Q_OVERFLOW) != 0) {
		tell_all(watches);
	} else if ((event->mask & IN_IGNORED) != 0) {
		forget_number(watches, event->wd);
	} else if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
		tell(watches, event->wd, "");
	} else if (event->len > 0) {
		tell(watches, event->wd, event->name);
	}
}

static void
on_ready(void *context, int descriptor, short events)
{
	struct cw_watches *watches = context;
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t length;

	(void)events;
	while ((length = read(descriptor, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const void *)(buffer + at);

			take(watches, event);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
}

struct cw_watches *
cw_watches_new(struct cw_loop *loop, cw_watch_changed changed, void *context,
	       struct cw_error *error)
{
	struct cw_watches *watches;
	int descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (descriptor < 0) {
		cw_fail_errno(error, errno, "cannot watch for changes of files");
		cw_hint(error, "raise the limit fs.inotify.max_user_instances");
		return NULL;
	}
	watches = cw_alloc(sizeof(*watches));
	watches->descriptor = descriptor;
	watches->loop = loop;
	watches->changed = changed;
	watches->context = context;
	cw_loop_watch(loop, descriptor, POLLIN, on_ready, watches);
	return watches;
}

static void
drop(struct cw_watches *watches, size_t index)
{
	struct watch item = watches->items[index];
	bool shared = false;

	watches->items[index] = watches->items[--watches->count];
	for (size_t i = 0; i < watches->count; i++)
		shared |= watches->items[i].number == item.number;
	if (item.number >= 0 && !shared)
		inotify_rm_watch(watches->descriptor, item.number);
	free(item.key);
	free(item.folder);
}

void
cw_watches_free(struct cw_watches *watches)
{
	if (watches == NULL)
		return;
	cw_loop_watch(watches->loop, watches->descriptor, 0, NULL, NULL);
	close(watches->descriptor);
	while (watches->count > 0)
		drop(watches, watches->count - 1);
	free(watches->items);
	free(watches);
}

void
cw_watches_add(struct cw_watches *watches, const char *key, const char *folder)
{
	int number = inotify_add_watch(watches->descriptor, folder, CHANGES);
	bool is_full = number < 0 && errno == ENOSPC;

	for (size_t i = 0; i < watches->count; i++) {
		const struct watch *item = &watches->items[i];

		if (strcmp(item->key, key) != 0 || strcmp(item->folder, folder) != 0)
			continue;
		if (item->number == number)
			return;
		drop(watches, i);
		break;
	}
	if (is_full && !watches->full)
		cw_log_warning("cannot watch \"%s\" for changes: raise the limit "
			       "fs.inotify.max_user_watches",
			       folder);
	watches->full |= is_full;
	if (number < 0)
		return;
	watches->items = cw_realloc(watches->items, watches->count + 1, sizeof(*watches->items));
	watches->items[watches->count++] = (struct watch){
		.number = number, .key = cw_strdup(key), .folder = cw_strdup(folder)};
}

void
cw_watches_remove(struct cw_watches *watches, const char *key)
{
	for (size_t i = watches->count; i-- > 0;)
		if (strcmp(watches->items[i].key, key) == 0)
			drop(watches, i);
}
