#include "flow/issue/csr.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"

#define CSR_MAX (1024 * 1024)
#define NUMBER_MAX 9999 /* of NNNN_cert.pem */

/* Where the results go. Certbot has one default for both chains, so that the full one gets the next
 * number. */
static const struct {
	enum cw_kind kind;
	const char *option, *internal, *otherwise;
} results[] = {
	{CW_KIND_CERT, "--cert-path", "cert_path", "cert.pem"},
	{CW_KIND_CHAIN, "--chain-path", "chain_path", "chain.pem"},
	{CW_KIND_FULLCHAIN, "--fullchain-path", "fullchain_path", "chain.pem"},
};

static int
fail_taken(const char *option, const char *path, struct cw_error *error)
{
	cw_fail(error, CW_E_EXISTS, "the file \"%s\" of %s already exists and is not overwritten",
		path, option);
	cw_hint(error, "move it away, or give another path");
	return CW_E_EXISTS;
}

/* Of a file that gets a number, the current folder. */
static int
check_folder(const char *path, struct cw_error *error)
{
	cw_autofree char *absolute = cw_path_absolute(path != NULL ? path : "x");
	cw_autofree char *folder = cw_path_folder(absolute);

	return cw_folder_check_writable(folder, error);
}

/* Before the CA is asked for anything. */
static int
check_paths(const struct cw_settings *settings, struct cw_error *error)
{
	for (size_t i = 0; i < CW_COUNT(results); i++) {
		const char *path = cw_settings_get(settings, results[i].internal);
		int status = check_folder(path, error);

		if (status < 0)
			return status;
		if (path == NULL)
			continue;
		if (cw_file_exists(path))
			return fail_taken(results[i].option, path, error);
		for (size_t j = 0; j < i; j++)
			if (cw_equal(cw_settings_get(settings, results[j].internal), path))
				return cw_fail(error, CW_E_USAGE,
					       "%s and %s name the same file \"%s\"",
					       results[j].option, results[i].option, path);
	}
	return CW_OK;
}

static int
read_csr(const char *path, struct cw_csr *csr, struct cw_error *error)
{
	cw_auto_buf struct cw_buf data = {0};
	int status = cw_file_read(path, CSR_MAX, &data, error);

	if (status == CW_OK)
		status = cw_csr_read(data.data, data.length, path, csr, error);
	return status;
}

static int
take_names(const struct cw_csr *csr, const char *path, struct cw_names *names,
	   struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < csr->dns_names.count && status == CW_OK; i++)
		status = cw_names_add_dns_name(names, csr->dns_names.items[i], error);
	for (size_t i = 0; i < csr->ip_addresses.count && status == CW_OK; i++)
		status = cw_names_add_ip_address(names, csr->ip_addresses.items[i], error);
	if (status < 0)
		return cw_context(error, "the certificate request \"%s\"", path);
	if (cw_names_count(names) == 0) {
		cw_fail(error, CW_E_INVALID, "the certificate request \"%s\" has no names", path);
		cw_hint(error, "create it with a subjectAltName for each domain");
		return CW_E_INVALID;
	}
	return CW_OK;
}

static int
check_names(const struct cw_settings *settings, const char *path, const struct cw_names *names,
	    struct cw_error *error)
{
	cw_auto_names struct cw_names given = {0};
	cw_auto_strv struct cw_strv all = {0};
	cw_autofree char *list = NULL;
	int status = cw_names_from_settings(settings, &given, error);

	if (status < 0 || cw_names_contain(names, &given))
		return status;
	cw_names_all(names, &all);
	list = cw_strv_join(&all, ", ");
	cw_fail(error, CW_E_USAGE,
		"names given with -d are not in the certificate request \"%s\": %s", path, list);
	cw_hint(error, "leave out -d: the names are taken from the request");
	return CW_E_USAGE;
}

int
cw_csr_request_from(const char *pem, const struct cw_settings *settings,
		    struct cw_request **request, struct cw_error *error)
{
	static const char what[] = "csr";
	struct cw_request *made = cw_request_new("csr", settings);
	int status;

