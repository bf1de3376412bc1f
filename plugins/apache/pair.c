#include "pair.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../common/certificate.h"
#include "edit.h"

/* How many certificates and keys mod_ssl merges (CERTKEYS_IDX_MAX of its ssl_engine_config.c). */
enum { ROUNDS_MAX = 8, MERGED_MAX = 3 };

struct list {
	const struct directive *items[PAIRS_MAX];
	size_t count;
};

/* The directives with certificates, keys and chains that are in effect in a host, in order. */
struct pairs {
	const struct directive *section; /* of the host: others are the main server's */
	struct list certificates, keys, chains;
	/* OpenSSL's commands for the same. They win over a certificate with the same type of key.
	 */
	struct list commands, key_commands;
	int replaced; /* the type of key of what the new certificate replaces; ALL_TYPES */
};

enum { ALL_TYPES = -1 };

static void
add(struct list *list, const struct directive *directive)
{
	if (list->count < PAIRS_MAX)
		list->items[list->count++] = directive;
}

static bool
is_own(const struct pairs *pairs, const struct directive *directive)
{
	return directive->parent == pairs->section;
}

/* How many of the list the host has itself; in those of certificates and keys they come first. */
static size_t
own_count(const struct pairs *pairs, const struct list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += is_own(pairs, list->items[i]);
	return count;
}

/* The file of a certificate or key. */
static const char *
file_of(struct apache *apache, const struct directive *directive)
{
	struct config *config = &apache->model.config;
	const char *arguments = directive->arguments;
	const char *path = directive_openssl_file(config->arena, directive, false);

	if (path == NULL)
		path = directive_openssl_file(config->arena, directive, true);
	return config_path(config, path != NULL ? path : words_next(config->arena, &arguments));
}

static int
type_of(struct apache *apache, const struct directive *directive)
{
	return key_type_of(file_of(apache, directive));
}

static size_t
list_files(struct apache *apache, const struct pairs *pairs, const char *paths[2 * PAIRS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < pairs->certificates.count; i++)
		paths[count++] = file_of(apache, pairs->certificates.items[i]);
	for (size_t i = 0; i < pairs->commands.count; i++)
		paths[count++] = file_of(apache, pairs->commands.items[i]);
	return count;
}

/* Whether the host has certificates of several types of keys, or of ones that are unknown. */
static bool
has_several_types(struct apache *apache, const struct pairs *pairs)
{
	const char *paths[2 * PAIRS_MAX];
	size_t count = list_files(apache, pairs, paths);
	int first = count > 1 ? key_type_of(paths[0]) : 0;

	for (size_t i = 1; i < count; i++)
		if (first == 0 || key_type_of(paths[i]) != first)
			return true;
	return false;
}

static struct pairs
of_section(struct apache *apache, const struct directive *section)
{
	struct arena *arena = apache->model.config.arena;
	struct pairs pairs = {.section = section, .replaced = ALL_TYPES};

	for (const struct directive *at = section->first_child; at != NULL; at = at->next) {
		if (directive_is(at, "SSLCertificateFile"))
			add(&pairs.certificates, at);
		else if (directive_is(at, "SSLCertificateKeyFile"))
			add(&pairs.keys, at);
		else if (directive_is(at, "SSLCertificateChainFile"))
			add(&pairs.chains, at);
		else if (directive_openssl_file(arena, at, false) != NULL)
			add(&pairs.commands, at);
		else if (directive_openssl_file(arena, at, true) != NULL)
			add(&pairs.key_commands, at);
	}
	return pairs;
}

/* mod_ssl takes a host's certificates by their number: where the host has none, that of the main
 * server. */
static void
merge_by_number(struct list *own, const struct list *inherited)
{
	for (size_t i = own->count; i < inherited->count && i < MERGED_MAX; i++)
		add(own, inherited->items[i]);
}

/* The main server's commands are carried out first. */
static void
merge_commands(struct list *own, const struct list *inherited)
{
	struct list all = *inherited;

	for (size_t i = 0; i < own->count; i++)
		add(&all, own->items[i]);
	*own = all;
}

