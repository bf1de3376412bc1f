#include "admin.h"
#include "command.h"

/* "vcl.list -j" has the VCLs after the number, the command and the time. */
enum { FIRST_VCL = 3, POINTER_SIZE = 64, WORDS = 8 };

static const char hint[] = "see whether Varnish runs; --varnish-name is that of varnishd -n";

static int
run(const struct cw_host *host, const char *const *words, char **output)
{
	const char *argv[WORDS] = {"varnishadm"}, *name = cw_host_option(host, "name");
	size_t count = 1;

	if (name != NULL) {
		argv[count++] = "-n";
		argv[count++] = name;
	}
	while (*words != NULL && count < WORDS - 1)
		argv[count++] = *words++;
	return command_read(host, argv, hint, output);
}

int
admin_do(const struct cw_host *host, const char *verb, const char *first, const char *second)
{
	const char *const words[] = {verb, first, second, NULL};

	return run(host, words, NULL);
}

/* MEMBER of the VCL at INDEX in the output of "vcl.list -j". NULL: there is none. */
static char *
member(const struct cw_host *host, const char *list, size_t index, const char *member)
{
	char pointer[POINTER_SIZE], *value = NULL;

	snprintf(pointer, sizeof(pointer), "/%zu%s", index, member);
	return cw_host_json_get(host, list, strlen(list), pointer, &value) == CW_OK ? value : NULL;
}

/* *LIST: the output of "vcl.list -j"; *INDEX: where the VCL or label NAME is in it, 0: nowhere. */
static int
look_up(const struct cw_host *host, const char *name, char **list, size_t *index)
{
	static const char *const words[] = {"vcl.list", "-j", NULL};
	int status = run(host, words, list), is_it;
	char *one;

	*index = 0;
	if (status != CW_OK)
		return status;
	for (size_t i = FIRST_VCL; (one = member(host, *list, i, "/name")) != NULL; i++) {
		is_it = strcmp(one, name) == 0;
		cw_host_release(host, one);
		if (is_it) {
			*index = i;
			break;
		}
	}
	return CW_OK;
}

int
admin_find_label(const struct cw_host *host, char **target)
{
	const char *label = cw_host_option(host, "label");
	char *list = NULL, *uses = NULL;
	size_t index;
	int status = look_up(host, label, &list, &index);

	*target = NULL;
	if (status == CW_OK && index > 0) {
		*target = member(host, list, index, "/label/name");
		uses = member(host, list, index, "/label/refs");
	}
	if (status == CW_OK && (*target == NULL || uses == NULL)) {
		status = cw_host_fail(host, CW_E_NOT_FOUND,
				      "set Varnish up as certwright-varnish(8) describes",
				      "no VCL of the running Varnish uses the label \"%s\"", label);
		cw_host_release(host, *target);
		*target = NULL;
	}
	cw_host_release(host, uses);
	cw_host_release(host, list);
	return status;
}

int
admin_has(const struct cw_host *host, const char *name, int *found)
{
	char *list = NULL;
	size_t index;
	int status = look_up(host, name, &list, &index);

	*found = index > 0;
	cw_host_release(host, list);
	return status;
}
