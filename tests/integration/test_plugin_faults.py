"""A plugin that crashes, hangs or lies harms the certificates that it works on, and no others."""

import os
import signal
import time

import pytest

from lib.account import challenge_again
from lib.plugins import IDLE, PluginFolder
from lib.process import is_gone, wait_until

# perform() leaves a file that it registered for removal, then does what FAULT says.
PERFORM = r"""
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	unsigned id;
	FILE *file;
	(void)self; (void)challenges; (void)count;
	if (host->undo_remove(host, LEFT, &id) != CW_OK || (file = fopen(LEFT, "w")) == NULL)
		return CW_E_IO;
	fclose(file);
	FAULT;
	return CW_E_UNSUPPORTED;
}
"""


@pytest.fixture
def faulty(tmp_path):
    """Compiles the plugin with a fault; gives the environment in which it is found, and the path of
    what it leaves behind."""
    folder = PluginFolder(tmp_path / "plugins")
    left = str(tmp_path / "left-behind")

    def compile_with(fault):
        folder.compile("faulty", PERFORM, LEFT=f'"{left}"', FAULT=fault)
        return folder.env, left

    return compile_with


def two_lineages(certwright, pebble):
    """One that is renewed with the faulty plugin, and one with standalone."""
    certwright.certonly("bad.example.test")
    certwright.certonly("good.example.test")
    challenge_again(certwright)
    path = certwright.renewal_file("bad.example.test")
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    assert "authenticator = standalone\n" in text
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text.replace("authenticator = standalone\n", "authenticator = faulty\n"))


@pytest.mark.parametrize("fault, words", [
    ("raise(SIGSEGV)", ["signal 11", "perform", "faulty"]),
    ("abort()", ["signal 6", "perform", "faulty"]),
    ("exit(0)", ["perform", "faulty"]),
])
def test_a_crash_harms_one_certificate(certwright, pebble, faulty, fault, words):
    env, left = faulty(fault)
    two_lineages(certwright, pebble)
    before = os.readlink(certwright.live("bad.example.test"))
    result = certwright.json("renew", "--force-renewal", "--no-random-sleep-on-renew", env=env,
                             status=1)
    actions = {c["name"]: c["action"] for c in result.json["certificates"]}
    assert actions == {"bad.example.test": "failed", "good.example.test": "renewed"}
    said = next(c["error"]["message"] for c in result.json["certificates"] if c["error"])
    for word in words:
        assert word in said
    assert os.readlink(certwright.live("bad.example.test")) == before
    assert not os.path.exists(left)


def test_a_hang_is_ended_at_the_plugin_timeout(certwright, pebble, faulty):
    env, left = faulty("for (;;) pause()")
    two_lineages(certwright, pebble)
    begin = time.monotonic()
    result = certwright.json("renew", "--force-renewal", "--no-random-sleep-on-renew",
                             "--plugin-timeout", "2", env=env, status=1)
    assert time.monotonic() - begin < 30
    actions = {c["name"]: c["action"] for c in result.json["certificates"]}
    assert actions == {"bad.example.test": "failed", "good.example.test": "renewed"}
    assert "--plugin-timeout" in str(result.json["error"])
    assert not os.path.exists(left)


# perform() puts the key authorizations where the web server serves them.
PUBLISH = r"""
#include <stdio.h>
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	(void)self;
	for (size_t i = 0; i < count; i++) {
		char path[4096];
		FILE *file;
		snprintf(path, sizeof(path), "%s/%s", SERVED, challenges[i]->token);
		if ((file = fopen(path, "w")) == NULL)
			return CW_E_IO;
		fputs(challenges[i]->key_authorization, file);
		fclose(file);
		challenges[i]->result = CW_OK;
	}
	return CW_OK;
}
"""


@pytest.mark.parametrize("names", [["one.example.test"], ["one.example.test", "two.example.test"]],
                         ids=["one-name", "two-names"])
@pytest.mark.parametrize("fault", ["raise(SIGSEGV)", "exit(0)", "for (;;) pause()",
                                   "return CW_E_IO"])
def test_a_fault_in_cleanup_costs_no_certificate(certwright, pebble, start, tmp_path, fault, names):
    """The CA has seen the challenges: there is no reason to fail."""
    folder = PluginFolder(tmp_path / "plugins")
    served = tmp_path / "root" / ".well-known" / "acme-challenge"
    served.mkdir(parents=True)
    folder.compile("publisher", PUBLISH, SERVED=f'"{served}"', AT_CLEANUP=fault)
    start.web(pebble.http_port, lambda host: str(tmp_path / "root"))
    words = [word for name in names for word in ("-d", name)]
    result = certwright.run("certonly", "-a", "publisher", *words, "--plugin-timeout", "2",
                            env=folder.env, json=True)
    assert result.certificates[names[0]]["action"] == "issued"
    assert os.path.exists(certwright.live(names[0]))
    assert "cleanup" in certwright.log_text()


