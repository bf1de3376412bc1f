#include <stddef.h>
#include "cli/options_tables.h"

const struct cw_option cw_options_report[] = {
	{.names = CW_WORDS("html"),
	 .kind = CW_OPTION_STRING,
	 .internal = "report_html",
	 .metavar = "FILE",
	 .topics = "report",
	 .help = "Write the report as a web page to FILE. \"-\" is the standard output. The page "
		 "needs no other file."},
	{.names = CW_WORDS("textfile"),
	 .kind = CW_OPTION_STRING,
	 .internal = "report_textfile",
	 .metavar = "FILE",
	 .topics = "report",
	 .help = "Write the report as metrics for Prometheus' node_exporter to FILE, whose name "
		 "must end in \".prom\" for it. \"-\" is the standard output."},
	{.names = CW_WORDS("nagios"),
	 .kind = CW_OPTION_FLAG,
	 .internal = "report_nagios",
	 .topics = "report",
	 .help = "Print the report as a plugin of Nagios does, with performance data, and exit "
		 "with 0 (OK), 1 (WARNING), 2 (CRITICAL) or 3 (UNKNOWN)."},
	{.names = CW_WORDS("warning-days"),
	 .kind = CW_OPTION_INTEGER,
	 .internal = "warning_days",
	 .metavar = "DAYS",
	 .topics = "report",
	 .help = "A certificate needs attention this many days before it expires. The default is "
		 "when half of the time for renewing it is over: 15 days for one of 90 days."},
	{.names = CW_WORDS("critical-days"),
	 .kind = CW_OPTION_INTEGER,
	 .internal = "critical_days",
	 .metavar = "DAYS",
	 .topics = "report",
	 .help = "It is critical this many days before it expires. The default is when three "
		 "quarters of the time for renewing it are over: a week for one of 90 days."},
	{.names = CW_WORDS("self-signed-hours"),
	 .kind = CW_OPTION_INTEGER,
	 .internal = "self_signed_hours",
	 .default_value = "1",
	 .metavar = "HOURS",
	 .topics = "report",
	 .help = "A self-signed certificate that stands in for a better one is critical after "
		 "this many hours."},
	{0},
};