/* What is replaced by a certificate whose key has the type NEW; 0: unknown. */
static struct pairs
find_pairs(struct apache *apache, const struct host *host, int new)
{
	struct pairs pairs = of_section(apache, host->section);

	if (host != &apache->model.main) {
		struct pairs inherited = of_section(apache, apache->model.main.section);

		merge_by_number(&pairs.certificates, &inherited.certificates);
		merge_by_number(&pairs.keys, &inherited.keys);
		if (pairs.chains.count == 0)
			pairs.chains = inherited.chains;
		merge_commands(&pairs.commands, &inherited.commands);
		merge_commands(&pairs.key_commands, &inherited.key_commands);
	}
	if (has_several_types(apache, &pairs))
		pairs.replaced = new;
	return pairs;
}

static bool
is_replaced(struct apache *apache, const struct pairs *pairs, const struct directive *directive)
{
	return pairs->replaced == ALL_TYPES ||
	       (pairs->replaced != 0 && type_of(apache, directive) == pairs->replaced);
}

/* The last command of those that win over the new certificate or, with INHERITED, of those of the
 * main server; NULL: none does. */
static const struct directive *
last_command(struct apache *apache, const struct pairs *pairs, const struct list *list,
	     bool inherited)
{
	for (size_t i = list->count; i > 0; i--)
		if (is_replaced(apache, pairs, list->items[i - 1]) &&
		    (!inherited || !is_own(pairs, list->items[i - 1])))
			return list->items[i - 1];
	return NULL;
}

/* Whether a command wins over PATH, the new certificate or its key. */
static bool
is_overridden(struct apache *apache, const struct pairs *pairs, const struct list *list,
	      const char *path)
{
	const struct directive *last = last_command(apache, pairs, list, false);

	return last != NULL &&
	       (strcmp(file_of(apache, last), path) != 0 ||
		(is_own(pairs, last) && last_command(apache, pairs, list, true) == NULL));
}

/* Which SSLCertificateFile becomes that of the new certificate: of several with the same type,
 * Apache uses the last. The count: none. */
static size_t
choose(struct apache *apache, const struct pairs *pairs, const char *new)
{
	const struct list *list = &pairs->certificates;

	for (size_t i = list->count; i > 0; i--)
		if (strcmp(file_of(apache, list->items[i - 1]), new) == 0 ||
		    is_replaced(apache, pairs, list->items[i - 1]))
			return i - 1;
	return list->count;
}

size_t
pair_certificates(struct apache *apache, const struct host *host, const char *paths[2 * PAIRS_MAX])
{
	struct pairs pairs = find_pairs(apache, host, 0);

	return list_files(apache, &pairs, paths);
}

size_t
pair_replaced(struct apache *apache, const struct host *host, const struct wish *wish,
	      const char *paths[2 * PAIRS_MAX])
{
	int new = wish->check ? 0 : key_type_of(wish->certificate);
	struct pairs pairs = find_pairs(apache, host, new);
	size_t count = list_files(apache, &pairs, paths), kept = 0;

	for (size_t i = 0; i < count; i++)
		if (new == 0 || pairs.replaced == ALL_TYPES || key_type_of(paths[i]) == new)
			paths[kept++] = paths[i];
	return kept;
}

/* Before Apache 2.4.8 the chain is in a file of its own. */
static bool
has_chain_file(const struct apache *apache)
{
	return apache->program.facts.version < APACHE_VERSION(2, 4, 8);
}

static const char *
certificate_of(const struct apache *apache, const struct wish *wish)
{
	return has_chain_file(apache) && wish->leaf != NULL ? wish->leaf : wish->certificate;
}

static void
add_line(struct edits *edits, const struct pairs *pairs, const char *name, const char *value)
{
	autofree char *word = words_quote(value);
	autofree char *line = memory_format("%s %s\n", name, word);

	edits_last(edits, pairs->section, line);
}

