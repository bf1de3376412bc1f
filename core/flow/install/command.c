#include "flow/install/command.h"
#include <string.h>
#include "base/buf.h"
#include "base/text.h"

static void
add_word(struct cw_buf *command, const char *word)
{
	cw_autofree char *quoted = cw_shell_word(word);

	cw_buf_addf(command, " %s", quoted);
}

static bool
is_installers(const struct cw_option *option, const char *installer)
{
	size_t length = strlen(installer);

	return cw_starts_with(option->names[0], installer) && option->names[0][length] == '-';
}

/* Whether an installation depends on the option, whatever the installer. */
static bool
is_for_all(const struct cw_option *option)
{
	static const char *const options[] = {"config_dir", "work_dir", "logs_dir", "https_port"};

	for (size_t i = 0; i < CW_COUNT(options); i++)
		if (strcmp(option->internal, options[i]) == 0)
			return true;
	return false;
}

static void
add_option(struct cw_buf *command, const struct cw_context *context, const struct cw_option *option)
{
	const struct cw_settings *settings = context->settings;
	cw_autofree char *name = cw_format("--%s", option->names[0]);

	if (option->kind == CW_OPTION_FLAG) {
		if (cw_settings_flag(settings, option->internal))
			add_word(command, name);
		return;
	}
	add_word(command, name);
	add_word(command, cw_settings_get(settings, option->internal));
}

char *
cw_command_to_install(const struct cw_context *context, const char *name, const char *installer)
{
	const struct cw_option_set *options = cw_settings_options(context->settings);
	struct cw_buf command = {0};

	cw_buf_add_text(&command, "certwright install --cert-name");
	add_word(&command, name);
	cw_buf_add_text(&command, " -i");
	add_word(&command, installer);
	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);
		bool given = cw_settings_source(context->settings, option->internal) ==
			     CW_SOURCE_COMMAND;

		if (given && (option->flags & (CW_OPT_SECRET | CW_OPT_NEGATIVE)) == 0 &&
		    (is_for_all(option) || is_installers(option, installer)))
			add_option(&command, context, option);
	}
	return cw_buf_take(&command);
}
