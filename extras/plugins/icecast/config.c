#include "config.h"
#include <stdlib.h>
#include "text.h"

static const char begin[] = "<ssl-certificate>", end[] = "</ssl-certificate>";

/* The first TAG that is not in a comment; NULL: there is none. */
static const char *
find(const char *xml, const char *tag)
{
	const char *found = strstr(xml, tag), *comment = strstr(xml, "<!--");

	while (found != NULL && comment != NULL && comment < found) {
		xml = strstr(comment, "-->");
		if (xml == NULL)
			return NULL;
		found = strstr(xml, tag);
		comment = strstr(xml, "<!--");
	}
	return found;
}

int
config_certificate(const struct cw_host *host, char **path)
{
	const char *config = cw_host_option(host, "config"), *value, *after;
	struct text xml = {NULL, 0};
	int status = text_add_file(host, &xml, config);

	if (status != CW_OK)
		return status;
	value = xml.data != NULL ? find(xml.data, begin) : NULL;
	after = value != NULL ? strstr(value, end) : NULL;
	*path = NULL;
	/* Icecast takes it as it is, with blanks. */
	if (after != NULL) {
		value += sizeof(begin) - 1;
		*path = strndup(value, (size_t)(after - value));
	}
	text_free(&xml);
	if (*path != NULL && (*path)[0] == '/' && strchr(*path, '&') == NULL)
		return CW_OK;
	free(*path);
	*path = NULL;
	return cw_host_fail(host, CW_E_NOT_FOUND,
			    "add a line such as <ssl-certificate>/etc/icecast2/icecast.pem"
			    "</ssl-certificate> to its <paths>",
			    "\"%s\" has no <ssl-certificate> with an absolute path", config);
}
