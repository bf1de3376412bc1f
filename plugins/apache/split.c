#include "split.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "copy.h"
#include "edit.h"
#include "naming.h"
#include "pair.h"

/* Whether it has the wish's certificate already. */
static bool
has_certificate(const struct wish *wish, const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(paths[i], wish->certificate) == 0 ||
		    (wish->leaf != NULL && strcmp(paths[i], wish->leaf) == 0))
			return true;
	return false;
}

bool
split_is_needed(struct apache *apache, const struct wish *wish, const struct host *host)
{
	const char *paths[2 * PAIRS_MAX];
	size_t count;
	bool all = true;

	if (!host->tls || *wish->name == '*' || !naming_is_own(host))
		return false;
	count = pair_certificates(apache, host, paths);
	if (has_certificate(wish, paths, count))
		return false;
	if (plan_is_nameless(host))
		return !host_has_exact_name(host, wish->name);
	for (size_t i = 0; i < host->name_count; i++)
		all &= plan_is_covered(wish, host->names[i]);
	return !all && !host_has_exact_name(host, wish->name) && count > 0;
}

/* Whether the host is what clients get on one of its addresses whose name no host has. */
static bool
is_first(const struct apache *apache, const struct host *host)
{
	for (size_t i = 0; i < host->address_count; i++)
		if (model_first(&apache->model, host->addresses[i].host, host->addresses[i].port) ==
		    host)
			return true;
	return false;
}

/* A copy of the host with NAMES; it begins and ends with whole lines. */
static void
add_copy(struct text *out, const struct host *host, const char *names)
{
	const struct directive *section = host->section;
	const struct file *file = section->file;
	struct copying copying = {.tls = true, .names = names};

	text_add(out, file->text + section->line->start, section->line->end - section->line->start);
	copy_body(out, host, &copying);
	text_add(out, file->text + section->close->start,
		 section->close->end - section->close->start);
	if (out->data[out->length - 1] != '\n')
		text_add_string(out, "\n");
}

/* Lines with the host's name and those patterns that match NAME. */
static char *
pattern_lines(const struct host *host, const char *name)
{
	auto_text struct text lines = {0};

	if (*host->names[0] != '\0')
		text_format(&lines, "ServerName %s\n", host->names[0]);
	for (size_t i = 1; i < host->name_count; i++)
		if (name_matches(host->names[i], name))
			text_format(&lines, "ServerAlias %s\n", host->names[i]);
	return memory_copy(lines.data, lines.length);
}

/* Takes the patterns that match NAME from the host. */
static void
remove_patterns(struct apache *apache, struct edits *edits, const struct host *host,
		const char *name)
{
	const struct directive *at = host->section->first_child;

	for (; at != NULL; at = at->next) {
		struct words words;
		auto_text struct text left = {0};
		size_t removed = 0;

		if (!directive_is(at, "ServerAlias"))
			continue;
		words = words_split(apache->model.config.arena, at->arguments);
		for (size_t i = 0; i < words.count; i++) {
			if (name_matches(words.items[i], name))
				removed++;
			else
				text_format(&left, "%s%s", left.length > 0 ? " " : "",
					    words.items[i]);
		}
		if (removed == words.count)
			edits_remove(edits, at);
		else if (removed > 0)
			edits_set(edits, at, left.data);
	}
}

int
split_host(struct apache *apache, size_t order, const char *name)
{
	const struct host *host = &apache->model.hosts[order];
	struct file *file = host->section->file;
	autofree char *own = memory_format("ServerName %s\n", name);
	auto_text struct text copies = {0};
	struct edits edits = {0};

	add_copy(&copies, host, own);
	if (is_first(apache, host)) {
		autofree char *patterns = pattern_lines(host, name);
		size_t end = host->section->close->end;
		autofree char *all = NULL;

		/* A host without any name has no patterns to lose. */
		if (!plan_is_nameless(host))
			add_copy(&copies, host, patterns);
		all = memory_format("%s%s", file->text[end - 1] == '\n' ? "" : "\n", copies.data);
		remove_patterns(apache, &edits, host, name);
		edits_replace(&edits, file, end, 0, all);
	} else {
		edits_replace(&edits, file, host->section->line->start, 0, copies.data);
	}
	edits_apply(&edits);
	return model_rebuild(&apache->model);
}
