/* The parts of a help page: wrapped text, entries, and sections of options. */
#ifndef CW_CLI_HELP_PAGE_H
#define CW_CLI_HELP_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "base/option.h"
#include "plugin/registry.h"

/* What a help page is made from, and where it goes. */
struct cw_help_page {
	FILE *out;
	size_t width; /* columns */
	struct cw_option_set *options;
	struct cw_registry *registry;
};

/* The line width for OUT: the width of its terminal within limits, or 80. */
size_t cw_help_width(FILE *out);

/* Writes TEXT in lines that begin at column INDENT; the cursor is at column AT. */
void cw_help_wrap(const struct cw_help_page *page, const char *text, size_t at, size_t indent);
/* A term with its meaning beside it, or below it if the term is long. */
void cw_help_entry(const struct cw_help_page *page, const char *term, const char *meaning);
/* A heading, and what is below it; SUMMARY may be NULL. */
void cw_help_section(const struct cw_help_page *page, const char *title, const char *summary);

/* Whether OPTION belongs to TOPIC. */
typedef bool (*cw_help_filter)(const struct cw_option *option, const char *topic);

/* The number of options that pass FILTER, without hidden ones. */
size_t cw_help_count_options(const struct cw_help_page *page, cw_help_filter filter,
			     const char *topic);
/* The options that pass FILTER, under TITLE. Writes nothing if there are none. */
void cw_help_options(const struct cw_help_page *page, const char *title, const char *summary,
		     cw_help_filter filter, const char *topic);

#endif
