#include <stddef.h>
#include "cli/options_tables.h"

/* Of the agent. What concerns one certificate can also be in a section of agent.ini. */
const struct cw_option cw_options_agent[] = {
	{.names = CW_WORDS("agent-config"),
	 .kind = CW_OPTION_PATH,
	 .internal = "agent_config",
	 .metavar = "FILE",
	 .topics = "agent",
	 .help = "The agent's configuration file. The default is agent.ini in the configuration "
		 "directory, if it exists."},
	{.names = CW_WORDS("notify-hook"),
	 .kind = CW_OPTION_STRING,
	 .internal = "notify_hook",
	 .metavar = "COMMAND",
	 .topics = "agent",
	 .help = "A shell command that the agent runs when a certificate was renewed, could not be "
		 "renewed, is about to expire, is wrong, or is well again. It gets one JSON object "
		 "on its standard input."},
	{.names = CW_WORDS("log-format"),
	 .kind = CW_OPTION_STRING,
	 .internal = "log_format",
	 .default_value = "text",
	 .choices = CW_WORDS("text", "json"),
	 .metavar = "FORMAT",
	 .topics = "agent",
	 .help = "How the agent writes its log lines to the standard error output: as text, or one "
		 "JSON object for each line."},
	{.names = CW_WORDS("status-address"),
	 .kind = CW_OPTION_STRING,
	 .internal = "status_address",
	 .metavar = "ADDRESS:PORT",
	 .topics = "agent",
	 .help = "Serve the status page, metrics and the health check at this address, such as "
		 "127.0.0.1:9402."},
	{.names = CW_WORDS("server-timeout"),
	 .kind = CW_OPTION_INTEGER,
	 .internal = "server_timeout",
	 .default_value = "3600",
	 .metavar = "SECONDS",
	 .topics = "agent",
	 .help = "If several servers are given: how long one may fail before the agent tries the "
		 "next."},
	{.names = CW_WORDS("provided"),
	 .kind = CW_OPTION_PATH,
	 .internal = "provided",
	 .metavar = "FOLDER",
	 .topics = "agent",
	 .help = "A folder where somebody may provide the certificate: privkey.pem, and "
		 "fullchain.pem or cert.pem with chain.pem. As long as it is valid, the agent uses "
		 "it and asks no CA."},
	{.names = CW_WORDS("owner"),
	 .kind = CW_OPTION_STRING,
	 .internal = "file_owner",
	 .metavar = "USER",
	 .topics = "agent",
	 .help = "The owner of the certificate's files, by name or number."},
	{.names = CW_WORDS("group"),
	 .kind = CW_OPTION_STRING,
	 .internal = "file_group",
	 .metavar = "GROUP",
	 .topics = "agent",
	 .help = "The group of the certificate's files, by name or number."},
	{.names = CW_WORDS("mode"),
	 .kind = CW_OPTION_STRING,
	 .internal = "file_mode",
	 .metavar = "MODE",
	 .topics = "agent",
	 .help = "The mode of the private key's file in octal digits, such as 0640."},
	{0},
};
