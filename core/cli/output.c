#include "cli/output.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/printable.h"
#include "base/text.h"
#include "store/logfile.h"

static void
rule(void)
{
	puts("- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -");
}

static const char *
text_of(struct json_object *object, const char *key)
{
	const char *text = cw_json_string(object, key);

	return text != NULL ? text : "none";
}

/* The strings of an array with SEPARATOR between them; release with free(). */
static char *
join(struct json_object *array, const char *separator)
{
	cw_auto_strv struct cw_strv parts = {0};

	for (size_t i = 0; array != NULL && i < json_object_array_length(array); i++)
		cw_strv_add(&parts, json_object_get_string(json_object_array_get_idx(array, i)));
	return cw_strv_join(&parts, separator);
}

typedef void (*item_renderer)(struct json_object *item);

static void
each(struct json_object *result, const char *key, item_renderer render)
{
	struct json_object *array = cw_json_array(result, key);

	for (size_t i = 0; array != NULL && i < json_object_array_length(array); i++)
		render(json_object_array_get_idx(array, i));
}

static size_t
count(struct json_object *result, const char *key)
{
	struct json_object *array = cw_json_array(result, key);

	return array != NULL ? json_object_array_length(array) : 0;
}

static void
render_obtained(struct json_object *item)
{
	const char *action = text_of(item, "action");

	if (strcmp(action, "failed") == 0)
		return;
	if (strcmp(action, "simulated") == 0) {
		printf("The dry run for \"%s\" was successful.\n", text_of(item, "name"));
		return;
	}
	if (strcmp(action, "kept") != 0)
		puts("\nSuccessfully received certificate.");
	printf("Certificate is saved at: %s\n", text_of(item, "fullchain_path"));
	printf("Key is saved at:         %s\n", text_of(item, "key_path"));
	printf("This certificate expires on %.10s.\n", text_of(item, "expiry"));
}

/* What renews here, or how to have it done. */
static void
render_schedule(struct json_object *result)
{
	struct json_object *renewal = cw_json_object(result, "renewal");
	const char *runner = cw_json_string(renewal, "scheduled_by");
	const char *setup = cw_json_string(renewal, "setup");
	const char *file = cw_json_string(renewal, "file");
	const char *prevented = cw_json_string(renewal, "prevented");

	if (renewal == NULL)
		return;
	if (prevented != NULL) {
		printf("Renewal: nothing renews this certificate, because %s. To change this, "
		       "run:\n  %s\n",
		       prevented, setup);
		return;
	}
	if (runner != NULL) {
		printf("Renewal: %s\n", runner);
		return;
	}
	if (setup == NULL) {
		puts("Renewal: set up already, according to --preconfigured-renewal, but no timer "
		     "or "
		     "cron job was found.");
		return;
	}
	fputs("Renewal: no timer or cron job was found. To set one up, ", stdout);
	if (file != NULL)
		printf("add this line to %s:\n", file);
	else
		puts("run:");
	printf("  %s\n", setup);
}

void
cw_render_obtained(struct json_object *result)
{
	each(result, "certificates", render_obtained);
	render_schedule(result);
}

static void
render_installation(struct json_object *installed)
{
	cw_autofree char *names = join(cw_json_array(installed, "names"), ", ");
	cw_autofree char *enhancements = join(cw_json_array(installed, "enhancements"), ", ");

	if (*names != '\0')
		printf("Configured with %s: %s\n", text_of(installed, "installer"), names);
	if (*enhancements != '\0')
		printf("Enhancements: %s\n", enhancements);
	if (!cw_json_bool(installed, "changed", true))
		puts("The server's configuration was already up to date. No file was changed.");
}

void
cw_render_installed(struct json_object *result)
{
	struct json_object *installed = cw_json_object(result, "installed");

	each(result, "certificates", render_obtained);
	/* The null installer configures nothing. */
	if (installed != NULL && strcmp(text_of(installed, "installer"), "null") != 0 &&
	    (count(installed, "names") > 0 || count(installed, "unneeded_enhancements") > 0))
		render_installation(installed);
	render_schedule(result);
}

static bool
has_action(struct json_object *item, const char *action)
{
	return strcmp(text_of(item, "action"), action) == 0;
}

/* What renew did for a certificate, as the heading under which it is listed. */
enum ending { NOT_DUE, RENEWED, UNUSED, IN_USE, FAILED };

