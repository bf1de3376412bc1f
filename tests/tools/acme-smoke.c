/*
 * Drives core/acme/ through all that it can do against an ACME server that takes every challenge
 * for met (Pebble with PEBBLE_VA_ALWAYS_VALID=1), and prints what came of it as "key: value" lines.
 * Exit status 0: all of it worked; 1: not; 77 (skipped): no directory was given.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "../unit/acme_wait.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/csr.h"
#include "crypto/key.h"
#include "crypto/x509.h"
#include "http/client.h"

enum { SKIPPED = 77, LIMIT = 90000 };

struct smoke {
	/* what to do */
	const char *directory;
	size_t names; /* of each order */
	size_t orders;
	const char *first_name; /* NULL: made up */
	const char *address;    /* NULL: none */
	const char *challenge;
	const char *profile;
	const char *order_url; /* of an order to continue */
	const char *kid, *hmac_key;
	const char *algorithm;
	const char *curve; /* of the account key; NULL: RSA */
	bool wildcard, change_key, revoke, revoke_by_key, deactivate, update, reuse, open_only;
	bool renewal_info, verbose;
	int64_t limit;
	/* what it is done with */
	struct cw_loop *loop;
	struct cw_http *http;
	struct cw_acme *acme;
	struct cw_key *account_key;
	struct cw_key *certificate_key;
	struct cw_signer *signer;
	struct cw_key *second_key;
	struct cw_signer *second_signer;
};

static struct cw_key *
make_key(const char *curve)
{
	struct cw_key_spec spec = {
		.type = curve == NULL ? CW_KEY_RSA : CW_KEY_EC, .rsa_bits = 2048, .curve = curve};
	struct cw_key *key;

	if (cw_key_generate(&spec, &key, NULL) != CW_OK)
		abort();
	return key;
}

static int
print_error(const char *what, const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);
	const char *hint = cw_error_hint(error);

	printf("%s failed: %s: %s\n", what, cw_status_name(error->status), line);
	if (hint != NULL)
		printf("%s hint: %s\n", what, hint);
	for (size_t i = 0; i < error->part_count; i++) {
		cw_autofree char *part = cw_error_line(error->parts[i]);

		printf("%s part: %s: %s\n", what,
		       error->parts[i]->identifier == NULL ? "" : error->parts[i]->identifier,
		       part);
	}
	return error->status;
}

static int
register_account(struct smoke *smoke, bool only_existing, char **url, struct cw_error *error)
{
	cw_auto_strv struct cw_strv contacts = {0};
	cw_auto_json struct json_object *body = NULL;
	cw_auto_json struct json_object *binding = NULL;
	struct cw_acme_registration registration = {
		.contacts = &contacts, .terms_agreed = true, .only_existing = only_existing};
	int status = CW_OK;

	if (!only_existing)
		cw_strv_add(&contacts, "mailto:somebody@example.org");
	if (smoke->kid != NULL)
		status = cw_jws_external_account(
			smoke->signer->jwk, smoke->kid, smoke->hmac_key,
			smoke->algorithm == NULL ? "HS256" : smoke->algorithm,
			cw_acme_resource(smoke->acme, "newAccount"), &binding, error);
	if (status != CW_OK)
		return status;
	registration.binding = binding;
	return cw_acme_account_new(smoke->acme, &registration, url, &body, error);
}

static int
use_account(struct smoke *smoke, char **url, struct cw_error *error)
{
	cw_autofree char *again = NULL;
	int status = register_account(smoke, false, url, error);

	if (status == CW_OK)
		status = register_account(smoke, true, &again, error);
	if (status != CW_OK)
		return status;
	printf("account: %s\n", *url);
	if (strcmp(*url, again) != 0)
		return cw_fail(error, CW_E_PROTOCOL, "the account was found as \"%s\"", again);
	return CW_OK;
}

