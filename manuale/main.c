/* manuale: gets certificates step by step, by hand and without root. */
#include <certwright/certwright.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include "say.h"
#include "settings.h"

static void
command_version(const struct settings *settings)
{
	(void)settings;
	say("manuale %s", cw_version());
}

static const struct command commands[] = {
	{"register", "EMAIL", 1, 1, "kh", "register an account at the CA",
	 "Makes an account key, registers it at the CA, and writes the account file. Every other\n"
	 "command needs that file. Keep it: it has your private key.",
	 command_register},
	{"authorize", "DOMAIN...", 1, SIZE_MAX, "mh", "prove that you control domains",
	 "Orders a certificate for the domains, shows the DNS records or files that the CA wants "
	 "to\n"
	 "find, waits for Enter, and then until the CA has checked them. Run it again at any "
	 "time:\n"
	 "it goes on where it was. A domain that is authorized is not asked for again.\n"
	 "The order of the domains counts: give them to \"issue\" in the same order.",
	 command_authorize},
	{"issue", "DOMAIN...", 1, SIZE_MAX, "bkCoFSNh",
	 "get the certificate for authorized domains",
	 "Makes a key, has the certificate issued, and writes four files: NAME.pem (the key),\n"
	 "NAME.crt (the certificate), NAME.intermediate.crt (the rest of the chain) and\n"
	 "NAME.chain.crt (both). Run it again at any time: it goes on where it was.",
	 command_issue},
	{"revoke", "CERTIFICATE", 1, 1, "h", "revoke a certificate",
	 "Revokes the certificate in a file, which the account must have got.", command_revoke},
	{"info", "", 0, 0, "h", "show the account as the CA has it",
	 "Shows the account of the account file, as the CA has it.", command_info},
	{"upgrade", "", 0, 0, "h", "change an account of Let's Encrypt's first API",
	 "Changes the URL in the account file from Let's Encrypt's ACME v1 to v2. It does nothing "
	 "else.",
	 command_upgrade},
	{"migrate", "", 0, 0, "ch", "take over an account of Certbot",
	 "Makes the account file from Certbot's account for the same server. Certbot's files are\n"
	 "only read; if only root can read them, give a copy of the directory with --certbot-path.",
	 command_migrate},
	{"version", "", 0, 0, "h", "show the version", "Shows the version.", command_version},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

int
main(int argc, char **argv)
{
	const struct command *command;
	struct settings settings;

	signal(SIGPIPE, SIG_IGN);
	settings_read(argc, argv, commands, COMMAND_COUNT, &settings, &command);
	if (settings.help || command == NULL)
		settings_help(commands, COMMAND_COUNT, command);
	else
		command->run(&settings);
	if (fflush(stdout) != 0 || ferror(stdout))
		die("cannot write to the standard output");
	return 0;
}
