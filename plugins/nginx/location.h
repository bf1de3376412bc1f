/* Which location of a server block nginx chooses for a path. */
#ifndef NGINX_LOCATION_H
#define NGINX_LOCATION_H

#include "model.h"

enum location_kind {
	LOCATION_EXACT, /* = */
	LOCATION_PREFIX,
	LOCATION_PREFIX_ONLY, /* ^~: no regular expression is tried */
	LOCATION_REGEX,
	LOCATION_REGEX_ANY_CASE,
	LOCATION_NAMED
};
/* What kind of location it is; *PLACE is its path, expression or name. */
enum location_kind location_read(const struct directive *location, const char **place);
/* Whether a location takes PATH if no other does. */
bool location_matches(const struct directive *location, const char *path);
/* The location in BLOCK that nginx chooses for PATH (ngx_http_core_find_location()), or the named
 * location PATH ("@name"). NULL: none. */
struct directive *location_choose(struct model *model, const struct directive *block,
				  const char *path);

#endif
