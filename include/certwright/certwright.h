/*
 * certwright/certwright.h - the library API of certwright.
 *
 * The command-line program is a thin main() over cw_command(). Programs that embed certwright call
 * it likewise, with --json, and read the one object that it writes to stdout. Plugin authors want
 * certwright/plugin.h instead.
 */
#ifndef CERTWRIGHT_CERTWRIGHT_H
#define CERTWRIGHT_CERTWRIGHT_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Runs one command, ARGV[0] being the program's name, as the program would: reads the same
 * configuration files and environment, writes to the same descriptors 0, 1 and 2. ARGV is not
 * changed. Catches SIGINT, SIGTERM and SIGHUP meanwhile and restores their actions.
 *
 * Returns the exit status of the command: 0, 1 when it failed, 2 for a mistake in the arguments;
 * or -1 (CW_E_NOMEM) when memory could not be had, in which case what it had allocated is lost but
 * everything on disk is as after a kill: the next run goes on from there. Not to be called by two
 * threads at a time.
 */
int cw_command(int argc, const char *const *argv);

/* The version, such as "0.1.0". */
const char *cw_version(void);

#ifdef __cplusplus
}
#endif

#endif
