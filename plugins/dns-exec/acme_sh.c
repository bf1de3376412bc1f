#include "acme_sh.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../common/helper.h"
#include "../common/instance.h"
#include "../common/words.h"

enum { SCRIPT_MAX = 1024 * 1024, NAME_SIZE = 128, SECRET_MIN = 4 };

char *
acme_sh_caller(void)
{
	return helper_path("dns-exec-acme.sh");
}

/* The folder that acme.sh is in: that of SCRIPT, or the one above it. *HOME NULL: neither. */
static int
find_home(const struct cw_host *host, const char *script, char **home)
{
	static const char *const above[] = {"", "/.."};
	int length = (int)(strrchr(script, '/') - script);

	for (size_t i = 0; i < 2; i++) {
		char *path = new_text("%.*s%s/acme.sh", length, script, above[i]);
		int found = path != NULL && access(path, R_OK) == 0;

		free(path);
		*home = new_text("%.*s%s", length, script, above[i]);
		if (path == NULL || *home == NULL)
			return fail_no_memory(host);
		if (found)
			return CW_OK;
		free(*home);
		*home = NULL;
	}
	return CW_OK;
}

/* acme.sh writes values with special characters in base64 between two marks. */
static void
keep_encoded_secrets(const struct cw_host *host, char *text)
{
	static const char begin[] = "__ACME_BASE64__START_", end[] = "__ACME_BASE64__END_";
	char *first, *last;

	while ((first = strstr(text, begin)) != NULL &&
	       (last = strstr(first += strlen(begin), end)) != NULL) {
		char *value = NULL;
		size_t length;

		*last = '\0';
		if (cw_host_decode(host, CW_BASE64, first, &value, &length) == CW_OK &&
		    length >= SECRET_MIN)
			host->secret(host, value);
		cw_host_release(host, value);
		text = last + 1;
	}
}

static int
read_account(const struct cw_host *host, const char *home)
{
	const char *elsewhere = getenv("LE_CONFIG_HOME");
	char *path = new_text("%s/account.conf",
			      elsewhere != NULL && *elsewhere != '\0' ? elsewhere : home);
	char *text = NULL;
	int status = CW_OK;

	if (path == NULL)
		return fail_no_memory(host);
	if (access(path, F_OK) == 0)
		status = host->read_credentials(host, path, &text);
	if (text != NULL)
		keep_encoded_secrets(host, text);
	free(path);
	cw_host_release(host, text);
	return status;
}

static void
keep_variable(const struct cw_host *host, const char *name, size_t length)
{
	char copy[NAME_SIZE];
	const char *value;

	if (length == 0 || length >= sizeof(copy))
		return;
	memcpy(copy, name, length);
	copy[length] = '\0';
	value = getenv(copy);
	if (value != NULL && strlen(value) >= SECRET_MIN)
		host->secret(host, value);
}

/* A script saves what it took from the environment: "_saveaccountconf_mutable NAME VALUE". The
 * values of these variables are secrets. */
static int
read_script(const struct cw_host *host, const char *script)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	static const char save[] = "_saveaccountconf";
	const char *slash = strrchr(script, '/');
	char *folder = new_text("%.*s", (int)(slash - script) + 1, script);
	char *text = NULL;
	size_t length = 0;
	int status = folder == NULL ? fail_no_memory(host)
				    : cw_host_read_below(host, folder, slash + 1, SCRIPT_MAX, &text,
							 &length);

	free(folder);
	for (const char *place = text; status == CW_OK && (place = strstr(place, save)) != NULL;) {
		place += strspn(place, letters);
		place += strspn(place, " \t\"'");
		keep_variable(host, place, strspn(place, letters));
	}
	cw_host_release(host, text);
	return status;
}

int
acme_sh_prepare(const struct cw_host *host, const char *script)
{
	char *home = NULL;
	int status;

	if (strchr(script, '/') == NULL && access(script, R_OK) == 0) {
		char *hint = new_text("give ./%s with --dns-exec-program", script);

		status = cw_host_fail(host, CW_E_USAGE, hint,
				      "the DNS script \"%s\" is given without a folder", script);
		free(hint);
		return status;
	}
	if (strchr(script, '/') == NULL || access(script, R_OK) != 0)
		return cw_host_fail(host, CW_E_NOT_FOUND,
				    "give the path of a script of acme.sh, such as "
				    "/root/.acme.sh/dnsapi/dns_cf.sh, with --dns-exec-program",
				    "there is no DNS script \"%s\" that can be read", script);
	status = find_home(host, script, &home);
	if (status == CW_OK && home == NULL)
		status = cw_host_fail(host, CW_E_NOT_FOUND,
				      "use the script where acme.sh is installed: the script uses "
				      "functions of acme.sh",
				      "there is no acme.sh beside the DNS script \"%s\", or in the "
				      "folder above it",
				      script);
	if (status == CW_OK)
		status = read_account(host, home);
	if (status == CW_OK)
		status = read_script(host, script);
	free(home);
	return status;
}
