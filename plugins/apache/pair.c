#include "pair.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../common/certificate.h"
#include "edit.h"

enum { ROUNDS_MAX = 8 };

/* The directives of one host with certificates, keys and chains, in order. */
struct pairs {
	const struct directive *certificates[PAIRS_MAX], *keys[PAIRS_MAX], *chains[PAIRS_MAX];
	/* OpenSSL's commands for the same. They win over a certificate with the same type of key.
	 */
	const struct directive *commands[PAIRS_MAX], *key_commands[PAIRS_MAX];
	size_t certificate_count, key_count, chain_count, command_count, key_command_count;
	int replaced; /* the type of key of what the new certificate replaces; ALL_TYPES */
};

enum { ALL_TYPES = -1 };

static void
add(const struct directive *list[PAIRS_MAX], size_t *count, const struct directive *directive)
{
	if (*count < PAIRS_MAX)
		list[(*count)++] = directive;
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

	for (size_t i = 0; i < pairs->certificate_count; i++)
		paths[count++] = file_of(apache, pairs->certificates[i]);
	for (size_t i = 0; i < pairs->command_count; i++)
		paths[count++] = file_of(apache, pairs->commands[i]);
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

/* What is replaced by a certificate whose key has the type NEW; 0: unknown. */
static struct pairs
find_pairs(struct apache *apache, const struct host *host, int new)
{
	struct arena *arena = apache->model.config.arena;
	struct pairs pairs = {.replaced = ALL_TYPES};

	for (const struct directive *at = host->section->first_child; at != NULL; at = at->next) {
		if (directive_is(at, "SSLCertificateFile"))
			add(pairs.certificates, &pairs.certificate_count, at);
		else if (directive_is(at, "SSLCertificateKeyFile"))
			add(pairs.keys, &pairs.key_count, at);
		else if (directive_is(at, "SSLCertificateChainFile"))
			add(pairs.chains, &pairs.chain_count, at);
		else if (directive_openssl_file(arena, at, false) != NULL)
			add(pairs.commands, &pairs.command_count, at);
		else if (directive_openssl_file(arena, at, true) != NULL)
			add(pairs.key_commands, &pairs.key_command_count, at);
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

/* Whether a command would win over the new certificate. */
static bool
is_overridden(struct apache *apache, const struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->command_count; i++)
		if (is_replaced(apache, pairs, pairs->commands[i]))
			return true;
	for (size_t i = 0; i < pairs->key_command_count; i++)
		if (is_replaced(apache, pairs, pairs->key_commands[i]))
			return true;
	return false;
}

/* Which SSLCertificateFile becomes that of the new certificate: of several with the same type,
 * Apache uses the last. The count: none. */
static size_t
choose(struct apache *apache, const struct pairs *pairs, const char *new)
{
	for (size_t i = pairs->certificate_count; i > 0; i--)
		if (strcmp(file_of(apache, pairs->certificates[i - 1]), new) == 0 ||
		    is_replaced(apache, pairs, pairs->certificates[i - 1]))
			return i - 1;
	return pairs->certificate_count;
}

size_t
pair_certificates(struct apache *apache, const struct host *host, const char *paths[2 * PAIRS_MAX])
{
	struct pairs pairs = find_pairs(apache, host, 0);
	size_t count = list_files(apache, &pairs, paths);

	if (count > 0 || host == &apache->model.main)
		return count;
	return pair_certificates(apache, &apache->model.main, paths);
}

size_t
pair_replaced(struct apache *apache, const struct host *host, const struct wish *wish,
	      const char *paths[2 * PAIRS_MAX])
{
	size_t count = pair_certificates(apache, host, paths), kept = 0;
	int new = wish->check ? 0 : key_type_of(wish->certificate);
	struct pairs pairs = find_pairs(apache, host, new);

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

/* Replaces a value, or adds the directive if there is none. */
static void
set(struct apache *apache, struct edits *edits, const struct host *host,
    const struct directive *directive, const char *name, const char *value)
{
	autofree char *word = words_quote(value);

	if (directive == NULL) {
		autofree char *line = memory_format("%s %s\n", name, word);

		edits_last(edits, host->section, line);
	} else if (strcmp(file_of(apache, directive), value) != 0) {
		edits_set(edits, directive, word);
	}
}

/* The keys are counted as the certificates are: each before the new one needs its own. */
static void
add_missing_keys(struct apache *apache, struct edits *edits, const struct host *host,
		 const struct pairs *pairs, size_t index)
{
	for (size_t i = pairs->key_count; i < index; i++)
		set(apache, edits, host, NULL, "SSLCertificateKeyFile",
		    file_of(apache, pairs->certificates[i]));
}

static void
edit_pair(struct apache *apache, struct edits *edits, const struct host *host,
	  const struct pairs *pairs, const struct wish *wish)
{
	const char *certificate = certificate_of(apache, wish);
	size_t index = choose(apache, pairs, certificate);

	set(apache, edits, host,
	    index < pairs->certificate_count ? pairs->certificates[index] : NULL,
	    "SSLCertificateFile", certificate);
	add_missing_keys(apache, edits, host, pairs, index);
	set(apache, edits, host, index < pairs->key_count ? pairs->keys[index] : NULL,
	    "SSLCertificateKeyFile", wish->key);
}

/* The new certificate has its chain in its file. A certificate that stays may need another. */
static void
edit_rest(struct apache *apache, struct edits *edits, const struct host *host,
	  const struct pairs *pairs, const struct wish *wish)
{
	bool chain = has_chain_file(apache) && wish->chain != NULL;
	bool is_needed = pairs->replaced != ALL_TYPES && !has_chain_file(apache);

	for (size_t i = chain ? 1 : 0; i < pairs->chain_count && !is_needed; i++)
		edits_remove(edits, pairs->chains[i]);
	if (chain)
		set(apache, edits, host, pairs->chain_count > 0 ? pairs->chains[0] : NULL,
		    "SSLCertificateChainFile", wish->chain);
	for (size_t i = 0; i < pairs->command_count; i++)
		if (is_replaced(apache, pairs, pairs->commands[i]))
			edits_remove(edits, pairs->commands[i]);
	for (size_t i = 0; i < pairs->key_command_count; i++)
		if (is_replaced(apache, pairs, pairs->key_commands[i]))
			edits_remove(edits, pairs->key_commands[i]);
}

/* An Include of the host's, whose files other hosts use too, with a directive that would change;
 * NULL: none. */
static const struct trail *
find_shared(const struct host *host, const struct pairs *pairs)
{
	const struct directive *const *lists[] = {pairs->certificates, pairs->keys, pairs->chains,
						  pairs->commands, pairs->key_commands};
	const size_t counts[] = {pairs->certificate_count, pairs->key_count, pairs->chain_count,
				 pairs->command_count, pairs->key_command_count};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		for (size_t j = 0; j < counts[i]; j++)
			if (lists[i][j]->file->uses > host->section->file->uses)
				return config_included(host->section, lists[i][j]);
	return NULL;
}

/* Whether nothing has to change. */
static bool
is_set(struct apache *apache, const struct pairs *pairs, const struct wish *wish)
{
	const char *certificate = certificate_of(apache, wish);
	size_t i = choose(apache, pairs, certificate);

	return i < pairs->certificate_count && i < pairs->key_count &&
	       strcmp(file_of(apache, pairs->certificates[i]), certificate) == 0 &&
	       strcmp(file_of(apache, pairs->keys[i]), wish->key) == 0 &&
	       (pairs->chain_count == 0 || pairs->replaced != ALL_TYPES ||
		has_chain_file(apache)) &&
	       !is_overridden(apache, pairs);
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
			edit_pair(apache, &edits, host, &pairs, wish);
			edit_rest(apache, &edits, host, &pairs, wish);
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