static int
change_account(struct smoke *smoke, const char *account, struct cw_error *error)
{
	cw_autofree char *change = NULL;
	cw_auto_json struct json_object *body = NULL, *updated = NULL;
	cw_auto_strv struct cw_strv contacts = {0};
	int status = CW_OK;

	if (smoke->update) {
		cw_strv_add(&contacts, "mailto:another@example.org");
		status = cw_acme_account_update(smoke->acme, &contacts, &updated, error);
		if (status == CW_OK)
			status = cw_acme_account_get(smoke->acme, &body, error);
		if (status == CW_OK)
			printf("contact: %s\n", cw_json_text(cw_json_array(body, "contact")));
	}
	if (status == CW_OK && smoke->change_key) {
		smoke->second_key = make_key("secp384r1");
		smoke->second_signer = cw_signer_from_key(smoke->second_key);
		status = cw_jws_key_change(smoke->second_signer, smoke->signer->jwk, account,
					   cw_acme_resource(smoke->acme, "keyChange"), &change,
					   error);
		if (status == CW_OK)
			status = cw_acme_account_change_key(smoke->acme, smoke->second_signer,
							    change, error);
		if (status == CW_OK)
			printf("key: changed to %s\n", smoke->second_signer->algorithm);
	}
	return status;
}

static struct cw_acme_order *
make_order(const struct smoke *smoke, size_t number)
{
	struct cw_acme_order *order = cw_acme_order_new();

	for (size_t i = 0; i < smoke->names; i++) {
		cw_autofree char *name = cw_format("n%zu.o%zu.example.com", i, number);

		if (i == 0 && smoke->first_name != NULL) {
			free(name);
			name = cw_strdup(smoke->first_name);
		}
		cw_acme_order_add_identifier(order, "dns", name);
	}
	if (smoke->wildcard)
		cw_acme_order_add_identifier(order, "dns", "*.wild.example.com");
	if (smoke->address != NULL)
		cw_acme_order_add_identifier(order, "ip", smoke->address);
	order->profile = cw_strdup(smoke->profile);
	order->url = cw_strdup(smoke->order_url);
	return order;
}

static void
choose(const struct smoke *smoke, struct cw_acme_authorization *authorization)
{
	const char *type = authorization->wildcard ? "dns-01" : smoke->challenge;

	for (size_t i = 0; i < authorization->challenge_count; i++) {
		if (strcmp(authorization->challenges[i]->type, type) == 0)
			authorization->chosen = authorization->challenges[i];
	}
}

static size_t
choose_all(const struct smoke *smoke, const struct cw_acme_order *order)
{
	size_t valid = 0;

	for (size_t i = 0; i < order->authorization_count; i++) {
		if (order->authorizations[i]->state == CW_ACME_VALID)
			valid++;
		else
			choose(smoke, order->authorizations[i]);
	}
	return valid;
}

static int
make_csr(const struct smoke *smoke, const struct cw_acme_order *order, struct cw_buf *der,
	 struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0}, addresses = {0};
	struct cw_csr_spec spec = {.dns_names = &names, .ip_addresses = &addresses};

	for (size_t i = 0; i < order->identifier_count; i++)
		cw_strv_add(strcmp(order->identifiers[i]->type, "ip") == 0 ? &addresses : &names,
			    order->identifiers[i]->value);
	return cw_csr_make(smoke->certificate_key, &spec, der, error);
}

static int
revoke_certificate(const struct smoke *smoke, const char *chain, struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_autofree char *der = NULL;
	struct cw_signer *signer = NULL;
	int status = cw_certificate_from_pem(chain, strlen(chain), "the certificate", &certificate,
					     error);

	if (status != CW_OK)
		return status;
	der = cw_certificate_base64url(certificate);
	if (smoke->revoke_by_key)
		signer = cw_signer_from_key(smoke->certificate_key);
	status = cw_acme_revoke(smoke->acme, der, 1, signer, error);
	if (status == CW_OK) {
		cw_auto_error struct cw_error again = {0};

		printf("revoked: %s\n",
		       cw_acme_revoke(smoke->acme, der, 1, signer, &again) == CW_E_ACME
			       ? cw_error_problem_type(&again)
			       : "twice");
	}
	cw_signer_free(signer);
	return status;
}

static int
ask_renewal_info(const struct smoke *smoke, const char *chain, struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_autofree char *id = NULL;
	struct cw_acme_renewal_info info = {0};
	struct cw_acme_renewal_info *const infos[] = {&info};
	int status = cw_certificate_from_pem(chain, strlen(chain), "the certificate", &certificate,
					     error);

	if (status != CW_OK)
		return status;
	id = cw_certificate_ari_id(certificate);
	info.certificate_id = id;
	status = cw_acme_renewal_info(smoke->acme, infos, 1, error);
	if (status == CW_OK && info.error.status != CW_OK)
		status = cw_error_move(error, &info.error);
	else if (status == CW_OK)
		printf("window: %lld to %lld\n", (long long)info.window_start,
		       (long long)info.window_end);
	free(info.explanation_url);
	return status;
}

