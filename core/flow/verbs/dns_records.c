/* dns-records: which DNS records make validation possible, and which of them are there. */
#include <stdlib.h>
#include <string.h>
#include "acme/persistent.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "flow/context.h"
#include "flow/issue/accounts.h"
#include "flow/issue/aliases.h"
#include "flow/issue/names.h"
#include "flow/issue/persistence.h"
#include "flow/work/ca.h"
#include "flow/work/lookup.h"

enum { STRING_MAX = 255 /* bytes of one string of a TXT record */ };

/* What the records are made from. */
struct facts {
	const struct cw_settings *settings;
	const char *account_url;
	const struct cw_strv *issuers; /* of the CA; empty: it does not say */
	struct cw_names names;
	struct cw_strv plain; /* the names without "*.", each once */
	struct cw_lookup *texts, *aliases, *caa;
	size_t waiting; /* for as many lookups */
	bool answered;
};

/* One record. Only the JSON values own what they have. */
struct record {
	const char *purpose, *name, *type;
	const char *tag;                     /* of CAA */
	char *value;                         /* NULL: not known */
	const struct cw_lookup_found *found; /* what is there */
	bool present;
	char *problem; /* NULL: none */
};

static bool
has_wildcard(const struct facts *facts, const char *name)
{
	cw_autofree char *wildcard = cw_format("*.%s", name);

	return cw_strv_contains(&facts->names.dns, wildcard);
}

static char *
challenge_name(const char *name)
{
	return cw_format("_acme-challenge.%s", name);
}

/* A TXT value as strings of a zone file, "" each. */
static void
add_strings(struct cw_buf *line, const char *value)
{
	size_t length = strlen(value);

	for (size_t at = 0; at < length || at == 0; at += STRING_MAX) {
		cw_buf_addf(line, "%s\"", at > 0 ? " " : "");
		for (size_t i = at; i < length && i < at + STRING_MAX; i++)
			cw_buf_addf(line, "%s%c", strchr("\"\\", value[i]) != NULL ? "\\" : "",
				    value[i]);
		cw_buf_add_text(line, "\"");
	}
}

/* The line of a zone file. */
static char *
zone_line(const struct record *record)
{
	cw_auto_buf struct cw_buf line = {0};

	cw_buf_addf(&line, "%s. IN %s ", record->name, record->type);
	if (strcmp(record->type, "TXT") == 0)
		add_strings(&line, record->value);
	else if (strcmp(record->type, "CNAME") == 0)
		cw_buf_addf(&line, "%s.", record->value);
	else
		cw_buf_addf(&line, "0 %s \"%s\"", record->tag, record->value);
	return cw_buf_take(&line);
}

static struct json_object *
describe(const char *certificate_name, const struct record *record)
{
	struct json_object *object = cw_json_new_object();
	cw_autofree char *line = record->value != NULL ? zone_line(record) : NULL;

	cw_json_set_string(object, "domain", certificate_name);
	cw_json_set_string(object, "purpose", record->purpose);
	cw_json_set_string(object, "name", record->name);
	cw_json_set_string(object, "type", record->type);
	cw_json_set_string(object, "value", record->value);
	cw_json_set_string(object, "line", line);
	cw_json_set(object, "found", cw_json_from_strv(&record->found->texts));
	cw_json_set_bool(object, "present", record->present);
	cw_json_set_string(object, "problem",
			   record->found->problem != NULL ? record->found->problem
							  : record->problem);
	return object;
}

static void
add_record(struct json_object *records, const char *name, struct record *record)
{
	cw_json_append(records, describe(name, record));
	free(record->value);
	free(record->problem);
}

