#include "web_server.h"

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
