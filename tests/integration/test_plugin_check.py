"""plugin check: what it finds in good plugins (nothing) and in bad ones."""

import os
import re
import signal
import stat

import pytest

from lib.certwright import plugin_path, program_path
from lib.plugins import PluginFolder

PERFORM = r"""
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{ (void)self; (void)challenges; (void)count; @body@ return CW_OK; }
"""

# An installer that edits one file, well or badly.
INSTALLER = r"""
static int deploy(void *self, const struct cw_deployment *deployment)
{
	const char *path = cw_host_option(host, "file");
	(void)self; (void)deployment;
	if (path == NULL) return cw_host_fail(host, CW_E_USAGE, NULL, "give the file");
	@deploy@
}
static int save(void *self, const char *title)
{ (void)self; return host->checkpoint_commit(host, title); }
static const struct cw_installer installer = {
	.size = sizeof(struct cw_installer), .deploy = deploy, .save = save };
static const struct cw_plugin_option file_option = {
	.size = sizeof(struct cw_plugin_option), .name = "file", .kind = CW_OPTION_PATH,
	.help = "The file to edit." };
static const struct cw_plugin_option *const options[] = {&file_option, NULL};
"""
MEMBERS = ".options = options, .installer = &installer,"


def perform(body=""):
    return PERFORM.replace("@body@", body)


class NoCa:
    ca_path = "/nonexistent"


class Checker:
    def __init__(self, certwright, folder):
        self.certwright, self.folder = certwright, folder

    def check(self, plugin, *options, status=0, seconds=None):
        """Returns the findings by the name of the check."""
        words = [] if seconds is None else ["--seconds", seconds]
        after = ["--", *options] if options else []
        result = self.certwright.run("plugin", "check", plugin, "--json", *words, *after,
                                     status=status, defaults=False, env=self.folder.env)
        return {f["check"]: f for f in result.json["checked"]["findings"]}

    def wrong(self, plugin, *options, **more):
        findings = self.check(plugin, *options, status=1, **more)
        return {name: f["message"] for name, f in findings.items() if f["result"] == "wrong"}


@pytest.fixture
def folder(tmp_path):
    return PluginFolder(tmp_path / "plugins")


@pytest.fixture
def checker(start, folder):
    return Checker(start.certwright(NoCa()), folder)


def ok(findings, *names):
    return all(findings[name]["result"] == "ok" for name in names)


CHALLENGES = ("one challenge", "many challenges", "equal challenges", "failure in open",
              "failure in perform", "failure in cleanup", "kill -9 in open", "kill -9 in perform",
              "kill -9 in cleanup")
INSTALLATION = ("install and roll back", "failure in deploy", "failure in save",
                "kill -9 in deploy", "kill -9 in save", "damaged certificate files",
                "missing certificate files")
LEAKS = ("open and close", "descriptors", "memory", "processes", "output", "secrets")


def test_webroot_passes(checker, tmp_path):
    root = tmp_path / "www"
    root.mkdir()
    findings = checker.check("webroot", "--webroot-path", root)
    assert ok(findings, "description", *LEAKS, "challenge types", *CHALLENGES)


def test_standalone_passes(checker):
    findings = checker.check("standalone")
    assert ok(findings, "description", *LEAKS, "challenge types", *CHALLENGES)


def test_plugin_is_found_by_its_path(checker):
    path = os.path.join(plugin_path(program_path()), "standalone.so")
    assert ok(checker.check(path), *LEAKS)


def test_findings_are_lines_for_people(checker):
    result = checker.certwright.run("plugin", "check", "standalone", defaults=False,
                                    env=checker.folder.env)
    assert "ok       descriptors" in result.stdout.splitlines()


def test_missing_plugin_is_an_error(checker):
    for plugin in ("no-such-plugin", "/nonexistent/plugin.so"):
        result = checker.certwright.run("plugin", "check", plugin, status=1, defaults=False,
                                        env=checker.folder.env)
        assert plugin in result.stderr.splitlines()[0]


def test_option_of_another_plugin_is_refused(checker):
    result = checker.certwright.run("plugin", "check", "standalone", "--", "--webroot-path", "/x",
                                    status=2, defaults=False, env=checker.folder.env)
    assert 'the plugin "standalone" has no option "--webroot-path"' in result.stderr