# perform() runs a shell that kills the plugin's process, and goes on in the background too.
RUN = r"""
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const char *const argv[] = {"/bin/sh", "-c",
		"sleep 1000 & echo $$ $! >" NUMBERS ".new; mv " NUMBERS ".new " NUMBERS ";"
		AND_THEN "; wait", NULL};
	struct cw_command command = {.size = sizeof(command), .argv = argv};
	struct cw_command_result result = {.size = sizeof(result)};
	(void)self; (void)challenges; (void)count;
	return cw_host_run(host, &command, &result);
}
"""


@pytest.mark.parametrize("end", ["crash", "interrupt"])
def test_what_a_plugin_runs_ends_with_it(certwright, tmp_path, end):
    folder = PluginFolder(tmp_path / "plugins")
    numbers = tmp_path / "numbers"
    folder.compile("runner", RUN, NUMBERS=f'"{numbers}"',
                   AND_THEN='"kill -9 $PPID"' if end == "crash" else '":"')
    running = certwright.start("certonly", "-a", "runner", "-d", "run.example.test",
                               env=folder.env)
    wait_until(numbers.exists, what="the shell")
    if end == "interrupt":
        os.kill(running.pid, signal.SIGINT)
    result = running.finish()
    assert result.status != 0
    for number in numbers.read_text().split():
        assert is_gone(int(number))


def test_a_killed_run_is_undone_by_the_next(certwright, faulty):
    env, left = faulty("kill(getppid(), SIGKILL), raise(SIGKILL)")
    certwright.run("certonly", "-a", "faulty", "-d", "killed.example.test", env=env, status=None)
    assert os.path.exists(left)
    certwright.certonly("next.example.test")
    assert not os.path.exists(left)


# What happens when a module is looked at: in a constructor, or in its entry function.
CONSTRUCTOR = """
__attribute__((constructor)) static void begin(void) { %s; }
"""


@pytest.fixture(params=["constructor", "entry"])
def early(request, tmp_path):
    """Compiles the plugin "early" with a fault that shows when it is loaded."""
    folder = PluginFolder(tmp_path / "plugins")

    def compile_with(fault):
        if request.param == "constructor":
            path = folder.compile("early", IDLE + CONSTRUCTOR % fault)
        else:
            path = folder.compile("early", AT_ENTRY=fault)
        return folder.env, path

    return compile_with


def alone(result):
    """The refusal of the only plugin that is refused; all others are there."""
    names = {plugin["name"] for plugin in result.json["plugins"]}
    assert {"manual", "null", "standalone", "webroot"} <= names
    assert "early" not in names
    assert len(result.json["refused"]) == 1
    return result.json["refused"][0]


@pytest.mark.parametrize("fault, words", [
    ("exit(0)", "exited with status 0"),
    ("_exit(3)", "exited with status 3"),
    ("raise(SIGSEGV)", "signal 11"),
    ("abort()", "signal 6"),
    ("kill(getpid(), SIGKILL)", "signal 9"),
])
def test_a_module_that_ends_its_process_is_refused_alone(certwright, early, fault, words):
    env, path = early(fault)
    refused = alone(certwright.json("plugins", env=env))
    assert refused["path"] == path
    assert words in refused["error"]["message"]
    assert refused["error"]["message"].count(path) == 1
    assert "\n" not in refused["error"]["message"]


@pytest.mark.sample(2)
def test_a_module_that_never_ends_is_refused_in_time(certwright, early):
    env, path = early("for (;;) pause()")
    begin = time.monotonic()
    refused = alone(certwright.json("plugins", env=env))
    assert time.monotonic() - begin < 30
    assert "within 10 seconds" in refused["error"]["message"]


def test_a_module_that_is_not_needed_is_not_loaded(certwright, early, tmp_path):
    mark = tmp_path / "mark"
    env, _ = early(f'fclose(fopen("{mark}", "w"))')
    certwright.json("certificates", env=env)
    assert not mark.exists()
    certwright.json("plugins", env=env)
    assert mark.exists()


def test_a_module_that_exits_ends_no_renewal(certwright, pebble, early):
    env, path = early("exit(0)")
    certwright.certonly("bad.example.test")
    certwright.certonly("good.example.test")
    challenge_again(certwright)
    path = certwright.renewal_file("bad.example.test")
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text.replace("authenticator = standalone\n", "authenticator = early\n"))
    result = certwright.json("renew", "--force-renewal", "--no-random-sleep-on-renew", env=env,
                             status=1)
    actions = {c["name"]: c["action"] for c in result.json["certificates"]}
    assert actions == {"bad.example.test": "failed", "good.example.test": "renewed"}


