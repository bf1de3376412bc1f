/* A plugin opened over real services in a scratch folder. Include after "scratch.h". */
#ifndef CW_TESTS_PLUGIN_FIXTURE_H
#define CW_TESTS_PLUGIN_FIXTURE_H

#include "base/loop.h"
#include "base/option.h"
#include "plugin/instance.h"
#include "plugin/registry.h"
#include "plugin/shared_store.h"
#include "plugin/wire.h"

#include <dirent.h>

struct fixture {
	struct cw_registry *registry;
	struct cw_module *module;
	struct cw_option_set *set;
	struct cw_settings *settings;
	struct cw_loop *loop;
	struct cw_directories directories;
	struct cw_asker asker;
	struct cw_services services;
	struct cw_instance *instance;
	struct cw_error error;
	struct cw_shared_store *shared;
	size_t shared_count; /* of the values in it */
};

static struct fixture fixture;

static const char *const port_names[] = {"http-01-port", NULL};
static const char *const address_names[] = {"http-01-address", NULL};
static const struct cw_option core_options[] = {
	{.names = port_names,
	 .kind = CW_OPTION_INTEGER,
	 .internal = "http01_port",
	 .default_value = "80",
	 .help = ""},
	{.names = address_names,
	 .kind = CW_OPTION_STRING,
	 .internal = "http01_address",
	 .help = ""},
};

/* Copies NAME.so from the build into the scratch folder's "plugins", whose modes do not depend on
 * the umask of who built. */
