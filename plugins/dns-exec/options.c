#include "options.h"
#include "../common/records.h"

static const char *const styles[] = {"lego", "lego-raw", "dehydrated", "certbot", NULL};

static const struct cw_plugin_option program_option = {
	.size = sizeof(program_option),
	.name = "program",
	.kind = CW_OPTION_STRING,
	.metavar = "PROGRAM",
	.help = "The program that sets and removes TXT records: a path, or a name to be looked for "
		"in "
		"PATH. No shell is involved.",
};

static const struct cw_plugin_option cleanup_program_option = {
	.size = sizeof(cleanup_program_option),
	.name = "cleanup-program",
	.kind = CW_OPTION_STRING,
	.metavar = "PROGRAM",
	.help = "The program that removes records, if that is another.",
};

static const struct cw_plugin_option style_option = {
	.size = sizeof(style_option),
	.name = "style",
	.kind = CW_OPTION_STRING,
	.default_value = "lego",
	.metavar = "STYLE",
	.help = "How the program is called. lego: PROGRAM present|cleanup FQDN VALUE; lego-raw: "
		"PROGRAM present|cleanup -- DOMAIN TOKEN KEYAUTH; dehydrated: PROGRAM "
		"deploy_challenge|clean_challenge NAME TOKEN VALUE; certbot: by CERTBOT_DOMAIN, "
		"CERTBOT_VALIDATION and the others alone.",
	.choices = styles,
};

static const struct cw_plugin_option chain_option = {
	.size = sizeof(chain_option),
	.name = "hook-chain",
	.kind = CW_OPTION_FLAG,
	.help = "With the style dehydrated: one call for all records of a certificate, as its "
		"HOOK_CHAIN.",
};

static const struct cw_plugin_option jobs_option = {
	.size = sizeof(jobs_option),
	.name = "jobs",
	.kind = CW_OPTION_INTEGER,
	.default_value = "4",
	.metavar = "COUNT",
	.help = "How many calls of the program may run at the same time; never two for one record.",
};

static const struct cw_plugin_option timeout_option = {
	.size = sizeof(timeout_option),
	.name = "timeout",
	.kind = CW_OPTION_INTEGER,
	.default_value = "300",
	.metavar = "SECONDS",
	.help = "How long one call may take; then it is ended with all that it started. 0: as long "
		"as it likes.",
};

static const struct cw_plugin_option propagation_option = {
	.size = sizeof(propagation_option),
	.name = "propagation-seconds",
	.kind = CW_OPTION_INTEGER,
	.default_value = "120",
	.metavar = "SECONDS",
	.help = RECORDS_PROPAGATION_HELP,
};

const struct cw_plugin_option *const dns_exec_options[] = {&program_option,
							   &cleanup_program_option,
							   &style_option,
							   &chain_option,
							   &jobs_option,
							   &timeout_option,
							   &propagation_option,
							   &records_follow_option,
							   NULL};
