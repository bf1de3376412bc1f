"""A kill at any system call leaves a usable certificate, and the next run can go on. The program
lineage-crash does the killing and the looking; Certbot is asked about a few of the worst states."""

import glob
import os
import subprocess

import pytest

from lib.certwright import built_tool
from lib.tools import command


@pytest.fixture(scope="module")
def lineage_crash():
    program, environment = built_tool("lineage-crash")
    return program, {**os.environ, **environment}


def run(lineage_crash, *arguments):
    program, environment = lineage_crash
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, check=False, env=environment)
    if done.returncode == 77:
        pytest.skip("programs cannot be traced here")
    return done


@pytest.mark.sample(2)
@pytest.mark.parametrize("way", ["plain", "links"])
@pytest.mark.parametrize("work", ["create", "update", "delete", "replace", "put"])
def test_a_kill_anywhere_leaves_a_usable_certificate(lineage_crash, tmp_path, work, way):
    done = run(lineage_crash, tmp_path / "config", work, way)
    assert done.returncode == 0, done.stderr
    # So many places there were, to and from the kernel.
    assert int(done.stdout) > 60


def test_certbot_reads_an_interrupted_switch(lineage_crash, tmp_path):
    """The steps at which our record of a switch is there are found by trying."""
    config = tmp_path / "config"
    found = 0
    for step in range(120, 400, 4):
        done = run(lineage_crash, config, "update", "links", step)
        if done.returncode != 0:
            break
        live = config / "live" / "a.test"
        targets = {os.path.basename(os.readlink(path)).lstrip("abcdefghijklmnopqrstuvwxyz")
                   for path in glob.glob(str(live / "[!p]*.pem"))
                   + [str(live / "privkey.pem")]}
        if len(targets) == 1:
            continue
        found += 1
        # The parts are no real certificates; but Certbot gets as far as to read them.
        text = command("certbot", "certificates", "--config-dir", config, "--work-dir",
                       tmp_path / "work", "--logs-dir", tmp_path / "logs", status=None)
        assert "symlink" not in text.stdout + text.stderr
        for kind in ("cert", "privkey", "chain", "fullchain"):
            assert (live / f"{kind}.pem").read_text() == f"{kind} old\n"
        assert not list(live.glob("previous_*"))
        if found == 2:
            break
    assert found > 0
