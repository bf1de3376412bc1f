#include "flow/moving/moving.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"

#define PEM_MAX (1024 * 1024)
#define JSON_MAX (64 * 1024)

static void
free_account(struct cw_moved_account *account)
{
	free(account->source);
	free(account->server);
	free(account->uri);
	cw_key_free(account->key);
	cw_strv_clear(&account->contacts);
	cw_error_clear(&account->error);
	free(account);
}

static void
free_certificate(struct cw_moved_certificate *certificate)
{
	free(certificate->name);
	free(certificate->source);
	free(certificate->server);
	free(certificate->chain);
	cw_key_free(certificate->key);
	free(certificate->authenticator);
	cw_strv_clear(&certificate->settings);
	cw_strv_clear(&certificate->webroots);
	cw_configobj_free(certificate->config);
	cw_error_clear(&certificate->error);
	free(certificate->leaf);
	free(certificate->issuers);
	json_object_put(certificate->describe);
	free(certificate);
}

void
cw_moving_clear(struct cw_moving *moving)
{
	for (size_t i = 0; i < moving->certificate_count; i++)
		free_certificate(moving->certificates[i]);
	for (size_t i = 0; i < moving->account_count; i++)
		free_account(moving->accounts[i]);
	for (size_t i = 0; i < moving->remark_count; i++) {
		free(moving->remarks[i].source);
		free(moving->remarks[i].message);
		free(moving->remarks[i].hint);
	}
	free(moving->certificates);
	free(moving->accounts);
	free(moving->remarks);
	*moving = (struct cw_moving){0};
}

struct cw_moved_account *
cw_moving_add_account(struct cw_moving *moving, const char *source, const char *server)
{
	struct cw_moved_account *account = cw_moving_add_account_of(moving, source, server, NULL);

	cw_key_load(source, &account->key, &account->error);
	return account;
}

struct cw_moved_account *
cw_moving_add_account_of(struct cw_moving *moving, const char *source, const char *server,
			 struct cw_key *key)
{
	struct cw_moved_account *account = cw_alloc(sizeof(*account));

	account->source = cw_strdup(source);
	account->server = cw_strdup(server);
	account->key = key;
	moving->accounts = cw_realloc(moving->accounts, moving->account_count + 1,
				      sizeof(struct cw_moved_account *));
	moving->accounts[moving->account_count++] = account;
	return account;
}

void
cw_moved_account_describe(struct cw_moved_account *account, struct json_object *body)
{
	cw_json_add_to_strv(body, "contact", &account->contacts);
}

struct cw_moved_account *
cw_moving_account_at(const struct cw_moving *moving, const char *server)
{
	for (size_t i = 0; i < moving->account_count; i++)
		if (cw_equal(moving->accounts[i]->server, server))
			return moving->accounts[i];
	return NULL;
}

static struct cw_moved_certificate *
find_certificate(const struct cw_moving *moving, const char *name)
{
	for (size_t i = 0; i < moving->certificate_count; i++)
		if (strcmp(moving->certificates[i]->name, name) == 0)
			return moving->certificates[i];
	return NULL;
}

/* NAME, with "-SUFFIX" behind it as often as it is taken; release with free(). */
static char *
free_name(const struct cw_moving *moving, const char *name, const char *suffix)
{
	char *free_one = cw_strdup(name);

	while (find_certificate(moving, free_one) != NULL) {
		char *longer = cw_format("%s-%s", free_one, suffix);

		free(free_one);
		free_one = longer;
	}
	return free_one;
}

struct cw_moved_certificate *
cw_moving_add_certificate(struct cw_moving *moving, const char *domain, const char *suffix,
			  const char *source)
{
	struct cw_moved_certificate *certificate = cw_alloc(sizeof(*certificate));
	struct cw_moved_certificate *other;

	certificate->is_wildcard = cw_starts_with(domain, "*.");
	if (certificate->is_wildcard)
		domain += 2;
	other = find_certificate(moving, domain);
	if (other != NULL && other->is_wildcard && !certificate->is_wildcard) {
		certificate->name = other->name;
		other->name = free_name(moving, domain, suffix);
	} else {
		certificate->name = free_name(moving, domain, suffix);
	}
	certificate->source = cw_strdup(source);
	moving->certificates = cw_realloc(moving->certificates, moving->certificate_count + 1,
					  sizeof(struct cw_moved_certificate *));
	moving->certificates[moving->certificate_count++] = certificate;
	return certificate;
}

void
cw_moved_load(struct cw_moved_certificate *certificate, const char *key_file,
	      const char *const *chain_files)
{
	cw_auto_buf struct cw_buf chain = {0};
	int status = cw_key_load(key_file, &certificate->key, &certificate->error);

	for (; *chain_files != NULL && status == CW_OK; chain_files++) {
		status = cw_file_read(*chain_files, PEM_MAX, &chain, &certificate->error);
		/* The last line may lack its end. */
		cw_buf_add_char(&chain, '\n');
	}
	if (status == CW_OK)
		certificate->chain = cw_buf_take(&chain);
}

void
cw_moved_add_issuer(struct cw_moved_certificate *certificate, const char *file)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	cw_auto_buf struct cw_buf chain = {0};
	const char *first = certificate->chain != NULL ? strstr(certificate->chain, begin) : NULL;

	if (first == NULL || strstr(first + strlen(begin), begin) != NULL || !cw_file_exists(file))
		return;
	cw_buf_add_text(&chain, certificate->chain);
	cw_buf_add_char(&chain, '\n');
	if (cw_file_read(file, PEM_MAX, &chain, &certificate->error) < 0)
		return;
	free(certificate->chain);
	certificate->chain = cw_buf_take(&chain);
}

void
cw_moved_set(struct cw_moved_certificate *certificate, const char *internal, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	cw_strv_add(&certificate->settings, internal);
	cw_strv_add(&certificate->settings, value);
}

void
cw_moved_set_webroot(struct cw_moved_certificate *certificate, const char *name, const char *folder)
{
	cw_strv_add(&certificate->webroots, name != NULL ? name : "");
	cw_strv_add(&certificate->webroots, folder);
}

char *
cw_moved_webroot_of(const char *token_folder)
{
	static const char end[] = "/.well-known/acme-challenge";
	cw_autofree char *folder = cw_path_absolute(token_folder);

	if (!cw_ends_with(folder, end) || strlen(folder) == strlen(end))
		return NULL;
	return cw_memdup(folder, strlen(folder) - strlen(end));
}

int
cw_moved_json(const char *path, struct json_object **object, struct cw_error *error)
{
	cw_auto_buf struct cw_buf text = {0};
	int status = cw_file_read(path, JSON_MAX, &text, error);

	return status < 0 ? status
			  : cw_json_parse(cw_buf_text(&text), text.length, path, object, error);
}

void
cw_moving_remark(struct cw_moving *moving, const char *source, const char *hint, const char *format,
		 ...)
{
	struct cw_moved_remark *remark;
	va_list arguments;

	moving->remarks =
		cw_realloc(moving->remarks, moving->remark_count + 1, sizeof(*moving->remarks));
	remark = &moving->remarks[moving->remark_count++];
	va_start(arguments, format);
	*remark = (struct cw_moved_remark){
		.source = cw_strdup(source),
		.message = cw_vformat(format, arguments),
		.hint = cw_strdup(hint),
	};
	va_end(arguments);
}
