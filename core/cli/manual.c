#include <certwright/certwright.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "cli/help.h"
#include "cli/option_text.h"
#include "cli/options.h"
#include "cli/verbs.h"

/* Writes TEXT as roff has it: no escape and no macro in it, and all of ASCII as it can be copied.
 */
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
	fprintf(out, ".TH CERTWRIGHT 8 \"\" \"certwright %s\" \"System administration\"\n",
		cw_version());
	fputs(".SH NAME\ncertwright \\- obtain, install and renew TLS certificates (ACME)\n", out);
	fputs(".SH SYNOPSIS\n.B certwright\n[\\fIverb\\fR] [\\fIoption\\fR]...\n", out);
	fputs(".SH DESCRIPTION\n", out);
	write_text(out,
		   "certwright obtains TLS certificates from a CA that speaks ACME (RFC 8555), "
		   "such as Let's Encrypt, and renews them. It proves to the CA that the names "
		   "are yours with an authenticator plugin: standalone answers the CA itself, "
		   "webroot puts a file where a running web server serves it. Each plugin has a "
		   "page of its own, named at the end of this one.");
	fputc('\n', out);
	paragraph(out, "Verbs, options, configuration files, hooks and everything below "
		       "/etc/letsencrypt are those of Certbot: both programs can work on the same "
		       "directories, though not at the same time.");
}

