#include "flow/due/schedule.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/role.h"
#include "base/strv.h"
#include "base/text.h"
#include "flow/agent/control.h"

enum { FILE_MAX = 64 * 1024 };

#define TIMER "certwright-renew.timer"

static const char usual_config[] = "/etc/letsencrypt";
static const char usual_work[] = "/var/lib/letsencrypt";
static const char usual_logs[] = "/var/log/letsencrypt";

/* Where units are; the first that has one counts. */
static const char *const unit_folders[] = {"/etc/systemd/system", "/run/systemd/system",
					   "/usr/local/lib/systemd/system",
					   "/usr/lib/systemd/system", "/lib/systemd/system"};
static const char *const cron_files[] = {"/etc/crontab", "/etc/anacrontab"};
static const char *const cron_folders[] = {"/etc/cron.d",         "/etc/cron.hourly",
					   "/etc/cron.daily",     "/etc/cron.weekly",
					   "/etc/periodic/15min", "/etc/periodic/hourly",
					   "/etc/periodic/daily", "/etc/periodic/weekly"};
static const char *const cron_programs[] = {
	"/usr/sbin/cron",    "/usr/sbin/crond",
	"/usr/sbin/anacron", "/usr/bin/crond",
	"/usr/bin/fcron",    "/lib/systemd/system-generators/systemd-crontab-generator",
};
/* With a file for each user. */
static const char *const crontab_folders[] = {"/var/spool/cron/crontabs", "/var/spool/cron",
					      "/etc/crontabs"};

struct search {
	const char *root;
	const struct cw_directories *directories;
	bool systemd; /* runs */
	struct cw_schedule *schedule;
};

void
cw_schedule_clear(struct cw_schedule *schedule)
{
	free(schedule->runner);
	free(schedule->setup);
	free(schedule->file);
	*schedule = (struct cw_schedule){0};
}

/* Whether the line has the path FOLDER, and not only as the beginning of another one. */
static bool
names_folder(const char *line, const char *folder)
{
	size_t length = strlen(folder);

	for (const char *at = line; (at = strstr(at, folder)) != NULL; at += length) {
		const char *end = at + length;

		end += *end == '/';
		/* Also at the end of the line. */
		if (strchr(" \t\"'", *end) != NULL)
			return true;
	}
	return false;
}

/* "renew" for the directories in use; a line that names no configuration directory has the default
 * one. */
static bool
runs_renew(const struct search *search, const char *line)
{
	const char *config = search->directories->config;
	const char *program = strstr(line, "certwright");

	if (program == NULL)
		program = strstr(line, "certbot");
	if (program == NULL || strstr(program, "renew") == NULL)
		return false;
	if (strstr(line, "--config-dir") != NULL)
		return names_folder(line, config);
	return strcmp(config, usual_config) == 0;
}

/* Whether the file has a line with this beginning that runs it. A job of cron that leaves the work
 * to a timer of systemd does not. */
static bool
has_line(const struct search *search, const char *path, const char *beginning)
{
	cw_auto_buf struct cw_buf text = {0};
	cw_auto_strv struct cw_strv lines = {0};

	if (cw_file_read(path, FILE_MAX, &text, NULL) != CW_OK)
		return false;
	cw_buf_add(&text, "", 1);
	/* A line that goes on. */
	for (char *at = (char *)text.data; (at = strstr(at, "\\\n")) != NULL;)
		at[0] = at[1] = ' ';
	cw_strv_split(&lines, (const char *)text.data, '\n');
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = cw_trim(lines.items[i]);

		if (*line != '#' && cw_starts_with(line, beginning) && runs_renew(search, line) &&
		    !(search->systemd && strstr(line, "/run/systemd/system") != NULL))
			return true;
	}
	return false;
}

/* The path of a unit's file, below the root; NULL: none. Release with free(). */
static char *
find_unit(const struct search *search, const char *name)
{
	for (size_t i = 0; i < CW_COUNT(unit_folders); i++) {
		cw_autofree char *path = cw_format("%s%s/%s", search->root, unit_folders[i], name);

		if (cw_file_exists(path))
			return cw_take(&path);
	}
	return NULL;
}

/* The name that a unit has behind its aliases, or "null" if it is masked: a link to /dev/null.
 * Release with free(). */
static char *
real_name(const struct search *search, const char *name)
{
	cw_autofree char *path = find_unit(search, name);
	cw_autofree char *real = path != NULL ? realpath(path, NULL) : NULL;

	return cw_strdup(real != NULL ? strrchr(real, '/') + 1 : name);
}

/* A timer starts the service of its own name. */
static bool
is_ours(const struct search *search, const char *timer)
{
	size_t length = strlen(timer) - strlen(".timer");
	cw_autofree char *service = cw_format("%.*s.service", (int)length, timer);
	cw_autofree char *path = find_unit(search, service);

	return path != NULL && has_line(search, path, "ExecStart");
}

/* All of them: beside our own there may be Certbot's. */
static void
search_timers(struct search *search)
{
	cw_auto_strv struct cw_strv timers = {0};
	cw_auto_strv struct cw_strv ordered = {0};
	cw_autofree char *list = NULL;

	for (size_t i = 0; i < CW_COUNT(unit_folders); i++) {
		cw_autofree char *folder =
			cw_format("%s%s/timers.target.wants", search->root, unit_folders[i]);
		cw_auto_strv struct cw_strv names = {0};

		cw_folder_list(folder, true, &names, NULL);
		for (size_t j = 0; j < names.count; j++) {
			cw_autofree char *name = real_name(search, names.items[j]);

			if (cw_ends_with(name, ".timer") && is_ours(search, name))
				cw_strv_add_unique(&timers, name);
		}
	}
	if (timers.count == 0)
		return;
	if (cw_strv_contains(&timers, TIMER))
		cw_strv_add(&ordered, TIMER);
	for (size_t i = 0; i < timers.count; i++)
		cw_strv_add_unique(&ordered, timers.items[i]);
	list = cw_strv_join(&ordered, " and ");
	search->schedule->runner =
		cw_format("systemd timer%s %s", ordered.count > 1 ? "s" : "", list);
}

