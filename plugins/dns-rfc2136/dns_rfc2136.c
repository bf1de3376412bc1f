/*
 * dns-rfc2136: an authenticator that adds the TXT records to the zone by dynamic updates (RFC
 * 2136) signed with a TSIG key (RFC 8945).
 */
#include <certwright/plugin.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../common/instance.h"
#include "../common/records.h"
#include "credentials.h"
#include "remove_later.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

/* Kept for a challenge from perform() to cleanup(). */
struct work {
	struct record_work place;
	char *zone;
	int added;              /* or possibly added */
	struct removal removal; /* in the first challenge of each group that one undo covers */
};

static int
rfc2136_prepare(void *self)
{
	const struct cw_host *host = ((struct instance *)self)->host;

	if (option_text(host, "credentials") == NULL && !host->interactive(host))
		return cw_host_fail(host, CW_E_USAGE, "give --dns-rfc2136-credentials FILE",
				    "the dns-rfc2136 plugin has no credentials file");
	return CW_OK;
}

static int
ask_path(const struct cw_host *host)
{
	char *answer = NULL, *absolute;
	int status = host->ask_text(host, "Path of the RFC 2136 credentials file", 0, &answer);

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

/* Copies the result of CHANGE to its challenge. */
static void
take_change(const struct cw_host *host, struct cw_challenge *challenge, struct change *change)
{
	struct work *work = challenge->plugin_data;

	work->zone = change->zone;
	change->zone = NULL;
	/* If the answer was lost, the record may have been added. */
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
		return fail_no_memory(host);
	for (size_t i = 0; i < count; i++) {
		const struct work *work = challenges[i]->plugin_data;

		changes[i].name = work->place.record;
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

/* Has the host remove the records if this process dies first, but for those that stay. */
static int
plan_removal(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	const char *names[REMOVE_MAX], *values[REMOVE_MAX];
	struct work *first = NULL;
	size_t part = 0;
	int status = CW_OK;

	for (size_t i = 0; i < count && status == CW_OK; i++) {
		struct work *work = challenges[i]->plugin_data;

		if (!records_stays(challenges[i])) {
			first = part == 0 ? work : first;
			names[part] = work->place.record;
			values[part++] = challenges[i]->validation;
		}
		if (part == REMOVE_MAX || (part > 0 && i + 1 == count)) {
			status = remove_later(host, &first->removal, names, values, part);
			part = 0;
		}
	}
	return status;
}

static int
rfc2136_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct instance *)self)->host;
	struct credentials credentials = {NULL, NULL, 0, NULL, NULL, NULL, 0};
	int status = rfc2136_prepare(self);

	if (status == CW_OK && option_text(host, "credentials") == NULL)
		status = ask_path(host);
	if (status == CW_OK)
		status = credentials_read(host, option_text(host, "credentials"), &credentials);
	if (status == CW_OK)
		status = records_begin(host, challenges, count, sizeof(struct work));
	if (status == CW_OK)
		status = plan_removal(host, challenges, count);
	if (status == CW_OK)
		status = add_records(host, &credentials, challenges, count);
	credentials_clear(&credentials);
	if (status != CW_OK)
		return status;
	return records_wait(host, challenges, count, RECORDS_FAIL);
}

/* Removes those of CHANGES, and clears the changes. CW_OK, or the host is told why at least one
 * could not be removed. */
static int
remove_records(const struct cw_host *host, struct change *changes, size_t count)
{
	const char *path = option_text(host, "credentials");
	struct credentials credentials = {NULL, NULL, 0, NULL, NULL, NULL, 0};
	int status =
		path != NULL
			? credentials_read(host, path, &credentials)
			: cw_host_fail(host, CW_E_INVALID, NULL,
				       "no file with the name server and the TSIG key is known");

	if (status == CW_OK)
		update_all(host, &credentials, uses_udp(host), 0, changes, count);
	for (size_t i = 0; i < count; i++) {
		if (status == CW_OK && changes[i].status != CW_OK)
			status = cw_host_fail(host, changes[i].status, changes[i].failure.hint,
					      "%s", changes[i].failure.message);
		change_clear(&changes[i]);
	}
	credentials_clear(&credentials);
	return status;
}

