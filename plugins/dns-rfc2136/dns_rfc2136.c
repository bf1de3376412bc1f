/*
 * dns-rfc2136: a dns-01 authenticator that writes the TXT records into the zone itself, by dynamic
 * updates (RFC 2136) that are signed (TSIG, RFC 8945).
 */
#include <certwright/plugin.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../dns-exec/records.h"
#include "credentials.h"
#include "update.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

enum { SECONDS_MAX = 86400 };

struct rfc2136 {
	const struct cw_host *host;
};

/* What a challenge needs from perform() to cleanup(). */
struct work {
	char *record, *zone;
	int added; /* or it may have been */
};

static int
no_memory(const struct cw_host *host)
{
	return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
}

static int
rfc2136_open(const struct cw_host *host, void **self)
{
	struct rfc2136 *rfc2136 = calloc(1, sizeof(*rfc2136));

	if (rfc2136 == NULL)
		return no_memory(host);
	rfc2136->host = host;
	*self = rfc2136;
	return CW_OK;
}

static void
rfc2136_close(void *self)
{
	free(self);
}

static const char *const *
rfc2136_challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const types[] = {"dns-01", NULL}, *const none[] = {NULL};

	(void)self;
	(void)identifier;
	return strcmp(identifier_type, "dns") == 0 ? types : none;
}

static const char *
credentials_path(const struct cw_host *host)
{
	const char *path = cw_host_option(host, "credentials");

	return path != NULL && *path != '\0' ? path : NULL;
}

static int
rfc2136_prepare(void *self)
{
	const struct cw_host *host = ((struct rfc2136 *)self)->host;

	if (credentials_path(host) == NULL && !host->interactive(host))
		return cw_host_fail(host, CW_E_USAGE, "give it with --dns-rfc2136-credentials FILE",
				    "no file with the name server and the TSIG key is known");
	return CW_OK;
}

static int
ask_path(const struct cw_host *host)
{
	char *answer = NULL, *absolute;
	int status = host->ask_text(host, "The file with the RFC 2136 credentials", 0, &answer);

	if (status != CW_OK)
		return status;
	absolute = realpath(answer, NULL);
	status = host->set_option(host, "credentials", NULL, absolute != NULL ? absolute : answer);
	free(absolute);
	cw_host_release(host, answer);
	return status;
}

static int
uses_udp(const struct cw_host *host)
{
	const char *protocol = cw_host_option(host, "protocol");

	return protocol != NULL && strcmp(protocol, "udp") == 0;
}

/* ------------------------------------------------------------------ the authenticator */

static int
begin_work(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	char **names = record_names(host, challenges, count, records_follow(host));
	int status = CW_OK;

	if (names == NULL)
		return no_memory(host);
	for (size_t i = 0; i < count && status == CW_OK; i++) {
		struct work *work = calloc(1, sizeof(*work));

		if (work == NULL) {
			status = no_memory(host);
		} else {
			challenges[i]->plugin_data = work;
			work->record = names[i];
			names[i] = NULL;
		}
	}
	record_names_free(names, count);
	return status;
}

/* Takes what became of CHANGE over into its challenge. */
static void
take_change(const struct cw_host *host, struct cw_challenge *challenge, struct change *change)
{
	struct work *work = challenge->plugin_data;

	work->zone = change->zone;
	change->zone = NULL;
	/* When the answer was lost the record may be there. */
	work->added = work->zone != NULL && change->status != CW_E_PERMISSION;
	if (change->status != CW_OK)
		cw_host_fail_challenge(host, challenge, change->status, change->failure.hint, "%s",
				       change->failure.message);
}

static int
add_records(const struct cw_host *host, const struct credentials *credentials,
	    struct cw_challenge *const *challenges, size_t count)
{
	struct change *changes = calloc(count + 1, sizeof(*changes));

	if (changes == NULL)
		return no_memory(host);
	for (size_t i = 0; i < count; i++) {
		const struct work *work = challenges[i]->plugin_data;

		changes[i].name = work->record;
		changes[i].value = challenges[i]->validation;
	}
	update_all(host, credentials, uses_udp(host), 1, changes, count);
	for (size_t i = 0; i < count; i++) {
		take_change(host, challenges[i], &changes[i]);
		change_clear(&changes[i]);
	}
	free(changes);
	return CW_OK;
}