static void
write_verbs(FILE *out)
{
	fputs(".SH VERBS\n", out);
	paragraph(out, "The verb may stand anywhere among the options. Without one it is \"run\".");
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

/* The options whose first topic is TOPIC, under a heading. */
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
		if (!begun) {
			macro(out, "SS", title);
			if (summary != NULL)
				paragraph(out, summary);
		}
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

static void
write_options(FILE *out, const struct cw_option_set *options)
{
	fputs(".SH OPTIONS\n", out);
	paragraph(out, "Every option is accepted with every verb, and ignored where it has no "
		       "meaning. Long options may be abbreviated while that is unambiguous, and "
		       "their values joined with '='; a value that begins with '-' must be. The "
		       "options of a plugin are shown by \"certwright help PLUGIN\" and in its own "
		       "page.");
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		write_topic(out, options, topic->name, topic->title, topic->summary);
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		write_topic(out, options, verb->name, verb->title, NULL);
	write_plugin_topics(out, options);
}

static void
write_hooks(FILE *out)
{
	static const struct pair variables[] = {
		{"RENEWED_LINEAGE", "For deploy hooks: the certificate's directory below live/."},
		{"RENEWED_DOMAINS", "For deploy and post hooks: the names, with blanks between."},
		{"FAILED_DOMAINS", "For post hooks: the names of certificates that failed."},
	};

	fputs(".SH HOOKS\n", out);
	paragraph(out, "Hooks are shell commands. Pre hooks are run once before anything is "
		       "attempted, deploy hooks for each certificate whose files are in place, "
		       "post hooks once at the end, also after failure. Executables in the "
		       "directories renewal-hooks/pre, deploy and post below the configuration "
		       "directory are run too, in alphabetical order and before the others; names "
		       "that end in '~' are left out. The exit status of a hook is reported and "
		       "changes nothing. Hooks given on the command line are saved for renewals.");
	terms(out, variables, CW_COUNT(variables));
}

static void
write_config(FILE *out)
{
	fputs(".SH CONFIGURATION FILES\n", out);
	paragraph(out, "/etc/letsencrypt/cli.ini and then $XDG_CONFIG_HOME/letsencrypt/cli.ini "
		       "(~/.config/letsencrypt/cli.ini) are read where they exist, the later one "
		       "winning; -c FILE replaces both. The keys are long option names:");
	fputs(".PP\n.nf\n.RS\n", out);
	write_text(out, "# comment\nkey-type = rsa\nrsa-key-size = 4096\n"
			"domains = example.com, www.example.com\nagree-tos = true\n");
	fputs(".RE\n.fi\n", out);
	paragraph(out, "A flag is true, yes or 1 when it counts; a false one is as if it were not "
		       "there. The command line wins over configuration files, and these win over "
		       "what is saved with a certificate.");
}

static void
write_environment(FILE *out)
{
	static const struct pair variables[] = {
		{"CERTWRIGHT_PLUGIN_PATH", "Directories to look for plugins in, with colons "
					   "between, instead of the installed one."},
		{"XDG_CONFIG_HOME", "Where the user's configuration file is looked for."},
		{"SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE",
		 "The certificates to trust an ACME server by, instead of the system's."},
		{"https_proxy, http_proxy, all_proxy, no_proxy",
		 "The proxies to reach the ACME server by."},
	};

	fputs(".SH ENVIRONMENT\n", out);
	terms(out, variables, CW_COUNT(variables));
}

static void
write_files(FILE *out)
{
	static const struct pair files[] = {
		{"/etc/letsencrypt/live/NAME/",
		 "The certificate as it is now: cert.pem, chain.pem, "
		 "fullchain.pem (both) and privkey.pem. Servers "
		 "are configured with these."},
		{"/etc/letsencrypt/archive/NAME/", "All versions of it."},
		{"/etc/letsencrypt/renewal/NAME.conf",
		 "The settings that renewals use. A line \"renew_before_expiry = 30 days\" at its "
		 "top says from when on the certificate is due, in years, months, weeks, days or "
		 "hours, or several of them as in \"1 month 3 days\"."},
		{"/etc/letsencrypt/accounts/", "Accounts and their keys."},
		{"/etc/letsencrypt/renewal-hooks/", "Hooks for all certificates."},
		{"/etc/letsencrypt/cli.ini", "The configuration file."},
		{"/var/lib/letsencrypt/", "Unfinished orders, and what is needed to undo changes."},
		{"/var/log/letsencrypt/letsencrypt.log", "The log of the latest run."},
	};

	fputs(".SH FILES\n", out);
	terms(out, files, CW_COUNT(files));
}

static void
write_exit_status(FILE *out)
{
	static const struct pair codes[] = {
		{"0", "All went well; that includes a renewal where nothing was due."},
		{"1", "Something failed. The message says what, and what can be done."},
		{"2", "The command line was wrong; nothing was attempted."},
	};

	fputs(".SH EXIT STATUS\n", out);
	terms(out, codes, CW_COUNT(codes));
}

static void
write_examples(FILE *out)
{
	static const struct pair examples[] = {
		{"certwright certonly --standalone -d example.com -d www.example.com",
		 "Obtain a certificate for two names on a machine without a web server."},
		{"certwright certonly --webroot -w /var/www/a -d a.example -w /var/www/b -d "
		 "b.example",
		 "Obtain one for two sites that a running web server has, each with its own "
		 "document root."},
		{"certwright certonly -a standalone -d example.com -a dns-rfc2136 -d "
		 "'*.example.com' --dns-rfc2136-credentials FILE",
		 "Obtain one whose wildcard is proved by a DNS record, and whose other name is "
		 "not."},
		{"certwright certonly --standalone --dry-run -d example.com",
		 "Try whether that would work, without a certificate and without using up rate "
		 "limits."},
		{"certwright renew --quiet --deploy-hook \"systemctl reload nginx\"",
		 "Renew what is due, from a timer."},
		{"certwright certificates --json", "Show the certificates, for a script."},
	};

	fputs(".SH EXAMPLES\n", out);
	terms(out, examples, CW_COUNT(examples));
}

/* The pages of the plugins; those that are part of the core have none. */
static void
write_see_also(FILE *out, struct cw_registry *registry)
{
	fputs(".SH SEE ALSO\n.BR certwright\\-json (7)", out);
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
	write_config(out);
	write_exit_status(out);
	write_environment(out);
	write_files(out);
	write_examples(out);
	write_see_also(out, registry);
}
