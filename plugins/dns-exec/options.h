/* The options of dns-exec. */
#ifndef DNS_EXEC_OPTIONS_H
#define DNS_EXEC_OPTIONS_H

#include <certwright/plugin.h>

extern const struct cw_plugin_option *const dns_exec_options[];

#endif
