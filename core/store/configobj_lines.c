#include "store/configobj_lines.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

struct cw_configobj *
cw_configobj_new(void)
{
	struct cw_configobj *config = cw_alloc(sizeof(*config));

	config->line_end = "\n";
	return config;
}

void
cw_configobj_free(struct cw_configobj *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->count; i++)
		cw_strv_clear(&config->lines[i].list);
	free(config->lines);
	cw_pool_clear(&config->pool);
	free(config);
}

void
cw_configobj_cleanup(struct cw_configobj **config)
{
	cw_configobj_free(*config);
}

struct configobj_line *
cw_configobj_insert(struct cw_configobj *config, size_t index)
{
	if (config->count == config->capacity) {
		config->capacity = config->capacity == 0 ? 32 : config->capacity * 2;
		config->lines = cw_realloc(config->lines, config->capacity, sizeof(*config->lines));
	}
	memmove(&config->lines[index + 1], &config->lines[index],
		(config->count - index) * sizeof(*config->lines));
	memset(&config->lines[index], 0, sizeof(*config->lines));
	config->count++;
	return &config->lines[index];
}