def test_what_a_module_prints_goes_to_the_log(certwright, early):
    env, _ = early('printf("{\\"early\\": \\"bird\\"}\\n"), fflush(stdout), '
                   'fprintf(stderr, "catches the worm\\n")')
    result = certwright.json("plugins", env=env)
    assert "early" in {plugin["name"] for plugin in result.json["plugins"]}
    assert "bird" not in result.output
    assert "worm" not in result.output
    certwright.run("certonly", "-a", "early", "-d", "printed.example.test", env=env, status=1)
    log = certwright.log_text()
    assert "bird" in log and "worm" in log


def test_a_process_that_a_module_leaves_keeps_no_pipe_open(certwright, early, tmp_path):
    left = tmp_path / "left"
    env, _ = early('pid_t left = fork(); if (left == 0) for (;;) pause(); '
                   f'FILE *file = fopen("{left}", "w"); fprintf(file, "%d", left); fclose(file)')
    begin = time.monotonic()
    result = certwright.json("plugins", env=env)
    assert time.monotonic() - begin < 30
    assert "early" in {plugin["name"] for plugin in result.json["plugins"]}
    pid = int(left.read_text())
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the end of the forked process")


SLOW_END = r"""
#include <time.h>
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	(void)self; (void)challenges; (void)count;
	kill(getppid(), SIGKILL);
	return CW_OK;
}
static void slow_close(void *self)
{
	struct timespec second = {1, 0};
	FILE *file;
	(void)self;
	while (nanosleep(&second, &second) != 0)
		continue;
	file = fopen(LEFT, "w");
	if (file != NULL)
		fclose(file);
}
"""


def test_the_next_run_waits_for_a_plugin_process_that_still_undoes_its_work(certwright, tmp_path):
    folder = PluginFolder(tmp_path / "plugins")
    ended = str(tmp_path / "ended")
    folder.compile("slow", SLOW_END, ".close = slow_close,", LEFT=f'"{ended}"')
    certwright.run("certonly", "-a", "slow", "-d", "killed.example.test", env=folder.env, status=-9)
    certwright.certonly("next.example.test")
    assert os.path.exists(ended)


# Both roles. In the function that WHERE names, what FAULT says happens.
ANYWHERE = r"""
void at(const char *call) { if (strcmp(call, WHERE) == 0) { FAULT; } }
static int prepare(void *self) { (void)self; at("prepare"); return CW_OK; }
static void end(void *self) { (void)self; at("close"); }
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{ (void)self; (void)challenges; (void)count; at("perform"); return CW_OK; }
static int check(void *self, const struct cw_deployment *deployment)
{ (void)self; (void)deployment; at("check"); return CW_OK; }
static int deploy(void *self, const struct cw_deployment *deployment)
{ (void)self; (void)deployment; at("deploy"); return CW_OK; }
static int save(void *self, const char *title) { (void)self; (void)title; at("save"); return CW_OK; }
static int config_test(void *self) { (void)self; at("config_test"); return CW_OK; }
static int reload(void *self) { (void)self; at("reload"); return CW_OK; }
static const struct cw_installer installer = {
	.size = sizeof(struct cw_installer), .check = check, .deploy = deploy, .save = save,
	.config_test = config_test, .reload = reload };
"""
AUTHENTICATING = ["prepare", "perform", "cleanup", "close"]
INSTALLING = ["prepare", "check", "deploy", "save", "config_test", "reload", "close"]


@pytest.mark.parametrize("role, call", [*(("-a", call) for call in AUTHENTICATING),
                                        *(("-i", call) for call in INSTALLING)])
@pytest.mark.parametrize("fault", ["exit(0)", "abort()", 'puts("{\\"more\\": 1}"), fflush(stdout)',
                                   "if (fork() == 0) exit(0)"], ids=["exit", "abort", "print", "fork"])
def test_a_fault_in_any_call_is_one_sentence_and_one_object(certwright, tmp_path, role, call, fault):
    """That stdout is one object is what json() finds out."""
    folder = PluginFolder(tmp_path / "plugins")
    folder.compile("faulty", ANYWHERE,
                   ".prepare = prepare, .close = end, .installer = &installer,", FAULT=fault,
                   WHERE=f'"{call}"', AT_CLEANUP='extern void at(const char *); at("cleanup")')
    other = ["-i", "null"] if role == "-a" else ["-a", "standalone", "--no-redirect"]
    result = certwright.json("run", role, "faulty", *other, "-d", "any.example.test",
                             env=folder.env, status=None)
    assert "more" not in result.stdout
    ends = fault in ("exit(0)", "abort()")
    if role == "-i":
        # An instance that was closed has done its work.
        assert result.status == (1 if ends and call != "close" else 0)
    if ends and call not in ("close", "cleanup"):
        message = result.json["error"]["message"]
        assert '"faulty"' in message and call in message and "\n" not in message
    # The others stay usable.
    certwright.certonly("good.example.test", env=folder.env)