static inline void
install_module(const char *build, const char *name)
{
	cw_auto_buf struct cw_buf data = {0};
	const struct cw_file_mode how = {.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *from = cw_format("%s/%s.so", build, name);
	cw_autofree char *folder = scratch_path("plugins");
	cw_autofree char *to = cw_format("%s/%s.so", folder, name);

	assert_int_equal(cw_file_read(from, 64 << 20, &data, NULL), CW_OK);
	assert_int_equal(cw_folder_make(folder, 0755, NULL), CW_OK);
	assert_int_equal(cw_file_write(to, data.data, data.length, &how, NULL), CW_OK);
	setenv("CERTWRIGHT_PLUGIN_PATH", folder, 1);
}

/* Where libtool leaves the modules, seen from where the tests run. */
static inline const char *
build_folder(const char *variable, const char *otherwise)
{
	const char *folder = getenv(variable);

	return folder != NULL ? folder : otherwise;
}

static inline const char *
plugins_folder(void)
{
	return build_folder("CW_TEST_PLUGINS", ".libs");
}

static inline const char *
abi_folder(void)
{
	return build_folder("CW_TEST_ABI", "tests/abi/.libs");
}

static inline void
set(const char *internal, const char *value)
{
	assert_int_equal(
		cw_settings_set(fixture.settings, internal, CW_SOURCE_COMMAND, value, NULL), CW_OK);
}

/* The shared store is there; whatever needs the network fails. */
static inline int
answer_for_the_coordinator(void *context, struct cw_message *message, bool turn,
			   struct cw_message **answer, struct cw_error *failure)
{
	cw_auto_message struct cw_message *request = message;
	cw_autofree char *key = NULL;
	cw_auto_buf struct cw_buf given = {0};
	const void *value = NULL;
	size_t length = 0;
	bool has_value;
	int status;

	(void)context;
	(void)turn;
	*answer = NULL;
	if (request->type != CW_PLUGIN_SHARED_PUT && request->type != CW_PLUGIN_SHARED_GET)
		return cw_fail(failure, CW_E_NETWORK, "there is no network in this test");
	key = cw_message_need_text(request, CW_PLUGIN_KEY_MAX);
	if (request->type == CW_PLUGIN_SHARED_PUT) {
		has_value = cw_message_get_bool(request);
		cw_message_get_bytes(request, CW_PLUGIN_VALUE_MAX, &given);
		if (cw_shared_store_get(fixture.shared, fixture.module->name, key, &value, &length,
					NULL) == CW_OK)
			fixture.shared_count--;
		status = cw_shared_store_put(fixture.shared, fixture.module->name, key,
					     has_value ? cw_buf_text(&given) : NULL, given.length,
					     failure);
		fixture.shared_count += has_value && status == CW_OK ? 1 : 0;
	} else {
		status = cw_shared_store_get(fixture.shared, fixture.module->name, key, &value,
					     &length, failure);
	}
	if (status != CW_OK)
		return status;
	*answer = cw_message_new(CW_PLUGIN_ANSWER);
	if (request->type == CW_PLUGIN_SHARED_GET)
		cw_message_put_bytes(*answer, value, length);
	return CW_OK;
}

/* Everything but the instance, so that a test can set options before. */
static inline void
fixture_begin(const char *build, const char *name)
{
	memset(&fixture, 0, sizeof(fixture));
	install_module(build, name);
	fixture.registry = cw_registry_new();
	assert_int_equal(cw_registry_open(fixture.registry, name, &fixture.module, &fixture.error),
			 CW_OK);
	fixture.set = cw_option_set_new();
	for (size_t i = 0; i < CW_COUNT(core_options); i++)
		assert_int_equal(cw_option_set_add(fixture.set, &core_options[i], NULL), CW_OK);
	assert_int_equal(cw_module_add_options(fixture.module, fixture.set, NULL), CW_OK);
	fixture.settings = cw_settings_new(fixture.set);
	fixture.loop = cw_loop_new();
	fixture.directories.config = scratch_path("config");
	fixture.directories.work = scratch_path("work");
	fixture.directories.logs = scratch_path("logs");
	assert_int_equal(cw_directories_make(&fixture.directories, NULL), CW_OK);
	fixture.shared = cw_shared_store_new();
	fixture.services.loop = fixture.loop;
	fixture.services.directories = &fixture.directories;
	fixture.services.asker = &fixture.asker;
	fixture.services.undo = cw_undo_open(fixture.directories.work);
	fixture.services.ask = answer_for_the_coordinator;
}

static inline void
fixture_open(void)
{
	assert_int_equal(cw_instance_open(fixture.module, &fixture.services, fixture.settings,
					  &fixture.instance, &fixture.error),
			 CW_OK);
}

static inline void
fixture_end(void)
{
	cw_instance_close(fixture.instance);
	cw_undo_close(fixture.services.undo);
	cw_loop_free(fixture.loop);
	cw_settings_free(fixture.settings);
	cw_option_set_free(fixture.set);
	cw_registry_free(fixture.registry);
	cw_directories_clear(&fixture.directories);
	cw_error_clear(&fixture.error);
	cw_shared_store_free(fixture.shared);
	memset(&fixture, 0, sizeof(fixture));
}

/* Challenges of a batch, all of one type. */
enum { SLOTS_MAX = 8 };

struct batch {
	struct cw_challenge_slot slots[SLOTS_MAX];
	struct cw_challenge_slot *pointers[SLOTS_MAX];
	char *tokens[SLOTS_MAX], *locations[SLOTS_MAX], *values[SLOTS_MAX];
	size_t count;
};

static inline void
batch_add(struct batch *batch, const char *type, const char *identifier)
{
	size_t i = batch->count++;
	struct cw_challenge *challenge = &batch->slots[i].challenge;

	batch->tokens[i] = cw_format("token-0123456789-%zu_of-%s", i, type);
	batch->locations[i] = cw_format("/.well-known/acme-challenge/%s", batch->tokens[i]);
	batch->values[i] = cw_format("%s.thumbprint", batch->tokens[i]);
	challenge->size = sizeof(*challenge);
	challenge->lineage = "test";
	challenge->type = type;
	challenge->identifier_type = "dns";
	challenge->identifier = identifier;
	challenge->token = batch->tokens[i];
	challenge->key_authorization = batch->values[i];
	challenge->validation = batch->values[i];
	challenge->location = batch->locations[i];
	batch->pointers[i] = &batch->slots[i];
}

static inline int
batch_perform(struct batch *batch)
{
	return cw_instance_perform(fixture.instance, batch->pointers, batch->count, &fixture.error);
}

static inline int
batch_cleanup(struct batch *batch)
{
	return cw_instance_cleanup(fixture.instance, batch->pointers, batch->count, &fixture.error);
}

static inline void
batch_clear(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		cw_error_clear(&batch->slots[i].error);
		free(batch->tokens[i]);
		free(batch->locations[i]);
		free(batch->values[i]);
	}
}

#endif