static void
add_persistent(const struct facts *facts, const char *name, struct json_object *records)
{
	cw_autofree char *place = cw_acme_persistent_name(name);
	const struct cw_lookup_found *above;
	bool wildcard = has_wildcard(facts, name);
	const struct cw_acme_persistent wanted = {.issuers = facts->issuers,
						  .account_url = facts->account_url,
						  .wildcard = wildcard,
						  .now = cw_time()};
	struct record record = {.purpose = CW_ACME_PERSISTENT, .name = place, .type = "TXT"};

	record.found = cw_lookup_find(facts->texts, place);
	if (facts->issuers->count > 0)
		record.value = cw_acme_persistent_text(facts->issuers->items[0], facts->account_url,
						       wildcard);
	record.present = cw_acme_persistent_find(&wanted, &record.found->texts, &record.problem);
	above = record.present ? NULL
			       : cw_persistence_above(facts->texts, facts->settings, &wanted, name);
	if (above != NULL) {
		record.found = above;
		record.present = true;
		free(cw_take(&record.problem));
	}
	if (!record.present && facts->issuers->count == 0) {
		free(record.problem);
		record.problem = cw_strdup("the CA does not say its issuer domain name; it is in "
					   "its documentation");
	}
	add_record(records, name, &record);
}

/* The alias for dns-01: where --dns-alias says, or what is there. */
static void
add_delegation(const struct facts *facts, const char *name, struct json_object *records)
{
	cw_autofree char *place = challenge_name(name);
	struct record record = {.purpose = "dns-01", .name = place, .type = "CNAME"};
	const struct cw_strv *texts;

	record.found = cw_lookup_find(facts->aliases, place);
	texts = &record.found->texts;
	record.value = cw_alias_find(facts->settings, name);
	if (record.value == NULL && texts->count > 0)
		record.value = cw_strdup(texts->items[0]);
	record.present = record.value != NULL && cw_strv_contains(texts, record.value);
	if (record.value != NULL && !record.present && texts->count > 0)
		record.problem = cw_format("is an alias of \"%s\"", texts->items[0]);
	add_record(records, name, &record);
}

/* The methods of validation that the CAA record allows, joined by ","; NULL: all, so that a record
 * never forbids what another certificate of the name is renewed with. */
static char *
wanted_methods(const struct cw_settings *settings)
{
	const struct cw_strv *preferred = cw_settings_list(settings, "pref_challs");
	cw_auto_strv struct cw_strv methods = {0};

	if (preferred->count == 0)
		return NULL;
	for (size_t i = 0; i < preferred->count; i++)
		cw_strv_addf(&methods, "%s%s", preferred->items[i],
			     strchr(preferred->items[i], '-') == NULL ? "-01" : "");
	return cw_strv_join(&methods, ",");
}

static bool
allows_methods(const char *allowed, const char *wanted)
{
	cw_auto_strv struct cw_strv have = {0}, want = {0};

	if (allowed == NULL || wanted == NULL)
		return true;
	cw_strv_split(&have, allowed, ',');
	cw_strv_split(&want, wanted, ',');
	for (size_t i = 0; i < want.count; i++)
		if (!cw_strv_contains(&have, want.items[i]))
			return false;
	return true;
}

/* What a set of CAA records says for this CA. */
enum permission { PERMISSION_NONE, PERMISSION_REFUSED, PERMISSION_OPEN, PERMISSION_BOUND };

/* TEXT is "FLAGS TAG VALUE". REFUSED: it lets another CA or account issue. */
static enum permission
permission_of(const struct facts *facts, const char *text, const char *tag, const char *methods)
{
	cw_autofree char *copy = cw_strdup(text);
	char *rest = copy;
	struct cw_acme_issue issue;

	strsep(&rest, " ");
	if (rest == NULL || !cw_equal_nocase(strsep(&rest, " "), tag) || rest == NULL)
		return PERMISSION_NONE;
	if (!cw_acme_issue_parse(rest, &issue) || !cw_strv_contains(facts->issuers, issue.issuer) ||
	    !allows_methods(issue.methods, methods))
		return PERMISSION_REFUSED;
	if (issue.account_url == NULL)
		return PERMISSION_OPEN;
	return strcmp(issue.account_url, facts->account_url) == 0 ? PERMISSION_BOUND
								  : PERMISSION_REFUSED;
}

