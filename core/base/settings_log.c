#include "base/log.h"
#include "base/mem.h"
#include "base/option.h"
#include "base/setting_value.h"

#include <stdlib.h>

/* As renewal files have it; release with free(). */
static char *
shown_value(const struct cw_settings *settings, const struct cw_option *option)
{
	const char *internal = option->internal;
	cw_auto_strv struct cw_strv pairs = {0};

	if ((option->flags & CW_OPT_SECRET) != 0)
		return cw_strdup("[secret]");
	if (cw_option_is_list(option))
		return cw_strv_join(cw_settings_list(settings, internal), ",");
	if (option->kind == CW_OPTION_MAP) {
		const struct cw_strv *keys = cw_settings_map_keys(settings, internal);

		for (size_t i = 0; i < keys->count; i++)
			cw_strv_addf(&pairs, "%s=%s", keys->items[i],
				     cw_settings_map_values(settings, internal)->items[i]);
		return cw_strv_join(&pairs, ",");
	}
	if (option->kind == CW_OPTION_FLAG && (option->flags & CW_OPT_COUNT) == 0)
		return cw_strdup(cw_settings_flag(settings, internal) ? "True" : "False");
	return cw_strdup(cw_settings_get(settings, internal));
}

void
cw_settings_log(const struct cw_settings *settings, enum cw_source source, const char *where)
{
	const struct cw_option_set *options = cw_settings_options(settings);

	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);
		cw_autofree char *value = NULL;

		if (option->internal == NULL ||
		    cw_option_by_internal(options, option->internal) != option ||
		    cw_settings_source(settings, option->internal) != source)
			continue;
		value = shown_value(settings, option);
		cw_log_debug("%s: %s = %s", where, option->internal, value);
	}
}