def test_descriptors_left_open_are_found(checker, folder):
    folder.compile("leaky", perform(), members="", AT_CLEANUP="(void)0")
    folder.compile("leaking", perform() + r"""
#include <fcntl.h>
static void end(void *self) { (void)self; (void)!open("/dev/null", O_RDONLY); }
""", members=".close = end,")
    assert ok(checker.check("leaky"), "descriptors")
    assert "400 descriptors are left open" in checker.wrong("leaking")["descriptors"]


def test_memory_that_is_not_released_is_found(checker, folder):
    folder.compile("growing", perform() + r"""
static void end(void *self) { (void)self; memset(malloc(2000), 1, 2000); }
""", members=".close = end,")
    assert "the memory grew by" in checker.wrong("growing")["memory"]


def test_process_left_behind_is_found(checker, folder):
    folder.compile("forking", perform("if (fork() == 0) { pause(); _exit(0); }"))
    assert "is left after cleanup" in checker.wrong("forking")["one challenge"]


def test_output_is_found(checker, folder):
    folder.compile("chatty", perform('puts("hello from the plugin"); fflush(stdout);'))
    assert "hello from the plugin" in checker.wrong("chatty")["output"]


def test_crash_in_cleanup_is_found(checker, folder):
    folder.compile("crashing", perform(), AT_CLEANUP="abort()")
    wrong = checker.wrong("crashing")
    assert "cleanup" in wrong["one challenge"]


def test_call_that_hangs_is_found(checker, folder):
    folder.compile("hanging", perform("for (;;) pause();"))
    assert "perform" in checker.wrong("hanging", seconds=1)["one challenge"]


def test_options_with_bad_texts_and_defaults_are_found(checker, folder):
    folder.compile("careless", perform() + r"""
static const struct cw_plugin_option nameless = {
	.size = sizeof(struct cw_plugin_option), .name = "port", .kind = CW_OPTION_INTEGER,
	.default_value = "http", .help = "The port." };
static const struct cw_plugin_option number = {
	.size = sizeof(struct cw_plugin_option), .name = "number", .kind = CW_OPTION_INTEGER,
	.help = "No full stop" };
static const struct cw_plugin_option *const options[] = {&nameless, &number, NULL};
""", members=".options = options,")
    wrong = checker.wrong("careless")
    assert "not a value of its kind" in wrong["option --careless-port"]
    assert "does not end with a full stop" in wrong["option --careless-number"]


def test_plugin_is_never_opened_without_a_required_option(checker, folder):
    """It may rely on the value."""
    folder.compile("demanding", perform() + r"""
static const struct cw_plugin_option label = {
	.size = sizeof(struct cw_plugin_option), .name = "label", .kind = CW_OPTION_STRING,
	.help = "A label.", .flags = CW_OPTION_REQUIRED };
static const struct cw_plugin_option *const options[] = {&label, NULL};
static int prepare(void *self)
{ (void)self; return strlen(cw_host_option(host, "label")) > 0 ? CW_OK : CW_E_INVALID; }
""", members=".options = options, .prepare = prepare,")
    findings = checker.check("demanding")
    assert findings["open and close"]["result"] == "skipped"
    assert "--demanding-label" in findings["open and close"]["message"]
    assert ok(checker.check("demanding", "--demanding-label=x"), *LEAKS, *CHALLENGES)


def test_crash_on_a_bad_value_is_found(checker, folder):
    folder.compile("trusting", perform() + r"""
static const struct cw_plugin_option name = {
	.size = sizeof(struct cw_plugin_option), .name = "label", .kind = CW_OPTION_STRING,
	.help = "A label." };
static const struct cw_plugin_option *const options[] = {&name, NULL};
static int prepare(void *self)
{
	const char *label = cw_host_option(host, "label");
	(void)self;
	if (label != NULL && strlen(label) > 1000) abort();
	return CW_OK;
}
""", members=".options = options, .prepare = prepare,")
    assert "bad values of --trusting-label" in checker.wrong("trusting")


def test_files_left_after_a_kill_are_found(checker, folder, tmp_path):
    """It makes a file without registering what undoes that."""
    place = tmp_path / "place"
    place.mkdir()
    folder.compile("careless", r"""
char made[4096];
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	(void)self; (void)challenges; (void)count;
	snprintf(made, sizeof(made), "%s/made", cw_host_option(host, "place"));
	fclose(fopen(made, "w"));
	return CW_OK;
}
static const struct cw_plugin_option place = {
	.size = sizeof(struct cw_plugin_option), .name = "place", .kind = CW_OPTION_PATH,
	.default_value = "/nonexistent", .help = "A folder." };
static const struct cw_plugin_option *const options[] = {&place, NULL};
""", members=".options = options,", AT_CLEANUP="extern char made[4096]; unlink(made)")
    wrong = checker.wrong("careless", "--careless-place", place)
    assert f'"{place}/made"' in wrong["kill -9 in perform"]
    assert "one challenge" not in wrong