static int
download(const struct smoke *smoke, const struct cw_acme_order *order, struct cw_error *error)
{
	cw_auto_strv struct cw_strv chains = {0};
	int status = cw_acme_order_download(smoke->acme, order, true, &chains, error);

	if (status != CW_OK)
		return status;
	for (size_t i = 0; i < chains.count; i++) {
		cw_autofree char *leaf = NULL, *chain = NULL;
		cw_autofree char *issuer =
			cw_chain_topmost_issuer(chains.items[i], strlen(chains.items[i]));

		status = cw_chain_split(chains.items[i], strlen(chains.items[i]), &leaf, &chain,
					NULL, error);
		if (status != CW_OK)
			return status;
		printf("chain: %s\n", issuer);
	}
	if (smoke->renewal_info)
		status = ask_renewal_info(smoke, chains.items[0], error);
	if (status == CW_OK && (smoke->revoke || smoke->revoke_by_key))
		status = revoke_certificate(smoke, chains.items[0], error);
	return status;
}

static int
finish_order(const struct smoke *smoke, const struct cw_acme_order *order)
{
	cw_auto_error struct cw_error error = {0};

	if (order->error.status != CW_OK)
		return print_error("order", &order->error);
	if (download(smoke, order, &error) != CW_OK)
		return print_error("download", &error);
	printf("issued: %zu names\n", order->identifier_count);
	return CW_OK;
}

static int
work_on_orders(const struct smoke *smoke, struct cw_acme_order **orders, struct cw_buf *csrs,
	       struct cw_error *error)
{
	const struct cw_buf **requests = cw_calloc(smoke->orders, sizeof(*requests));
	int64_t deadline = cw_now_ms() + smoke->limit, begin = cw_now_ms();
	int status = cw_acme_orders_open(smoke->acme, orders, smoke->orders, error);

	for (size_t i = 0; i < smoke->orders && status == CW_OK; i++) {
		printf("order: %s %s, %zu authorizations, %zu valid\n",
		       orders[i]->url == NULL ? "-" : orders[i]->url,
		       orders[i]->continued ? "continued" : "new", orders[i]->authorization_count,
		       choose_all(smoke, orders[i]));
		requests[i] = &csrs[i];
		status = make_csr(smoke, orders[i], &csrs[i], error);
	}
	if (status == CW_OK && !smoke->open_only)
		status = cw_acme_orders_validate(smoke->acme, orders, smoke->orders, deadline,
						 error);
	if (status == CW_OK && !smoke->open_only)
		status = cw_acme_orders_finalize(smoke->acme, orders, requests, smoke->orders,
						 deadline, error);
	printf("milliseconds: %lld\n", (long long)(cw_now_ms() - begin));
	free(requests);
	return status;
}

static int
issue(const struct smoke *smoke, struct cw_error *error)
{
	struct cw_acme_order **orders = cw_calloc(smoke->orders, sizeof(*orders));
	struct cw_buf *csrs = cw_calloc(smoke->orders, sizeof(*csrs));
	int status, failed = CW_OK;

	for (size_t i = 0; i < smoke->orders; i++)
		orders[i] = make_order(smoke, i);
	status = work_on_orders(smoke, orders, csrs, error);
	for (size_t i = 0; i < smoke->orders; i++) {
		int result = status != CW_OK || smoke->open_only ? CW_OK
								 : finish_order(smoke, orders[i]);

		if (result != CW_OK)
			failed = result;
		if (status == CW_OK && smoke->deactivate && orders[i]->authorization_count > 0)
			status = cw_acme_authorization_deactivate(
				smoke->acme, orders[i]->authorizations[0]->url, error);
		cw_acme_order_free(orders[i]);
		cw_buf_clear(&csrs[i]);
	}
	free(orders);
	free(csrs);
	if (status == CW_OK && failed != CW_OK)
		return cw_fail(error, failed, "an order failed");
	return status;
}