static enum ending
ending_of(struct json_object *item)
{
	if (has_action(item, "kept"))
		return NOT_DUE;
	if (has_action(item, "installed") || has_action(item, "reloaded"))
		return IN_USE;
	if (has_action(item, "failed"))
		return FAILED;
	return cw_json_object(item, "error") != NULL ? UNUSED : RENEWED;
}

static void
render_renewed(struct json_object *item)
{
	const char *path = cw_json_string(item, "fullchain_path");
	enum ending ending = ending_of(item);

	if (path == NULL)
		path = text_of(item, "name");
	if (ending == NOT_DUE)
		printf("  %s expires on %.10s (skipped)\n", path, text_of(item, "expiry"));
	else if (ending == IN_USE)
		printf("  %s (%s)\n", path, text_of(item, "action"));
	else if (ending == UNUSED)
		printf("  %s (saved, but not in use yet)\n", path);
	else
		printf("  %s (%s)\n", path, ending == FAILED ? "failure" : "success");
}

static void
render_skipped(struct json_object *item)
{
	printf("  %s (skipped)\n", json_object_get_string(item));
}

/* The certificates with ENDING under HEADING, if there are any. */
static void
render_ended(struct json_object *result, enum ending ending, const char *heading)
{
	struct json_object *array = cw_json_array(result, "certificates");
	bool begun = false;

	for (size_t i = 0; array != NULL && i < json_object_array_length(array); i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		if (ending_of(item) != ending)
			continue;
		if (!begun)
			puts(heading);
		begun = true;
		render_renewed(item);
	}
}

static bool
is_dry_run(struct json_object *result)
{
	struct json_object *array = cw_json_array(result, "certificates");

	for (size_t i = 0; array != NULL && i < json_object_array_length(array); i++)
		if (has_action(json_object_array_get_idx(array, i), "simulated"))
			return true;
	return false;
}

void
cw_render_renewed(struct json_object *result)
{
	if (count(result, "certificates") + count(result, "skipped") == 0)
		return;
	rule();
	if (count(result, "skipped") > 0)
		puts("These certificates are not due for renewal yet:");
	each(result, "skipped", render_skipped);
	render_ended(result, NOT_DUE, "These certificates are not due for renewal yet:");
	render_ended(result, RENEWED,
		     is_dry_run(result) ? "The dry run succeeded for these certificates:"
					: "These certificates were renewed:");
	render_ended(result, UNUSED,
		     "These certificates were renewed, but their servers do not use them yet:");
	render_ended(result, IN_USE, "Web servers now use these certificates of earlier runs:");
	render_ended(result, FAILED, "These certificates could not be renewed or installed:");
	rule();
}

/* "2026-01-31T12:00:00Z" as Certbot prints it, "2026-01-31 12:00:00+00:00". */
static char *
expiry_of(struct json_object *item)
{
	const char *expiry = text_of(item, "expiry");

	if (strlen(expiry) != 20)
		return cw_strdup(expiry);
	return cw_format("%.10s %.8s+00:00", expiry, expiry + 11);
}

static void
render_renewal(struct json_object *item)
{
	struct json_object *failure = cw_json_object(item, "last_failure");
	bool autorenew = cw_json_bool(item, "autorenew", true);

	printf("    Authenticator: %s\n", text_of(item, "authenticator"));
	printf("    Server: %s\n", text_of(item, "server"));
	if (autorenew)
		printf("    Due for Renewal: %.10s\n", text_of(item, "due"));
	else
		puts("    Due for Renewal: never (autorenew is off)");
	if (failure != NULL)
		printf("    Last Renewal Failed: %s: %s\n", text_of(failure, "time"),
		       text_of(cw_json_object(failure, "error"), "message"));
}

void
cw_render_certificate(struct json_object *item, bool first)
{
	cw_autofree char *expiry = expiry_of(item);
	cw_autofree char *domains = join(cw_json_array(item, "domains"), " ");
	cw_autofree char *reasons = join(cw_json_array(item, "reasons"), ", ");
	int64_t days = cw_json_int(item, "days_left", 0);

	if (first) {
		rule();
		puts("Found the following certs:");
	}
	printf("  Certificate Name: %s\n", text_of(item, "name"));
	printf("    Serial Number: %s\n", text_of(item, "serial"));
	printf("    Key Type: %s\n", text_of(item, "key_type"));
	printf("    Domains: %s\n", domains);
	if (strcmp(text_of(item, "status"), "VALID") == 0)
		printf("    Expiry Date: %s (VALID: %lld day%s)\n", expiry, (long long)days,
		       days == 1 ? "" : "s");
	else
		printf("    Expiry Date: %s (INVALID: %s)\n", expiry, reasons);
	printf("    Certificate Path: %s\n", text_of(item, "fullchain_path"));
	printf("    Private Key Path: %s\n", text_of(item, "key_path"));
	render_renewal(item);
}

