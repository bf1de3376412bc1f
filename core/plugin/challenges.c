/* The authenticator's calls: challenges in, a result for each out. */
#include <stdlib.h>
#include <string.h>
#include "base/hole.h"
#include "base/log.h"
#include "base/mem.h"
#include "plugin/instance_internal.h"

enum { TYPES_MAX = 16 };

static const struct cw_authenticator *
authenticator_of(const struct cw_instance *instance)
{
	return instance->plugin->authenticator;
}

static int
no_authenticator(const struct cw_instance *instance, struct cw_error *error)
{
	cw_fail(error, CW_E_UNSUPPORTED, "the plugin \"%s\" is no authenticator",
		instance->module->name);
	cw_hint(error, "\"certwright plugins --authenticators\" lists those that are");
	return CW_E_UNSUPPORTED;
}

void
cw_instance_challenge_types(struct cw_instance *instance, const char *identifier_type,
			    const char *identifier, struct cw_strv *types)
{
	const char *const *list;
	struct cw_call call;

	if (authenticator_of(instance) == NULL)
		return;
	if (instance->module->certbots) {
		cw_strv_copy(types, strcmp(identifier_type, "dns") == 0
					    ? &instance->module->about->dns_types
					    : &instance->module->about->ip_types);
		return;
	}
	cw_call_begin(&call, instance, "challenge_types");
	list = authenticator_of(instance)->challenge_types(instance->self, identifier_type,
							   identifier);
	for (size_t i = 0; list != NULL && list[i] != NULL && i < TYPES_MAX; i++)
		cw_strv_add_unique(types, list[i]);
	cw_call_end(&call, CW_OK, NULL);
}

static void
keep_challenges(struct cw_instance *instance, struct cw_challenge_slot *const *slots, size_t count)
{
	instance->challenges =
		cw_realloc(instance->challenges, count + 1, sizeof(struct cw_challenge *));
	for (size_t i = 0; i < count; i++) {
		slots[i]->challenge.size = sizeof(slots[i]->challenge);
		instance->challenges[i] = &slots[i]->challenge;
	}
	instance->challenges[count] = NULL;
	instance->slots = slots;
	instance->challenge_count = count;
}

/* Gives a slot that failed an error if it has none, and one that has an error its result. */
static void
settle(struct cw_instance *instance, struct cw_challenge_slot *slot, int status,
       const struct cw_error *error)
{
	struct cw_challenge *challenge = &slot->challenge;

	if (challenge->result == CW_OK && status == CW_OK)
		return;
	if (challenge->result == CW_OK) {
		challenge->result = status;
		cw_error_copy(&slot->error, error);
	} else if (challenge->result > 0 || challenge->result < CW_E_COMMAND) {
		cw_fail(&slot->error, CW_E_PLUGIN,
			"the plugin \"%s\" left the unknown result %d for \"%s\"",
			instance->module->name, challenge->result, challenge->identifier);
		challenge->result = CW_E_PLUGIN;
	} else if (slot->error.message == NULL) {
		cw_fail(&slot->error, challenge->result,
			"the plugin \"%s\" failed for \"%s\" and did not say why",
			instance->module->name, challenge->identifier);
	}
	if (slot->error.identifier == NULL)
		cw_error_set_identifier(&slot->error, challenge->identifier);
}

int
cw_instance_perform(struct cw_instance *instance, struct cw_challenge_slot *const *slots,
		    size_t count, struct cw_error *error)
{
	const struct cw_authenticator *authenticator = authenticator_of(instance);
	cw_auto_error struct cw_error own = {0};
	struct cw_call call;
	int status;

	for (size_t i = 0; i < count; i++) {
		cw_test_hole("perform", slots[i]->challenge.identifier,
			     strlen(slots[i]->challenge.identifier));
		slots[i]->challenge.result = CW_OK;
		cw_error_clear(&slots[i]->error);
	}
	if (authenticator == NULL) {
		status = no_authenticator(instance, &own);
	} else {
		keep_challenges(instance, slots, count);
		instance->for_challenges = true;
		cw_call_begin(&call, instance, "perform");
		status = authenticator->perform(instance->self, instance->challenges, count);
		status = cw_call_end(&call, status, &own);
		instance->for_challenges = false;
	}
	for (size_t i = 0; i < count; i++)
		settle(instance, slots[i], status, &own);
	if (status != CW_OK && error != NULL)
		cw_error_move(error, &own);
	return status;
}

int
cw_instance_cleanup(struct cw_instance *instance, struct cw_challenge_slot *const *slots,
		    size_t count, struct cw_error *error)
{
	const struct cw_authenticator *authenticator = authenticator_of(instance);
	struct cw_call call;
	int status;

	if (authenticator == NULL)
		return no_authenticator(instance, error);
	if (slots != instance->slots || count != instance->challenge_count)
		keep_challenges(instance, slots, count);
	cw_shield_signals(+1);
	cw_listening_end(instance);
	instance->for_challenges = true;
	cw_call_begin(&call, instance, "cleanup");
	status = authenticator->cleanup(instance->self, instance->challenges, count);
	status = cw_call_end(&call, status, error);
	instance->for_challenges = false;
	cw_shield_signals(-1);
	cw_watches_end(instance);
	instance->slots = NULL;
	instance->challenge_count = 0;
	return status;
}

/* Fills the slot's error from MESSAGE and HINT, or from the current call's error. */
static void
take_reason(const struct cw_host *host, struct cw_challenge_slot *slot, int status,
	    const char *hint, const char *message)
{
	const struct cw_error *current = cw_host_error(host);
	cw_autofree char *text = message != NULL ? cw_redact(message) : NULL;
	cw_autofree char *advice = hint != NULL ? cw_redact(hint) : NULL;

	if (text != NULL)
		cw_fail(&slot->error, status, "%.*s", CW_FAILURE_MAX, text);
	else if (current != NULL && current->message != NULL)
		cw_error_copy(&slot->error, current);
	else
		cw_fail(&slot->error, status, "the plugin \"%s\" failed and did not say why",
			cw_host_instance(host)->module->name);
	slot->error.status = status;
	if (advice != NULL)
		cw_hint(&slot->error, "%.*s", CW_FAILURE_MAX, advice);
	cw_error_set_identifier(&slot->error, slot->challenge.identifier);
}

void
cw_service_fail_challenge(const struct cw_host *host, struct cw_challenge *challenge, int status,
			  const char *hint, const char *message)
{
	struct cw_instance *instance = cw_host_instance(host);
	struct cw_challenge_slot *slot = NULL;

	for (size_t i = 0; i < instance->challenge_count && slot == NULL; i++)
		if (&instance->slots[i]->challenge == challenge)
			slot = instance->slots[i];
	if (slot == NULL) {
		cw_log_warning("the plugin \"%s\" failed a challenge that is not at hand",
			       instance->module->name);
		return;
	}
	if (status >= CW_OK || status < CW_E_COMMAND)
		status = CW_E_PLUGIN;
	take_reason(host, slot, status, hint, message);
	slot->challenge.result = status;
	cw_log_debug("the plugin \"%s\" failed for \"%s\": %s", instance->module->name,
		     slot->challenge.identifier, slot->error.message);
}
