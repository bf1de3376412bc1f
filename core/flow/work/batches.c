#include "flow/work/batches.h"
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "flow/issue/obtain.h"
#include "plugin/registry.h"

/* What a worker takes from the first request of its batch, beside the plugin's own options. */
static const char *const shared_settings[] = {
	"dns_resolver",    "debug_challenges",   "http01_address", "http01_port",
	"https_port",      "issuance_timeout",   "no_verify_ssl",  "pref_challs",
	"tls_alpn01_port", "tls_alpn01_address", "user_agent",     "user_agent_comment",
};

static bool
are_equal(const struct cw_strv *a, const struct cw_strv *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool
is_same_value(const struct cw_settings *a, const struct cw_settings *b,
	      const struct cw_option *option)
{
	const char *internal = option->internal;

	if (option->kind == CW_OPTION_MAP)
		return are_equal(cw_settings_map_keys(a, internal),
				 cw_settings_map_keys(b, internal)) &&
		       are_equal(cw_settings_map_values(a, internal),
				 cw_settings_map_values(b, internal));
	if (option->kind == CW_OPTION_LIST || option->kind == CW_OPTION_PATH_LIST)
		return are_equal(cw_settings_list(a, internal), cw_settings_list(b, internal));
	return cw_equal(cw_settings_get(a, internal), cw_settings_get(b, internal));
}

bool
cw_share_options(const struct cw_request *a, const struct cw_request *b, const char *plugin)
{
	const struct cw_option_set *set = cw_settings_options(a->settings);
	cw_autofree char *prefix = cw_replace_char(cw_format("%s_", plugin), '-', '_');

	for (size_t i = 0; i < cw_option_set_count(set); i++) {
		const struct cw_option *option = cw_option_set_at(set, i);

		if (cw_starts_with(option->internal, prefix) &&
		    !is_same_value(a->settings, b->settings, option))
			return false;
	}
	return true;
}

static bool
can_be_together(const struct cw_request *a, const struct cw_request *b)
{
	const struct cw_option_set *set = cw_settings_options(a->settings);

	if (a->account != b->account || a->dry_run != b->dry_run)
		return false;
	for (size_t i = 0; i < CW_COUNT(shared_settings); i++) {
		const struct cw_option *option = cw_option_by_internal(set, shared_settings[i]);

		if (option != NULL && !is_same_value(a->settings, b->settings, option))
			return false;
	}
	return cw_share_options(a, b, a->authenticator);
}

/* One that cannot be opened is for the worker to complain of. */
static bool
is_exclusive(struct cw_context *context, const char *plugin)
{
	struct cw_module *module = NULL;

	return cw_registry_open(context->registry, plugin, &module, NULL) == CW_OK &&
	       module->about->exclusive;
}

/* The plugin of a request's names that one process at a time may use; NULL: none. */
static const char *
exclusive_of(struct cw_context *context, const struct cw_request *request)
{
	const struct cw_strv *mapped =
		cw_settings_map_values(request->settings, "authenticator_map");

	if (is_exclusive(context, request->authenticator))
		return request->authenticator;
	for (size_t i = 0; i < mapped->count; i++)
		if (is_exclusive(context, mapped->items[i]))
			return mapped->items[i];
	return NULL;
}

/* The options of a batch are compared for one plugin. */
static bool
has_one_plugin(const struct cw_request *request)
{
	return cw_settings_map_values(request->settings, "authenticator_map")->count == 0;
}

static struct cw_batch *
find_batch(const struct cw_batches *batches, const struct cw_request *request, size_t most)
{
	for (size_t i = 0; i < batches->count; i++) {
		struct cw_batch *batch = batches->items[i];
		const struct cw_request *first = batch->requests[0];

		if (batch->count < most &&
		    strcmp(first->authenticator, request->authenticator) == 0 &&
		    has_one_plugin(first) && can_be_together(first, request))
			return batch;
	}
	return NULL;
}

void
cw_batches_make(struct cw_context *context, struct cw_request *const *requests, size_t count,
		size_t most, struct cw_batches *batches)
{
	batches->items = cw_calloc(count + 1, sizeof(struct cw_batch *));
	for (size_t i = 0; i < count; i++) {
		struct cw_request *request = requests[i];
		struct cw_batch *batch = NULL;

		if (has_one_plugin(request))
			batch = find_batch(batches, request, most);
		if (batch == NULL) {
			batch = cw_alloc(sizeof(*batch));
			batch->work = &cw_obtain_work;
			batch->exclusive = exclusive_of(context, request);
			batches->items[batches->count++] = batch;
		}
		batch->requests =
			cw_realloc(batch->requests, batch->count + 1, sizeof(struct cw_request *));
		batch->requests[batch->count++] = request;
	}
}

void
cw_batches_clear(struct cw_batches *batches)
{
	for (size_t i = 0; i < batches->count; i++) {
		free(batches->items[i]->requests);
		free(batches->items[i]);
	}
	free(batches->items);
	*batches = (struct cw_batches){0};
}
