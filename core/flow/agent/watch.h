/*
 * Notices what people and other programs change, by inotify(7): renewal files, live folders,
 * folders with provided certificates, and agent.ini. What changed is looked at later, as changes
 * often come in groups.
 */
#ifndef CW_FLOW_AGENT_WATCH_H
#define CW_FLOW_AGENT_WATCH_H

#include "base/error.h"
#include "base/loop.h"

struct cw_watches;

/* A change below the folder that was watched with KEY. FILE: the entry in it; "": the folder itself
 * is another one now, or was removed. */
typedef void (*cw_watch_changed)(void *context, const char *key, const char *file);

struct cw_watches *cw_watches_new(struct cw_loop *loop, cw_watch_changed changed, void *context,
				  struct cw_error *error);
void cw_watches_free(struct cw_watches *watches); /* NULL is allowed */
/* Watches FOLDER, also again after it was replaced. Several KEYs may watch one folder. If it does
 * not exist, nothing is watched. */
void cw_watches_add(struct cw_watches *watches, const char *key, const char *folder);
/* Forgets all folders of KEY. */
void cw_watches_remove(struct cw_watches *watches, const char *key);

#endif