/* Gives directive INDEX of the list the value, or adds NAME if the host has none of its own. */
static void
set(struct apache *apache, struct edits *edits, const struct pairs *pairs, const struct list *list,
    size_t index, const char *name, const char *value)
{
	const struct directive *directive = index < list->count ? list->items[index] : NULL;
	autofree char *word = words_quote(value);

	if (directive == NULL || !is_own(pairs, directive))
		add_line(edits, pairs, name, value);
	else if (strcmp(file_of(apache, directive), value) != 0)
		edits_set(edits, directive, word);
}

/* Certificates are taken by their number, and keys as well: the host needs its own of those before
 * the new ones. */
static void
add_those_before(struct apache *apache, struct edits *edits, const struct pairs *pairs,
		 const struct list *list, size_t index, const char *name)
{
	for (size_t i = own_count(pairs, list); i < index; i++)
		add_line(edits, pairs, name,
			 file_of(apache,
				 i < list->count ? list->items[i] : pairs->certificates.items[i]));
}

static void
edit_pair(struct apache *apache, struct edits *edits, const struct pairs *pairs,
	  const struct wish *wish)
{
	static const char name[] = "SSLCertificateFile", key_name[] = "SSLCertificateKeyFile";
	const char *certificate = certificate_of(apache, wish);
	size_t index = choose(apache, pairs, certificate);

	add_those_before(apache, edits, pairs, &pairs->certificates, index, name);
	set(apache, edits, pairs, &pairs->certificates, index, name, certificate);
	add_those_before(apache, edits, pairs, &pairs->keys, index, key_name);
	set(apache, edits, pairs, &pairs->keys, index, key_name, wish->key);
}

/* The host's own chains after the first, and with FIRST also that, are taken out. */
static void
remove_chains(struct edits *edits, const struct pairs *pairs, bool first)
{
	for (size_t i = first ? 0 : 1; i < pairs->chains.count; i++)
		if (is_own(pairs, pairs->chains.items[i]))
			edits_remove(edits, pairs->chains.items[i]);
}

static bool
inherits_chain(struct apache *apache)
{
	return of_section(apache, apache->model.main.section).chains.count > 0;
}

/* The new certificate has its chain in its file; that of the main server would replace it, unless
 * it is named itself. A certificate that stays may need another. */
static void
edit_chains(struct apache *apache, struct edits *edits, const struct pairs *pairs,
	    const struct wish *wish)
{
	const char *chain = has_chain_file(apache)   ? wish->chain
			    : inherits_chain(apache) ? certificate_of(apache, wish)
						     : NULL;

	if (pairs->replaced == ALL_TYPES || has_chain_file(apache))
		remove_chains(edits, pairs, chain == NULL);
	if (chain != NULL && (pairs->replaced == ALL_TYPES || has_chain_file(apache)))
		set(apache, edits, pairs, &pairs->chains, 0, "SSLCertificateChainFile", chain);
}

/* Takes the host's own commands out that win over the new certificate. One of the main server needs
 * another after it. */
static void
edit_commands(struct apache *apache, struct edits *edits, const struct pairs *pairs,
	      const struct list *list, const char *name, const char *path)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_own(pairs, list->items[i]) && is_replaced(apache, pairs, list->items[i]))
			edits_remove(edits, list->items[i]);
	if (last_command(apache, pairs, list, true) != NULL)
		add_line(edits, pairs, name, path);
}

/* An Include of the host's, whose files other hosts use too, with a directive that would change;
 * NULL: none. */
static const struct trail *
find_shared(const struct host *host, const struct pairs *pairs)
{
	const struct list *const lists[] = {&pairs->certificates, &pairs->keys, &pairs->chains,
					    &pairs->commands, &pairs->key_commands};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (size_t j = 0; j < lists[i]->count; j++)
			if (is_own(pairs, lists[i]->items[j]) &&
			    lists[i]->items[j]->file->uses > host->section->file->uses)
				return config_included(host->section, lists[i]->items[j]);
	return NULL;
}

