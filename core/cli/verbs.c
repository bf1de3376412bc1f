#include "cli/verbs.h"
#include <string.h>
#include "cli/output.h"

const struct cw_verb cw_verbs[] = {
	{"run", NULL, "obtain a certificate and install it into the web server",
	 "Obtains a certificate for the names given and installs it with an installer plugin. "
	 "This is what is done when no verb is named.",
	 cw_flow_run, cw_render_installed, NULL},
	{"certonly", "auth", "obtain or renew a certificate without installing it",
	 "Obtains a certificate for the names given with -d and --ip-address, or renews the one "
	 "that "
	 "there is for exactly these names, and saves it below the configuration directory.",
	 cw_flow_certonly, cw_render_obtained, NULL},
	{"renew", NULL, "renew all certificates that are due",
	 "Renews every certificate that is due, each with the settings that it was obtained with. "
	 "Options given on the command line or in cli.ini override them and are saved. One whose "
	 "renewal file could not be used when it is due (a value that is not allowed, a plugin "
	 "that is not installed) is named at every run and makes it fail; the others are renewed. "
	 "Meant to be run twice a day by a timer.",
	 cw_flow_renew, cw_render_renewed, NULL},
	{"certificates", NULL, "show the certificates there are",
	 "Shows every certificate with its names, expiry, serial number, key type and paths, and "
	 "whether it is valid: neither expired, nor revoked as the CA's OCSP responder says, where "
	 "it has one, nor from a staging server; --cert-name and -d choose among them.",
	 cw_flow_certificates, cw_render_certificates, cw_render_certificate},
	{"register", NULL, "make an account at the CA",
	 "Makes an ACME account at the server; certonly does that by itself when there is none.",
	 cw_flow_register, cw_render_account, NULL},
	{"show_account", NULL, "show the account at the CA",
	 "Shows the ACME account for the server: its URL, the thumbprint of its key, its e-mail "
	 "addresses and its status at the CA.",
	 cw_flow_show_account, cw_render_account, NULL},
	{"update_account", NULL, "change the account's e-mail address or key",
	 "Gives the CA another e-mail address for the account (--email), or a new account key "
	 "(--new-key, RFC 8555 section 7.3.5).",
	 cw_flow_update_account, cw_render_account, NULL},
	{"unregister", NULL, "deactivate the account at the CA",
	 "Deactivates the ACME account for good and removes it from this machine.",
	 cw_flow_unregister, cw_render_account, NULL},
	{"revoke", NULL, "revoke a certificate",
	 "Revokes the certificate that --cert-name or --cert-path names, with the account's key "
	 "or, "
	 "with --key-path, the certificate's own; then deletes its files unless "
	 "--no-delete-after-revoke.",
	 cw_flow_revoke, NULL, NULL},
	{"delete", NULL, "delete a certificate's files",
	 "Deletes the certificate that --cert-name names with its keys and renewal settings. It is "
	 "not "
	 "revoked by that.",
	 cw_flow_delete, NULL, NULL},
	{"reconfigure", NULL, "change the settings that a certificate is renewed with",
	 "Tries the options given in a dry run for the certificate that --cert-name names, and "
	 "saves "
	 "them for its renewals when that succeeds. The names, the server and the account stay.",
	 cw_flow_reconfigure, NULL, NULL},
	{"install", NULL, "install a certificate that there is into the web server",
	 "Installs the certificate that --cert-name names, or the files of --cert-path, "
	 "--key-path, "
	 "--chain-path and --fullchain-path, with an installer plugin for its names, or for those "
	 "of -d.",
	 cw_flow_install, cw_render_installed, NULL},
	{"enhance", NULL, "harden the web server's configuration for a certificate's names",
	 "Makes the enhancements that are given (--redirect, --hsts, --uir, --staple-ocsp) in the "
	 "configuration of the web sites that have the certificate of --cert-name.",
	 cw_flow_enhance, cw_render_installed, NULL},
	{"rollback", NULL, "take back changes of the web server's configuration",
	 "Takes back the newest changes that installers made, as many as --checkpoints says, and "
	 "reloads the server of the installer that is named.",
	 cw_flow_rollback, NULL, NULL},
	{"plugins", NULL, "list the plugins there are",
	 "Lists the plugins that were found, with their roles, paths and challenge types, and "
	 "those that "
	 "were refused, with the reason. --init opens each, --prepare also asks whether it could "
	 "work.",
	 cw_flow_plugins, cw_render_plugins, NULL},
	{"help", NULL, "show help on a verb, a topic or a plugin",
	 "Shows the help on a verb, a topic of the options, or a plugin; \"help all\" shows "
	 "everything.",
	 NULL, NULL, NULL},
	{NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct cw_verb *
cw_verb_by_name(const char *name)
{
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		if (strcmp(verb->name, name) == 0 ||
		    (verb->alias != NULL && strcmp(verb->alias, name) == 0))
			return verb;
	return NULL;
}
