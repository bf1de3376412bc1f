#include "cli/verbs.h"
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/plugin_tool.h"
#include "flow/context.h"

static const char *const agent_actions[] = {"status", "renew", "reload", NULL};

const struct cw_verb cw_verbs[] = {
	{
		.name = "run",
		.alias = "everything",
		.title = "Obtaining and installing",
		.summary = "obtain a certificate and install it in the web server",
		.description = "Obtains a certificate for the given names and installs it with an "
			       "installer plugin. This is the default verb.",
		.plugins = CW_PLUGINS_ROLES,
		.writes = true,
		.asks_ca = true,
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
		.description = "Obtains a certificate for the names given with -d and --ip-address "
			       "and saves it below the configuration directory. If there is a "
			       "certificate for exactly these names, it is renewed.",
		.plugins = CW_PLUGINS_AUTHENTICATOR,
		.writes = true,
		.asks_ca = true,
		.has_dry_run = true,
		.keep = "Keep the existing certificate for now",
		.flow = cw_flow_certonly,
		.render = cw_render_obtained,
	},
	{
		.name = "renew",
		.title = "Renewing",
		.summary = "renew all certificates that are due",
		.description =
			"Renews all certificates that are due, each with the settings that it was "
			"obtained with. Options on the command line or in cli.ini override these "
			"settings and are saved. If a renewal file has a fault that would prevent "
			"a renewal (an invalid value, a plugin that is not installed), every run "
			"names it and fails; the other certificates are still renewed. If an "
			"earlier run could not install a certificate or reload its server, this is "
			"tried again, and the run fails until it succeeds. A timer should run this "
			"twice a day. --cert-name selects certificates; it can be repeated.",
		.plugins = CW_PLUGINS_AUTHENTICATOR,
		.writes = true,
		.has_dry_run = true,
		.asks_nobody = true,
		.several = true,
		.keeps_names = true,
		.csr = "to renew the certificate of your own signing request, run certonly --csr "
		       "again",
		.check = cw_check_renew,
		.flow = cw_flow_renew,
		.render = cw_render_renewed,
	},
	{
		.name = "certificates",
		.title = "Showing certificates",
		.summary = "show all certificates",
		.description =
			"Shows each certificate with its names, expiry date, serial number, key "
			"type and paths, and whether it is valid. A certificate is invalid if it "
			"has expired, if the CA's OCSP responder says that it is revoked, or if it "
			"comes from a staging server. --cert-name and -d select certificates.",
		.flow = cw_flow_certificates,
		.render = cw_render_certificates,
		.render_item = cw_render_certificate,
	},
	{
		.name = "report",
		.title = "Reports and monitoring",
		.summary = "report the state of all certificates",
		.description =
			"Reports how all certificates are: which need attention and why, when they "
			"expire, and when they will be renewed. It reads the files alone: no CA is "
			"asked, and nothing is changed. With --html, --textfile or --nagios the "
			"report is for a browser or for a monitoring program.",
		.check = cw_check_report,
		.flow = cw_flow_report,
		.render = cw_render_report,
		.exit_status = cw_report_exit_status,
	},
	{
		.name = "agent",
		.arguments = "[status | renew NAME | reload]",
		.title = "The agent",
		.summary = "keep certificates valid as a service",
		.description =
			"Runs until it is stopped, and keeps every certificate valid: those in the "
			"configuration directory, and those that agent.ini or the environment "
			"describe. It always keeps a certificate in place: one that you provide, "
			"else one from a CA, else a self-signed one. \"agent status\" shows what a "
			"running agent does, \"agent renew NAME\" lets it renew a certificate now, "
			"and \"agent reload\" lets it read its configuration again. Every option "
			"can also be given as a variable of the environment: CERTWRIGHT_EMAIL for "
			"--email, CERTWRIGHT_EMAIL_FILE for a file with the value.",
		.word = CW_WORD_ACTION,
		.actions = agent_actions,
		.plugins = CW_PLUGINS_AUTHENTICATOR,
		.asks_nobody = true,
		.flow = cw_flow_agent,
		.render = cw_render_report,
	},
	{
		.name = "register",
		.title = "Accounts",
		.summary = "register an account with the CA",
		.description = "Registers an ACME account with the server. certonly does this "
			       "itself if there is no account.",
		.writes = true,
		.asks_ca = true,
		.flow = cw_flow_register,
		.render = cw_render_account,
	},
	{
		.name = "show_account",
		.title = "Showing an account",
		.summary = "show the account at the CA",
		.description = "Shows the ACME account for the server: its URL, the thumbprint of "
			       "its key, its e-mail addresses and its status.",
		.flow = cw_flow_show_account,
		.render = cw_render_account,
	},
	{
		.name = "update_account",
		.title = "Changing an account",
		.summary = "change the account's e-mail address or key",
		.description = "Changes the account's e-mail address (--email) or its key "
			       "(--new-key, RFC 8555 section 7.3.5).",
		.writes = true,
		.asks_ca = true,
		.flow = cw_flow_update_account,
		.render = cw_render_account,
	},
	{
		.name = "unregister",
		.title = "Giving up an account",
		.summary = "deactivate the account at the CA",
		.description = "Deactivates the ACME account permanently and removes it from this "
			       "machine.",
		.writes = true,
		.asks_ca = true,
		.flow = cw_flow_unregister,
		.render = cw_render_account,
	},
	{
		.name = "revoke",
		.title = "Revoking certificates",
		.summary = "revoke a certificate",
		.description = "Revokes the certificate given with --cert-name or --cert-path. The "
			       "request is signed with the account's key, or with the "
			       "certificate's own key if --key-path is given. Then deletes the "
			       "certificate's files, unless --no-delete-after-revoke is given.",
		.writes = true,
		.asks_ca = true,
		.which = "Which certificate do you want to revoke?",
		.flow = cw_flow_revoke,
	},
	{
		.name = "delete",
		.title = "Deleting certificates",
		.summary = "delete a certificate's files",
		.description = "Deletes the certificates given with --cert-name, with their keys "
			       "and renewal files. --cert-name can be repeated. The certificates "
			       "are not revoked.",
		.writes = true,
		.several = true,
		.which = "Which certificates do you want to delete?",
		.flow = cw_flow_delete,
	},
	{
		.name = "reconfigure",
		.title = "Changing the settings of a certificate",
		.summary = "change the renewal settings of a certificate",
		.description = "Tries the given options in a dry run for the certificate of "
			       "--cert-name. If it succeeds, saves them for future renewals. The "
			       "names, the server and the account cannot be changed.",
		.plugins = CW_PLUGINS_AUTHENTICATOR,
		.writes = true,
		.has_dry_run = true,
		.keeps_names = true,
		.csr = "to renew the certificate of your own signing request, run certonly --csr "
		       "again",
		.which = "Which certificate's settings do you want to change?",
		.check = cw_check_reconfigure,
		.flow = cw_flow_reconfigure,
	},
	{
		.name = "install",
		.title = "Installing certificates",
		.summary = "install an existing certificate in the web server",
		.description =
			"Installs the certificate of --cert-name, or the files of --cert-path, "
			"--key-path, --chain-path and --fullchain-path, with an installer plugin. "
			"It is installed for all its names, or for the names given with -d. "
			"Renewals reach every installer that it is installed with, until "
			"reconfigure or run names another one.",
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
		.description =
			"Applies the given enhancements (--redirect, --hsts, --uir, --staple-ocsp) "
			"to the web sites that use the certificate of --cert-name.",
		.plugins = CW_PLUGINS_ROLES,
		.writes = true,
		.which = "Which certificate's web sites do you want to enhance?",
		.check = cw_check_enhance,
		.flow = cw_flow_enhance,
		.render = cw_render_installed,
	},
	{
		.name = "rollback",
		.title = "Undoing changes",
		.summary = "undo changes to the web server's configuration",
		.description =
			"Undoes the latest changes that installers made, as many as --checkpoints "
			"says, and reloads the servers. Each checkpoint records which installer "
			"made it. For a checkpoint of Certbot, give the installer with -i.",
		.plugins = CW_PLUGINS_ROLES,
		.writes = true,
		.flow = cw_flow_rollback,
	},
	{
		.name = "import",
		.arguments = "--from CLIENT PATH",
		.title = "Moving in from another client",
		.summary = "take over accounts and certificates of another ACME client",
		.description =
			"Takes over the accounts and certificates that another ACME client keeps "
			"in PATH: keys, names, CA, and those of its settings that certwright has, "
			"too. Nothing in PATH is changed or executed. PATH is the client's folder "
			"(lego: that of --path; acme.sh: ~/.acme.sh; dehydrated: the folder of its "
			"file \"config\"; uacme: that of --confdir; getssl: ~/.getssl; acmetool: "
			"/var/lib/acme), or a tar archive of Certbot's /etc/letsencrypt. "
			"Certificates are renewed with the same account. A client that does not "
			"keep an account's URL makes it necessary to ask the CA for it. What "
			"cannot "
			"be taken over is listed with what to do. Options for renewals, such as -a "
			"and -w, are saved for each certificate that is imported; one that is here "
			"already stays as it is. --server names the CA if the client does not keep "
			"it.",
		.word = CW_WORD_PATH,
		.plugins = CW_PLUGINS_AUTHENTICATOR,
		.writes = true,
		.has_dry_run = true,
		.asks_nobody = true,
		.keeps_names = true,
		.csr = "an import takes certificates with their keys",
		.check = cw_check_import,
		.flow = cw_flow_import,
		.render = cw_render_imported,
	},
	{
		.name = "export",
		.arguments = "NAME --to FILE --format FORMAT",
		.title = "Exporting certificates",
		.summary = "write a certificate and its key in another format",
		.description =
			"Writes the certificate NAME and its key to one file in another format. "
			"Only you can read the file. It is not renewed: export it again from a "
			"deploy hook, with --overwrite.",
		.word = CW_WORD_CERTIFICATE,
		.which = "Which certificate do you want to export?",
		.check = cw_check_export,
		.flow = cw_flow_export,
		.render = cw_render_exported,
	},
	{
		.name = "dns-records",
		.title = "DNS records",
		.summary = "show the DNS records that make validation possible",
		.description =
			"Shows the records that an administrator makes once for the names given "
			"with -d, says which of them are there, and prints the others as lines of "
			"a zone file. One is enough for validation: the TXT record for "
			"dns-persist-01, which needs no changes later, or an alias (CNAME) for "
			"dns-01, which moves the changing records to another zone (--dns-alias). "
			"The CAA record is a precaution: only this account can then obtain "
			"certificates, and if --preferred-challenges is given, only with those "
			"challenges, which all certificates for the name must then use. All "
			"depend on the ACME account, which must exist.",
		.asks_ca = true,
		.flow = cw_flow_dns_records,
		.render = cw_render_dns_records,
	},
	{
		.name = "plugins",
		.title = "Plugins",
		.summary = "list the plugins",
		.description = "Lists the plugins with their roles, paths and challenge types, and "
			       "the plugins that were refused with the reason. --init initializes "
			       "each plugin; --prepare also asks whether it is ready to be used.",
		.flow = cw_flow_plugins,
		.render = cw_render_plugins,
	},
	{
		.name = "plugin",
		.arguments = "new NAME --authenticator|--installer|--both --to DIR, or check "
			     "PATH|NAME [-- OPTION...]",
		.title = "Writing plugins",
		.summary = "begin a plugin of your own, or check one",
		.description =
			"For authors of plugins. \"plugin new NAME\" writes a small complete "
			"project: source, Makefile, manual page and a test that obtains a "
			"certificate from a local test CA. It builds and passes with \"make "
			"check\". \"plugin check\" tries a plugin without a CA and without a "
			"network, and reports each promise of the interface that it breaks: "
			"crashes, hanging calls, output, secrets in the log, and what is left of "
			"files, descriptors, memory and processes, also after kill -9. Options of "
			"the plugin follow \"--\". For an installer, they must name a copy of the "
			"server's configuration; the installer's reload is called. See "
			"certwright-plugin(7).",
		.own_options = cw_plugin_tool_options,
		.actions = cw_plugin_tool_actions,
		.flow = cw_plugin_tool,
		.render = cw_render_plugin_tool,
	},
	{
		.name = "help",
		.arguments = "[TOPIC]",
		.title = "Help",
		.summary = "show help on a verb, a topic or a plugin",
		.description = "Shows help on a verb, a topic of options or a plugin. \"help all\" "
			       "shows everything.",
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

char *
cw_verb_option_heading(const struct cw_verb_option *option)
{
	return cw_format("--%s%s%s", option->name, option->metavar != NULL ? " " : "",
			 option->metavar != NULL ? option->metavar : "");
}

bool
cw_is_help(const struct cw_verb *verb)
{
	return verb->flow == NULL;
}
