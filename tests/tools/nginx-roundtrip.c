/*
 * nginx-roundtrip FILE...: parses configuration files of nginx and writes their trees to stdout,
 * one after the other. Exits 1 with FILE:LINE:COLUMN and what was expected on a syntax error.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../plugins/nginx/syntax.h"

static bool
read_file(const char *path, struct text *text)
{
	FILE *file = fopen(path, "rbe");
	char part[65536];
	size_t got;
	bool good;

	if (file == NULL)
		return false;
	while ((got = fread(part, 1, sizeof(part), file)) > 0)
		text_add(text, part, got);
	good = ferror(file) == 0;
	fclose(file);
	return good;
}

static bool
round_trip(const char *path)
{
	auto_text struct text in = {0}, out = {0};
	struct syntax_error error;
	struct arena *arena;
	struct syntax *syntax;

	if (!read_file(path, &in)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	arena = arena_new();
	syntax = syntax_parse(arena, in.data != NULL ? in.data : "", in.length, &error);
	if (syntax == NULL) {
		fprintf(stderr, "%s:%zu:%zu: %s\n", path, error.line, error.column, error.message);
	} else {
		syntax_write(syntax, &out);
		fwrite(out.data != NULL ? out.data : "", 1, out.length, stdout);
	}
	arena_free(arena);
	return syntax != NULL;
}

int
main(int argc, char **argv)
{
	bool good = argc > 1;

	if (!good)
		fputs("usage: nginx-roundtrip FILE...\n", stderr);
	for (int i = 1; i < argc; i++)
		good = round_trip(argv[i]) && good;
	return fflush(stdout) == 0 && good ? 0 : 1;
}
