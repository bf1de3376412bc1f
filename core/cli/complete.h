/* What the shells complete command lines with. */
#ifndef CW_CLI_COMPLETE_H
#define CW_CLI_COMPLETE_H

/*
 * "certwright --complete WORD...": prints what the last WORD can become. The WORDs are those behind
 * the program's name, without their quotes; the last one may be empty. The files in
 * packaging/completions ask for this at each completion. So new plugins and certificates are known
 * at once. The first line says what follows:
 *
 *     words     one candidate a line, with a tab and a description if it has one
 *     files     nothing: the shell completes names of files
 *     folders   nothing: the shell completes names of folders
 *
 * For "--option=value", candidates are values. Reads only the command line and names of files, and
 * asks the plugins that the last word or another one names for their options; those of Certbot are
 * not asked, as starting Python takes too long. Writes nothing. Returns the exit status.
 */
int cw_complete(int count, const char *const *words);

#endif
