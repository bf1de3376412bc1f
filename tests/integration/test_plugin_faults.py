"""A plugin that crashes, hangs or lies harms the certificates that it works on, and no others."""

import os
import time

import pytest

from lib.account import challenge_again
from lib.plugins import PluginFolder

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
    challenge_again(certwright, pebble)
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


def test_a_killed_run_is_undone_by_the_next(certwright, faulty):
    env, left = faulty("kill(getppid(), SIGKILL), raise(SIGKILL)")
    certwright.run("certonly", "-a", "faulty", "-d", "killed.example.test", env=env, status=None)
    assert os.path.exists(left)
    certwright.certonly("next.example.test")
    assert not os.path.exists(left)
