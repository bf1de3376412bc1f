#include "flow/agent/provided.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "crypto/x509.h"
#include "flow/agent/lapsed.h"
#include "flow/agent/plan.h"
#include "flow/agent/stand_in.h"
#include "flow/issue/names.h"
#include "flow/report/provided.h"
#include "store/stand_in.h"

#define IS_PROVIDED "has a provided certificate now"

enum { FILE_MAX = 1024 * 1024 };

/* A certificate in files, with what is wrong with it. */
struct offer {
	char *folder;
	bool usable; /* a pair that belongs together, and has not expired */
	bool expired;
	int64_t not_before, expiry;
	struct cw_names names;
};

static void
clear_offer(struct offer *offer)
{
	free(offer->folder);
	cw_names_clear(&offer->names);
}

void
cw_settled_clear(struct cw_settled *settled)
{
	free(settled->problem);
	free(settled->hint);
}

static void
complain(struct cw_settled *settled, const char *message, const char *hint)
{
	if (settled->problem != NULL)
		return;
	settled->problem = cw_strdup(message);
	settled->hint = cw_strdup(hint);
}

static void
add_problems(struct cw_settled *settled, struct json_object *problems)
{
	for (size_t i = 0; i < json_object_array_length(problems); i++) {
		struct json_object *problem = json_object_array_get_idx(problems, i);

		complain(settled, cw_json_string(problem, "message"),
			 cw_json_string(problem, "hint"));
	}
}

/* Reads the certificate in FOLDER and checks it. */
static void
read_offer(const char *folder, struct offer *offer, struct cw_settled *settled)
{
	cw_auto_json struct json_object *problems = cw_json_new_array();
	cw_autofree char *path = cw_provided_certificate(folder);
	cw_auto_certificate struct cw_certificate *certificate = NULL;

	offer->folder = cw_strdup(folder);
	cw_provided_check(folder, problems);
	add_problems(settled, problems);
	if (path == NULL || cw_certificate_load(path, &certificate, NULL) < 0)
		return;
	offer->not_before = cw_certificate_not_before(certificate);
	offer->expiry = cw_certificate_not_after(certificate);
	offer->expired = cw_time() >= offer->expiry;
	offer->usable = json_object_array_length(problems) == 0 && !offer->expired;
	cw_certificate_names(certificate, &offer->names.dns, &offer->names.ip);
	if (offer->expired) {
		cw_autofree char *when = cw_format_utc(offer->expiry);
		cw_autofree char *message =
			cw_format("the certificate \"%s\" expired at %s", path, when);

		complain(settled, message, "provide a new one");
	}
}

static bool
covers(const struct cw_strv *names, const char *wanted)
{
	const char *dot = strchr(wanted, '.');

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		if (strcmp(name, wanted) == 0 ||
		    (strncmp(name, "*.", 2) == 0 && dot != NULL && strcmp(name + 1, dot) == 0))
			return true;
	}
	return false;
}

static void
check_names(const struct cw_managed *managed, const struct offer *offer, struct cw_settled *settled)
{
	cw_auto_strv struct cw_strv names = {0}, missing = {0};
	cw_autofree char *list = NULL, *message = NULL;

	cw_names_all(&offer->names, &names);
	for (size_t i = 0; i < managed->domains.count; i++)
		if (!covers(&names, managed->domains.items[i]))
			cw_strv_add(&missing, managed->domains.items[i]);
	if (missing.count == 0 || names.count == 0)
		return;
	list = cw_strv_join(&missing, ", ");
	message = cw_format("the certificate in \"%s\" is not for: %s", offer->folder, list);
	complain(settled, message,
		 "provide one that has all names, or change the names in the "
		 "agent's configuration");
}

/* Whether the folder of the option "provided" has anything. There, files may be links, as those of
 * another store or of a volume are. */
