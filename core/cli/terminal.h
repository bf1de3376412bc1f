/* The terminal: what the log shows there, progress, and prompts. */
#ifndef CW_CLI_TERMINAL_H
#define CW_CLI_TERMINAL_H

#include "base/ask.h"
#include "base/option.h"

/* Keeps what the terminal would get until cw_terminal_open(): before the command line is read it is
 * not known where it goes. */
void cw_terminal_hold(void);
/* Sets what the terminal gets of the log: to stdout, or to stderr with --json; from the level that
 * -q and -v say; warnings and errors to stderr. */
void cw_terminal_open(const struct cw_settings *settings);
/* One line that is overwritten, on a terminal only (struct cw_context's progress). */
void cw_terminal_progress(void *context, const char *what, size_t done, size_t total);
/* Ends the progress line. */
void cw_terminal_close(void);
/* The asker on stdin and stdout (stderr with --json), interactive unless -n, or unless stdin or
 * stdout is no terminal and --force-interactive is not given. Lives for ever. */
const struct cw_asker *cw_terminal_asker(const struct cw_settings *settings);

#endif