static int
rfc2136_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct rfc2136 *)self)->host;
	struct credentials credentials = {NULL, NULL, 0, NULL, NULL, NULL, 0};
	int status = rfc2136_prepare(self);

	if (status == CW_OK && credentials_path(host) == NULL)
		status = ask_path(host);
	if (status == CW_OK)
		status = credentials_read(host, credentials_path(host), &credentials);
	if (status == CW_OK)
		status = begin_work(host, challenges, count);
	if (status == CW_OK)
		status = add_records(host, &credentials, challenges, count);
	credentials_clear(&credentials);
	if (status != CW_OK)
		return status;
	return records_wait(host, challenges, count,
			    records_number(host, "propagation-seconds", SECONDS_MAX));
}

static int
remove_records(const struct cw_host *host, const struct credentials *credentials,
	       struct cw_challenge *const *challenges, size_t count)
{
	struct change *changes = calloc(count + 1, sizeof(*changes));
	size_t left = 0;
	int status = CW_OK;

	if (changes == NULL)
		return no_memory(host);
	for (size_t i = 0; i < count; i++) {
		struct work *work = challenges[i]->plugin_data;

		if (work == NULL || !work->added)
			continue;
		changes[left].name = work->record;
		changes[left].value = challenges[i]->validation;
		changes[left++].zone = work->zone;
		work->zone = NULL;
	}
	update_all(host, credentials, uses_udp(host), 0, changes, left);
	for (size_t i = 0; i < left; i++) {
		if (changes[i].status != CW_OK)
			status = cw_host_fail(host, changes[i].status, changes[i].failure.hint,
					      "%s", changes[i].failure.message);
		change_clear(&changes[i]);
	}
	free(changes);
	return status;
}

static int
any_added(struct cw_challenge *const *challenges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct work *work = challenges[i]->plugin_data;

		if (work != NULL && work->added)
			return 1;
	}
	return 0;
}

static int
rfc2136_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct rfc2136 *)self)->host;
	struct credentials credentials = {NULL, NULL, 0, NULL, NULL, NULL, 0};
	int status = CW_OK;

	if (any_added(challenges, count)) {
		status = credentials_read(host, credentials_path(host), &credentials);
		if (status == CW_OK)
			status = remove_records(host, &credentials, challenges, count);
		credentials_clear(&credentials);
	}
	for (size_t i = 0; i < count; i++) {
		struct work *work = challenges[i]->plugin_data;

		if (work == NULL)
			continue;
		free(work->record);
		free(work->zone);
		free(work);
		challenges[i]->plugin_data = NULL;
	}
	return status;
}

/* ------------------------------------------------------------------ options */

static const char *const protocols[] = {"tcp", "udp", NULL};
static const char *const yes_or_no[] = {"yes", "no", NULL};

static const struct cw_plugin_option credentials_option = {
	.size = sizeof(credentials_option),
	.name = "credentials",
	.kind = CW_OPTION_PATH,
	.metavar = "FILE",
	.help = "The INI file with the address of the name server and the TSIG key, as Certbot's "
		"plugin has it; others must not be able to read it.",
};

static const struct cw_plugin_option propagation_option = {
	.size = sizeof(propagation_option),
	.name = "propagation-seconds",
	.kind = CW_OPTION_INTEGER,
	.default_value = "60",
	.metavar = "SECONDS",
	.help = "How long it may take until all name servers of the zone have the records. They "
		"are "
		"asked meanwhile, and it goes on as soon as they have. 0: they are not asked.",
};

static const struct cw_plugin_option protocol_option = {
	.size = sizeof(protocol_option),
	.name = "protocol",
	.kind = CW_OPTION_STRING,
	.default_value = "tcp",
	.metavar = "tcp|udp",
	.help = "How the name server is spoken to.",
	.choices = protocols,
};

static const struct cw_plugin_option follow_option = {
	.size = sizeof(follow_option),
	.name = "follow-cname",
	.kind = CW_OPTION_STRING,
	.default_value = "yes",
	.metavar = "yes|no",
	.help = "Whether, when _acme-challenge.NAME is an alias (CNAME), the record that it is an "
		"alias of is written.",
	.choices = yes_or_no,
};

static const struct cw_plugin_option *const options[] = {&credentials_option, &propagation_option,
							 &protocol_option, &follow_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = rfc2136_challenge_types,
	.perform = rfc2136_perform,
	.cleanup = rfc2136_cleanup,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "dns-rfc2136",
	.version = PACKAGE_VERSION,
	.description = "Set DNS TXT records by dynamic updates (BIND, Knot, PowerDNS)",
	.help = "Proves control of names by TXT records (dns-01) that it adds to the zone itself, "
		"by "
		"dynamic updates (RFC 2136) signed with a TSIG key. It waits until all name "
		"servers "
		"of the zone have them, and removes them afterwards.",
	.options = options,
	.open = rfc2136_open,
	.prepare = rfc2136_prepare,
	.close = rfc2136_close,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
