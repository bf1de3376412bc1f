#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/permissions.h"
#include "base/text.h"
#include "crypto/x509.h"
#include "flow/ask/choose_lineage.h"
#include "flow/context.h"
#include "flow/moving/format.h"
#include "store/lineage.h"

#define PEM_MAX (1024 * 1024)
#define PASSWORD_MAX 1024
#define FILE_ROOM (256UL * 1024)

/* What the command line says. */
struct plan {
	const struct cw_export_format *format;
	const char *part;
	char *path; /* absolute; NULL: the standard output */
	bool overwrite;
	mode_t mode; /* of the file */
	uid_t owner;
	gid_t group;
};

static int
fail_usage(struct cw_error *error)
{
	cw_hint(error, "certwright export NAME --to FILE --format FORMAT; \"certwright help "
		       "export\" says which formats");
	return CW_E_USAGE;
}

/* One that is replaced keeps its owner and group, and what they may do; others may do nothing. */
static int
plan_file(struct plan *plan, struct cw_error *error)
{
	struct stat status;

	plan->mode = 0600;
	plan->owner = (uid_t)-1;
	plan->group = (gid_t)-1;
	if (lstat(plan->path, &status) != 0)
		return errno == ENOENT ? CW_OK : cw_fail_path(error, errno, "write", plan->path);
	if (!S_ISREG(status.st_mode)) {
		cw_fail(error, CW_E_INVALID, "\"%s\" is not a regular file", plan->path);
		cw_hint(error, "give the path of a file; for the standard output, give \"-\"");
		return CW_E_INVALID;
	}
	if (!plan->overwrite) {
		cw_fail(error, CW_E_EXISTS, "there is a file \"%s\" already", plan->path);
		cw_hint(error, "give --overwrite to replace it");
		return CW_E_EXISTS;
	}
	plan->mode = (status.st_mode & 0660) | 0600;
	plan->owner = status.st_uid;
	plan->group = status.st_gid;
	return CW_OK;
}

static int
plan_output(const struct cw_settings *settings, struct plan *plan, struct cw_error *error)
{
	if (cw_settings_flag(settings, "json"))
		return cw_fail(error, CW_E_USAGE,
			       "the standard output cannot have both the certificate and --json");
	if (plan->format->is_binary && isatty(STDOUT_FILENO) == 1)
		return cw_fail(error, CW_E_USAGE, "%s cannot be shown on a terminal",
			       plan->format->name);
	return CW_OK;
}

static int
make_plan(const struct cw_settings *settings, struct plan *plan, struct cw_error *error)
{
	const char *format = cw_settings_get(settings, "export_format");
	const char *to = cw_settings_get(settings, "export_to");

	*plan = (struct plan){
		.part = cw_settings_get(settings, "export_part"),
		.overwrite = cw_settings_flag(settings, "export_overwrite"),
	};
	if (to == NULL || *to == '\0')
		cw_fail(error, CW_E_USAGE, "the file to write is missing");
	else if (format == NULL)
		cw_fail(error, CW_E_USAGE, "the format to export is missing");
	if (to == NULL || *to == '\0' || format == NULL)
		return fail_usage(error);
	plan->format = cw_export_format_by_name(format);
	if (cw_settings_given(settings, "export_part") && strcmp(format, "der") != 0)
		return cw_fail(error, CW_E_USAGE, "--part can only be given with --format der");
	if (cw_settings_given(settings, "export_password_file") && !plan->format->needs_password) {
		cw_fail(error, CW_E_USAGE, "the format %s has no password", format);
		cw_hint(error, "give --format pkcs12 for an encrypted file");
		return CW_E_USAGE;
	}
	if (cw_ends_with(to, "/")) {
		cw_fail(error, CW_E_USAGE, "\"%s\" is a folder, not a file", to);
		cw_hint(error, "give the path of the file to write with --to");
		return CW_E_USAGE;
	}
	if (strcmp(to, "-") == 0)
		return plan_output(settings, plan, error);
	plan->path = cw_path_absolute(to);
	return plan_file(plan, error);
}

static int
read_password(const char *path, char **password, struct cw_error *error)
{
	cw_auto(cw_buf_wipe) struct cw_buf text = {0};
	struct stat status;
	int result = cw_file_read_and_stat(path, PASSWORD_MAX, &text, &status, error);

	if (result == CW_OK)
		result = cw_permissions_check("the password file", path, error);
	if (result < 0)
		return result;
	if (memchr(cw_buf_text(&text), '\0', text.length) != NULL)
		return cw_fail(error, CW_E_INVALID, "the password file \"%s\" is not a text", path);
	cw_permissions_warn_readable("the password file", path, status.st_mode);
	*password = cw_memdup(cw_buf_text(&text), strcspn(cw_buf_text(&text), "\r\n"));
	return CW_OK;
}

static int
ask_password(const struct cw_asker *asker, char **password, struct cw_error *error)
{
	cw_autosecret char *again = NULL;
	int status;

	if (!asker->interactive) {
		cw_fail(error, CW_E_USAGE, "the password of the new file is missing");
		cw_hint(error, "give a file that has it with --password-file");
		return CW_E_USAGE;
	}
	status = asker->text(asker->context, "Password of the new file", true, password, error);
	if (status == CW_OK)
		status = asker->text(asker->context, "The same again", true, &again, error);
	if (status == CW_OK && strcmp(*password, again) != 0)
		return cw_fail(error, CW_E_INVALID, "the two passwords differ");
	return status;
}