	made->csr = cw_alloc(sizeof(*made->csr));
	status = cw_csr_read(pem, strlen(pem), what, made->csr, error);
	if (status == CW_OK)
		status = take_names(made->csr, what, &made->names, error);
	if (status == CW_OK)
		status = check_names(settings, what, &made->names, error);
	if (status < 0) {
		cw_request_free(made);
		return status;
	}
	*request = made;
	return CW_OK;
}

int
cw_csr_request(struct cw_context *context, struct cw_request **request, struct cw_error *error)
{
	const struct cw_settings *settings = context->settings;
	const char *path = cw_settings_get(settings, "csr");
	struct cw_request *made;
	int status = check_paths(settings, error);

	*request = NULL;
	if (status == CW_OK && cw_settings_flag(settings, "allow_subset_of_names"))
		status = cw_fail(error, CW_E_USAGE,
				 "--allow-subset-of-names cannot be used with --csr, whose names "
				 "cannot be changed");
	if (status < 0)
		return status;
	made = cw_request_new(path, settings);
	made->csr = cw_alloc(sizeof(*made->csr));
	made->dry_run = cw_settings_flag(settings, "dry_run");
	status = read_csr(path, made->csr, error);
	if (status == CW_OK)
		status = take_names(made->csr, path, &made->names, error);
	if (status == CW_OK)
		status = check_names(settings, path, &made->names, error);
	if (status < 0) {
		cw_request_free(made);
		return status;
	}
	*request = made;
	return CW_OK;
}

static int
write_new(const char *path, const char *text, struct cw_error *error)
{
	const struct cw_file_mode mode = {
		.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1, .exclusive = true};

	return cw_file_write(path, text, strlen(text), &mode, error);
}

/* NAME with the first number before it that is free. */
static int
write_numbered(const char *name, const char *text, char **path, struct cw_error *error)
{
	for (unsigned number = 0; number <= NUMBER_MAX; number++) {
		cw_autofree char *relative = cw_format("%04u_%s", number, name);
		cw_autofree char *candidate = cw_path_absolute(relative);
		cw_auto_error struct cw_error failure = {0};
		int status = write_new(candidate, text, &failure);

		if (status == CW_OK) {
			*path = cw_take(&candidate);
			return CW_OK;
		}
		if (status != CW_E_EXISTS)
			return cw_error_move(error, &failure);
	}
	return cw_fail(error, CW_E_EXISTS, "no number is free for a file NNNN_%s", name);
}

static int
write_given(const char *given, const char *option, const char *text, char **path,
	    struct cw_error *error)
{
	cw_autofree char *absolute = cw_path_absolute(given);
	cw_autofree char *folder = cw_path_folder(absolute);
	int status = cw_folder_make(folder, 0755, error);

	if (status == CW_OK)
		status = write_new(absolute, text, error);
	if (status == CW_E_EXISTS)
		return fail_taken(option, given, error);
	if (status == CW_OK)
		*path = cw_take(&absolute);
	return status;
}

int
cw_csr_save_files(struct cw_request *request, const char *leaf, const char *chain,
		  const char *fullchain, struct cw_error *error)
{
	const char *const texts[CW_KIND_COUNT] = {
		[CW_KIND_CERT] = leaf, [CW_KIND_CHAIN] = chain, [CW_KIND_FULLCHAIN] = fullchain};

	for (size_t i = 0; i < CW_COUNT(results); i++) {
		const char *given = cw_settings_get(request->settings, results[i].internal);
		char **path = &request->files[results[i].kind];
		const char *text = texts[results[i].kind];
		int status;

		if (given != NULL)
			status = write_given(given, results[i].option, text, path, error);
		else
			status = write_numbered(results[i].otherwise, text, path, error);
		if (status < 0)
			return cw_context(error, "the certificate was issued but cannot be saved");
	}
	request->saved = true;
	return CW_OK;
}
