/* issue: the certificate of an order whose domains are authorized. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "account.h"
#include "ca.h"
#include "files.h"
#include "key.h"
#include "order.h"
#include "request.h"
#include "say.h"
#include "settings.h"

enum { KEY_MODE = 0600, CERTIFICATE_MODE = 0644, DATE_LENGTH = 10 };

struct work {
	const struct settings *settings;
	struct account account;
	struct ca *ca;
	struct order order;
	char *names;
	char *given_key; /* of --key-file */
	char *given_csr; /* of --csr-file */
	bool finished;   /* the certificate was made before, or is being made */
};

static char *
read_given(const char *path, const char *what)
{
	char *text;

	if (path == NULL)
		return NULL;
	text = read_file(path, what);
	if (text == NULL)
		die("there is no file \"%s\" with %s", path, what);
	return text;
}

/* What the user gave is checked before the CA is asked for anything. */
static void
check_given(struct work *work)
{
	const struct settings *settings = work->settings;
	const char *name = settings->output_filename;
	struct stat status;

	if (stat(settings->output, &status) < 0 || access(settings->output, W_OK | X_OK) < 0)
		die("cannot write to the folder \"%s\": %s", settings->output, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		die("\"%s\" is not a folder: give one with --output", settings->output);
	if (name != NULL && (*name == '\0' || *name == '.' || strchr(name, '/') != NULL))
		die_usage("\"%s\" is not a name for files: give the folder with --output", name);
	work->given_key = read_given(settings->key_file, "the key");
	work->given_csr = read_given(settings->csr_file, "the certificate request");
	if (work->given_key != NULL) {
		char *what = format("\"%s\"", settings->key_file);

		key_check(work->given_key, what);
		free(what);
	}
	if (work->given_csr != NULL)
		request_check(work->given_csr, settings->csr_file);
	if (work->given_csr != NULL && work->given_key != NULL &&
	    !key_is_same(work->given_key, work->given_csr))
		die("the key in \"%s\" is not that of the certificate request in \"%s\"",
		    settings->key_file, settings->csr_file);
}

static void
update(struct work *work, struct json_object *object)
{
	order_update(&work->order, object);
	order_save(&work->order);
}

/* The order as the CA has it. */
static void
open_order(struct work *work)
{
	if (!order_find(work->settings, &work->order))
		order_missing(work->settings);
	if (order_is_foreign(&work->order, work->settings, &work->account))
		die("the order for \"%s\" is of another server, %s: give that with --server, or "
		    "run "
		    "\"manuale authorize %s\"",
		    work->names, work->order.uri, work->names);
	update(work, ca_get(work->ca, "order_get", work->order.uri, "order"));
	work->finished = strcmp(order_status(&work->order), "ready") != 0;
	if (work->given_csr != NULL)
		request_check_names(
			work->given_csr, work->settings->csr_file,
			json_member(work->order.contents, "identifiers", json_type_array));
}

/* A key that an interrupted run made serves again, if it is what is wanted now. */
static const char *
choose_key(struct work *work)
{
	struct order *order = &work->order;
	int size = work->settings->key_size;

	if (work->given_key != NULL)
		return work->given_key;
	if (order->key != NULL && (size == 0 || key_rsa_size(order->key) == size))
		return order->key;
	if (size == 0)
		size = KEY_SIZE_DEFAULT;
	say("Making an RSA key of %d bits.", size);
	free(order->key);
	order->key = key_new_rsa(size);
	order_save(order); /* before the CA makes a certificate for it */
	return order->key;
}

/* The certificate request in PEM; release with free(). */
static char *
make_csr(struct work *work)
{
	struct json_object *members, *list, *csr;
	char *pem;

	if (work->given_csr != NULL)
		return format("%s", work->given_csr);
	members = json_new();
	list = json_object_new_array();
	for (size_t i = 0; i < work->settings->word_count; i++)
		json_object_array_add(list, json_object_new_string(work->settings->words[i]));
	json_set(members, "identifiers", list);
	json_set_text(members, "key", choose_key(work));
	json_set(members, "must_staple", json_object_new_boolean(work->settings->must_staple));
	csr = ca_ask(work->ca, "csr_new", members, "csr");
	pem = format("%s", json_text(csr, "csr"));
	json_object_put(csr);
	return pem;
}

static void
finalize(struct work *work)
{
	char *csr = make_csr(work);
	const char *url = json_text(work->order.contents, "finalize");
	struct json_object *members = json_new();

	json_set_text(members, "uri", work->order.uri);
	json_set_text(members, "csr", csr);
	if (url != NULL)
		json_set_text(members, "finalize", url);
	say("Asking the CA for the certificate.");
	update(work, ca_ask(work->ca, "order_finalize", members, "order"));
	free(csr);
}

/* Brings the order to the state "valid", or ends the program. */
static void
complete(struct work *work)
{
	struct order *order = &work->order;

	if (strcmp(order_status(order), "ready") == 0)
		finalize(work);
	if (strcmp(order_status(order), "processing") == 0) {
		struct json_object *object = ca_wait(work->ca, "order_get", order->uri, "order");

		if (object == NULL)
			die("the CA has not made the certificate yet: run \"manuale issue %s\" "
			    "again later",
			    work->names);
		update(work, object);
	}
	if (strcmp(order_status(order), "pending") == 0)
		die("the domains \"%s\" are not authorized yet: run \"manuale authorize %s\"",
		    work->names, work->names);
	if (strcmp(order_status(order), "valid") != 0 || order->certificate_uri == NULL)
		die("the order for \"%s\" is %s (%s): run \"manuale authorize %s\"", work->names,
		    order_status(order), ca_reason(order->contents), work->names);
}

/* The key of the certificate, if it is known. */
static const char *
find_key(const struct work *work, const char *certificate)
{
	const char *key = work->given_key != NULL ? work->given_key : work->order.key;

	if (key != NULL && key_is_same(key, certificate))
		return key;
	if (work->given_key != NULL)
		die("the key in \"%s\" is not that of the certificate, which was made before: run "
		    "the command without --key-file",
		    work->settings->key_file);
	return NULL;
}

/* Options for a certificate that is to be made do not change one that is. */
static void
check_finished(const struct work *work, const char *certificate)
{
	const struct settings *settings = work->settings;

	if (work->given_csr != NULL && !key_is_same(work->given_csr, certificate))
		die("the certificate request in \"%s\" is not that of the certificate, which was "
		    "made before: run the command without --csr-file",
		    settings->csr_file);
	if (work->given_csr == NULL && work->given_key == NULL && settings->key_size != 0 &&
	    key_rsa_size(certificate) != settings->key_size)
		die("the certificate, which was made before, has no RSA key of %d bits: run the "
		    "command without --key-size",
		    settings->key_size);
	if (work->given_csr == NULL && settings->must_staple &&
	    !certificate_must_staple(certificate))
		die("the certificate, which was made before, has no OCSP must-staple extension: "
		    "run the command without --ocsp-must-staple");
}

/* All files are written before the first one takes its place. */
static void
write_files(const struct work *work, struct json_object *certificate)
{
	const struct settings *settings = work->settings;
	const char *name = settings->output_filename;
	const char *leaf = json_text(certificate, "certificate");
	const struct {
		const char *suffix, *text;
		mode_t mode;
	} parts[] = {
		{".pem", find_key(work, leaf), KEY_MODE},
		{".crt", leaf, CERTIFICATE_MODE},
		{".chain.crt", json_text(certificate, "fullchain"), CERTIFICATE_MODE},
		{".intermediate.crt", json_text(certificate, "chain"), CERTIFICATE_MODE},
	};
	enum { COUNT = sizeof(parts) / sizeof(parts[0]) };
	struct new_file *files[COUNT] = {NULL};
	char *paths[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		paths[i] = format("%s/%s%s", settings->output,
				  name != NULL ? name : settings->words[0], parts[i].suffix);
		if (parts[i].text != NULL)
			files[i] = new_file_write(paths[i], parts[i].text, parts[i].mode);
	}
	for (size_t i = 0; i < COUNT; i++) {
		if (files[i] != NULL) {
			new_file_place(files[i]);
			say("Wrote %s", paths[i]);
		}
		free(paths[i]);
	}
	if (parts[0].text == NULL)
		say("The private key is not here, so there is no .pem file for it.");
}

static void
deliver(const struct work *work)
{
	struct json_object *certificate =
		ca_get(work->ca, "certificate_get", work->order.certificate_uri, "certificate");

	if (json_text(certificate, "certificate") == NULL ||
	    json_text(certificate, "chain") == NULL || json_text(certificate, "fullchain") == NULL)
		die("certwright answered without the certificate: install the same version of "
		    "certwright and manuale");
	if (work->finished)
		check_finished(work, json_text(certificate, "certificate"));
	say("Expires: %.*s", DATE_LENGTH, json_text(certificate, "expiry"));
	say("SHA256:  %s", json_text(certificate, "fingerprint"));
	write_files(work, certificate);
	json_object_put(certificate);
}

void
command_issue(const struct settings *settings)
{
	struct work work = {.settings = settings, .names = order_names(settings)};

	order_check_names(settings);
	check_given(&work);
	account_load(settings, &work.account);
	work.ca = ca_open(settings, &work.account);
	open_order(&work);
	complete(&work);
	deliver(&work);
	order_clear(&work.order);
	ca_close(work.ca);
	account_clear(&work.account);
	free(work.given_key);
	free(work.given_csr);
	free(work.names);
}
