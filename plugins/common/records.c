#include "records.h"
#include <stdlib.h>
#include <string.h>
#include "instance.h"

enum { SECONDS_MAX = 86400 };

/* Fills WORKS, which are empty. */
static void
take_places(const struct cw_host *host, struct cw_dns_place *places,
	    struct cw_challenge *const *challenges, size_t count, struct record_work *works)
{
	size_t lost = 0;

	for (size_t i = 0; i < count; i++) {
		const char *location = challenges[i]->location;

		if (places[i].result == CW_OK && places[i].target != NULL) {
			if (strcmp(places[i].target, location) != 0)
				cw_host_log(host, CW_LOG_INFO,
					    "the record \"%s\" is an alias of \"%s\"; that record "
					    "is written instead",
					    location, places[i].target);
			location = places[i].target;
			if (places[i].zone != NULL)
				works[i].zone = strdup(places[i].zone);
		} else if (lost++ == 0) {
			cw_host_log(host, CW_LOG_WARNING,
				    "cannot find out whether the record \"%s\" is an alias; "
				    "assuming it is not",
				    location);
		}
		works[i].record = strdup(location);
		cw_host_release(host, places[i].target);
		cw_host_release(host, places[i].zone);
	}
}

static int
locate(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count,
       struct record_work *works)
{
	struct cw_dns_place *places = calloc(count + 1, sizeof(*places));
	struct cw_dns_place **pointers = calloc(count + 1, sizeof(struct cw_dns_place *));

	if (places == NULL || pointers == NULL) {
		free(places);
		free(pointers);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		places[i].size = sizeof(places[i]);
		places[i].name = challenges[i]->location;
		pointers[i] = &places[i];
	}
	host->locate(host, pointers, count);
	take_places(host, places, challenges, count, works);
	free(places);
	free(pointers);
	return 1;
}

static void
free_works(struct record_work *works, size_t count)
{
	for (size_t i = 0; works != NULL && i < count; i++) {
		free(works[i].record);
		free(works[i].zone);
	}
	free(works);
}

static int
follows(const struct cw_host *host)
{
	const char *text = cw_host_option(host, "follow-cname");

	return (text == NULL || strcmp(text, "no") != 0) && CW_HAS(host, struct cw_host, locate);
}

/* NULL if out of memory. */
static struct record_work *
find_places(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	struct record_work *works = calloc(count + 1, sizeof(*works));
	int good = works != NULL;

	if (good && follows(host))
		good = locate(host, challenges, count, works);
	else
		for (size_t i = 0; good && i < count; i++)
			works[i].record = strdup(challenges[i]->location);
	for (size_t i = 0; good && i < count; i++)
		good = works[i].record != NULL;
	if (good)
		return works;
	free_works(works, count);
	return NULL;
}

int
records_begin(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count,
	      size_t size)
{
	struct record_work *works = find_places(host, challenges, count);
	int status = works != NULL ? CW_OK : fail_no_memory(host);

	for (size_t i = 0; i < count && status == CW_OK; i++) {
		struct record_work *work = calloc(1, size);

		if (work == NULL) {
			status = fail_no_memory(host);
		} else {
			challenges[i]->plugin_data = work;
			*work = works[i];
			memset(&works[i], 0, sizeof(works[i]));
		}
	}
	free_works(works, count);
	return status;
}

void
records_end(struct cw_challenge *const *challenges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct record_work *work = challenges[i]->plugin_data;

		if (work != NULL) {
			free(work->record);
			free(work->zone);
		}
		free(work);
		challenges[i]->plugin_data = NULL;
	}
}

const char *const *
records_challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const types[] = {"dns-01", "dns-account-01", "dns-persist-01", NULL};
	static const char *const none[] = {NULL};

	(void)self;
	(void)identifier;
	return strcmp(identifier_type, "dns") == 0 ? types : none;
}

int
records_stays(const struct cw_challenge *challenge)
{
	return strcmp(challenge->type, "dns-persist-01") == 0;
}

static void
fail_missing(const struct cw_host *host, struct cw_challenge *challenge,
	     const struct cw_txt_record *record, int status)
{
	static const char hint[] =
		"give the servers more time, or check that the record is in the zone that they "
		"serve; --dns-resolver sets another resolver to find them with";

	if (record->reason != NULL)
		cw_host_fail_challenge(host, challenge, record->result, hint, "%s", record->reason);
	else
		cw_host_pass_challenge(host, challenge, status);
}

static int
judge(const struct cw_host *host, struct cw_txt_record *records,
      struct cw_challenge *const *challenges, size_t count, enum records_missing missing,
      int status)
{
	int is_missing = status != CW_OK && status != CW_E_UNSUPPORTED;

	if (status == CW_E_UNSUPPORTED)
		cw_host_log(host, CW_LOG_WARNING,
			    "cannot check whether the TXT records are visible; going on");
	for (size_t i = 0; i < count; i++) {
		if (records[i].result != CW_OK && is_missing && missing == RECORDS_FAIL)
			fail_missing(host, challenges[i], &records[i], status);
		else if (records[i].result != CW_OK && is_missing && status != CW_E_CANCELLED)
			cw_host_log(host, CW_LOG_WARNING,
				    "not every name server has the record \"%s\" in time; going on",
				    records[i].name);
		cw_host_release(host, records[i].reason);
	}
	return status == CW_E_CANCELLED ? status : CW_OK;
}

int
records_wait(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count,
	     enum records_missing missing)
{
	long seconds = option_number(host, "propagation-seconds", SECONDS_MAX);
	struct cw_txt_record *records = calloc(count + 1, sizeof(*records));
	struct cw_txt_record **pointers = calloc(count + 1, sizeof(struct cw_txt_record *));
	struct cw_challenge **waiting = calloc(count + 1, sizeof(struct cw_challenge *));
	size_t left = 0;
	int status = CW_OK;

	if (records == NULL || pointers == NULL || waiting == NULL)
		status = fail_no_memory(host);
	for (size_t i = 0; status == CW_OK && seconds > 0 && i < count; i++) {
		if (challenges[i]->result != CW_OK || strncmp(challenges[i]->type, "dns-", 4) != 0)
			continue;
		records[left].size = sizeof(records[left]);
		records[left].name = challenges[i]->location;
		records[left].value = challenges[i]->validation;
		pointers[left] = &records[left];
		waiting[left++] = challenges[i];
	}
	if (left > 0)
		status = judge(host, records, waiting, left, missing,
			       host->wait_txt(host, pointers, left, (unsigned)seconds));
	free(records);
	free(pointers);
	free(waiting);
	return status;
}

static const char *const yes_or_no[] = {"yes", "no", NULL};

const struct cw_plugin_option records_follow_option = {
	.size = sizeof(records_follow_option),
	.name = "follow-cname",
	.kind = CW_OPTION_STRING,
	.default_value = "yes",
	.metavar = "yes|no",
	.help = "If the name of a record, such as _acme-challenge.NAME, is an alias (CNAME), write "
		"the record that it points to.",
	.choices = yes_or_no,
};