def test_secret_in_the_log_is_found(checker, folder, tmp_path):
    credentials = tmp_path / "credentials.ini"
    credentials.write_text("token = very-secret-value-1\n", encoding="ascii")
    credentials.chmod(0o600)
    body = r"""
static const struct cw_plugin_option file = {
	.size = sizeof(struct cw_plugin_option), .name = "file", .kind = CW_OPTION_PATH,
	.help = "The credentials." };
static const struct cw_plugin_option *const options[] = {&file, NULL};
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const char *path = cw_host_option(host, "file");
	char *value = NULL;
	(void)self; (void)challenges; (void)count;
	if (path == NULL || @read@ != CW_OK) return CW_E_INVALID;
	cw_host_log(host, CW_LOG_DEBUG, "the value is %s", value);
	cw_host_release(host, value);
	return CW_OK;
}
"""
    folder.compile("telling", body.replace("@read@", "cw_host_read_private(host, path, &value)"),
                   members=".options = options,")
    folder.compile("discreet", body.replace(
        "@read@", 'cw_host_credential(host, path, "token", &value)'),
        members=".options = options,")
    assert str(credentials) in checker.wrong("telling", "--telling-file", credentials)["secrets"]
    assert ok(checker.check("discreet", "--discreet-file", credentials), "secrets")


def test_installer_that_edits_through_the_core_passes(checker, folder, tmp_path):
    server = tmp_path / "server.conf"
    server.write_text("old\n", encoding="ascii")
    before = os.stat(server)
    folder.compile("editing", perform() + INSTALLER.replace(
        "@deploy@", 'return host->write_file(host, path, "new\\n", 4, NULL, 0);'),
        members=MEMBERS)
    findings = checker.check("editing", "--editing-file", server)
    assert ok(findings, *INSTALLATION)
    assert server.read_text(encoding="ascii") == "old\n"
    assert stat.S_IMODE(os.stat(server).st_mode) == stat.S_IMODE(before.st_mode)


# An authenticator with an option that names a folder.
PLACE = r"""
static const struct cw_plugin_option place = {
	.size = sizeof(struct cw_plugin_option), .name = "place", .kind = CW_OPTION_PATH,
	.default_value = "/nonexistent", .help = "A folder." };
static const struct cw_plugin_option *const options[] = {&place, NULL};
static char made[4096];
static unsigned undo;
static int make(void)
{
	FILE *file;
	snprintf(made, sizeof(made), "%s/made", cw_host_option(host, "place"));
	file = fopen(made, "w");
	if (file == NULL) return cw_host_fail(host, CW_E_IO, NULL, "cannot write \"%s\"", made);
	fclose(file);
	return CW_OK;
}
static int register_it(void)
{
	snprintf(made, sizeof(made), "%s/made", cw_host_option(host, "place"));
	return host->undo_remove(host, made, &undo);
}
void drop(void) { unlink(made); host->undo_done(host, undo); }
static int get(void)
{
	struct cw_http_request request = {
		.size = sizeof(request), .url = "http://appliance.example.org/" };
	struct cw_http_response response = { .size = sizeof(response) };
	int status = cw_host_http(host, &request, &response);
	if (status == CW_OK && response.http_status != 200) status = CW_E_NETWORK;
	cw_host_release_response(host, &response);
	return status;
}
static int run(void)
{
	const char *argv[] = {"true", NULL};
	struct cw_command command = { .size = sizeof(command), .argv = argv };
	struct cw_command_result result = { .size = sizeof(result) };
	int status = cw_host_run(host, &command, &result);
	if (status == CW_OK) status = result.status;
	cw_host_release_result(host, &result);
	return status;
}
"""


