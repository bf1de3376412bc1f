#include "flow/issue/names.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/idn.h"
#include "base/text.h"
#include "crypto/summary.h"

static bool
is_address(const char *text, char *canonical)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	for (int family = AF_INET;; family = AF_INET6) {
		if (inet_pton(family, text, bytes) == 1) {
			inet_ntop(family, bytes, canonical, INET6_ADDRSTRLEN);
			return true;
		}
		if (family == AF_INET6)
			return false;
	}
}

bool
cw_is_address(const char *text)
{
	char canonical[INET6_ADDRSTRLEN];

	return is_address(text, canonical);
}

static int
check_label(const char *name, const char *label, size_t length, struct cw_error *error)
{
	if (length == 0)
		return cw_fail(error, CW_E_INVALID, "\"%s\" has an empty label (two dots in a row)",
			       name);
	if (length > 63)
		return cw_fail(error, CW_E_INVALID,
			       "\"%s\" has a label of %zu bytes; at most 63 are allowed", name,
			       length);
	for (size_t i = 0; i < length; i++) {
		unsigned char character = (unsigned char)label[i];

		if (character == '*') {
			cw_fail(error, CW_E_INVALID,
				"\"%s\" has a wildcard that is not the whole first label", name);
			cw_hint(error, "write a wildcard as *.example.com");
			return CW_E_INVALID;
		}
		if (!isalnum(character) && character != '-')
			return cw_fail(
				error, CW_E_INVALID,
				"\"%s\" has a character that is not allowed in domain names: '%c'",
				name, isprint(character) ? character : '?');
	}
	if (label[0] == '-' || label[length - 1] == '-')
		return cw_fail(error, CW_E_INVALID,
			       "\"%s\" has a label that begins or ends with '-'", name);
	return CW_OK;
}

static int
check_dns_name(const char *name, struct cw_error *error)
{
	const char *rest = cw_starts_with(name, "*.") ? name + 2 : name;
	size_t labels = 0;

	if (strlen(name) > 253)
		return cw_fail(error, CW_E_INVALID, "\"%.60s...\" is longer than 253 bytes", name);
	for (;;) {
		size_t length = strcspn(rest, ".");

		if (check_label(name, rest, length, error) < 0)
			return CW_E_INVALID;
		labels++;
		if (rest[length] == '\0')
			break;
		rest += length + 1;
	}
	if (labels < 2) {
		cw_fail(error, CW_E_INVALID, "\"%s\" is not a fully qualified domain name", name);
		cw_hint(error,
			"public CAs need a name with at least one dot, such as %s.example.com",
			name);
		return CW_E_INVALID;
	}
	return CW_OK;
}

int
cw_names_add_dns_name(struct cw_names *names, const char *name, struct cw_error *error)
{
	cw_autofree char *ascii = NULL;
	char address[INET6_ADDRSTRLEN];
	size_t length;
	int status;

	if (strstr(name, "://") != NULL || strchr(name, '/') != NULL) {
		cw_fail(error, CW_E_INVALID, "\"%s\" is a URL, not a domain name", name);
		cw_hint(error, "give only the host name, without https:// and path");
		return CW_E_INVALID;
	}
	if (is_address(name, address)) {
		cw_fail(error, CW_E_INVALID, "\"%s\" is an IP address, not a domain name", name);
		cw_hint(error, "give it with --ip-address %s", address);
		return CW_E_INVALID;
	}
	if (strchr(name, ':') != NULL) {
		cw_fail(error, CW_E_INVALID,
			"\"%s\" contains a ':'; a certificate is for a name, not for a port", name);
		cw_hint(error, "give only the host name");
		return CW_E_INVALID;
	}
	status = cw_idn_to_ascii(name, &ascii, error);
	if (status < 0)
		return status;
	length = strlen(ascii);
	if (length > 1 && ascii[length - 1] == '.')
		ascii[length - 1] = '\0';
	if (*ascii == '\0')
		return cw_fail(error, CW_E_INVALID, "an empty domain name was given");
	status = check_dns_name(ascii, error);
	if (status < 0)
		return status;
	cw_strv_add_unique(&names->dns, ascii);
	return CW_OK;
}

