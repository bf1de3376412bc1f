/* What the pages of the help are made of: wrapped text, entries, and options in sections. */
#ifndef CW_CLI_HELP_PAGE_H
#define CW_CLI_HELP_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "base/option.h"
#include "plugin/registry.h"

/* What a help text is written with and from. */
struct cw_help_page {
	FILE *out;
	size_t width; /* columns */
	struct cw_option_set *options;
	struct cw_registry *registry;
};

/* The columns to fill on OUT: those of its terminal within bounds, or 80. */
size_t cw_help_width(FILE *out);

/* Writes TEXT in lines that begin at column INDENT; the cursor is at column AT. */
void cw_help_wrap(const struct cw_help_page *page, const char *text, size_t at, size_t indent);
/* A term and what it means beside it, or below where the term is long. */
void cw_help_entry(const struct cw_help_page *page, const char *term, const char *meaning);
/* A heading, and what is below it; SUMMARY may be NULL. */
void cw_help_section(const struct cw_help_page *page, const char *title, const char *summary);

/* Whether OPTION belongs to what is told about TOPIC. */
typedef bool (*cw_help_filter)(const struct cw_option *option, const char *topic);

/* How many options FILTER passes, without those that are hidden. */
size_t cw_help_count_options(const struct cw_help_page *page, cw_help_filter filter,
			     const char *topic);
/* The options that FILTER passes, under TITLE; nothing where there are none. */
void cw_help_options(const struct cw_help_page *page, const char *title, const char *summary,
		     cw_help_filter filter, const char *topic);

#endif
