#include "base/text.h"
#include "http/client.h"

#include <string.h>

const char *
cw_http_header(const struct cw_http_answer *answer, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < answer->headers.count; i++) {
		const char *header = answer->headers.items[i];

		if (cw_starts_with(header, name) && header[length] == ':')
			return header + length + 2;
	}
	return NULL;
}

void
cw_http_answer_clear(struct cw_http_answer *answer)
{
	cw_buf_clear(&answer->body);
	cw_strv_clear(&answer->headers);
	answer->status = 0;
}
