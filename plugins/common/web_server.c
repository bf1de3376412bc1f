#include "web_server.h"
#include <stdlib.h>

enum { PORT_MAX = 65535 };

unsigned
number_of(const char *text, unsigned otherwise, unsigned most)
{
	unsigned long value;
	char *end;

	if (text == NULL || *text == '\0')
		return otherwise;
	value = strtoul(text, &end, 10);
	return *end == '\0' && value <= most ? (unsigned)value : otherwise;
}

unsigned
port_setting(const struct cw_host *host, const char *name, unsigned otherwise)
{
	unsigned port = number_of(cw_host_setting(host, name), otherwise, PORT_MAX);

	return port > 0 ? port : otherwise;
}

int
test_server(struct web_plugin *web, const char *ending, char **refusal)
{
	autofree char *what =
		memory_format("%s rejects its configuration%s", dialect.server, ending);

	return web_server.test(web, what, refusal);
}

int
register_reload(struct web_plugin *web, unsigned *id)
{
	const char *words[RELOAD_WORDS_MAX];

	if (*id != 0)
		return CW_OK;
	web_server.reload_command(web, words);
	return web->host->undo_command(web->host, words, id);
}

void
reload_done(struct web_plugin *web, unsigned *id)
{
	if (*id != 0)
		web->host->undo_done(web->host, *id);
	*id = 0;
}