static bool
has_offer(const char *folder)
{
	static const enum cw_kind kinds[] = {CW_KIND_FULLCHAIN, CW_KIND_CERT, CW_KIND_PRIVKEY};

	for (size_t i = 0; folder != NULL && i < CW_COUNT(kinds); i++) {
		cw_autofree char *path = cw_format("%s/%s.pem", folder, cw_kind_name(kinds[i]));

		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

/* Puts a self-signed certificate into live/NAME. Whoever waits for the first one sees it come. */
static int
put_self_signed(struct cw_context *context, const struct cw_managed *managed,
		const struct cw_live_folder *folder, struct cw_settled *settled,
		struct cw_error *error)
{
	cw_autofree char *certificate = NULL;
	cw_autosecret char *private_key = NULL;
	struct cw_version_files files;
	int status = cw_stand_in_make(managed, NULL, &certificate, &private_key, error);

	if (status < 0)
		return status;
	files = (struct cw_version_files){.cert = certificate,
					  .privkey = private_key,
					  .chain = certificate,
					  .fullchain = certificate};
	status = cw_live_put(context->directories.config, managed->name, &files,
			     CW_ORIGIN_SELF_SIGNED, NULL, error);
	settled->changes = true;
	settled->deploys = status == CW_OK && folder->origin != CW_ORIGIN_NONE;
	if (status == CW_OK)
		cw_log_info("made a self-signed certificate for \"%s\", until there is another",
			    managed->name);
	return status;
}

static bool
names_equal(const struct cw_managed *managed, const struct offer *offer)
{
	cw_auto_strv struct cw_strv names = {0};

	cw_names_all(&offer->names, &names);
	for (size_t i = 0; i < managed->domains.count; i++)
		if (!cw_strv_contains(&names, managed->domains.items[i]))
			return false;
	return true;
}

/* Makes one, or another instead of one whose time is nearly over or whose names have changed. */
static int
stand_in(struct cw_context *context, const struct cw_managed *managed,
	 const struct cw_live_folder *folder, struct cw_settled *settled, struct cw_error *error)
{
	cw_autofree char *path =
		cw_format("%s/live/%s", context->directories.config, managed->name);
	cw_auto(clear_offer) struct offer offer = {0};
	struct cw_settled unused = {0};
	int64_t now = cw_time();

	if (folder->origin == CW_ORIGIN_SELF_SIGNED)
		read_offer(path, &offer, &unused);
	cw_settled_clear(&unused);
	settled->obtains = true;
	settled->check = offer.expiry - CW_STAND_IN_RENEWED;
	if (offer.usable && now < settled->check && names_equal(managed, &offer))
		return CW_OK;
	settled->check = cw_stand_in_check(now);
	return put_self_signed(context, managed, folder, settled, error);
}

/* Puts the lineage aside, as it has to make place; WHY, for the log. */
static int
displace_lineage(struct cw_context *context, const struct cw_managed *managed, const char *why,
		 struct cw_settled *settled, struct cw_error *error)
{
	cw_autofree char *aside = NULL;
	int status;

	if (!cw_lineage_exists(context->directories.config, managed->name))
		return CW_OK;
	settled->changes = true;
	status = cw_lineage_set_aside(context->directories.config, managed->name, &aside, error);
	if (status < 0)
		return status;
	cw_log_warning("\"%s\" %s; its earlier certificates are in \"%s\"", managed->name, why,
		       aside);
	return CW_OK;
}

/* A provided certificate is in use until it is about to expire. Then a CA is asked, and its
 * certificate takes its place. */
static int
use_offer(struct cw_context *context, const struct cw_managed *managed, const struct offer *offer,
	  const struct cw_live_folder *folder, struct cw_settled *settled, struct cw_error *error)
{
	int64_t take_over = cw_plan_take_over(offer->not_before, offer->expiry);
	bool yields = cw_time() >= take_over;
	int status = displace_lineage(context, managed, IS_PROVIDED, settled, error);

	settled->provided = true;
	settled->obtains = yields;
	settled->check = yields ? offer->expiry : take_over;
	if (status < 0 || folder->ours || (folder->marked && folder->yields == yields))
		return status;
	settled->deploys = !folder->marked;
	return cw_live_mark(context->directories.config, managed->name, CW_ORIGIN_PROVIDED, yields,
			    error);
}

static int
read_part(const char *folder, const char *name, struct cw_buf *text, struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/%s.pem", folder, name);

	return cw_file_read(path, FILE_MAX, text, error);
}

static bool
is_same(const char *live, enum cw_kind kind, const char *text)
{
	cw_auto(cw_buf_wipe) struct cw_buf present = {0};

	return read_part(live, cw_kind_name(kind), &present, NULL) == CW_OK &&
	       strcmp(cw_buf_text(&present), text) == 0;
}

/* Copies what is in the folder of the option "provided" into live/NAME, if it is something else. */
static int
copy_offer(struct cw_context *context, const struct cw_managed *managed, const struct offer *offer,
	   struct cw_settled *settled, struct cw_error *error)
{
	cw_autofree char *live =
		cw_format("%s/live/%s", context->directories.config, managed->name);
	cw_autofree char *path = cw_provided_certificate(offer->folder);
	cw_auto_buf struct cw_buf full = {0}, further = {0};
	cw_auto(cw_buf_wipe) struct cw_buf key = {0};
	cw_autofree char *leaf = NULL, *chain = NULL, *fullchain = NULL;
	struct cw_version_files files;
	int status = cw_file_read(path, FILE_MAX, &full, error);

	if (status == CW_OK && strcmp(cw_path_base(path), "cert.pem") == 0)
		read_part(offer->folder, "chain", &further, NULL);
	cw_buf_add_text(&full, cw_buf_text(&further));
	if (status == CW_OK)
		status = read_part(offer->folder, "privkey", &key, error);
	if (status == CW_OK)
		status =
			cw_chain_split(cw_buf_text(&full), full.length, &leaf, &chain, NULL, error);
	if (status < 0)
		return status;
	fullchain = cw_format("%s%s", leaf, chain);
	files = (struct cw_version_files){
		.cert = leaf, .privkey = cw_buf_text(&key), .chain = chain, .fullchain = fullchain};
	if (is_same(live, CW_KIND_FULLCHAIN, fullchain) &&
	    is_same(live, CW_KIND_PRIVKEY, files.privkey))
		return CW_OK;
	status = cw_live_put(context->directories.config, managed->name, &files, CW_ORIGIN_PROVIDED,
			     NULL, error);
	settled->changes = true;
	settled->deploys = status == CW_OK;
	if (status == CW_OK)
		cw_log_info("\"%s\" uses the certificate in \"%s\" now", managed->name,
			    offer->folder);
	return status;
}

/* What was copied from the folder PROVIDED, which has nothing that can be used now. If it is wrong,
 * somebody may be about to change it: the copy stays in use as if the folder still had it. If it is
 * gone, the copy stays until a CA has issued another certificate. */
static int
keep_copy(struct cw_context *context, const struct cw_managed *managed,
	  const struct cw_live_folder *folder, struct cw_settled *settled, struct cw_error *error)
{
	cw_autofree char *live =
		cw_format("%s/live/%s", context->directories.config, managed->name);
	bool is_gone = !has_offer(managed->provided);
	cw_auto(clear_offer) struct offer copy = {0};
	struct cw_settled unused = {0};

	read_offer(live, &copy, &unused);
	cw_settled_clear(&unused);
	if (!copy.usable)
		return stand_in(context, managed, folder, settled, error);
	if (!is_gone)
		return use_offer(context, managed, &copy, folder, settled, error);
	settled->obtains = true;
	settled->check = copy.expiry;
	return CW_OK;
}

/* Files that somebody has put into live/NAME. */
static int
settle_files(struct cw_context *context, const struct cw_managed *managed,
	     const struct cw_live_folder *folder, struct cw_settled *settled,
	     struct cw_error *error)
{
	cw_autofree char *live =
		cw_format("%s/live/%s", context->directories.config, managed->name);
	cw_auto(clear_offer) struct offer offer = {0};

	read_offer(live, &offer, settled);
	check_names(managed, &offer, settled);
	if (offer.usable)
		return use_offer(context, managed, &offer, folder, settled, error);
	if (offer.expired) {
		int status = displace_lineage(context, managed, IS_PROVIDED, settled, error);

		return status < 0 ? status : stand_in(context, managed, folder, settled, error);
	}
	/* Somebody may be about to complete it: it stays as it is. */
	settled->provided = true;
	settled->check = INT64_MAX;
	return CW_OK;
}

/* True: the folder PROVIDED has a certificate that is used. */
static int
settle_folder(struct cw_context *context, const struct cw_managed *managed,
	      struct cw_settled *settled, bool *used, struct cw_error *error)
{
	cw_auto(clear_offer) struct offer offer = {0};
	cw_auto_error struct cw_error problem = {0};
	struct cw_live_folder folder;
	int status;

	*used = false;
	if (access(managed->provided, F_OK) != 0)
		cw_log_warning("\"%s\", where somebody may provide the certificate \"%s\", does "
			       "not exist yet",
			       managed->provided, managed->name);
	if (!has_offer(managed->provided))
		return CW_OK;
	read_offer(managed->provided, &offer, settled);
	check_names(managed, &offer, settled);
	if (!offer.usable)
		return CW_OK;
	status = copy_offer(context, managed, &offer, settled, &problem);
	/* Its chain, for example, was not looked at before. */
	if (status == CW_E_INVALID || status == CW_E_PROTOCOL) {
		cw_autofree char *line = cw_error_line(&problem);

		complain(settled, line, cw_error_hint(&problem));
		return CW_OK;
	}
	if (status < 0)
		return cw_error_move(error, &problem);
	*used = true;
	cw_live_look(context->directories.config, managed->name, &folder);
	return use_offer(context, managed, &offer, &folder, settled, error);
}

/* Whether somebody has removed files of the lineage, so that it can neither be used nor renewed. */
static bool
is_incomplete(const char *config, const char *name)
{
	static const enum cw_kind needed[] = {CW_KIND_PRIVKEY, CW_KIND_CERT, CW_KIND_FULLCHAIN};
	cw_auto_lineage struct cw_lineage *lineage = NULL;

	if (!cw_lineage_exists(config, name) ||
	    cw_lineage_load(config, name, &lineage, NULL) == CW_OK)
		return false;
	for (size_t i = 0; i < CW_COUNT(needed); i++) {
		cw_autofree char *path =
			cw_format("%s/live/%s/%s.pem", config, name, cw_kind_name(needed[i]));

		if (access(path, F_OK) != 0 && errno == ENOENT)
			return true;
	}
	return false;
}

/* A renewal file that says nothing is written anew, if the rest of the lineage is whole: the
 * configuration says how to renew it. What else is wrong is said by who reads it next. */
static int
mend_renewal_file(struct cw_context *context, const struct cw_managed *managed,
		  struct cw_settled *settled, struct cw_error *error)
{
	const char *config = context->directories.config;
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_error struct cw_error problem = {0};
	cw_autofree char *aside = NULL;

	if (cw_lineage_open(config, managed->name, &lineage, NULL) != CW_E_INVALID)
		return CW_OK;
	if (cw_lineage_rewrite(config, managed->name, &aside, &problem) < 0)
		return problem.status == CW_E_IO ? cw_error_move(error, &problem) : CW_OK;
	settled->changes = true;
	cw_log_warning("the renewal file of \"%s\" was damaged and has been written anew; a copy "
		       "of the damaged one is in \"%s\"",
		       managed->name, aside);
	return CW_OK;
}

static int
settle(struct cw_context *context, const struct cw_managed *managed, struct cw_settled *settled,
       struct cw_error *error)
{
	const char *config = context->directories.config;
	struct cw_live_folder folder;
	bool used = false;
	int status = CW_OK;

	cw_live_look(config, managed->name, &folder);
	if (folder.files != 0 && !folder.ours)
		return settle_files(context, managed, &folder, settled, error);
	if (managed->provided != NULL)
		status = settle_folder(context, managed, settled, &used, error);
	if (status == CW_OK && !used)
		status = mend_renewal_file(context, managed, settled, error);
	if (status < 0 || used)
		return status;
	if (is_incomplete(config, managed->name)) {
		status = displace_lineage(context, managed, "lacks files", settled, error);
		if (status < 0)
			return status;
		cw_live_look(config, managed->name, &folder);
		return stand_in(context, managed, &folder, settled, error);
	}
	if (folder.origin == CW_ORIGIN_PROVIDED)
		return keep_copy(context, managed, &folder, settled, error);
	if (folder.links != 0 || cw_lineage_exists(config, managed->name))
		return cw_settle_lineage(context, managed, settled, error);
	return stand_in(context, managed, &folder, settled, error);
}

int
cw_settle(struct cw_context *context, const struct cw_managed *managed, struct cw_settled *settled,
	  struct cw_error *error)
{
	*settled = (struct cw_settled){.check = INT64_MAX};
	return settle(context, managed, settled, error);
}
