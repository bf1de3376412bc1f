#include "pair.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../common/certificate.h"
#include "edit.h"

enum { ROUNDS_MAX = 8, PAIRS_MAX = 8 };

/* The directives of one host with certificates, keys and chains, in order. */
struct pairs {
	const struct directive *certificates[PAIRS_MAX], *keys[PAIRS_MAX];
	const struct directive *chains[PAIRS_MAX]; /* and all else that would be superfluous */
	size_t certificate_count, key_count, chain_count;
};

static void
add(const struct directive *list[PAIRS_MAX], size_t *count, const struct directive *directive)
{
	if (*count < PAIRS_MAX)
		list[(*count)++] = directive;
}

/* OpenSSL's own commands for a certificate and its key. */
static bool
is_openssl_pair(const struct directive *at)
{
	struct arena *arena = arena_new();
	const char *arguments = at->arguments;
	const char *command = words_next(arena, &arguments);
	bool found =
		directive_is(at, "SSLOpenSSLConfCmd") &&
		(strcasecmp(command, "Certificate") == 0 || strcasecmp(command, "PrivateKey") == 0);

	arena_free(arena);
	return found;
}

static struct pairs
find_pairs(const struct host *host)
{
	struct pairs pairs = {.certificate_count = 0};

	for (const struct directive *at = host->section->first_child; at != NULL; at = at->next) {
		if (directive_is(at, "SSLCertificateFile"))
			add(pairs.certificates, &pairs.certificate_count, at);
		else if (directive_is(at, "SSLCertificateKeyFile"))
			add(pairs.keys, &pairs.key_count, at);
		else if (directive_is(at, "SSLCertificateChainFile"))
			add(pairs.chains, &pairs.chain_count, at);
		else if (is_openssl_pair(at))
			add(pairs.chains, &pairs.chain_count, at);
	}
	return pairs;
}

static const char *
value_of(struct apache *apache, const struct directive *directive)
{
	const char *arguments = directive->arguments;

	return words_next(apache->model.config.arena, &arguments);
}

static int
key_type(const char *path)
{
	struct certificate certificate = {0};
	int type = certificate_read(path, &certificate) ? certificate.key_type : 0;

	certificate_clear(&certificate);
	return type;
}

/* Which of the certificates the new one replaces; the count: none. */
static size_t
choose(struct apache *apache, const struct pairs *pairs, const char *new)
{
	int type = key_type(new);

	for (size_t i = 0; i < pairs->certificate_count; i++) {
		const char *path = config_path(&apache->model.config,
					       value_of(apache, pairs->certificates[i]));

		if (pairs->certificate_count == 1 || strcmp(path, new) == 0 ||
		    (type != 0 && key_type(path) == type))
			return i;
	}
	return pairs->certificate_count;
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
	} else if (strcmp(value_of(apache, directive), value) != 0) {
		edits_set(edits, directive, word);
	}
}

static void
edit_pair(struct apache *apache, struct edits *edits, const struct host *host,
	  const struct pairs *pairs, const struct wish *wish)
{
	const char *certificate = certificate_of(apache, wish);
	size_t index = choose(apache, pairs, certificate);
	bool chain = has_chain_file(apache) && wish->chain != NULL;

	set(apache, edits, host,
	    index < pairs->certificate_count ? pairs->certificates[index] : NULL,
	    "SSLCertificateFile", certificate);
	set(apache, edits, host, index < pairs->key_count ? pairs->keys[index] : NULL,
	    "SSLCertificateKeyFile", wish->key);
	for (size_t i = chain ? 1 : 0; i < pairs->chain_count; i++)
		edits_remove(edits, pairs->chains[i]);
	if (chain)
		set(apache, edits, host, pairs->chain_count > 0 ? pairs->chains[0] : NULL,
		    "SSLCertificateChainFile", wish->chain);
}

/* An Include of the host's, whose files other hosts use too, with a directive that would change;
 * NULL: none. */
static const struct trail *
find_shared(const struct host *host, const struct pairs *pairs)
{
	const struct directive *const *lists[] = {pairs->certificates, pairs->keys, pairs->chains};
	const size_t counts[] = {pairs->certificate_count, pairs->key_count, pairs->chain_count};

	for (size_t i = 0; i < 3; i++)
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

	for (size_t i = 0; i < pairs->certificate_count && i < pairs->key_count; i++)
		if (strcmp(value_of(apache, pairs->certificates[i]), certificate) == 0 &&
		    strcmp(value_of(apache, pairs->keys[i]), wish->key) == 0)
			return pairs->certificate_count > 1 || pairs->chain_count == 0 ||
			       has_chain_file(apache);
	return false;
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

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		const struct host *host = &apache->model.hosts[order];
		struct pairs pairs = find_pairs(host);
		const struct trail *shared = find_shared(host, &pairs);
		int status;

		if (is_set(apache, &pairs, wish))
			return CW_OK;
		if (shared == NULL) {
			edit_pair(apache, &edits, host, &pairs, wish);
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
