"""An installer plugin of the tests' own: it keeps one configuration file, and fails where it is
told to."""

import os
import subprocess

from lib.certwright import plugin_path, program_path, top_folder

# The file "target" gets a line for each deployment and enhancement, when save() is called. Each call
# adds its name to "calls". "fail" names a call that fails, "crash" one that crashes.
SOURCE = r"""
#include <certwright/plugin.h>
#include <signal.h>
#include <stdlib.h>

struct tester {
	const struct cw_host *host;
	char text[65536];
};

static int
tester_open(const struct cw_host *host, void **self)
{
	struct tester *tester = calloc(1, sizeof(*tester));

	tester->host = host;
	*self = tester;
	return CW_OK;
}

static void
tester_close(void *self)
{
	free(self);
}

static int
called(struct tester *tester, const char *call)
{
	const char *log = cw_host_option(tester->host, "calls");
	const char *fail = cw_host_option(tester->host, "fail");
	const char *crash = cw_host_option(tester->host, "crash");
	FILE *stream = log != NULL ? fopen(log, "a") : NULL;

	if (stream != NULL) {
		fprintf(stream, "%s\n", call);
		fclose(stream);
	}
	if (crash != NULL && strcmp(crash, call) == 0)
		raise(SIGKILL);
	if (fail != NULL && strcmp(fail, call) == 0)
		return cw_host_fail(tester->host, CW_E_PLUGIN, "ask the tests",
				    "the tester fails in \"%s\"", call);
	return CW_OK;
}

static int
tester_names(void *self, cw_name_sink sink, void *context)
{
	static const char *const names[] = {"one.example.test", "_", "two.example.test",
					    "three.example.test:8080"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (sink(context, names[i]) != CW_OK)
			return CW_E_PLUGIN;
	return called(self, "names");
}

static void
add(struct tester *tester, const char *a, const char *b, const char *c)
{
	size_t length = strlen(tester->text);

	snprintf(tester->text + length, sizeof(tester->text) - length, "%s %s %s\n", a, b, c);
}

static int
tester_deploy(void *self, const struct cw_deployment *deployment)
{
	add(self, "deploy", deployment->name, deployment->fullchain_path);
	return called(self, "deploy");
}

static int
tester_enhance(void *self, const char *name, const char *enhancement)
{
	add(self, "enhance", name, enhancement);
	return called(self, "enhance");
}

static int
tester_save(void *self, const char *title)
{
	struct tester *tester = self;
	const char *target = cw_host_option(tester->host, "target");
	int status = CW_OK;

	if (target != NULL && *tester->text != '\0')
		status = tester->host->write_file(tester->host, target, tester->text,
						  strlen(tester->text), NULL, 0);
	if (status == CW_OK)
		status = called(tester, "save");
	if (status == CW_OK)
		status = tester->host->checkpoint_commit(tester->host, title);
	return status;
}

static int
tester_config_test(void *self)
{
	return called(self, "config_test");
}

static int
tester_reload(void *self)
{
	return called(self, "reload");
}

static int
tester_reread(void *self)
{
	struct tester *tester = self;

	tester->text[0] = '\0';
	return called(self, "reread");
}

static const char *const enhancements[] = {"redirect", "hsts", NULL};

static const struct cw_installer installer = {
	.size = sizeof(struct cw_installer),
	.names = tester_names,
	.deploy = tester_deploy,
	.enhancements = enhancements,
	.enhance = tester_enhance,
	.save = tester_save,
	.config_test = tester_config_test,
	.reload = tester_reload,
	.reread = tester_reread,
};

#define OPTION(name_) \
	{.size = sizeof(struct cw_plugin_option), .name = name_, .kind = CW_OPTION_STRING, \
	 .help = "For the tests."}
static const struct cw_plugin_option target = OPTION("target"), calls = OPTION("calls"),
				     fail = OPTION("fail"), crash = OPTION("crash");
static const struct cw_plugin_option *const options[] = {&target, &calls, &fail, &crash, NULL};

static const struct cw_plugin plugin = {
	.size = sizeof(struct cw_plugin), .abi_major = CW_ABI_MAJOR, .abi_minor = CW_ABI_MINOR,
	.name = "tester", .version = "1", .description = "The tests' installer",
	.options = options, .open = tester_open, .close = tester_close, .installer = &installer,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
"""


def build(folder):
    """Compiles it into FOLDER; returns the environment that has it found."""
    folder = str(folder)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    subprocess.run(["gcc", "-shared", "-fPIC", "-std=gnu99", "-fvisibility=default",
                    "-I", os.path.join(top_folder(), "include"), "-x", "c", "-",
                    "-o", os.path.join(folder, "tester.so")],
                   input=SOURCE.encode(), check=True, timeout=60)
    path = ":".join(p for p in (folder, plugin_path(program_path())) if p)
    return {"CERTWRIGHT_PLUGIN_PATH": path}


class Tester:
    """The plugin with a configuration file that it edits."""

    def __init__(self, folder, env):
        self.env = env
        self.target = os.path.join(str(folder), "server.conf")
        self.calls_path = os.path.join(str(folder), "calls")
        with open(self.target, "w", encoding="utf-8") as stream:
            stream.write("as it was\n")

    @property
    def options(self):
        return ["-i", "tester", "--tester-target", self.target, "--tester-calls", self.calls_path]

    def text(self):
        with open(self.target, encoding="utf-8") as stream:
            return stream.read()

    def calls(self):
        if not os.path.exists(self.calls_path):
            return []
        with open(self.calls_path, encoding="utf-8") as stream:
            return stream.read().split()

    def forget_calls(self):
        if os.path.exists(self.calls_path):
            os.unlink(self.calls_path)
