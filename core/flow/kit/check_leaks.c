/* What an instance leaves behind in its process. */
#include "base/text.h"
#include "flow/kit/check_internal.h"
#include "flow/kit/measure.h"

enum {
	WARM_UP = 40,
	CYCLES = 400,
	/* Bytes that the memory may grow by in all cycles: half a kilobyte for each. */
	GROWTH_MAX = CYCLES * 512
};

static int
cycle(struct cw_trial *trial, unsigned count, struct cw_error *error)
{
	int status = CW_OK;

	for (unsigned i = 0; i < count && status == CW_OK; i++) {
		status = cw_trial_open(trial, trial->settings, true, error);
		if (status == CW_OK)
			status = cw_trial_close(trial, error);
	}
	return status;
}

static void
report(struct cw_check *check, long descriptors, long memory)
{
	const pid_t pid = check->trial.pid;
	long more = cw_measure_descriptors(pid) - descriptors;
	long growth = cw_measure_memory(pid) - memory;
	cw_autofree char *child = cw_measure_child(pid);

	if (more > 0)
		cw_check_wrong(check, "descriptors", "close in close() what open() opened",
			       "%ld descriptors are left open after open and close of %d instances",
			       more, CYCLES);
	else
		cw_check_ok(check, "descriptors");
	if (growth > GROWTH_MAX)
		cw_check_wrong(check, "memory", "release in close() what open() allocated",
			       "the memory grew by %ld bytes for each instance", growth / CYCLES);
	else
		cw_check_ok(check, "memory");
	if (child != NULL)
		cw_check_wrong(check, "processes",
			       "run programs with cw_host_run(), and wait for those started "
			       "otherwise",
			       "the process %s is left after close", child);
	else
		cw_check_ok(check, "processes");
}

int
cw_check_leaks(struct cw_check *check, struct cw_error *error)
{
	static const char name[] = "open and close";
	struct cw_trial *trial = &check->trial;
	cw_auto_error struct cw_error failure = {0};
	int status = cycle(trial, WARM_UP, &failure);
	long descriptors = cw_measure_descriptors(trial->pid);
	long memory = cw_measure_memory(trial->pid);

	(void)error;
	if (status == CW_OK)
		status = cycle(trial, CYCLES, &failure);
	if (status == CW_OK) {
		cw_check_ok(check, name);
		report(check, descriptors, memory);
	} else if (!cw_check_died(check, name, &failure)) {
		cw_autofree char *line = cw_error_line(&failure);

		cw_check_skip(check, name, line);
	}
	cw_trial_end(trial);
	return CW_OK;
}
