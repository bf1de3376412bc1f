/*
 * certwright/certwright.h - the library API of certwright.
 *
 * The command-line program is a thin main() over cw_command(). Programs that embed certwright call
 * it with --json and read the one object that it writes to stdout. Plugin authors want
 * certwright/plugin.h instead.
 */
#ifndef CERTWRIGHT_CERTWRIGHT_H
#define CERTWRIGHT_CERTWRIGHT_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Runs one command as the program would; ARGV[0] is the program's name. Reads the same
 * configuration files and environment, and uses descriptors 0, 1 and 2. Does not change ARGV.
 * Catches SIGINT, SIGTERM and SIGHUP meanwhile and restores their actions.
 *
 * Returns the exit status of the command: 0, 1 if it failed, 2 for a mistake in the arguments; or
 * -1 (CW_E_NOMEM) if out of memory. Then allocated memory is leaked, and files are as after a kill:
 * the next run goes on from there. Do not call it from two threads at a time.
 */
int cw_command(int argc, const char *const *argv);

/* The version, such as "0.1.0". */
const char *cw_version(void);

#ifdef __cplusplus
}
#endif

#endif
