#include <config.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "cli/help.h"
#include "cli/option_text.h"
#include "cli/options.h"
#include "cli/verbs.h"

/* Writes TEXT for roff, with escapes and macros disabled and ASCII characters that can be
 * copied. */
static void
write_text(FILE *out, const char *text)
{
	static const struct {
		char character;
		const char *escape;
	} escapes[] = {
		{'\\', "\\(rs"}, {'-', "\\-"},   {'"', "\\(dq"}, {'\'', "\\(aq"},
		{'^', "\\(ha"},  {'~', "\\(ti"}, {'`', "\\(ga"},
	};

	if (*text == '.')
		fputs("\\&", out);
	for (; *text != '\0'; text++) {
		const char *escape = NULL;

		for (size_t i = 0; i < CW_COUNT(escapes); i++)
			if (escapes[i].character == *text)
				escape = escapes[i].escape;
		if (escape != NULL)
			fputs(escape, out);
		else
			fputc(*text, out);
	}
}

/* A macro with one argument: a title, or a term. */
static void
macro(FILE *out, const char *name, const char *argument)
{
	fprintf(out, ".%s ", name);
	write_text(out, argument);
	fputc('\n', out);
}

/* A heading and the text that follows it; TEXT may be NULL. */
static void
section(FILE *out, const char *level, const char *title, const char *text)
{
	macro(out, level, title);
	if (text == NULL)
		return;
	write_text(out, text);
	fputc('\n', out);
}

static void
paragraph(FILE *out, const char *text)
{
	fputs(".PP\n", out);
	write_text(out, text);
	fputc('\n', out);
}

static void
term(FILE *out, const char *name, const char *meaning)
{
	fputs(".TP\n", out);
	macro(out, "B", name);
	write_text(out, meaning);
	fputc('\n', out);
}

struct pair {
	const char *name, *meaning;
};

static void
terms(FILE *out, const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		term(out, pairs[i].name, pairs[i].meaning);
}

static void
write_introduction(FILE *out)
{
	fprintf(out,
		".TH CERTWRIGHT 8 \"2026-11-30\" \"certwright %s\" \"System administration\"\n",
		PACKAGE_VERSION);
	fputs(".SH NAME\ncertwright \\- obtain, install and renew TLS certificates (ACME)\n", out);
	fputs(".SH SYNOPSIS\n.B certwright\n[\\fIverb\\fR] [\\fIoption\\fR]...\n", out);
	section(out, "SH", "DESCRIPTION",
		"certwright obtains TLS certificates from an ACME CA (RFC 8555) such as "
		"Let's Encrypt, and renews them. An authenticator plugin proves to the CA "
		"that you control the names: standalone answers the CA itself, webroot "
		"puts a file where a running web server serves it. Each plugin has its own "
		"manual page; they are listed at the end of this page.");
	fputc('\n', out);
	paragraph(out, "Verbs, options, configuration files, hooks and everything below "
		       "/etc/letsencrypt work as in Certbot. Both programs can use the same "
		       "directories, but not at the same time.");
}

static void
write_verbs(FILE *out)
{
	section(out, "SH", "VERBS",
		"The verb can be given anywhere among the options. The default verb is \"run\".");
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++) {
		cw_autofree char *name = cw_verb_heading(verb);

		term(out, name, verb->description);
	}
}

static void
write_option(FILE *out, const struct cw_option *option)
{
	cw_autofree char *heading = cw_option_heading(option);
	cw_autofree char *description = cw_option_description(option);

	term(out, heading, description);
}

/* Writes the options whose first topic is TOPIC, under a heading. */
static void
write_topic(FILE *out, const struct cw_option_set *options, const char *topic, const char *title,
	    const char *summary)
{
	bool begun = false;

	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);
		cw_autofree char *first = cw_option_first_topic(option);

		if ((option->flags & CW_OPT_HIDDEN) != 0 || strcmp(first, topic) != 0)
			continue;
		if (!begun)
			section(out, "SS", title, summary);
		begun = true;
		write_option(out, option);
	}
}

static void
write_plugin_topics(FILE *out, const struct cw_option_set *options)
{
	cw_auto_strv struct cw_strv names = {0};

	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);
		cw_autofree char *first = cw_option_first_topic(option);

		if ((option->flags & CW_OPT_PLUGIN) != 0)
			cw_strv_add_unique(&names, first);
	}
	for (size_t i = 0; i < names.count; i++) {
		cw_autofree char *title = cw_format("Plugin %s", names.items[i]);

		write_topic(out, options, names.items[i], title, NULL);
	}
}

