/* The options that select plugins, and the options of Certbot's plugins, which are used if there is
 * no module. */
#include <stddef.h>
#include "cli/options_tables.h"

#define SELECTS "plugins run certonly renew"

const struct cw_option cw_options_select[] = {
	{.names = CW_WORDS("configurator"),
	 .kind = CW_OPTION_STRING,
	 .internal = "configurator",
	 .metavar = "PLUGIN",
	 .topics = "plugins run",
	 .help = "The plugin that both authenticates and installs."},
	{.short_name = 'a',
	 .names = CW_WORDS("authenticator"),
	 .kind = CW_OPTION_STRING,
	 .flags = CW_OPT_RENEWAL,
	 .internal = "authenticator",
	 .metavar = "PLUGIN",
	 .topics = " " SELECTS,
	 .fills_map = "authenticator_map",
	 .help = "The plugin that proves that you control the names. \"plugins\" lists the "
		 "plugins. --PLUGIN is short for this. If it is given several times, each one "
		 "applies to the names after it (-a standalone -d example.com -a dns-exec -d "
		 "*.example.com), and the first one also to the names before it."},
	{.names = CW_WORDS("authenticator-map"),
	 .kind = CW_OPTION_MAP,
	 .flags = CW_OPT_OWN,
	 .internal = "authenticator_map",
	 .topics = SELECTS " reconfigure",
	 .help = "The same as a JSON object: {\"example.com\": \"standalone\", \"*.example.com\": "
		 "\"dns-exec\"}. The plugin of -a is used for all other names."},
	{.short_name = 'i',
	 .names = CW_WORDS("installer"),
	 .kind = CW_OPTION_STRING,
	 .flags = CW_OPT_RENEWAL,
	 .internal = "installer",
	 .metavar = "PLUGIN",
	 .topics = " " SELECTS " install enhance rollback",
	 .help = "The plugin that installs certificates in a server."},
	{.names = CW_WORDS("apache"),
	 .kind = CW_OPTION_FLAG,
	 .internal = "apache",
	 .default_value = "False",
	 .topics = SELECTS " install enhance",
	 .help = "Use the Apache HTTP server to authenticate and to install."},
	{.names = CW_WORDS("nginx"),
	 .kind = CW_OPTION_FLAG,
	 .internal = "nginx",
	 .default_value = "False",
	 .topics = SELECTS " install enhance",
	 .help = "Use nginx to authenticate and to install."},
	{.names = CW_WORDS("standalone"),
	 .kind = CW_OPTION_FLAG,
	 .internal = "standalone",
	 .default_value = "False",
	 .topics = " " SELECTS,
	 .help = "Run a temporary web server that answers the CA. The port must be free."},
	{.names = CW_WORDS("manual"),
	 .kind = CW_OPTION_FLAG,
	 .internal = "manual",
	 .default_value = "False",
	 .topics = SELECTS,
	 .help = "Show what you have to set up, or run your own scripts for it."},
	{.names = CW_WORDS("webroot"),
	 .kind = CW_OPTION_FLAG,
	 .internal = "webroot",
	 .default_value = "False",
	 .topics = " " SELECTS,
	 .help = "Put files into the document root (-w) of a running web server."},
	{.names = CW_WORDS("dns-rfc2136"),
	 .kind = CW_OPTION_FLAG,
	 .internal = "dns_rfc2136",
	 .default_value = "False",
	 .topics = SELECTS,
	 .help = "Add TXT records to a zone with signed dynamic updates (RFC 2136)."},
	{0},
};

#define PLUGIN (CW_OPT_PLUGIN | CW_OPT_INERT)

/* One option of a plugin: its name after the plugin's, by both spellings. */
#define OF_PLUGIN(plugin, name, internal_name, kind_, default_, metavar_, help_)                   \
	{                                                                                          \
		.names = CW_WORDS(name), .kind = kind_, .flags = PLUGIN,                           \
		.internal = internal_name, .default_value = default_, .metavar = metavar_,         \
		.topics = plugin, .help = help_                                                    \
	}

static const struct cw_option apache_options[] = {
	OF_PLUGIN("apache", "apache-enmod", "apache_enmod", CW_OPTION_STRING, "a2enmod", "COMMAND",
		  "The command that enables a module of the server."),
	OF_PLUGIN("apache", "apache-dismod", "apache_dismod", CW_OPTION_STRING, "a2dismod",
		  "COMMAND", "The command that disables a module of the server."),
	OF_PLUGIN("apache", "apache-le-vhost-ext", "apache_le_vhost_ext", CW_OPTION_STRING,
		  "-le-ssl.conf", "SUFFIX",
		  "The suffix for the configuration file of a new TLS virtual host."),
	OF_PLUGIN("apache", "apache-server-root", "apache_server_root", CW_OPTION_PATH,
		  "/etc/apache2", "DIRECTORY", "The directory of the server's configuration."),
	OF_PLUGIN("apache", "apache-vhost-root", "apache_vhost_root", CW_OPTION_PATH, NULL,
		  "DIRECTORY", "The directory of the virtual hosts' configuration."),
	OF_PLUGIN("apache", "apache-logs-root", "apache_logs_root", CW_OPTION_PATH,
		  "/var/log/apache2", "DIRECTORY", "The directory of the server's logs."),
	OF_PLUGIN("apache", "apache-challenge-location", "apache_challenge_location",
		  CW_OPTION_PATH, "/etc/apache2", "DIRECTORY",
		  "The directory for the configuration that answers challenges."),
	OF_PLUGIN("apache", "apache-handle-modules", "apache_handle_modules", CW_OPTION_STRING,
		  "True", "BOOLEAN", "Whether to enable the modules that are needed."),
	OF_PLUGIN("apache", "apache-handle-sites", "apache_handle_sites", CW_OPTION_STRING, "True",
		  "BOOLEAN", "Whether to enable the sites that are added."),
	OF_PLUGIN("apache", "apache-ctl", "apache_ctl", CW_OPTION_STRING, "apache2ctl", "COMMAND",
		  "The command that tests and reloads the server."),
	OF_PLUGIN("apache", "apache-bin", "apache_bin", CW_OPTION_STRING, NULL, "COMMAND",
		  "The server's own program."),
	{0},
};

