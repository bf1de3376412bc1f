"""plugin check: what it finds in good plugins (nothing) and in bad ones."""

import os
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


CHALLENGES = ("one challenge", "many challenges", "equal challenges", "kill -9 in perform",
              "kill -9 in cleanup")
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
    assert ok(findings, "install and roll back", "kill -9 in an installation")
    assert server.read_text(encoding="ascii") == "old\n"
    assert stat.S_IMODE(os.stat(server).st_mode) == stat.S_IMODE(before.st_mode)


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
    assert ok(findings, "names of the server", "install and roll back",
              "kill -9 in an installation")
    assert (root / "nginx.conf").read_bytes() == before


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