/* The options of a verb that reads its words itself. */
static void
write_own_options(FILE *out, const struct cw_verb *verb)
{
	if (verb->own_options == NULL)
		return;
	macro(out, "SS", verb->title);
	for (const struct cw_verb_option *option = verb->own_options; option->name != NULL;
	     option++) {
		cw_autofree char *heading = cw_verb_option_heading(option);

		term(out, heading, option->help);
	}
}

static void
write_options(FILE *out, const struct cw_option_set *options)
{
	section(out, "SH", "OPTIONS",
		"Every verb accepts every option and ignores those that do not apply. Long options "
		"can be abbreviated if the abbreviation is unambiguous. A value can be joined to a "
		"long option with '='; a value that begins with '-' must be. \"certwright help "
		"PLUGIN\" and the plugin's manual page describe the options of a plugin.");
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		write_topic(out, options, topic->name, topic->title, topic->summary);
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		write_topic(out, options, verb->name, verb->title, NULL);
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		write_own_options(out, verb);
	write_plugin_topics(out, options);
}

static void
write_hooks(FILE *out)
{
	section(out, "SH", "HOOKS",
		"Hooks are shell commands. Pre hooks run once before the first attempt. Deploy "
		"hooks run for each new certificate after its files are saved. Post hooks run once "
		"at the end, even after a failure. Executables in the directories "
		"renewal-hooks/pre, deploy and post below the configuration directory run too. "
		"certwright-hooks(7) describes them and their variables.");
}

static void
write_config(FILE *out)
{
	section(out, "SH", "CONFIGURATION FILES",
		"/etc/letsencrypt/cli.ini and then $XDG_CONFIG_HOME/letsencrypt/cli.ini "
		"(~/.config/letsencrypt/cli.ini) are read if they exist; the second overrides "
		"the first. -c FILE replaces both. The command line overrides configuration files, "
		"and these override the settings saved with a certificate. cli.ini(5) describes "
		"them.");
}

static void
write_timer(FILE *out)
{
	section(out, "SH", "TIMER",
		"Something must run \"certwright renew\" twice a day. A systemd timer is "
		"installed for this: systemctl enable --now certwright-renew.timer. Its "
		"service cannot do all that root can: it has a /tmp of its own, writes only "
		"to /data, /etc, /home, /media, /mnt, /opt, /root, /run, /srv, /var, "
		"/usr/local and /usr/share/nginx/html, and its hooks cannot change the "
		"network or the firewall. \"systemctl edit "
		"certwright-renew.service\" gives it more, for example with the lines "
		"[Service] and ReadWritePaths=/www. "
		"On machines without systemd, copy share/certwright/cron/certwright from the "
		"installation directory to /etc/cron.d. A timer or cron job that runs "
		"\"certbot renew\" renews the certificates with Certbot. A running agent "
		"renews them, too. certonly, run and certificates say which of them was found.");
}

static void
write_environment(FILE *out)
{
	static const struct pair variables[] = {
		{"CERTWRIGHT_PLUGIN_PATH", "The directories to search for plugins, separated by "
					   "colons, instead of the default one."},
		{"CERTWRIGHT_TEMPLATE_PATH", "The directory with the templates for \"plugin new\", "
					     "instead of the installed one."},
		{"CERTWRIGHT_STATUS_MODULE", "The module of the status server, instead of the "
					     "installed one."},
		{"NO_COLOR", "If it is set and not empty, report shows no colours."},
		{"XDG_CONFIG_HOME", "The directory of the user's configuration file."},
		{"SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE",
		 "The CA certificates to trust for the ACME server, instead of the system's."},
		{"https_proxy, http_proxy, all_proxy, no_proxy",
		 "The proxies to use for the ACME server."},
	};

	fputs(".SH ENVIRONMENT\n", out);
	terms(out, variables, CW_COUNT(variables));
}