/* In a container there are often files for cron, but no cron. */
static bool
has_cron(const struct search *search)
{
	for (size_t i = 0; i < CW_COUNT(cron_programs); i++) {
		cw_autofree char *path = cw_format("%s%s", search->root, cron_programs[i]);

		if (cw_file_exists(path))
			return true;
	}
	return false;
}

static void
look_at_job(struct search *search, const char *path)
{
	cw_autofree char *whole = cw_format("%s%s", search->root, path);

	if (search->schedule->runner == NULL && has_line(search, whole, ""))
		search->schedule->runner = cw_format("cron job in %s", path);
}

/* Cron passes over files such as "certbot.disabled" and "certbot~", and over scripts that may not
 * be executed. */
static void
look_at_folder(struct search *search, const char *folder)
{
	cw_autofree char *whole = cw_format("%s%s", search->root, folder);
	bool has_scripts = strcmp(folder, "/etc/cron.d") != 0;
	cw_auto_strv struct cw_strv names = {0};

	cw_folder_list(whole, true, &names, NULL);
	for (size_t i = 0; i < names.count; i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, names.items[i]);
		cw_autofree char *script = cw_format("%s%s", search->root, path);

		if (strpbrk(names.items[i], ".~") == NULL &&
		    (!has_scripts || access(script, X_OK) == 0))
			look_at_job(search, path);
	}
}

static void
search_jobs(struct search *search)
{
	const struct passwd *user = getpwuid(geteuid());

	for (size_t i = 0; i < CW_COUNT(cron_files); i++)
		look_at_job(search, cron_files[i]);
	for (size_t i = 0; i < CW_COUNT(cron_folders); i++)
		look_at_folder(search, cron_folders[i]);
	for (size_t i = 0; i < CW_COUNT(crontab_folders); i++) {
		cw_autofree char *of_root = cw_format("%s/root", crontab_folders[i]);
		cw_autofree char *own =
			user != NULL ? cw_format("%s/%s", crontab_folders[i], user->pw_name) : NULL;

		look_at_job(search, of_root);
		if (own != NULL)
			look_at_job(search, own);
	}
}

static void
add_directory(struct cw_buf *line, const char *option, const char *path, const char *usual)
{
	cw_autofree char *word = cw_shell_word(path);

	if (strcmp(path, usual) != 0)
		cw_buf_addf(line, " %s %s", option, word);
}

/* Twice a day: a certificate that failed is tried again soon enough. */
static void
advise(struct search *search)
{
	const struct cw_directories *directories = search->directories;
	cw_autofree char *unit = find_unit(search, TIMER);
	cw_autofree char *program = cw_own_program();
	cw_autofree char *word = cw_shell_word(program);
	cw_auto_buf struct cw_buf line = {0};
	bool root = geteuid() == 0;

	if (search->systemd && unit != NULL && root &&
	    strcmp(directories->config, usual_config) == 0) {
		search->schedule->setup = cw_strdup("systemctl enable --now " TIMER);
		return;
	}
	cw_buf_addf(&line, "23 4,16 * * *%s %s renew --quiet", root ? " root" : "", word);
	add_directory(&line, "--config-dir", directories->config, usual_config);
	add_directory(&line, "--work-dir", directories->work, usual_work);
	add_directory(&line, "--logs-dir", directories->logs, usual_logs);
	search->schedule->setup = cw_memdup(line.data, line.length);
	search->schedule->file = cw_strdup(root ? "/etc/cron.d/certwright" : "your crontab");
}

void
cw_schedule_find(const char *root, const struct cw_directories *directories,
		 struct cw_schedule *schedule)
{
	cw_autofree char *running = cw_format("%s/run/systemd/system", root);
	struct search search = {.root = root,
				.directories = directories,
				.systemd = cw_is_folder(running),
				.schedule = schedule};
	cw_autofree char *agent = cw_format("%s%s/certwright/agent", root, directories->work);

	*schedule = (struct cw_schedule){0};
	if (cw_control_answers(agent))
		schedule->runner = cw_strdup("certwright agent, which runs now");
	if (schedule->runner == NULL && search.systemd)
		search_timers(&search);
	if (schedule->runner == NULL && has_cron(&search))
		search_jobs(&search);
	if (schedule->runner == NULL)
		advise(&search);
}

void
cw_schedule_describe(const struct cw_context *context, struct json_object *result)
{
	bool configured = cw_settings_flag(context->settings, "preconfigured_renewal");
	cw_auto_schedule struct cw_schedule schedule = {0};
	struct json_object *description = cw_json_new_object();

	cw_schedule_find("", &context->directories, &schedule);
	cw_json_set_string(description, "scheduled_by", schedule.runner);
	cw_json_set_string(description, "setup", configured ? NULL : schedule.setup);
	cw_json_set_string(description, "file", configured ? NULL : schedule.file);
	cw_json_set_string(description, "prevented", NULL);
	cw_json_set(result, "renewal", description);
}