static int
remove_added(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	struct change *changes = calloc(count + 1, sizeof(*changes));
	size_t left = 0;
	int status = CW_OK;

	if (changes == NULL)
		return fail_no_memory(host);
	for (size_t i = 0; i < count; i++) {
		struct work *work = challenges[i]->plugin_data;

		if (work == NULL || !work->added || records_stays(challenges[i]))
			continue;
		changes[left].name = work->place.record;
		changes[left].value = challenges[i]->validation;
		changes[left++].zone = work->zone;
		work->zone = NULL;
	}
	if (left > 0)
		status = remove_records(host, changes, left);
	free(changes);
	return status;
}

static int
rfc2136_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct instance *)self)->host;
	int status = remove_added(host, challenges, count);

	for (size_t i = 0; i < count; i++) {
		struct work *work = challenges[i]->plugin_data;

		if (work == NULL)
			continue;
		/* The next run tries again to remove what is left. */
		if (status == CW_OK)
			remove_later_forget(host, &work->removal);
		free(work->zone);
	}
	records_end(challenges, count);
	return status;
}

/* What a run that was killed has left. */
static int
rfc2136_undo(void *self, const char *data)
{
	const struct cw_host *host = ((struct instance *)self)->host;
	char *copy = strdup(data);
	struct change *changes = NULL;
	size_t count = 0;
	int status = copy != NULL ? remove_later_read(host, copy, &changes, &count)
				  : fail_no_memory(host);

	if (status == CW_OK)
		status = remove_records(host, changes, count);
	free(changes);
	free(copy);
	return status;
}

static const char *const protocols[] = {"tcp", "udp", NULL};

static const struct cw_plugin_option credentials_option = {
	.size = sizeof(credentials_option),
	.name = "credentials",
	.kind = CW_OPTION_PATH,
	.metavar = "FILE",
	.help = "The INI file with the name server's address and the TSIG key, in the format of "
		"Certbot's plugin. Only its owner may be able to read it.",
};

static const struct cw_plugin_option propagation_option = {
	.size = sizeof(propagation_option),
	.name = "propagation-seconds",
	.kind = CW_OPTION_INTEGER,
	.default_value = "60",
	.metavar = "SECONDS",
	.help = RECORDS_PROPAGATION_HELP,
};

static const struct cw_plugin_option protocol_option = {
	.size = sizeof(protocol_option),
	.name = "protocol",
	.kind = CW_OPTION_STRING,
	.default_value = "tcp",
	.metavar = "tcp|udp",
	.help = "The protocol for talking to the name server.",
	.choices = protocols,
};

static const struct cw_plugin_option *const options[] = {
	&credentials_option, &propagation_option, &protocol_option, &records_follow_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = records_challenge_types,
	.perform = rfc2136_perform,
	.cleanup = rfc2136_cleanup,
};

/* It reads what servers answer; the host reads the credentials and carries the messages. */
static enum cw_rights
rfc2136_rights(const struct cw_host *host)
{
	/* One of old would need them for the credentials. */
	return CW_HAS(host, struct cw_host, read_private) ? CW_RIGHTS_NONE : CW_RIGHTS_USER;
}

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "dns-rfc2136",
	.version = PACKAGE_VERSION,
	.description = "Set DNS TXT records by dynamic updates (BIND, Knot, PowerDNS)",
	.help = "Proves control of names with TXT records (dns-01, dns-account-01, "
		"dns-persist-01). It adds them to the zone by "
		"dynamic updates (RFC 2136) signed with a TSIG key, waits until all name servers "
		"of the zone have them, and removes them afterwards.",
	.options = options,
	.open = instance_open,
	.prepare = rfc2136_prepare,
	.close = instance_close,
	.authenticator = &authenticator,
	.rights = rfc2136_rights,
	.undo = rfc2136_undo,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