static int
run(struct smoke *smoke, struct cw_error *error)
{
	struct cw_http_options http = {.user_agent = "acme-smoke", .verify = true};
	struct cw_acme_options options = {.directory_url = smoke->directory};
	cw_autofree char *account = NULL;
	int status;

	smoke->account_key = make_key(smoke->curve);
	smoke->certificate_key = make_key("secp256r1");
	smoke->signer = cw_signer_from_key(smoke->account_key);
	status = cw_http_new(smoke->loop, &http, &smoke->http, error);
	if (status == CW_OK)
		status = cw_acme_new(smoke->loop, smoke->http, &options, smoke->signer,
				     &smoke->acme, error);
	if (status != CW_OK)
		return status;
	if (cw_acme_terms_of_service(smoke->acme) != NULL)
		printf("terms: %s\n", cw_acme_terms_of_service(smoke->acme));
	status = use_account(smoke, &account, error);
	if (status == CW_OK)
		status = change_account(smoke, account, error);
	if (status == CW_OK && smoke->orders > 0)
		status = issue(smoke, error);
	if (status == CW_OK && smoke->reuse)
		status = issue(smoke, error);
	if (status == CW_OK && smoke->deactivate) {
		cw_auto_error struct cw_error refused = {0};
		cw_auto_json struct json_object *body = NULL;

		status = cw_acme_account_deactivate(smoke->acme, error);
		if (status == CW_OK && cw_acme_account_get(smoke->acme, &body, &refused) != CW_OK)
			print_error("deactivated account", &refused);
	}
	return status;
}

static void
print_log(void *context, enum cw_log_level level, const char *line)
{
	(void)context;
	(void)level;
	fprintf(stderr, "%s\n", line);
}

static void
read_arguments(int argc, char **argv, struct smoke *smoke)
{
	int option;

	while ((option = getopt(argc, argv, "n:o:N:i:c:p:u:k:h:a:e:l:wKrRdUAOIv")) != -1) {
		switch (option) {
		case 'n': smoke->names = strtoul(optarg, NULL, 10); break;
		case 'o': smoke->orders = strtoul(optarg, NULL, 10); break;
		case 'N': smoke->first_name = optarg; break;
		case 'i': smoke->address = optarg; break;
		case 'c': smoke->challenge = optarg; break;
		case 'p': smoke->profile = optarg; break;
		case 'u': smoke->order_url = optarg; break;
		case 'k': smoke->kid = optarg; break;
		case 'h': smoke->hmac_key = optarg; break;
		case 'a': smoke->algorithm = optarg; break;
		case 'e': smoke->curve = strcmp(optarg, "rsa") == 0 ? NULL : optarg; break;
		case 'l': smoke->limit = strtoll(optarg, NULL, 10); break;
		case 'w': smoke->wildcard = true; break;
		case 'K': smoke->change_key = true; break;
		case 'r': smoke->revoke = true; break;
		case 'R': smoke->revoke_by_key = true; break;
		case 'd': smoke->deactivate = true; break;
		case 'U': smoke->update = true; break;
		case 'A': smoke->reuse = true; break;
		case 'O': smoke->open_only = true; break;
		case 'I': smoke->renewal_info = true; break;
		case 'v': smoke->verbose = true; break;
		default: exit(2);
		}
	}
	smoke->directory = argv[optind];
}

int
main(int argc, char **argv)
{
	struct smoke smoke = {.names = 1,
			      .orders = 1,
			      .challenge = "http-01",
			      .curve = "secp256r1",
			      .limit = LIMIT};
	cw_auto_error struct cw_error error = {0};
	int status;

	read_arguments(argc, argv, &smoke);
	if (smoke.directory == NULL)
		return SKIPPED;
	if (smoke.verbose)
		cw_log_set_terminal(print_log, NULL, CW_LOG_DEBUG);
	smoke.loop = cw_loop_new();
	status = run(&smoke, &error);
	if (status != CW_OK)
		print_error("smoke", &error);
	cw_acme_free(smoke.acme);
	cw_http_free(smoke.http);
	cw_signer_free(smoke.signer);
	cw_signer_free(smoke.second_signer);
	cw_key_free(smoke.account_key);
	cw_key_free(smoke.second_key);
	cw_key_free(smoke.certificate_key);
	cw_loop_free(smoke.loop);
	return status == CW_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