int
cw_names_add_ip_address(struct cw_names *names, const char *address, struct cw_error *error)
{
	char canonical[INET6_ADDRSTRLEN];

	if (!is_address(address, canonical)) {
		cw_fail(error, CW_E_INVALID, "\"%s\" is not an IPv4 or IPv6 address", address);
		cw_hint(error, "give domain names with -d");
		return CW_E_INVALID;
	}
	cw_strv_add_unique(&names->ip, canonical);
	return CW_OK;
}

int
cw_names_from_settings(const struct cw_settings *settings, struct cw_names *names,
		       struct cw_error *error)
{
	const struct cw_strv *domains = cw_settings_list(settings, "domains");
	const struct cw_strv *addresses = cw_settings_list(settings, "ip_addresses");
	int status = CW_OK;

	for (size_t i = 0; i < domains->count && status == CW_OK; i++)
		status = cw_names_add_dns_name(names, domains->items[i], error);
	for (size_t i = 0; i < addresses->count && status == CW_OK; i++)
		status = cw_names_add_ip_address(names, addresses->items[i], error);
	return status;
}

int
cw_names_from_certificate(const char *path, struct cw_names *names, struct cw_error *error)
{
	cw_auto_certificate_summary struct cw_certificate_summary certificate = {0};
	int status = cw_certificate_summary_read(path, CW_SUMMARY_NAMES, &certificate, error);

	if (status == CW_OK) {
		cw_strv_add_all(&names->dns, &certificate.dns);
		cw_strv_add_all(&names->ip, &certificate.ip);
	}
	return status;
}

size_t
cw_names_count(const struct cw_names *names)
{
	return names->dns.count + names->ip.count;
}

void
cw_names_all(const struct cw_names *names, struct cw_strv *all)
{
	cw_strv_add_all(all, &names->dns);
	cw_strv_add_all(all, &names->ip);
}

static bool
contains_all(const struct cw_strv *all, const struct cw_strv *some)
{
	for (size_t i = 0; i < some->count; i++)
		if (!cw_strv_contains(all, some->items[i]))
			return false;
	return true;
}

bool
cw_names_contain(const struct cw_names *all, const struct cw_names *some)
{
	return contains_all(&all->dns, &some->dns) && contains_all(&all->ip, &some->ip);
}

static bool
have_common(const struct cw_strv *a, const struct cw_strv *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (cw_strv_contains(b, a->items[i]))
			return true;
	return false;
}

bool
cw_names_overlap(const struct cw_names *a, const struct cw_names *b)
{
	return have_common(&a->dns, &b->dns) || have_common(&a->ip, &b->ip);
}

bool
cw_names_equal(const struct cw_names *a, const struct cw_names *b)
{
	return cw_names_count(a) == cw_names_count(b) && cw_names_contain(a, b);
}

char *
cw_names_summary(const struct cw_names *names)
{
	cw_auto_strv struct cw_strv all = {0};

	cw_names_all(names, &all);
	switch (all.count) {
	case 0: return cw_strdup("no names");
	case 1: return cw_strdup(all.items[0]);
	case 2: return cw_format("%s and %s", all.items[0], all.items[1]);
	default: return cw_format("%s and %zu more names", all.items[0], all.count - 1);
	}
}

void
cw_names_copy(struct cw_names *to, const struct cw_names *from)
{
	cw_strv_copy(&to->dns, &from->dns);
	cw_strv_copy(&to->ip, &from->ip);
}

void
cw_names_clear(struct cw_names *names)
{
	cw_strv_clear(&names->dns);
	cw_strv_clear(&names->ip);
}
