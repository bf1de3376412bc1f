#include "cli/verbs.h"
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "cli/output.h"
#include "flow/context.h"

const struct cw_verb cw_verbs[] = {
	{
		.name = "run",
		.alias = "everything",
		.title = "Obtaining and installing",
		.summary = "obtain a certificate and install it into the web server",
		.description = "Obtains a certificate for the names given and installs it with an "
			       "installer plugin. This is what is done when no verb is named.",
		.plugins = CW_PLUGINS_ROLES,
		.writes = true,
		.csr = "obtain the certificate with certonly --csr, then install it with install "
		       "--cert-path and --key-path",
		.keep = "Install the existing certificate",
		.flow = cw_flow_run,
		.render = cw_render_installed,
	},
	{
		.name = "certonly",
		.alias = "auth",
		.title = "Obtaining",
		.summary = "obtain or renew a certificate without installing it",
		.description = "Obtains a certificate for the names given with -d and "
			       "--ip-address, or renews the one that there is for exactly these "
			       "names, and saves it below the configuration directory.",
		.plugins = CW_PLUGINS_AUTHENTICATOR,
		.writes = true,
		.rehearses = true,
		.keep = "Keep the existing certificate for now",
		.flow = cw_flow_certonly,
		.render = cw_render_obtained,
	},
	{
		.name = "renew",
		.title = "Renewing",
		.summary = "renew all certificates that are due",
		.description =
			"Renews every certificate that is due, each with the settings that it was "
			"obtained with. Options given on the command line or in cli.ini override "
			"them and are saved. One whose renewal file could not be used when it is "
			"due (a value that is not allowed, a plugin that is not installed) is "
			"named at every run and makes it fail; the others are renewed. A "
			"certificate that an earlier run could not install, or reload its server "
			"for, is put to use, and the run fails until that succeeds. Meant to be "
			"run twice a day by a timer.",
		.plugins = CW_PLUGINS_AUTHENTICATOR,
		.writes = true,
		.rehearses = true,
		.asks_nobody = true,
		.keeps_names = true,
		.csr = "a certificate for a request of yours is renewed by certonly --csr again",
		.check = cw_check_renew,
		.flow = cw_flow_renew,
		.render = cw_render_renewed,
	},
	{
		.name = "certificates",
		.title = "Showing certificates",
		.summary = "show the certificates there are",
		.description =
			"Shows every certificate with its names, expiry, serial number, key type "
			"and paths, and whether it is valid: neither expired, nor revoked as the "
			"CA's OCSP responder says, where it has one, nor from a staging server; "
			"--cert-name and -d choose among them.",
		.flow = cw_flow_certificates,
		.render = cw_render_certificates,
		.render_item = cw_render_certificate,
	},
	{
		.name = "register",
		.title = "Accounts",
		.summary = "make an account at the CA",
		.description = "Makes an ACME account at the server; certonly does that by itself "
			       "when there is none.",
		.writes = true,
		.flow = cw_flow_register,
		.render = cw_render_account,
	},
	{
		.name = "show_account",
		.title = "Showing an account",
		.summary = "show the account at the CA",
		.description = "Shows the ACME account for the server: its URL, the thumbprint of "
			       "its key, its e-mail addresses and its status at the CA.",
		.flow = cw_flow_show_account,
		.render = cw_render_account,
	},
	{
		.name = "update_account",
		.title = "Changing an account",
		.summary = "change the account's e-mail address or key",
		.description = "Gives the CA another e-mail address for the account (--email), or "
			       "a new account key (--new-key, RFC 8555 section 7.3.5).",
		.writes = true,
		.flow = cw_flow_update_account,
		.render = cw_render_account,
	},
	{
		.name = "unregister",
		.title = "Giving up an account",
		.summary = "deactivate the account at the CA",
		.description = "Deactivates the ACME account for good and removes it from this "
			       "machine.",
		.writes = true,
		.flow = cw_flow_unregister,
		.render = cw_render_account,
	},
	{
		.name = "revoke",
		.title = "Revoking certificates",
		.summary = "revoke a certificate",
		.description = "Revokes the certificate that --cert-name or --cert-path names, "
			       "with the account's key or, with --key-path, the certificate's own; "
			       "then deletes its files unless --no-delete-after-revoke.",
		.writes = true,
		.which = "Which certificate do you want to revoke?",
		.flow = cw_flow_revoke,
	},
	{
		.name = "delete",
		.title = "Deleting certificates",
		.summary = "delete a certificate's files",
		.description =
			"Deletes the certificates that --cert-name names (it may be given several "
			"times) with their keys and renewal settings. They are not revoked by "
			"that.",
		.writes = true,
		.several = true,
		.which = "Which certificates do you want to delete?",
		.flow = cw_flow_delete,
	},
	{
		.name = "reconfigure",
		.title = "Changing the settings of a certificate",
		.summary = "change the settings that a certificate is renewed with",
		.description = "Tries the options given in a dry run for the certificate that "
			       "--cert-name names, and saves them for its renewals when that "
			       "succeeds. The names, the server and the account stay.",
		.plugins = CW_PLUGINS_AUTHENTICATOR,
		.writes = true,
		.rehearses = true,
		.keeps_names = true,
		.csr = "a certificate for a request of yours is renewed by certonly --csr again",
		.which = "Which certificate's settings do you want to change?",
		.check = cw_check_reconfigure,
		.flow = cw_flow_reconfigure,
	},
	{
		.name = "install",
		.title = "Installing certificates",
		.summary = "install a certificate that there is into the web server",
		.description =
			"Installs the certificate that --cert-name names, or the files of "
			"--cert-path, --key-path, --chain-path and --fullchain-path, with an "
			"installer plugin for its names, or for those of -d.",
		.plugins = CW_PLUGINS_ROLES,
		.writes = true,
		.which = "Which certificate do you want to install?",
		.flow = cw_flow_install,
		.render = cw_render_installed,
	},
	{
		.name = "enhance",
		.title = "Enhancing a server's configuration",
		.summary = "harden the web server's configuration for a certificate's names",
		.description = "Makes the enhancements that are given (--redirect, --hsts, --uir, "
			       "--staple-ocsp) in the configuration of the web sites that have the "
			       "certificate of --cert-name.",
		.plugins = CW_PLUGINS_ROLES,
		.writes = true,
		.which = "Which certificate's web sites do you want to enhance?",
		.check = cw_check_enhance,
		.flow = cw_flow_enhance,
		.render = cw_render_installed,
	},
	{
		.name = "rollback",
		.title = "Taking changes back",
		.summary = "take back changes of the web server's configuration",
		.description =
			"Takes back the newest changes that installers made, as many as "
			"--checkpoints says, and reloads the servers concerned. A checkpoint "
			"knows which installer made it; for one of Certbot's, name the "
			"installer with -i.",
		.plugins = CW_PLUGINS_ROLES,
		.writes = true,
		.flow = cw_flow_rollback,
	},
	{
		.name = "plugins",
		.title = "Plugins",
		.summary = "list the plugins there are",
		.description = "Lists the plugins that were found, with their roles, paths and "
			       "challenge types, and those that were refused, with the reason. "
			       "--init opens each, --prepare also asks whether it could work.",
		.flow = cw_flow_plugins,
		.render = cw_render_plugins,
	},
	{
		.name = "help",
		.arguments = "[TOPIC]",
		.title = "Help",
		.summary = "show help on a verb, a topic or a plugin",
		.description = "Shows the help on a verb, a topic of the options, or a plugin; "
			       "\"help all\" shows everything.",
	},
	{.name = NULL},
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

char *
cw_verb_heading(const struct cw_verb *verb)
{
	return verb->alias != NULL ? cw_format("%s, %s", verb->name, verb->alias)
				   : cw_strdup(verb->name);
}

bool
cw_is_help(const struct cw_verb *verb)
{
	return verb->flow == NULL;
}
