#include "pair.h"
#include <stdlib.h>
#include <string.h>
#include "change.h"
#include "plugin.h"

struct collector {
	struct pairs *pairs;
	size_t keys;
};

static struct pair *
pair_at(struct pairs *pairs, size_t index)
{
	if (index == pairs->count) {
		pairs->items = memory_resize(pairs->items, pairs->count + 1, sizeof(*pairs->items));
		memset(&pairs->items[pairs->count++], 0, sizeof(*pairs->items));
	}
	return &pairs->items[index];
}

static int
certificate_visit(void *context, struct directive *directive)
{
	struct collector *collector = context;

	if (syntax_is(directive, "ssl_certificate") && directive->word_count > 1)
		pair_at(collector->pairs, collector->pairs->count)->certificate = directive;
	return CW_OK;
}

/* The first key belongs to the first certificate, and so on. */
static int
key_visit(void *context, struct directive *directive)
{
	struct collector *collector = context;

	if (syntax_is(directive, "ssl_certificate_key") && directive->word_count > 1 &&
	    collector->keys < collector->pairs->count)
		collector->pairs->items[collector->keys++].key = directive;
	return CW_OK;
}

static void
collect(struct model *model, const struct directive *block, struct pairs *pairs)
{
	struct collector collector = {.pairs = pairs};

	model_visit(model, block, certificate_visit, &collector);
	model_visit(model, block, key_visit, &collector);
}

void
pairs_find(struct model *model, const struct server *server, struct pairs *pairs)
{
	memset(pairs, 0, sizeof(*pairs));
	collect(model, server->directive, pairs);
	if (pairs->count == 0) {
		pairs->inherited = true;
		collect(model, server->http, pairs);
	}
	for (size_t i = 0; i < pairs->count; i++) {
		struct pair *pair = &pairs->items[i];
		autofree char *path = files_path(&model->files, syntax_value(pair->certificate, 1));

		pair->readable = certificate_read(path, &pair->read);
	}
}

void
pairs_clear(struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++)
		certificate_clear(&pairs->items[i].read);
	free(pairs->items);
	memset(pairs, 0, sizeof(*pairs));
}

bool
pairs_cover(struct model *model, const struct server *server, const char *name)
{
	struct pairs pairs;
	bool found = false;

	pairs_find(model, server, &pairs);
	for (size_t i = 0; i < pairs.count; i++)
		found |= pairs.items[i].readable && !pairs.items[i].read.self_signed &&
			 names_cover((const char *const *)pairs.items[i].read.names,
				     pairs.items[i].read.name_count, name);
	pairs_clear(&pairs);
	return found;
}

bool
pairs_have(const struct pairs *pairs, const char *path)
{
	for (size_t i = 0; path != NULL && i < pairs->count; i++)
		if (strcmp(syntax_value(pairs->items[i].certificate, 1), path) == 0)
			return true;
	return false;
}

/* The pair to replace by a certificate with a key of TYPE. */
static size_t
place_of(const struct pairs *pairs, const char *path, int type)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (strcmp(syntax_value(pairs->items[i].certificate, 1), path) == 0)
			return i;
	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->items[i].readable && pairs->items[i].read.key_type == type)
			return i;
	for (size_t i = 0; i < pairs->count; i++)
		if (!pairs->items[i].readable)
			return i;
	return 0;
}

/* Whether nginx would serve the pair at INDEX instead of the new one at PLACE. */
static bool
is_in_the_way(const struct pairs *pairs, size_t index, size_t place, int type)
{
	return index != place && pairs->items[index].readable &&
	       pairs->items[index].read.key_type == type;
}

static bool
is_set(const struct pairs *pairs, size_t place, const char *certificate, const char *key, int type)
{
	const struct pair *pair = &pairs->items[place];

	for (size_t i = 0; i < pairs->count; i++)
		if (is_in_the_way(pairs, i, place, type))
			return false;
	return strcmp(syntax_value(pair->certificate, 1), certificate) == 0 && pair->key != NULL &&
	       strcmp(syntax_value(pair->key, 1), key) == 0;
}

static void
add_directive(struct edits *edits, const struct server *server, const char *name, const char *value)
{
	autofree char *word = syntax_quote(value);
	autofree char *line = memory_format("%s %s;", name, word);

	edits_last(edits, server->directive, line);
}

static void
add_pair(struct edits *edits, const struct server *server, const char *certificate, const char *key)
{
	add_directive(edits, server, "ssl_certificate", certificate);
	add_directive(edits, server, "ssl_certificate_key", key);
}

/* The server's first own certificate ends the inheritance from the http block. */
static void
add_all(struct edits *edits, const struct server *server, const struct pairs *pairs, size_t place,
	const char *certificate, const char *key, int type)
{
	for (size_t i = 0; pairs->count > 1 && i < pairs->count; i++) {
		const struct pair *pair = &pairs->items[i];

		if (i != place && pair->key != NULL && !is_in_the_way(pairs, i, place, type))
			add_pair(edits, server, syntax_value(pair->certificate, 1),
				 syntax_value(pair->key, 1));
	}
	add_pair(edits, server, certificate, key);
}

static void
set_value(struct edits *edits, const struct directive *directive, const char *value)
{
	autofree char *word = syntax_quote(value);

	if (strcmp(syntax_value(directive, 1), value) != 0)
		edits_set(edits, directive, word);
}

static void
replace(struct edits *edits, const struct server *server, const struct pairs *pairs, size_t place,
	const char *certificate, const char *key, int type)
{
	for (size_t i = 0; i < pairs->count; i++) {
		const struct pair *pair = &pairs->items[i];

		if (i == place) {
			set_value(edits, pair->certificate, certificate);
			if (pair->key != NULL)
				set_value(edits, pair->key, key);
			else
				add_directive(edits, server, "ssl_certificate_key", key);
		} else if (is_in_the_way(pairs, i, place, type)) {
			edits_remove(edits, pair->certificate);
			if (pair->key != NULL)
				edits_remove(edits, pair->key);
		}
	}
}

static int
apply(struct model *model, struct edits *edits)
{
	int status = edits_apply(edits);

	return status == CW_OK ? model_rebuild(model) : status;
}

int
pairs_set(struct model *model, size_t order, const char *certificate, const char *key)
{
	autofree char *certificate_word = syntax_quote(certificate);
	autofree char *key_word = syntax_quote(key);
	const struct wanted wanted[] = {{"ssl_certificate", certificate_word},
					{"ssl_certificate_key", key_word}};
	struct certificate new;
	struct pairs pairs;
	struct edits edits = {.mark = MANAGED_MARK};
	int type, status = CW_OK;
	size_t place;

	type = certificate_read(certificate, &new) ? new.key_type : -1;
	certificate_clear(&new);
	pairs_find(model, model->servers[order], &pairs);
	place = place_of(&pairs, certificate, type);
	if (pairs.count > 0 && !pairs.inherited) {
		if (is_set(&pairs, place, certificate, key, type)) {
			pairs_clear(&pairs);
			return CW_OK;
		}
		pairs_clear(&pairs);
		status = change_unshare(model, order, wanted, 2);
		if (status != CW_OK)
			return status;
		pairs_find(model, model->servers[order], &pairs);
		replace(&edits, model->servers[order], &pairs, place, certificate, key, type);
	} else {
		add_all(&edits, model->servers[order], &pairs, place, certificate, key, type);
	}
	pairs_clear(&pairs);
	status = apply(model, &edits);
	edits_clear(&edits);
	return status;
}