static void
render_broken(struct json_object *item)
{
	printf("  %s: %s\n", text_of(item, "name"),
	       text_of(cw_json_object(item, "error"), "message"));
}

void
cw_render_certificates(struct json_object *result)
{
	/* Where none was shown, the array is still there. */
	bool shown = cw_json_array(result, "certificates") == NULL;

	if (!shown && count(result, "broken") == 0)
		return;
	if (!shown)
		rule();
	if (count(result, "broken") > 0) {
		printf("%sThese certificates could not be read:\n", shown ? "\n" : "");
		each(result, "broken", render_broken);
	}
	render_schedule(result);
	rule();
}

void
cw_render_account(struct json_object *result)
{
	struct json_object *account = cw_json_object(result, "account");
	cw_autofree char *contacts = NULL;

	if (account == NULL)
		return;
	contacts = join(cw_json_array(account, "contact"), ", ");
	printf("Account details for server %s:\n", text_of(account, "server"));
	printf("  Account URL: %s\n", text_of(account, "uri"));
	printf("  Account Thumbprint: %s\n", text_of(account, "thumbprint"));
	printf("  Email contact%s: %s\n", count(account, "contact") > 1 ? "s" : "",
	       *contacts != '\0' ? contacts : "none");
	printf("  Status: %s\n", text_of(account, "status"));
}

static void
render_plugin(struct json_object *item)
{
	cw_autofree char *roles = join(cw_json_array(item, "roles"), ", ");
	cw_autofree char *types = join(cw_json_array(item, "challenge_types"), ", ");
	struct json_object *prepared = NULL;

	printf("* %s\n", text_of(item, "name"));
	printf("  Description: %s\n", text_of(item, "description"));
	printf("  Version: %s (ABI %s)\n", text_of(item, "version"), text_of(item, "abi"));
	printf("  Roles: %s\n", roles);
	if (*types != '\0')
		printf("  Challenge types: %s\n", types);
	printf("  Path: %s\n", text_of(item, "path"));
	if (json_object_object_get_ex(item, "prepared", &prepared) && prepared != NULL) {
		if (json_object_is_type(prepared, json_type_boolean))
			puts("  Ready: yes");
		else
			printf("  Ready: no: %s\n", text_of(prepared, "message"));
	}
	putchar('\n');
}

static void
render_refused(struct json_object *item)
{
	printf("! %s\n", text_of(cw_json_object(item, "error"), "message"));
}

void
cw_render_plugins(struct json_object *result)
{
	rule();
	if (count(result, "plugins") == 0)
		puts("No plugins found.");
	each(result, "plugins", render_plugin);
	if (count(result, "refused") > 0) {
		puts("These were refused:");
		each(result, "refused", render_refused);
	}
	rule();
}

/* CAA records are a precaution: they make nothing possible, and can forbid something. */
static bool
is_caution(struct json_object *item)
{
	return strcmp(text_of(item, "type"), "CAA") == 0;
}

static void
render_record(struct json_object *item)
{
	const char *problem = cw_json_string(item, "problem");
	bool present = cw_json_bool(item, "present", false);

	if (is_caution(item))
		printf("CAA of %s: ", text_of(item, "domain"));
	else
		printf("%s for %s of %s: ", text_of(item, "type"), text_of(item, "purpose"),
		       text_of(item, "domain"));
	if (present)
		puts("there");
	else if (problem != NULL)
		puts(problem);
	else if (cw_json_string(item, "line") == NULL)
		printf("missing; --dns-alias %s=TARGET gives its line\n", text_of(item, "domain"));
	else
		puts("missing");
	if (count(item, "found") > 0 && !present) {
		cw_autofree char *found = join(cw_json_array(item, "found"), "\n  there is: ");

		printf("  there is: %s\n", found);
	}
}

