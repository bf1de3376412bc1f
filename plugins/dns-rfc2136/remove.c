/*
 * dns-rfc2136-remove: removes the TXT records that a killed run of certwright left. The host runs
 * it when it finds the run's undo journal.
 *
 * usage: dns-rfc2136-remove CREDENTIALS tcp|udp (NAME VALUE)...
 */
#include <stdlib.h>
#include <string.h>
#include "remove_records.h"

static void
write_line(const struct cw_host *host, enum cw_log_level level, const char *text)
{
	(void)host;
	if (level >= CW_LOG_WARNING)
		fprintf(stderr, "%s\n", text);
}

static int
say_failure(const struct cw_host *host, int status, const char *hint, const char *message)
{
	(void)host;
	fprintf(stderr, "%s%s%s\n", message, hint != NULL ? "; " : "", hint != NULL ? hint : "");
	return status;
}

/* No message here contains a secret. */
static void
keep_secret(const struct cw_host *host, const char *text)
{
	(void)host;
	(void)text;
}

int
main(int argc, char **argv)
{
	/* The host services that reading credentials and updating need. */
	const struct cw_host host = {
		.size = offsetof(struct cw_host, interactive),
		.abi_major = CW_ABI_MAJOR,
		.abi_minor = CW_ABI_MINOR,
		.log = write_line,
		.fail = say_failure,
		.secret = keep_secret,
	};
	struct change *changes;
	size_t count;
	int status;

	if (argc < 5 || argc % 2 == 0) {
		fprintf(stderr, "usage: %s CREDENTIALS tcp|udp (NAME VALUE)...\n", argv[0]);
		return EXIT_FAILURE;
	}
	count = (size_t)(argc - 3) / 2;
	changes = calloc(count, sizeof(*changes));
	if (changes == NULL)
		return EXIT_FAILURE;
	for (size_t i = 0; i < count; i++) {
		changes[i].name = argv[3 + 2 * i];
		changes[i].value = argv[4 + 2 * i];
	}
	status = remove_records(&host, argv[1], strcmp(argv[2], "udp") == 0, changes, count);
	free(changes);
	return status == CW_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