@pytest.mark.parametrize("body, words", [
    ("if (register_it() != CW_OK) return CW_OK; return make();",
     '"undo_remove" failed in perform(), which succeeds nevertheless'),
    ("get();", '"http" failed in perform(), which succeeds nevertheless'),
    ("run();", '"run" failed in perform(), which succeeds nevertheless'),
    ("char *v = NULL; size_t n; int s = host->shared_get(host, \"k\", &v, &n);"
     "if (s != CW_OK && s != CW_E_NOT_FOUND) return CW_OK;"
     "s = register_it(); return s == CW_OK ? make() : s;",
     '"shared_get" failed in perform(), which succeeds although nothing was changed'),
    ("if (run() != CW_OK) abort();", '"run" failed in perform()'),
    ("if (run() != CW_OK) for (;;) pause();", '"run" failed in perform()'),
    ("while (run() != CW_OK) continue;", "tries it again without end"),
    ("if (get() == CW_OK) return CW_OK; return CW_E_NETWORK;",
     'what "http" asked for failed in perform(), which does not say why'),
    ("int fd = dup(0), s = run(); if (s == CW_OK) close(fd); return s;",
     '"run" failed in perform(), and 1 descriptors are left open'),
    ("pid_t p = fork(); int s; if (p == 0) { pause(); _exit(0); }"
     "s = run(); if (s == CW_OK) { kill(p, SIGKILL); waitpid(p, NULL, 0); } return s;",
     '"run" failed in perform(), and the process '),
])
def test_call_that_takes_a_failure_badly_is_found(checker, folder, tmp_path, body, words):
    place = tmp_path / "place"
    place.mkdir()
    folder.compile("hasty", "#include <sys/wait.h>\n" + PLACE + perform(body),
                   members=".options = options,", AT_CLEANUP="extern void drop(void); drop()")
    wrong = checker.wrong("hasty", "--hasty-place", place, seconds=1)
    assert words in wrong["failure in perform"]
    assert list(wrong) == ["failure in perform"]
    assert not os.listdir(place)


