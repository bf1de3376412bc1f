/* libFuzzer: whatever the parser takes it writes back byte for byte, and every word has a value. */
#include <stdlib.h>
#include <string.h>
#include "../../plugins/nginx/syntax.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_text struct text out = {0};
	/* Of exactly this size, so that reading beyond it is seen. */
	char *text = malloc(size + (size == 0));
	struct arena *arena = arena_new();
	struct syntax_error error = {0};
	struct syntax *syntax;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	syntax = syntax_parse(arena, text, size, &error);
	if (syntax == NULL) {
		if (error.line == 0 || error.column == 0 || error.message[0] == '\0')
			abort();
	} else {
		syntax_write(syntax, &out);
		if (out.length != size || (size > 0 && memcmp(out.data, text, size) != 0))
			abort();
		for (struct directive *at = syntax_walk(&syntax->root, &syntax->root); at != NULL;
		     at = syntax_walk(&syntax->root, at)) {
			syntax_is(at, "server");
			for (size_t i = 0; i < at->word_count; i++)
				syntax_value(at, i);
		}
	}
	arena_free(arena);
	free(text);
	return 0;
}
