/* The names of plugins, as users and renewal files spell them. */
#ifndef CW_BASE_PLUGIN_NAME_H
#define CW_BASE_PLUGIN_NAME_H

/*
 * The name of the plugin that SPELLING means, which may be NULL: a plugin of certwright that does
 * the work of a plugin of Certbot with another name has that spelling too ("certbot-django:auth");
 * else the part after the last colon counts ("dist:name"), or all of it.
 */
const char *cw_plugin_name(const char *spelling);

/* The package of a distribution that has our plugin NAME, if that is one of its own; else NULL. */
const char *cw_plugin_package(const char *name);

#endif
