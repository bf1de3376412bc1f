#include "flow/report/table.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/strv.h"
#include "flow/report/describe.h"
#include "flow/report/health.h"
#include "flow/report/state.h"

enum {
	BAR = 20,      /* columns, and with two blanks */
	NAME_MAX = 40, /* longer names break the line */
	NEXT = 28,     /* what happens next, at most */
	LEFT = 2       /* the mark */
};

#define RESET "\033[0m"

static const struct {
	const char *mark;
	const char *colour;
} healths[] = {
	{" ", "\033[32m"},
	{"!", "\033[33m"},
	{"!", "\033[31m"},
};
#define DIM "\033[2m"
#define BOLD "\033[1m"

/* The cells of a bar: past and to come, outside and inside of the renewal window. */
static const char *const blocks[2][2] = {{"█", "▓"}, {"░", "▒"}};
static const char *const letters[2][2] = {{"=", "#"}, {"-", "~"}};

struct table {
	const struct cw_table_style *style;
	struct cw_buf *out;
	int64_t now;
	size_t name_width, state_width, expiry_width; /* of the columns */
	bool has_bar, has_next;
};

/* Of UTF-8, each character as one. */
static size_t
columns(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static void
colour(const struct table *table, const char *code)
{
	if (table->style->colour)
		cw_buf_add_text(table->out, code);
}

/* TEXT in a column, and two blanks. */
static void
cell(const struct table *table, const char *text, size_t width)
{
	size_t used = columns(text);

	cw_buf_addf(table->out, "%s%*s", text, (int)(used < width ? width - used : 0) + 2, "");
}

static void
write_bar(const struct table *table, struct json_object *certificate)
{
	const char *const(*cells)[2] = table->style->characters ? blocks : letters;
	struct cw_life life;

	if (!cw_describe_life(certificate, table->now, &life)) {
		cell(table, "", BAR);
		return;
	}
	for (int i = 0; i < BAR; i++) {
		int middle = (2 * i + 1) * CW_LIFE / (2 * BAR);
		bool window = middle >= life.window_start && middle < life.window_end;

		cw_buf_add_text(table->out, cells[middle >= life.elapsed][window]);
	}
	cw_buf_add_text(table->out, "  ");
}

static const char *
name_of(struct json_object *certificate)
{
	const char *name = cw_json_string(certificate, "name");

	return name != NULL ? name : "";
}

/* Below the row of a certificate. */
static void
note(const struct table *table, const char *before, const char *text)
{
	if (text != NULL)
		cw_buf_addf(table->out, "    %s%s\n", before, text);
}

/* The same may be wrong in several ways. */
static void
add_hint(struct cw_strv *hints, struct json_object *problem)
{
	const char *hint = cw_json_string(problem, "hint");

	if (hint != NULL)
		cw_strv_add_unique(hints, hint);
}

static void
write_notes(const struct table *table, struct json_object *certificate)
{
	struct json_object *problems = cw_json_array(certificate, "problems");
	struct json_object *failure = cw_json_object(certificate, "last_failure");
	cw_auto_strv struct cw_strv hints = {0};

	if (cw_health_read(certificate) == CW_HEALTH_OK)
		return;
	note(table, "", cw_json_string(certificate, "attention"));
	add_hint(&hints, failure);
	for (size_t i = 0; problems != NULL && i < json_object_array_length(problems); i++)
		add_hint(&hints, json_object_array_get_idx(problems, i));
	for (size_t i = 0; i < hints.count; i++)
		note(table, "-> ", hints.items[i]);
}

static void
write_row(const struct table *table, struct json_object *certificate)
{
	enum cw_health health = cw_health_read(certificate);
	cw_autofree char *expiry = cw_describe_expiry(certificate, table->now);
	cw_autofree char *next = cw_describe_next(certificate, table->now);

	colour(table, healths[health].colour);
	cw_buf_addf(table->out, "%s ", healths[health].mark);
	cell(table, name_of(certificate), table->name_width);
	cell(table, cw_describe_state(certificate), table->state_width);
	colour(table, RESET);
	cell(table, expiry != NULL ? expiry : "", table->expiry_width);
	if (table->has_bar)
		write_bar(table, certificate);
	if (table->has_next)
		cw_buf_add_text(table->out, next);
	/* No blanks at the end. */
	while (table->out->length > 0 && table->out->data[table->out->length - 1] == ' ')
		cw_buf_truncate(table->out, table->out->length - 1);
	cw_buf_add_char(table->out, '\n');
	write_notes(table, certificate);
}

static void
widen(size_t *width, const char *text, size_t most)
{
	size_t needed = text != NULL ? columns(text) : 0;

	if (needed > most)
		needed = most;
	if (needed > *width)
		*width = needed;
}

/* The bar is the first to be left out. */
static void
lay_out(struct table *table, struct json_object *const *order, size_t count)
{
	size_t used;

	for (size_t i = 0; i < count; i++) {
		cw_autofree char *expiry = cw_describe_expiry(order[i], table->now);

		widen(&table->name_width, name_of(order[i]), NAME_MAX);
		widen(&table->state_width, cw_describe_state(order[i]), NAME_MAX);
		widen(&table->expiry_width, expiry, NAME_MAX);
	}
	used = LEFT + table->name_width + 2 + table->state_width + 2 + table->expiry_width + 2;
	table->has_next = used + NEXT <= table->style->width;
	table->has_bar = used + BAR + 2 + NEXT <= table->style->width;
}

static void
write_headline(const struct table *table, struct json_object *status)
{
	cw_autofree char *headline = cw_health_headline(status);

	colour(table, BOLD);
	cw_buf_add_text(table->out, headline);
	colour(table, RESET);
	cw_buf_add_char(table->out, '\n');
}

static void
write_legend(const struct table *table)
{
	const char *const(*cells)[2] = table->style->characters ? blocks : letters;

	colour(table, DIM);
	cw_buf_addf(table->out, "\n%s past  %s to come  %s%s renewal window", cells[0][0],
		    cells[1][0], cells[0][1], cells[1][1]);
	colour(table, RESET);
	cw_buf_add_char(table->out, '\n');
}

void
cw_table_write(struct json_object *status, const struct cw_table_style *style, struct cw_buf *out)
{
	struct table table = {.style = style, .out = out};
	size_t count = 0;
	cw_autofree struct json_object **order = cw_describe_order(status, &count);

	cw_state_time(status, "time", &table.now);
	write_headline(&table, status);
	if (count > 0)
		cw_buf_add_char(out, '\n');
	lay_out(&table, order, count);
	for (size_t i = 0; i < count; i++)
		write_row(&table, order[i]);
	if (table.has_bar && count > 0)
		write_legend(&table);
}
