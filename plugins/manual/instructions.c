/* For open_memstream(). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "instructions.h"
#include <stdlib.h>
#include <string.h>

static size_t
count_type(const struct instruction *instructions, size_t count, const char *type)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += strcmp(instructions[i].challenge->type, type) == 0 ? 1 : 0;
	return found;
}

static int
is_record(const struct cw_challenge *challenge)
{
	return strncmp(challenge->type, "dns-", 4) == 0;
}

static size_t
count_records(const struct instruction *instructions, size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += is_record(instructions[i].challenge) ? 1 : 0;
	return found;
}

static void
write_dns(FILE *stream, const struct instruction *instructions, size_t count)
{
	size_t records = count_records(instructions, count);
	int same = 0;

	if (records == 0)
		return;
	fprintf(stream, "Create %s in the DNS:\n\n",
		records == 1 ? "this TXT record" : "these TXT records");
	for (size_t i = 0; i < count; i++) {
		const struct cw_challenge *challenge = instructions[i].challenge;

		if (!is_record(challenge))
			continue;
		fprintf(stream, "  name:   %s.\n  value:  %s\n\n", challenge->location,
			challenge->validation);
		for (size_t j = 0; j < i; j++)
			same = same || (is_record(instructions[j].challenge) &&
					strcmp(instructions[j].challenge->location,
					       challenge->location) == 0);
	}
	if (same)
		fputs("If a name is listed twice, create two records, one for each value.\n\n",
		      stream);
	if (count_type(instructions, count, "dns-persist-01") > 0)
		fputs("Leave the records at _validation-persist there: renewals need them, and "
		      "nothing else.\n\n",
		      stream);
	fputs("Before you continue, check that all name servers of the zone have the records. This "
	      "can take\nminutes.\n\n",
	      stream);
}

static void
write_http(const struct cw_host *host, FILE *stream, const struct instruction *instructions,
	   size_t count)
{
	const char *port = cw_host_setting(host, "http-01-port");
	size_t files = count_type(instructions, count, "http-01");

	if (files == 0)
		return;
	fprintf(stream,
		"Create %s with exactly this data, so that your web server%s serves %s:\n\n",
		files == 1 ? "this file" : "these files",
		port != NULL && strcmp(port, "80") != 0 ? " behind port 80" : "",
		files == 1 ? "it" : "them");
	for (size_t i = 0; i < count; i++) {
		const struct cw_challenge *challenge = instructions[i].challenge;
		int v6 = strcmp(challenge->identifier_type, "ip") == 0 &&
			 strchr(challenge->identifier, ':') != NULL;

		if (strcmp(challenge->type, "http-01") == 0)
			fprintf(stream, "  URL:   http://%s%s%s%s\n  data:  %s\n\n", v6 ? "[" : "",
				challenge->identifier, v6 ? "]" : "", challenge->location,
				challenge->validation);
	}
}

static void
write_alpn(FILE *stream, const struct instruction *instructions, size_t count)
{
	size_t certificates = count_type(instructions, count, "tls-alpn-01");

	if (certificates == 0)
		return;
	fprintf(stream,
		"Configure your TLS server on port 443 to present %s to clients that ask\n"
		"for the protocol \"acme-tls/1\" (ALPN, RFC 8737) and for the name (SNI):\n\n",
		certificates == 1 ? "this certificate" : "these certificates");
	for (size_t i = 0; i < count; i++) {
		const struct cw_challenge *challenge = instructions[i].challenge;

		if (strcmp(challenge->type, "tls-alpn-01") == 0)
			fprintf(stream,
				"  name:         %s\n  certificate:  %s\n  key:          %s\n\n",
				challenge->location, instructions[i].files->certificate,
				instructions[i].files->key);
	}
}

char *
instructions_text(const struct cw_host *host, const struct instruction *instructions, size_t count)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (stream == NULL)
		return NULL;
	write_http(host, stream, instructions, count);
	write_dns(stream, instructions, count);
	write_alpn(stream, instructions, count);
	fputs("Keep everything in place until the validation is over.", stream);
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
