#include "flow/install/hsts.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/plugin_name.h"
#include "base/text.h"
#include "store/renewal.h"

static const char section[] = "certwright/hsts_steps";

/* Seconds. Certbot's. */
static const unsigned ages[] = {60, 300, 900, 3600, 21600, 43200, 86400, 31536000};
#define LAST (CW_COUNT(ages) - 1)
#define INTERVAL INT64_C(172800)

bool
cw_hsts_has_steps(const struct cw_lineage *lineage)
{
	size_t at = 0;
	struct cw_configobj_entry entry;

	return cw_configobj_next(lineage->config, section, &at, &entry);
}

/* The max-age that follows FROM; 0: none yet. */
static unsigned
next_age(unsigned from, int64_t since, bool renewed)
{
	int64_t age = cw_time() - since;
	size_t next = 0;

	while (next < LAST && ages[next] <= from)
		next++;
	if (next == LAST)
		return renewed ? ages[next] : 0;
	/* A time in the future is a clock's error. */
	return age >= INTERVAL || age < 0 ? ages[next] : 0;
}

/* Adds NAME to the step of its like. */
static void
add(struct cw_hsts_steps *steps, const char *installer, unsigned from, unsigned to,
    const char *name)
{
	struct cw_hsts_step *step = NULL;

	for (size_t i = 0; i < steps->count && step == NULL; i++)
		if (steps->items[i].from == from &&
		    strcmp(steps->items[i].installer, installer) == 0)
			step = &steps->items[i];
	if (step == NULL) {
		steps->items = cw_realloc(steps->items, steps->count + 1, sizeof(*steps->items));
		step = &steps->items[steps->count++];
		*step = (struct cw_hsts_step){
			.installer = cw_strdup(installer), .from = from, .to = to};
	}
	cw_strv_add(&step->names, name);
}

void
cw_hsts_find_steps(const struct cw_lineage *lineage, bool renewed, struct cw_hsts_steps *steps)
{
	struct cw_configobj_entry entry;

	for (size_t at = 0; cw_configobj_next(lineage->config, section, &at, &entry);) {
		uint64_t from, since;
		unsigned to;

		if (entry.list == NULL || entry.list->count != 3 ||
		    !cw_parse_uint(entry.list->items[1], ages[LAST], &from) ||
		    !cw_parse_uint(entry.list->items[2], INT64_MAX, &since)) {
			cw_log_warning("%s: the value of \"%s\" in [[hsts_steps]] is not an "
				       "installer, a max-age and a time; begin again with: "
				       "certwright enhance --auto-hsts --cert-name %s",
				       lineage->renewal_path, entry.key, lineage->name);
			continue;
		}
		to = next_age((unsigned)from, (int64_t)since, renewed);
		if (to != 0)
			add(steps, entry.list->items[0], (unsigned)from, to, entry.key);
	}
}

void
cw_hsts_step_clear(struct cw_hsts_step *step)
{
	free(step->installer);
	cw_strv_clear(&step->names);
	*step = (struct cw_hsts_step){0};
}

void
cw_hsts_steps_clear(struct cw_hsts_steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		cw_hsts_step_clear(&steps->items[i]);
	free(steps->items);
	*steps = (struct cw_hsts_steps){0};
}

char *
cw_hsts_enhancement(const struct cw_hsts_step *step)
{
	return cw_format("auto-hsts=%u:%u", step->from, step->to);
}

static void
set(struct cw_configobj *config, const char *installer, unsigned age, const char *name)
{
	cw_autofree char *number = cw_format("%u", age);
	cw_autofree char *time = cw_format("%lld", (long long)cw_time());
	cw_auto_strv struct cw_strv value = {0};

	cw_strv_add(&value, installer);
	cw_strv_add(&value, number);
	cw_strv_add(&value, time);
	cw_configobj_set_list(config, section, name, &value);
}

int
cw_hsts_begun(const struct cw_context *context, const char *installer,
	      const struct cw_installation *installation, const struct cw_settings *settings,
	      struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_configobj struct cw_configobj *config = NULL;
	int status;

	if (installation->lineage == NULL ||
	    !cw_strv_contains(&installation->enhancements, CW_HSTS_FIRST))
		return CW_OK;
	status = cw_lineage_open(context->directories.config, installation->lineage, &lineage,
				 error);
	if (status < 0)
		return status;
	config = cw_configobj_copy(lineage->config);
	for (size_t i = 0; i < installation->names.count; i++)
		if (!cw_configobj_is_list(config, section, installation->names.items[i]))
			set(config, cw_plugin_name(installer), ages[0],
			    installation->names.items[i]);
	cw_renewal_add_installer(config, cw_plugin_name(installer));
	cw_renewal_write_plugin(config, settings, cw_plugin_name(installer));
	status = cw_lineage_save_config(lineage, config, error);
	return status < 0 ? cw_context(error, "cannot record the first step of --auto-hsts")
			  : CW_OK;
}

int
cw_hsts_taken(const struct cw_context *context, const char *lineage_name,
	      const struct cw_hsts_step *step, bool end, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_auto_configobj struct cw_configobj *config = NULL;
	int status = cw_lineage_open(context->directories.config, lineage_name, &lineage, error);

	if (status < 0)
		return status;
	config = cw_configobj_copy(lineage->config);
	for (size_t i = 0; i < step->names.count; i++) {
		if (end || step->to == ages[LAST])
			cw_configobj_remove(config, section, step->names.items[i]);
		else
			set(config, step->installer, step->to, step->names.items[i]);
	}
	if (!cw_configobj_next(config, section, &(size_t){0}, &(struct cw_configobj_entry){0}))
		cw_configobj_remove_section(config, section);
	status = cw_lineage_save_config(lineage, config, error);
	return status < 0 ? cw_context(error, "cannot record the step of --auto-hsts") : CW_OK;
}