static const struct cw_option manual_options[] = {
	OF_PLUGIN("manual", "manual-auth-hook", "manual_auth_hook", CW_OPTION_STRING, NULL,
		  "COMMAND", "The shell command that sets up a challenge."),
	OF_PLUGIN("manual", "manual-cleanup-hook", "manual_cleanup_hook", CW_OPTION_STRING, NULL,
		  "COMMAND", "The shell command that removes it."),
	{0},
};

static const struct cw_option nginx_options[] = {
	OF_PLUGIN("nginx", "nginx-server-root", "nginx_server_root", CW_OPTION_PATH, "/etc/nginx",
		  "DIRECTORY", "The directory of the server's configuration."),
	OF_PLUGIN("nginx", "nginx-ctl", "nginx_ctl", CW_OPTION_STRING, "nginx", "COMMAND",
		  "The server's program, which also tests and reloads it."),
	OF_PLUGIN("nginx", "nginx-sleep-seconds", "nginx_sleep_seconds", CW_OPTION_INTEGER, "1",
		  "SECONDS", "How long to wait for a reload to take effect."),
	{0},
};

static const struct cw_option rfc2136_options[] = {
	OF_PLUGIN("dns-rfc2136", "dns-rfc2136-credentials", "dns_rfc2136_credentials",
		  CW_OPTION_PATH, NULL, "FILE", "The file with the name server and the TSIG key."),
	OF_PLUGIN("dns-rfc2136", "dns-rfc2136-propagation-seconds",
		  "dns_rfc2136_propagation_seconds", CW_OPTION_INTEGER, "60", "SECONDS",
		  "How long to wait for the record to become visible."),
	{0},
};

/* Certbot's authenticators for DNS services. They are here so that a command line or cli.ini that
 * has them is understood, and answered with what to use instead. */
#define CLOUD(service)                                                                             \
	static const struct cw_option service##_options[] = {                                      \
		{.names = CW_WORDS("dns-" #service),                                               \
		 .kind = CW_OPTION_FLAG,                                                           \
		 .flags = CW_OPT_HIDDEN,                                                           \
		 .internal = "dns_" #service,                                                      \
		 .default_value = "False",                                                         \
		 .topics = "dns-" #service,                                                        \
		 .help = "A plugin of Certbot, which is not installed."},                          \
		{.names = CW_WORDS("dns-" #service "-credentials"),                                \
		 .kind = CW_OPTION_PATH,                                                           \
		 .flags = PLUGIN | CW_OPT_HIDDEN,                                                  \
		 .internal = "dns_" #service "_credentials",                                       \
		 .metavar = "FILE",                                                                \
		 .topics = "dns-" #service,                                                        \
		 .help = "The file with the credentials for the service."},                        \
		{.names = CW_WORDS("dns-" #service "-propagation-seconds"),                        \
		 .kind = CW_OPTION_INTEGER,                                                        \
		 .flags = PLUGIN | CW_OPT_HIDDEN,                                                  \
		 .internal = "dns_" #service "_propagation_seconds",                               \
		 .metavar = "SECONDS",                                                             \
		 .topics = "dns-" #service,                                                        \
		 .help = "How long to wait for the record to become visible."},                    \
		{0},                                                                               \
	}

CLOUD(cloudflare);
CLOUD(digitalocean);
CLOUD(dnsimple);
CLOUD(dnsmadeeasy);
CLOUD(gehirn);
CLOUD(google);
CLOUD(linode);
CLOUD(luadns);
CLOUD(nsone);
CLOUD(ovh);
CLOUD(route53);
CLOUD(sakuracloud);

const struct cw_known_plugin cw_known_plugins[] = {
	{"apache", apache_options},
	{"manual", manual_options},
	{"nginx", nginx_options},
	{"standalone", NULL},
	{"webroot", NULL},
	{"dns-rfc2136", rfc2136_options},
	{"dns-cloudflare", cloudflare_options},
	{"dns-digitalocean", digitalocean_options},
	{"dns-dnsimple", dnsimple_options},
	{"dns-dnsmadeeasy", dnsmadeeasy_options},
	{"dns-gehirn", gehirn_options},
	{"dns-google", google_options},
	{"dns-linode", linode_options},
	{"dns-luadns", luadns_options},
	{"dns-nsone", nsone_options},
	{"dns-ovh", ovh_options},
	{"dns-route53", route53_options},
	{"dns-sakuracloud", sakuracloud_options},
	{NULL, NULL},
};

const char *const cw_cloud_dns[] = {"dns-cloudflare",
				    "dns-digitalocean",
				    "dns-dnsimple",
				    "dns-dnsmadeeasy",
				    "dns-gehirn",
				    "dns-google",
				    "dns-linode",
				    "dns-luadns",
				    "dns-nsone",
				    "dns-ovh",
				    "dns-route53",
				    "dns-sakuracloud",
				    NULL};
