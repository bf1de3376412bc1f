/* The terminal: log lines, progress and prompts. */
#ifndef CW_CLI_TERMINAL_H
#define CW_CLI_TERMINAL_H

#include "base/ask.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/option.h"

/* Holds back log lines until cw_terminal_open(): the command line decides where they go. */
void cw_terminal_hold(void);
/* The level that -q and -v set. */
enum cw_log_level cw_terminal_level(const struct cw_settings *settings);
/* Shows log lines on the terminal, from the level that -q and -v set. Warnings and errors go to
 * stderr, other lines to stdout, or to stderr with --json. */
void cw_terminal_open(const struct cw_settings *settings);
/* Shows progress in one line that is overwritten, on a terminal only (cw_context.progress). */
void cw_terminal_progress(void *context, const char *what, size_t done, size_t total);
/* Removes the progress line and ends the output. */
void cw_terminal_close(void);
/* The loop that is turned while a question waits for its answer, so that the rest of the run goes
 * on: a plugin may have to serve what the user looks at. NULL: none. */
void cw_terminal_use_loop(struct cw_loop *loop);
/* Asks on stdin and stdout (stderr with --json). Not interactive with -n, nor without a terminal
 * unless --force-interactive is given. Never released. */
const struct cw_asker *cw_terminal_asker(const struct cw_settings *settings);

#endif
