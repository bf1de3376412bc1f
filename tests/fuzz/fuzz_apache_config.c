/*
 * libFuzzer: reads a configuration of Apache in the form of the plugin's fixtures, whose further
 * files follow lines "## file NAME". What the reader takes stays inside its files, and a line that
 * is added to a virtual host is then in that virtual host.
 *
 * The reader is compiled to call the functions fuzz_*() here, which know no other files than these
 * and no names of hosts.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../../plugins/apache/edit.h"
#include "../../plugins/apache/model.h"

#define ROOT "/fuzz"
#define MAIN ROOT "/apache2.conf"

enum { FILES_MAX = 8 };

struct part {
	char *path;
	int descriptor; /* has its bytes */
};

static struct part parts[FILES_MAX];
static size_t part_count;
static bool failed;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int fuzz_open(const char *path, int flags, ...);
int fuzz_access(const char *path, int mode);
void *fuzz_opendir(const char *path);
int fuzz_glob(const char *pattern, int flags, int (*on_error)(const char *, int), glob_t *found);
void fuzz_globfree(glob_t *found);
int fuzz_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		     struct addrinfo **found);

static void
expect(bool holds)
{
	if (!holds)
		abort();
}

static const struct part *
find_part(const char *path)
{
	for (size_t i = 0; i < part_count; i++)
		if (strcmp(parts[i].path, path) == 0)
			return &parts[i];
	return NULL;
}

int
fuzz_open(const char *path, int flags, ...)
{
	const struct part *part = find_part(path);

	(void)flags;
	if (part == NULL) {
		errno = ENOENT;
		return -1;
	}
	expect(lseek(part->descriptor, 0, SEEK_SET) == 0);
	return dup(part->descriptor);
}

int
fuzz_access(const char *path, int mode)
{
	(void)mode;
	return find_part(path) != NULL ? 0 : -1;
}

void *
fuzz_opendir(const char *path)
{
	(void)path;
	return NULL;
}

int
fuzz_glob(const char *pattern, int flags, int (*on_error)(const char *, int), glob_t *found)
{
	(void)flags;
	(void)on_error;
	found->gl_pathc = 0;
	found->gl_pathv = calloc(FILES_MAX, sizeof(*found->gl_pathv));
	expect(found->gl_pathv != NULL);
	for (size_t i = 0; i < part_count; i++)
		if (fnmatch(pattern, parts[i].path, FNM_PATHNAME | FNM_PERIOD) == 0)
			found->gl_pathv[found->gl_pathc++] = parts[i].path;
	if (found->gl_pathc > 0)
		return 0;
	free(found->gl_pathv);
	return GLOB_NOMATCH;
}

void
fuzz_globfree(glob_t *found)
{
	free(found->gl_pathv);
}

int
fuzz_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		 struct addrinfo **found)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)found;
	return EAI_NONAME;
}

static int
host_fail(const struct cw_host *host, int status, const char *hint, const char *message)
{
	(void)host;
	(void)hint;
	expect(status < 0 && *message != '\0');
	failed = true;
	return status;
}

static void
add_part(const char *name, size_t name_length, const char *data, size_t size)
{
	struct part *part = &parts[part_count++];

	part->path = memory_format("%s/%.*s", ROOT, (int)name_length, name);
	part->descriptor = memfd_create("fuzz", MFD_CLOEXEC);
	expect(part->descriptor >= 0 && write(part->descriptor, data, size) == (ssize_t)size);
}

static void
divide(const char *data, size_t size)
{
	static const char mark[] = "\n## file ";
	const char *end = data + size, *name = strrchr(MAIN, '/') + 1;
	size_t name_length = strlen(name);

	while (part_count < FILES_MAX) {
		const char *next = memmem(data, (size_t)(end - data), mark, strlen(mark));
		const char *stop = next != NULL ? next + 1 : end;

		add_part(name, name_length, data, (size_t)(stop - data));
		if (next == NULL)
			return;
		name = next + strlen(mark);
		data = memchr(name, '\n', (size_t)(end - name));
		if (data == NULL)
			return;
		name_length = (size_t)(data - name);
		data++;
	}
}

static void
release(void)
{
	for (; part_count > 0; part_count--) {
		free(parts[part_count - 1].path);
		close(parts[part_count - 1].descriptor);
	}
}

static void
check_directive(const struct directive *at)
{
	expect(at->line->start < at->line->end && at->line->end <= at->file->length);
	expect(at->line->number > 0 && at->name != NULL && at->arguments != NULL);
	expect(at->close == NULL ||
	       (at->close->start >= at->line->end && at->close->end <= at->file->length));
	expect(at->first_child == NULL || at->close != NULL);
}

/* A line at the beginning and at the end of each virtual host that can be edited. */
static void
edit_hosts(struct model *model)
{
	size_t count = model->host_count;
	struct edits edits = {0};

	for (size_t i = 0; i < count; i++) {
		const struct directive *section = model->hosts[i].section;

		if (section->use != NULL)
			continue;
		edits_first(&edits, section, "AddedFirst");
		edits_last(&edits, section, "AddedLast");
	}
	edits_apply(&edits);
	expect(model_rebuild(model) == CW_OK);
	expect(model->host_count == count);
	for (size_t i = 0; i < count; i++) {
		const struct directive *section = model->hosts[i].section;

		expect(section->use != NULL || (directive_is(section->first_child, "AddedFirst") &&
						directive_is(section->last_child, "AddedLast")));
	}
}

static void
check_model(struct model *model)
{
	const struct directive *top = &model->config.top;

	for (const struct directive *at = config_walk(top, top); at != NULL;
	     at = config_walk(top, at))
		check_directive(at);
	for (size_t i = 0; i < model->host_count; i++) {
		struct host *host = &model->hosts[i];

		expect(host->name_count > 0);
		host_value(model, host, "ServerAdmin");
		for (size_t j = 0; j < host->address_count; j++)
			expect(model_choose(model, host->addresses[j].host, host->addresses[j].port,
					    "a.test") != NULL);
	}
	edit_hosts(model);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cw_host host = {.size = sizeof(host),
					    .abi_major = CW_ABI_MAJOR,
					    .abi_minor = CW_ABI_MINOR,
					    .fail = host_fail};
	struct program program = {.host = &host,
				  .root = (char[]){ROOT},
				  .configuration = (char[]){MAIN},
				  .known = true,
				  .facts = {.version = APACHE_VERSION(2, 4, 57)}};
	struct model model;
	int status;

	map_set(&program.facts.modules, "core_module", (void *)"");
	map_set(&program.facts.modules, "so_module", (void *)"");
	map_set(&program.facts.defines, "GIVEN", (void *)"given");
	map_set(&program.facts.environment, "ROOT", (void *)ROOT);
	divide((const char *)data, size);
	failed = false;
	status = model_read(&model, &program);
	expect((status != CW_OK) == failed);
	if (status == CW_OK)
		check_model(&model);
	model_clear(&model);
	map_clear(&program.facts.modules);
	map_clear(&program.facts.defines);
	map_clear(&program.facts.environment);
	release();
	return 0;
}
