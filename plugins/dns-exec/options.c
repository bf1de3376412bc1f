#include "options.h"
#include "../common/records.h"

static const char *const styles[] = {"lego",    "lego-raw", "dehydrated", "certbot",
				     "lexicon", "acme.sh",  NULL};

static const struct cw_plugin_option program_option = {
	.size = sizeof(program_option),
	.name = "program",
	.kind = CW_OPTION_STRING,
	.metavar = "PROGRAM",
	.help = "The program that sets and removes TXT records: a path, or a name to look up in "
		"PATH. It is not run in a shell.",
};

static const struct cw_plugin_option cleanup_program_option = {
	.size = sizeof(cleanup_program_option),
	.name = "cleanup-program",
	.kind = CW_OPTION_STRING,
	.metavar = "PROGRAM",
	.help = "The program that removes records, if it is a different one.",
};

static const struct cw_plugin_option style_option = {
	.size = sizeof(style_option),
	.name = "style",
	.kind = CW_OPTION_STRING,
	.default_value = "lego",
	.metavar = "STYLE",
	.help = "How the program is called. lego: PROGRAM present|cleanup FQDN VALUE; lego-raw: "
		"PROGRAM present|cleanup -- DOMAIN TOKEN KEYAUTH; dehydrated: PROGRAM "
		"deploy_challenge|clean_challenge NAME TOKEN VALUE; certbot: PROGRAM, with "
		"CERTBOT_DOMAIN, CERTBOT_VALIDATION and others in its environment; lexicon: the "
		"program of that name, with --dns-exec-provider; acme.sh: PROGRAM is a script of "
		"acme.sh, such as HOME/dnsapi/dns_cf.sh.",
	.choices = styles,
};

static const struct cw_plugin_option provider_option = {
	.size = sizeof(provider_option),
	.name = "provider",
	.kind = CW_OPTION_STRING,
	.metavar = "NAME",
	.help = "With the style lexicon, which it implies: the DNS provider, such as cloudflare. "
		"\"lexicon --help\" lists them. The default program is lexicon.",
};

static const struct cw_plugin_option config_folder_option = {
	.size = sizeof(config_folder_option),
	.name = "config-dir",
	.kind = CW_OPTION_PATH,
	.metavar = "DIRECTORY",
	.help = "With the style lexicon: the directory of its configuration files lexicon.yml and "
		"lexicon_PROVIDER.yml, which have the credentials. Without it, they must be in the "
		"environment, also at every renewal.",
};

static const struct cw_plugin_option chain_option = {
	.size = sizeof(chain_option),
	.name = "hook-chain",
	.kind = CW_OPTION_FLAG,
	.help = "With the style dehydrated: one call for all records of a certificate, as with "
		"HOOK_CHAIN.",
};

static const struct cw_plugin_option jobs_option = {
	.size = sizeof(jobs_option),
	.name = "jobs",
	.kind = CW_OPTION_INTEGER,
	.default_value = "4",
	.metavar = "COUNT",
	.help = "How many calls may run at the same time, but never two for the same record.",
};

static const struct cw_plugin_option timeout_option = {
	.size = sizeof(timeout_option),
	.name = "timeout",
	.kind = CW_OPTION_INTEGER,
	.default_value = "300",
	.metavar = "SECONDS",
	.help = "The time limit for one call. After it the program and all its processes are "
		"ended. 0: no limit.",
};

static const struct cw_plugin_option propagation_option = {
	.size = sizeof(propagation_option),
	.name = "propagation-seconds",
	.kind = CW_OPTION_INTEGER,
	.default_value = "120",
	.metavar = "SECONDS",
	.help = RECORDS_PROPAGATION_HELP,
};

const struct cw_plugin_option *const dns_exec_options[] = {
	&program_option,       &cleanup_program_option, &style_option, &provider_option,
	&config_folder_option, &chain_option,           &jobs_option,  &timeout_option,
	&propagation_option,   &records_follow_option,  NULL};
