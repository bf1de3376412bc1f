#include "base/plugin_name.h"
#include <string.h>
#include "base/mem.h"
#include "base/text.h"

/* Plugins of Certbot by their whole spelling, which a part of it would not tell. */
static const struct {
	const char *certbots, *ours;
} spellings[] = {
	{"certbot-django:auth", "django"},
	{"certbot-route53:auth", "dns-route53"},
};

static const struct {
	const char *plugin, *package;
} packages[] = {
	{"apache", "certwright-apache"}, {"certbot-dns", "certwright-dns"},
	{"dns-exec", "certwright-dns"},  {"dns-rfc2136", "certwright-dns"},
	{"nginx", "certwright-nginx"},
};

const char *
cw_plugin_package(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(packages); i++)
		if (strcmp(packages[i].plugin, name) == 0)
			return packages[i].package;
	return NULL;
}

const char *
cw_plugin_name(const char *spelling)
{
	for (size_t i = 0; spelling != NULL && i < CW_COUNT(spellings); i++)
		if (strcmp(spellings[i].certbots, spelling) == 0)
			return spellings[i].ours;
	return cw_after_last(spelling, ':');
}