/* The lines of what is missing, below HEADING if there are some. */
static void
render_lines(struct json_object *result, bool caution, const char *heading)
{
	struct json_object *records = cw_json_array(result, "records");

	for (size_t i = 0; i < count(result, "records"); i++) {
		struct json_object *item = json_object_array_get_idx(records, i);
		const char *line = cw_json_string(item, "line");

		if (line == NULL || cw_json_bool(item, "present", false) ||
		    is_caution(item) != caution)
			continue;
		if (heading != NULL)
			printf("\n%s\n", heading);
		heading = NULL;
		puts(line);
	}
}

void
cw_render_dns_records(struct json_object *result)
{
	if (count(result, "records") == 0)
		return;
	printf("Account: %s\n\n", text_of(result, "account_uri"));
	each(result, "records", render_record);
	render_lines(result, false, "Lines for the zone files, where a record is missing:");
	render_lines(result, true,
		     "Optional, and with care: these forbid every other CA and account, and with "
		     "validationmethods\nevery other challenge, to validate the name and those "
		     "below it:");
}

static void
render_file(struct json_object *item)
{
	printf("  %s\n", json_object_get_string(item));
}

static void
render_finding(struct json_object *item)
{
	const char *message = cw_json_string(item, "message");
	const char *hint = cw_json_string(item, "hint");

	printf("%-8s %s", text_of(item, "result"), text_of(item, "check"));
	if (message != NULL)
		printf(": %s", message);
	if (hint != NULL)
		printf(" (%s)", hint);
	putchar('\n');
}

void
cw_render_plugin_tool(struct json_object *result)
{
	struct json_object *created = cw_json_object(result, "created");
	struct json_object *checked = cw_json_object(result, "checked");

	if (checked != NULL)
		each(checked, "findings", render_finding);
	if (created == NULL)
		return;
	printf("The plugin \"%s\" begins in %s:\n", text_of(created, "name"),
	       text_of(created, "folder"));
	each(created, "files", render_file);
	puts("Now run \"make check\" there.");
}

static void
render_moved(struct json_object *item, const char *what, const char *name)
{
	static const char *const shown[][2] = {
		{"imported", "Imported"},
		{"simulated", "Would be imported"},
		{"present", "Already here"},
	};
	const char *action = text_of(item, "action");

	for (size_t i = 0; i < CW_COUNT(shown); i++)
		if (strcmp(action, shown[i][0]) == 0)
			printf("%s: %s %s (%s)\n", shown[i][1], what, name,
			       text_of(item, "source"));
}

static void
render_moved_account(struct json_object *item)
{
	render_moved(item, "account", text_of(item, "uri"));
}

static void
render_moved_certificate(struct json_object *item)
{
	cw_autofree char *domains = join(cw_json_array(item, "domains"), ", ");
	cw_autofree char *name = cw_format("\"%s\" for %s", text_of(item, "name"), domains);

	render_moved(item, "certificate", name);
}

static void
render_remark(struct json_object *item)
{
	const char *hint = cw_json_string(item, "hint");

	printf("* %s: %s\n", text_of(item, "source"), text_of(item, "message"));
	if (hint != NULL)
		printf("  To do: %s\n", hint);
}

void
cw_render_imported(struct json_object *result)
{
	each(result, "accounts", render_moved_account);
	each(result, "certificates", render_moved_certificate);
	if (count(result, "not_taken_over") > 0)
		puts("\nThis needs your attention:");
	each(result, "not_taken_over", render_remark);
}

void
cw_render_exported(struct json_object *result)
{
	struct json_object *exported = cw_json_object(result, "exported");
	const char *path = cw_json_string(exported, "path");

	/* Else the standard output has the file itself. */
	if (path != NULL)
		printf("The certificate \"%s\" is in %s.\n", text_of(exported, "name"), path);
}

/* TEXT without secrets, as a terminal may have it; release with free(). */
static char *
harmless(const char *text)
{
	cw_autofree char *redacted = cw_redact(text);

	return cw_printable(redacted, true);
}

static void
print_detail(void *context, const char *line)
{
	cw_autofree char *safe = harmless(line);

	(void)context;
	fprintf(stderr, "%s\n", safe);
	cw_log_error("%s", line);
}

void
cw_print_error(const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);
	cw_autofree char *safe = harmless(line);

	fprintf(stderr, "certwright: %s\n", safe);
	cw_log_error("%s", line);
	cw_error_details(error, 0, print_detail, NULL);
	if (cw_logfile_current() != NULL)
		fprintf(stderr, "log: %s\n", cw_logfile_current());
}
