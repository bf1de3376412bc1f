/*
 * apache-hosts SERVER_ROOT: the virtual hosts of a configuration of Apache, as the plugin sees
 * them. One line each: FILE:LINE, a tab, ADDRESS,... with ports, a tab, "tls" or "plain", a tab,
 * NAME,ALIAS,... The program is apache2ctl, or what APACHE_CTL in the environment names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../plugins/apache/model.h"
#include "base/process.h"

static int
host_fail(const struct cw_host *host, int status, const char *hint, const char *message)
{
	(void)host;
	(void)hint;
	fprintf(stderr, "%s\n", message);
	return status;
}

static int
host_run(const struct cw_host *host, const struct cw_command *const *commands,
	 struct cw_command_result *const *results, size_t count, size_t jobs)
{
	(void)host;
	(void)jobs;
	for (size_t i = 0; i < count; i++) {
		struct cw_process process = {.argv = commands[i]->argv,
					     .environment = commands[i]->environment,
					     .time_limit = commands[i]->time_limit,
					     .output_limit = commands[i]->output_limit};

		results[i]->status = cw_process_run_one(&process, NULL);
		results[i]->output_length = process.output.length;
		results[i]->output = cw_buf_take(&process.output);
		results[i]->error_output = cw_buf_take(&process.error_output);
	}
	return CW_OK;
}

static void
host_release(const struct cw_host *host, void *memory)
{
	(void)host;
	free(memory);
}

static void
print_host(struct model *model, const struct host *host)
{
	printf("%s\t", directive_place(&model->config, host->section));
	for (size_t i = 0; i < host->address_count; i++) {
		const struct address *address = &host->addresses[i];
		const char *format = strchr(address->host, ':') != NULL ? "%s[%s]:" : "%s%s:";

		printf(format, i > 0 ? "," : "", address->host);
		if (address->port != 0)
			printf("%u", address->port);
		else
			fputs("*", stdout);
	}
	printf("\t%s\t", host->tls ? "tls" : "plain");
	for (size_t i = 0; i < host->name_count; i++)
		printf("%s%s", i > 0 ? "," : "", host->names[i]);
	puts("");
}

int
main(int argc, char **argv)
{
	static const struct cw_host host = {.size = sizeof(host),
					    .abi_major = CW_ABI_MAJOR,
					    .abi_minor = CW_ABI_MINOR,
					    .fail = host_fail,
					    .run = host_run,
					    .release = host_release};
	struct program program;
	struct model model;
	int status;

	if (argc != 2) {
		fputs("usage: apache-hosts SERVER_ROOT\n", stderr);
		return 2;
	}
	program_init(&program, &host, argv[1], getenv("APACHE_CTL"), NULL);
	status = model_read(&model, &program);
	for (size_t i = 0; i < model.host_count && status == CW_OK; i++)
		print_host(&model, &model.hosts[i]);
	model_clear(&model);
	program_clear(&program);
	return fflush(stdout) == 0 && status == CW_OK ? 0 : 1;
}