static int
get_password(const struct cw_context *context, const struct plan *plan, char **password,
	     struct cw_error *error)
{
	const char *path = cw_settings_get(context->settings, "export_password_file");
	int status;

	if (!plan->format->needs_password)
		return CW_OK;
	status = path != NULL ? read_password(path, password, error)
			      : ask_password(context->asker, password, error);
	if (status < 0)
		return status;
	if (**password == '\0')
		return path != NULL ? cw_fail(error, CW_E_INVALID,
					      "the first line of the password file \"%s\" is empty",
					      path)
				    : cw_fail(error, CW_E_INVALID, "the password is empty");
	cw_log_secret(*password);
	return CW_OK;
}

static int
read_part(const struct cw_lineage *lineage, enum cw_kind kind, struct cw_buf *text,
	  struct cw_error *error)
{
	cw_autofree char *path = cw_lineage_file(lineage, kind, lineage->version);

	return cw_file_read(path, PEM_MAX, text, error);
}

/* The parts of one version, also while a renewal switches to another one. */
static int
make_file(const struct cw_lineage *lineage, const struct plan *plan, const char *password,
	  struct cw_buf *file, struct cw_error *error)
{
	cw_auto_buf struct cw_buf fullchain = {0};
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_auto_key struct cw_key *key = NULL;
	cw_autofree char *key_path = cw_lineage_file(lineage, CW_KIND_PRIVKEY, lineage->version);
	cw_autofree char *leaf = NULL;
	cw_autofree char *issuers = NULL;
	struct cw_exported exported;
	int status = read_part(lineage, CW_KIND_FULLCHAIN, &fullchain, error);

	if (status == CW_OK)
		status = cw_chain_split(cw_buf_text(&fullchain), fullchain.length, &leaf, &issuers,
					&certificate, error);
	if (status == CW_OK)
		status = cw_key_load(key_path, &key, error);
	if (status == CW_OK && !cw_certificate_has_key(certificate, key))
		status = cw_fail(error, CW_E_INVALID,
				 "the key \"%s\" does not belong to the certificate", key_path);
	if (status < 0)
		return status;
	exported = (struct cw_exported){
		.name = lineage->name, .leaf = leaf, .issuers = issuers, .key = key};
	/* Room for all of it, so that no copy of the key stays where the buffer was before. */
	cw_buf_reserve(file, FILE_ROOM);
	return plan->format->make(&exported, plan->part, password, file, error);
}

static int
write_file(const struct plan *plan, const struct cw_buf *file, struct cw_error *error)
{
	const struct cw_file_mode mode = {
		.mode = plan->mode,
		.owner = plan->owner,
		.group = plan->group,
		.exclusive = !plan->overwrite,
	};
	int number;

	if (plan->path != NULL)
		return cw_file_write(plan->path, file->data, file->length, &mode, error);
	number = cw_write_all(STDOUT_FILENO, file->data, file->length);
	return number == 0 ? CW_OK
			   : cw_fail_errno(error, number, "cannot write to the standard output");
}

static void
report(const struct cw_lineage *lineage, const struct plan *plan, struct json_object *result)
{
	struct json_object *exported = cw_json_new_object();
	bool is_der = strcmp(plan->format->name, "der") == 0;

	cw_json_set_string(exported, "name", lineage->name);
	cw_json_set_string(exported, "format", plan->format->name);
	cw_json_set_string(exported, "part", is_der ? plan->part : NULL);
	cw_json_set_string(exported, "path", plan->path);
	cw_json_set_bool(exported, "private_key", !is_der || strcmp(plan->part, "privkey") == 0);
	cw_json_set(result, "exported", exported);
}

/* The verb changes nothing of ours, but it does write. */
int
cw_check_export(const struct cw_settings *settings, struct cw_error *error)
{
	if (!cw_settings_flag(settings, "dry_run"))
		return CW_OK;
	cw_fail(error, CW_E_USAGE, "--dry-run cannot be used with export");
	cw_hint(error, "leave it out: without --overwrite, export replaces no file");
	return CW_E_USAGE;
}

static int
choose(struct cw_context *context, struct cw_lineage **lineage, struct cw_error *error)
{
	cw_autofree char *name = NULL;
	int status = CW_OK;

	if (context->words->count > 0)
		status = cw_settings_set(context->settings, "certname", CW_SOURCE_COMMAND,
					 context->words->items[0], error);
	if (status == CW_OK)
		status = cw_choose_lineage(context, &name, error);
	return status < 0 ? status
			  : cw_lineage_load(context->directories.config, name, lineage, error);
}

int
cw_flow_export(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_autosecret char *password = NULL;
	cw_auto(cw_buf_wipe) struct cw_buf file = {0};
	struct plan plan;
	int status = make_plan(context->settings, &plan, error);

	if (status == CW_OK)
		status = choose(context, &lineage, error);
	if (status == CW_OK)
		status = get_password(context, &plan, &password, error);
	if (status == CW_OK)
		status = make_file(lineage, &plan, password, &file, error);
	if (status == CW_OK)
		status = write_file(&plan, &file, error);
	if (status == CW_OK)
		report(lineage, &plan, result);
	free(plan.path);
	return status;
}
