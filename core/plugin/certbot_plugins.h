/*
 * The authenticators of Certbot on this machine. They are written in Python, and the module
 * certbot-dns runs them. A program in Python beside that module, certbot-dns.py, describes them.
 * What it says is kept in a file of the cache folder until something that it depends on changes:
 * the program "certbot", Python, or a folder with Python packages. Only then does Python run again.
 *
 * The cache folder is that of CERTWRIGHT_CACHE_DIR if it is set, else /var/cache/certwright for
 * root, and for other users certwright in XDG_CACHE_HOME or ~/.cache.
 */
#ifndef CW_PLUGIN_CERTBOT_PLUGINS_H
#define CW_PLUGIN_CERTBOT_PLUGINS_H

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "plugin/registry.h"

/* The name of the module that runs them. */
#define CW_CERTBOT_RUNNER "certbot-dns"

/*
 * Lists the plugins in *PLUGINS, an array, to be released by the caller: the member "plugins" of
 * what certbot-dns.py describes. It is empty if there is no Python. RUNNER: the path of the module
 * certbot-dns. KEEP: the list may be written to the cache folder. Fails if the program cannot be
 * run, fails, or takes too long.
 */
int cw_certbot_plugins_list(struct cw_loop *loop, const char *runner, bool keep,
			    struct json_object **plugins, struct cw_error *error);
/* Sets the description and the options of MODULE, or its error, from PLUGIN, one of the list. */
void cw_certbot_plugin_describe(struct json_object *plugin, struct cw_module *module);
/* Returns the name of the Debian package that would have the plugin NAME of Certbot
 * ("python3-certbot-dns-cloudflare"), or NULL if it is not named like a DNS plugin of Certbot. */
char *cw_certbot_package(const char *name);

#endif
