#include "control.h"
#include "files.h"

int
control_cannot_run(const struct cw_host *host, const char *ctl, int status)
{
	autofree char *path = memory_format("give the path of %s with %s", dialect.program,
					    dialect.program_option);
	autofree char *install = memory_format("install %s, or %s", dialect.server, path);

	if (status == CW_E_NOT_FOUND)
		return cw_host_fail(host, status, install, "cannot find the program \"%s\"", ctl);
	if (status == CW_E_TIMEOUT)
		return cw_host_fail(host, status, NULL, "\"%s\" did not end in time", ctl);
	return cw_host_fail(host, status, path, "cannot run \"%s\"", ctl);
}

int
control_run(const struct control *control, char **refusal)
{
	struct cw_command command = {.size = sizeof(command),
				     .argv = control->argv,
				     .environment = control->environment,
				     .time_limit = control->time_limit,
				     .output_limit = CONTROL_OUTPUT_LIMIT};
	struct cw_command_result result = {.size = sizeof(result)};
	int status = cw_host_run(control->host, &command, &result);

	if (status != CW_OK)
		return status;
	status = result.status;
	if (status == CW_E_COMMAND) {
		*refusal = control->reason(result.error_output);
		cw_host_fail(control->host, status, control->hint, "%s: %s", control->failure,
			     *refusal);
	} else if (status != CW_OK) {
		control_cannot_run(control->host, control->ctl, status);
	}
	cw_host_release_result(control->host, &result);
	return status;
}