static enum permission
permission_in(const struct facts *facts, const struct cw_strv *texts, const char *tag,
	      const char *methods)
{
	enum permission best = PERMISSION_NONE;

	for (size_t i = 0; i < texts->count; i++) {
		enum permission one = permission_of(facts, texts->items[i], tag, methods);

		best = one > best ? one : best;
	}
	return best;
}

/* The records that count for NAME are those of the nearest name that has some (RFC 8659 section
 * 3). */
static const struct cw_lookup_found *
relevant_caa(const struct facts *facts, const char *name)
{
	const struct cw_lookup_found *own = cw_lookup_find(facts->caa, name), *found = own;

	for (const char *dot = strchr(name, '.');
	     dot != NULL && found->problem == NULL && found->texts.count == 0;
	     dot = strchr(dot + 1, '.'))
		found = cw_lookup_find(facts->caa, dot + 1);
	return found->problem == NULL && found->texts.count == 0 ? own : found;
}

/* What the records say for both the name and its wildcard, as far as the certificate has them. *TAG
 * becomes that of the property to add. */
static enum permission
permission_for(const struct facts *facts, const char *name, const struct cw_strv *texts,
	       const char *methods, const char **tag)
{
	enum permission plain = permission_in(facts, texts, "issue", methods), wild;

	*tag = "issue";
	if (!has_wildcard(facts, name))
		return plain;
	wild = permission_in(facts, texts, "issuewild", methods);
	if (wild == PERMISSION_NONE)
		return plain;
	if (!cw_strv_contains(&facts->names.dns, name))
		plain = wild;
	if (wild != PERMISSION_BOUND && (plain == PERMISSION_BOUND || plain == wild))
		*tag = "issuewild";
	if (plain == PERMISSION_REFUSED || wild == PERMISSION_REFUSED)
		return PERMISSION_REFUSED;
	return plain < wild ? plain : wild;
}

static void
add_caa(const struct facts *facts, const char *name, struct json_object *records)
{
	cw_autofree char *methods = wanted_methods(facts->settings);
	struct record record = {.purpose = "caa", .name = name, .type = "CAA"};
	enum permission permission;

	record.found = relevant_caa(facts, name);
	if (facts->issuers->count > 0)
		record.value =
			cw_format("%s; accounturi=%s%s%s", facts->issuers->items[0],
				  facts->account_url, methods != NULL ? "; validationmethods=" : "",
				  methods != NULL ? methods : "");
	permission = permission_for(facts, name, &record.found->texts, methods, &record.tag);
	record.present = permission == PERMISSION_BOUND;
	if (permission == PERMISSION_REFUSED)
		record.problem = cw_strdup("does not allow this CA and account to issue "
					   "certificates in these ways");
	add_record(records, name, &record);
}

static void
looked_up(void *context)
{
	struct facts *facts = context;

	facts->answered = --facts->waiting == 0;
}

static struct cw_lookup *
look_up(struct cw_context *context, struct facts *facts, enum cw_dns_type type,
	const struct cw_strv *names)
{
	facts->waiting++;
	return cw_lookup_start(cw_context_network(context),
			       cw_settings_get(facts->settings, "dns_resolver"), type, names,
			       looked_up, facts);
}

static int
look_all_up(struct cw_context *context, struct facts *facts, struct cw_error *error)
{
	cw_auto_strv struct cw_strv texts = {0}, aliases = {0}, caa = {0};

	for (size_t i = 0; i < facts->plain.count; i++) {
		const char *name = facts->plain.items[i];

		cw_persistence_add_records(facts->settings, name, &texts);
		cw_strv_take(&aliases, challenge_name(name));
		cw_strv_add_unique(&caa, name);
		for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
			cw_strv_add_unique(&caa, dot + 1);
	}
	facts->texts = look_up(context, facts, CW_DNS_TXT, &texts);
	facts->aliases = look_up(context, facts, CW_DNS_CNAME, &aliases);
	facts->caa = look_up(context, facts, CW_DNS_CAA, &caa);
	return cw_loop_until(context->loop, &facts->answered, error);
}

