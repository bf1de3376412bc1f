"""What a run leaves lying about: nothing that grows without end, and no keys that nobody needs."""

import os

import pytest

from lib.process import kill_all
from lib.rogue_ca import Hold, alter, problem
from lib.tools import read, script

NAME = "left.example.test"


def records(certwright):
    folder = os.path.join(certwright.work_dir, "certwright", "orders")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


@pytest.mark.parametrize("text", ["yes | head -c 30000000", "head -c 30000000 /dev/zero | tr '\\0' x",
                                  "yes | head -c 30000000 >&2"])
def test_the_output_of_a_hook_in_the_log_is_bounded(certwright, tmp_path, text):
    hook = script(tmp_path / "hook", "echo the beginning\n" + text + "\necho the end > " +
                  str(tmp_path / "ended"))
    result = certwright.certonly(NAME, args=("--deploy-hook", hook))
    assert (tmp_path / "ended").exists()
    log = certwright.log_text()
    assert "the beginning" in log and "lines of the output of the deploy-hook command" in log
    assert len(log) < 12 << 20 and len(result.output) < 2 << 20


def test_a_hook_of_ordinary_length_is_all_in_the_log(certwright, tmp_path):
    hook = script(tmp_path / "hook", "seq 1 5000\nseq 5001 10000 >&2")
    certwright.certonly(NAME, args=("--deploy-hook", hook))
    log = certwright.log_text()
    assert "  5000\n" in log and "  10000\n" in log and "left out" not in log


@pytest.mark.parametrize("folder", ["orders", "deploy", "undo"])
def test_half_written_files_of_a_killed_run_go_at_the_next(certwright, folder):
    certwright.certonly(NAME)
    path = os.path.join(certwright.work_dir, "certwright", folder)
    os.makedirs(path, mode=0o700, exist_ok=True)
    for name in (".cw-0123456789abcdef.tmp", "somebody's"):
        with open(os.path.join(path, name), "w", encoding="ascii") as stream:
            stream.write("-----BEGIN PRIVATE KEY-----")
    certwright.run("renew")
    assert ".cw-0123456789abcdef.tmp" not in os.listdir(path)


def nonsense(given):
    document = given.json()
    document["status"] = "nonsense"
    given.set_json(document)


@pytest.mark.parametrize("fault", ["refused", "invalid", "nonsense", "plugin", "finalize"])
def test_the_key_of_a_failed_order_goes_with_the_order(rogue_certwright, rogue, tmp_path, fault):
    name = f"{fault}.{NAME}"
    if fault == "refused":
        rogue.on("challenge", problem("unauthorized", "no", 403))
    elif fault == "invalid":
        rogue.pebble.dns.set_servfail(name)
    elif fault == "nonsense":
        rogue.on("authorization", alter(nonsense))
    elif fault == "finalize":
        rogue.on("finalize", problem("badCSR", "no", 400))
    if fault == "plugin":
        rogue_certwright.run("certonly", "--webroot", "-w", tmp_path / "missing", "-d", name, status=1)
    else:
        rogue_certwright.certonly(name, status=1)
    assert records(rogue_certwright) == []


def test_the_key_of_an_order_with_fewer_names_goes_too(rogue_certwright, rogue, tmp_path):
    webroot = tmp_path / "www"
    webroot.mkdir()
    rogue_certwright.run("certonly", "-a", "webroot", "-w", tmp_path / "missing", "-d", "a." + NAME,
                         "-w", webroot, "-d", "b." + NAME, "--allow-subset-of-names", status=1)
    assert records(rogue_certwright) == []


def test_an_order_that_was_cut_off_is_kept(rogue_certwright, rogue):
    hold = rogue.on("finalize", Hold(), times=1)
    running = rogue_certwright.start("certonly", "--standalone", "-d", NAME)
    assert hold.reached.wait(30)
    kill_all(running)
    hold.drop()
    assert len(records(rogue_certwright)) == 1
    assert "PRIVATE KEY" in read(os.path.join(rogue_certwright.work_dir, "certwright", "orders",
                                              records(rogue_certwright)[0]))
    rogue_certwright.certonly(NAME)
    assert records(rogue_certwright) == []