def test_call_that_takes_failures_well_passes(checker, folder, tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    folder.compile("prudent", PLACE + perform(
        'int s = run(); if (s == CW_OK) s = register_it(); if (s == CW_OK) s = make();'
        'return s == CW_OK ? CW_OK : cw_host_fail(host, s, NULL, "cannot make the file");'),
        members=".options = options,", AT_CLEANUP="extern void drop(void); drop()")
    findings = checker.check("prudent", "--prudent-place", place)
    assert ok(findings, *LEAKS, *CHALLENGES)


def test_kill_comes_at_each_request_of_a_call(checker, folder, tmp_path):
    """The file is there only between the two requests, or before it is registered."""
    place = tmp_path / "place"
    place.mkdir()
    folder.compile("late", PLACE + perform(
        "int s = make(); return s == CW_OK ? register_it() : s;"),
        members=".options = options,", AT_CLEANUP="extern void drop(void); drop()")
    wrong = checker.wrong("late", "--late-place", place)
    assert wrong["kill -9 in perform"] == (
        f'"{place}/made" is not as it was before, after kill -9 at the request "undo_remove" of '
        'perform(), and recovery')
    (place / "made").unlink(missing_ok=True)
    folder.compile("brief", PLACE + perform(
        "int s = run(); if (s == CW_OK) s = make(); if (s == CW_OK) s = run(); unlink(made);"
        "return s;"), members=".options = options,")
    wrong = checker.wrong("brief", "--brief-place", place)
    assert "failure in perform" not in wrong
    assert 'after kill -9 at the request "run" of perform()' in wrong["kill -9 in perform"]


def test_kill_comes_before_a_call_of_an_installer_returns(checker, folder, tmp_path):
    """deploy() leaves a file of its own that save() removes."""
    server = tmp_path / "server.conf"
    server.write_text("old\n", encoding="ascii")
    functions = INSTALLER.replace("@deploy@", """
	FILE *file = fopen(path, "a");
	if (file == NULL) return CW_E_IO;
	fputs("#", file);
	fclose(file);
	return CW_OK;
""").replace("{ (void)self; return host", """{
	(void)self;
	if (truncate(cw_host_option(host, "file"), 4) != 0) return CW_E_IO;
	return host""")
    folder.compile("marking", perform() + functions, members=MEMBERS)
    wrong = checker.wrong("marking", "--marking-file", server)
    assert "kill -9 just before deploy() returns" in wrong["kill -9 in deploy"]


@pytest.mark.parametrize("body, name, words", [
    ('host->write_file(host, path, "new\\n", 4, NULL, 0); return CW_OK;', "failure in deploy",
     '"write_file" failed in deploy(), which succeeds nevertheless'),
    ('return fopen(deployment->cert_path, "r") == NULL ? CW_OK :'
     ' host->write_file(host, path, "new\\n", 4, NULL, 0);', "missing certificate files",
     "succeeds although it did nothing"),
    ('return fopen(deployment->cert_path, "r") == NULL ? CW_E_IO :'
     ' host->write_file(host, path, "new\\n", 4, NULL, 0);', "missing certificate files",
     "does not say why"),
    ('char line[20]; FILE *f = fopen(deployment->cert_path, "r"); if (f == NULL) return CW_E_IO;'
     'fgets(line, sizeof(line), f); fclose(f); if (line[0] != \'-\') abort();'
     'return host->write_file(host, path, "new\\n", 4, NULL, 0);', "damaged certificate files",
     "signal 6"),
])
def test_installer_that_takes_failures_badly_is_found(checker, folder, tmp_path, body, name, words):
    server = tmp_path / "server.conf"
    server.write_text("old\n", encoding="ascii")
    folder.compile("hasty", perform() + INSTALLER.replace("@deploy@", body), members=MEMBERS)
    assert words in checker.wrong("hasty", "--hasty-file", server)[name]
    assert server.read_text(encoding="ascii") == "old\n"


def test_installer_that_edits_behind_the_core_is_found(checker, folder, tmp_path):
    server = tmp_path / "server.conf"
    server.write_text("old\n", encoding="ascii")
    folder.compile("sneaking", perform() + INSTALLER.replace(
        "@deploy@", 'FILE *f = fopen(path, "w"); if (f == NULL) return CW_E_IO; '
                    'fputs("new", f); fclose(f); return CW_OK;'), members=MEMBERS)
    wrong = checker.wrong("sneaking", "--sneaking-file", server)
    assert f'"{server}" is not as it was' in wrong["install and roll back"]


def test_nginx_passes_on_a_copy_of_a_configuration(checker, start, tmp_path):
    root, away = tmp_path / "nginx", tmp_path / "away"
    root.mkdir()
    away.mkdir()
    (root / "nginx.conf").write_text(
        f"pid {away}/pid;\nerror_log {away}/error.log;\nevents {{}}\nhttp {{\n  access_log off;\n"
        f"  server {{\n    listen 127.0.0.1:{start.ports.take()};\n"
        "    server_name check.example.org;\n  }\n}\n", encoding="ascii")
    before = (root / "nginx.conf").read_bytes()
    try:
        findings = checker.check("nginx", "--nginx-server-root", root, status=None)
    finally:
        # nginx was not running, so the plugin has started it.
        os.kill(int((away / "pid").read_text(encoding="ascii")), signal.SIGTERM)
    assert not [f for f in findings.values() if f["result"] == "wrong"], findings
    assert ok(findings, "names of the server", *INSTALLATION, "failure in names",
              "failure in reload", "failure in renewed", "kill -9 in reload", "kill -9 in renewed")
    assert (root / "nginx.conf").read_bytes() == before


def test_nginx_without_a_copy_of_a_configuration_is_never_started(checker, tmp_path):
    trace = str(tmp_path / "trace")
    result = checker.certwright.run(
        "plugin", "check", "nginx", "--json", defaults=False, env=checker.folder.env,
        wrap=["strace", "-f", "-qq", "-s", "300", "-e", "trace=execve", "-o", trace])
    findings = {f["check"]: f["result"] for f in result.json["checked"]["findings"]}
    assert findings["perform and cleanup"] == findings["install and roll back"] == "skipped"
    with open(trace, encoding="utf-8") as stream:
        runs = re.findall(r'execve\("[^"]*/nginx", \[(.*?)\]', stream.read())
    assert [words for words in runs if not re.search(r'"-[tTvV]"', words)] == []


def test_installer_without_options_is_skipped_and_says_so(checker, folder):
    folder.compile("editing", perform() + INSTALLER.replace("@deploy@", "return CW_OK;"),
                   members=MEMBERS)
    findings = checker.check("editing")
    assert findings["install and roll back"]["result"] == "skipped"
    assert '"--"' in findings["install and roll back"]["message"]


def test_nothing_is_left_of_the_check(checker, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    checker.certwright.run("plugin", "check", "standalone", defaults=False,
                           env={**checker.folder.env, "TMPDIR": str(scratch)})
    assert not os.listdir(scratch)