static int
find_names(struct facts *facts, struct cw_error *error)
{
	int status = cw_names_from_settings(facts->settings, &facts->names, error);

	if (status < 0)
		return status;
	for (size_t i = 0; i < facts->names.dns.count; i++) {
		const char *name = facts->names.dns.items[i];

		cw_strv_add_unique(&facts->plain, cw_starts_with(name, "*.") ? name + 2 : name);
	}
	if (facts->plain.count > 0)
		return CW_OK;
	cw_fail(error, CW_E_USAGE, "no domain names were given");
	cw_hint(error, "give the names of the certificate with -d");
	return CW_E_USAGE;
}

/* If nothing could be looked up, there is no result that anybody can use. */
static int
check_lookups(const struct facts *facts, struct cw_error *error)
{
	const char *problem = NULL;

	for (size_t i = 0; i < facts->plain.count; i++) {
		const char *name = facts->plain.items[i];
		cw_autofree char *persistent = cw_acme_persistent_name(name);
		cw_autofree char *challenge = challenge_name(name);

		problem = cw_lookup_find(facts->texts, persistent)->problem;
		if (problem == NULL || cw_lookup_find(facts->aliases, challenge)->problem == NULL ||
		    cw_lookup_find(facts->caa, name)->problem == NULL)
			return CW_OK;
	}
	cw_fail(error, CW_E_NETWORK, "the DNS records could not be looked up: %s", problem);
	cw_hint(error, "give a resolver that answers with --dns-resolver");
	return CW_E_NETWORK;
}

static struct json_object *
records_of(const struct facts *facts)
{
	struct json_object *records = cw_json_new_array();

	for (size_t i = 0; i < facts->plain.count; i++) {
		add_persistent(facts, facts->plain.items[i], records);
		add_delegation(facts, facts->plain.items[i], records);
		add_caa(facts, facts->plain.items[i], records);
	}
	return records;
}

static int
find_records(struct cw_context *context, struct facts *facts, const struct cw_account *account,
	     struct json_object *result, struct cw_error *error)
{
	struct cw_ca *ca = cw_context_ca(context, account->server, account);
	struct cw_ca_wait wait = {0};
	int status = cw_ca_wait_for(ca, cw_ca_open(ca, cw_ca_waited, &wait), &wait, error);

	if (status < 0)
		return status;
	facts->account_url = account->uri;
	facts->issuers = &cw_ca_directory(ca)->caa_identities;
	status = look_all_up(context, facts, error);
	if (status == CW_OK)
		status = check_lookups(facts, error);
	if (status < 0)
		return status;
	cw_json_set_string(result, "server", account->server);
	cw_json_set_string(result, "account_uri", account->uri);
	cw_json_set(result, "records", records_of(facts));
	return CW_OK;
}

static void
clear_facts(struct facts *facts)
{
	cw_names_clear(&facts->names);
	cw_strv_clear(&facts->plain);
	cw_lookup_free(facts->texts);
	cw_lookup_free(facts->aliases);
	cw_lookup_free(facts->caa);
}

int
cw_flow_dns_records(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_account struct cw_account *account = NULL;
	struct facts facts = {.settings = context->settings};
	bool created;
	int status = find_names(&facts, error);

	if (status == CW_OK)
		status = cw_aliases_check_names(context->settings, &facts.names, error);
	if (status == CW_OK)
		status = cw_account_acquire(context, context->settings, false, &account, &created,
					    error);
	if (status == CW_OK)
		status = find_records(context, &facts, account, result, error);
	clear_facts(&facts);
	return status;
}