static void
write_files(FILE *out)
{
	static const struct pair files[] = {
		{"/etc/letsencrypt/live/NAME/",
		 "The current certificate: cert.pem, chain.pem, fullchain.pem (both) and "
		 "privkey.pem. Use these files in the configuration of your servers."},
		{"/etc/letsencrypt/archive/NAME/", "All its versions."},
		{"/etc/letsencrypt/renewal/NAME.conf",
		 "The renewal file, with the settings for renewals. A line \"renew_before_expiry = "
		 "30 days\" at its top sets when the certificate is due, in years, months, weeks, "
		 "days or hours, or several of them as in \"1 month 3 days\"."},
		{"/etc/letsencrypt/accounts/", "Accounts and their keys."},
		{"/etc/letsencrypt/renewal-hooks/", "Hooks for all certificates."},
		{"/etc/letsencrypt/cli.ini", "The configuration file."},
		{"/var/lib/letsencrypt/",
		 "Unfinished orders, and the records needed to undo changes."},
		{"/var/log/letsencrypt/letsencrypt.log", "The log of the latest run."},
	};

	fputs(".SH FILES\n", out);
	terms(out, files, CW_COUNT(files));
}

static void
write_completion(FILE *out)
{
	section(out, "SH", "COMPLETION",
		"bash, zsh and fish complete the verbs, the options that the verb has, plugins, "
		"certificates, and the values of options that have fixed ones. Certificates are "
		"those of --config-dir if it is on the line. Bash needs the package "
		"bash-completion to find the completions. A plugin's options are offered when "
		"the plugin is on the line, or when you have typed the start of its name.");
}

static void
write_exit_status(FILE *out)
{
	static const struct pair codes[] = {
		{"0", "Success. This includes a renewal when nothing was due."},
		{"1", "Something failed. The message says what failed and what to do."},
		{"2", "The command line is wrong. Nothing was attempted."},
	};
	static const char nagios[] = "report --nagios exits as plugins of Nagios do: 0 (OK), 1 "
				     "(WARNING), 2 (CRITICAL) or 3 (UNKNOWN).";

	fputs(".SH EXIT STATUS\n", out);
	terms(out, codes, CW_COUNT(codes));
	paragraph(out, nagios);
}

static void
write_examples(FILE *out)
{
	static const struct pair examples[] = {
		{"certwright certonly --standalone -d example.com -d www.example.com",
		 "Obtain a certificate for two names on a machine without a web server."},
		{"certwright certonly --webroot -w /var/www/a -d a.example -w /var/www/b -d "
		 "b.example",
		 "Obtain one for two sites of a running web server, each with its own document "
		 "root."},
		{"certwright certonly -a standalone -d example.com -a dns-rfc2136 -d "
		 "'*.example.com' --dns-rfc2136-credentials FILE",
		 "Obtain one with a wildcard, which needs a DNS record, and a name that is "
		 "validated over HTTP."},
		{"certwright certonly --standalone --dry-run -d example.com",
		 "Test this without obtaining a trusted certificate and without using up rate "
		 "limits."},
		{"certwright renew --quiet --deploy-hook \"systemctl reload nginx\"",
		 "Renew the certificates that are due, from a timer."},
		{"certwright certificates --json", "Show all certificates, for use in a script."},
		{"certwright report --html /var/www/html/certificates.html",
		 "Write the state of all certificates as a web page."},
		{"certwright import --from dehydrated /etc/dehydrated --dry-run",
		 "Show what would be taken over from another ACME client."},
		{"certwright export example.com --to /etc/app/keystore.p12 --format pkcs12 "
		 "--password-file FILE --overwrite",
		 "Write a certificate and its key for a Java program."},
	};

	fputs(".SH EXAMPLES\n", out);
	terms(out, examples, CW_COUNT(examples));
}

/* The man pages of the plugins. Built-in plugins have none. */
static void
write_see_also(FILE *out, struct cw_registry *registry)
{
	fputs(".SH SEE ALSO\n.BR certwright (3),\n.BR cli.ini (5),\n.BR certwright\\-hooks (7),\n"
	      ".BR certwright\\-json (7),\n.BR certwright\\-plugin (7)",
	      out);
	for (size_t i = 0; i < cw_registry_count(registry); i++) {
		const struct cw_module *module = cw_registry_at(registry, i);

		if (strcmp(module->path, "(built in)") == 0)
			continue;
		fputs(",\n.BR certwright\\-", out);
		write_text(out, module->name);
		fputs(" (8)", out);
	}
	fputc('\n', out);
}

void
cw_manual_write(FILE *out, const struct cw_option_set *options, struct cw_registry *registry)
{
	write_introduction(out);
	write_verbs(out);
	write_options(out, options);
	write_hooks(out);
	write_timer(out);
	write_config(out);
	write_exit_status(out);
	write_environment(out);
	write_files(out);
	write_completion(out);
	write_examples(out);
	write_see_also(out, registry);
}