/* Whether nothing has to change. */
static bool
is_set(struct apache *apache, const struct pairs *pairs, const struct wish *wish)
{
	const char *certificate = certificate_of(apache, wish);
	size_t i = choose(apache, pairs, certificate);

	return i < pairs->certificates.count && i < pairs->keys.count &&
	       strcmp(file_of(apache, pairs->certificates.items[i]), certificate) == 0 &&
	       strcmp(file_of(apache, pairs->keys.items[i]), wish->key) == 0 &&
	       (pairs->chains.count == 0 || pairs->replaced != ALL_TYPES ||
		has_chain_file(apache) ||
		(inherits_chain(apache) && pairs->chains.count == 1 &&
		 strcmp(file_of(apache, pairs->chains.items[0]), certificate) == 0)) &&
	       !is_overridden(apache, pairs, &pairs->commands, certificate) &&
	       !is_overridden(apache, pairs, &pairs->key_commands, wish->key);
}

/* Replaces an Include by the text of its files. */
static int
inline_include(struct apache *apache, const struct trail *included)
{
	struct config *config = &apache->model.config;
	struct arena *arena = config->arena;
	struct words words = words_split(arena, included->line->text);
	struct paths paths = {0};
	auto_text struct text text = {0};
	struct edits edits = {0};
	int status = CW_OK;

	include_find(config_path(config, words.count > 1 ? words.items[1] : ""), &paths);
	for (size_t i = 0; i < paths.count && status == CW_OK; i++) {
		struct file *file;

		status = files_read(&config->files, paths.items[i], NULL, &file);
		if (status != CW_OK)
			break;
		text_add(&text, file->text, file->length);
		if (file->length > 0 && file->text[file->length - 1] != '\n')
			text_add_string(&text, "\n");
	}
	paths_clear(&paths);
	if (status != CW_OK)
		return status;
	edits_replace(&edits, included->file, included->line->start,
		      included->line->end - included->line->start,
		      text.data != NULL ? text.data : "");
	edits_apply(&edits);
	return model_rebuild(&apache->model);
}

int
pair_set(struct apache *apache, size_t order, const struct wish *wish)
{
	struct edits edits = {0};
	int type = key_type_of(wish->certificate);

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		const struct host *host = &apache->model.hosts[order];
		struct pairs pairs = find_pairs(apache, host, type);
		const struct trail *shared = find_shared(host, &pairs);
		int status;

		if (is_set(apache, &pairs, wish))
			return CW_OK;
		if (shared == NULL) {
			edit_pair(apache, &edits, &pairs, wish);
			edit_chains(apache, &edits, &pairs, wish);
			edit_commands(apache, &edits, &pairs, &pairs.commands,
				      "SSLOpenSSLConfCmd Certificate",
				      certificate_of(apache, wish));
			edit_commands(apache, &edits, &pairs, &pairs.key_commands,
				      "SSLOpenSSLConfCmd PrivateKey", wish->key);
			edits_apply(&edits);
			return model_rebuild(&apache->model);
		}
		status = inline_include(apache, shared);
		if (status != CW_OK)
			return status;
	}
	return cw_host_fail(
		apache->host, CW_E_INVALID, "put the certificate into the virtual host itself",
		"the certificate of the virtual host at %s is in nested files that other "
		"hosts use too",
		directive_place(&apache->model.config, apache->model.hosts[order].section));
}

char *
pair_lines(const struct apache *apache, const struct wish *wish, const char *options)
{
	autofree char *certificate = words_quote(certificate_of(apache, wish));
	autofree char *key = words_quote(wish->key);
	autofree char *include = words_quote(options);
	auto_text struct text out = {0};

	text_format(&out, "SSLEngine on\nSSLCertificateFile %s\nSSLCertificateKeyFile %s\n",
		    certificate, key);
	if (has_chain_file(apache) && wish->chain != NULL) {
		autofree char *chain = words_quote(wish->chain);

		text_format(&out, "SSLCertificateChainFile %s\n", chain);
	}
	text_format(&out, "Include %s\n", include);
	return memory_copy(out.data, out.length);
}
