"""webroot: files below a running web server's folder."""

import json
import os
import shutil
import subprocess
import tempfile

import pytest

from lib.outcome import assert_failed, identifiers
from lib.process import kill_all
from lib.rogue_ca import Hold
from lib.tools import names_of, snapshot, verify_chain


NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="has to act as two users")


@pytest.fixture
def roots(start, pebble, tmp_path):
    """A web server with a folder for each host name: a mapping to fill."""
    folders = {}
    start.web(pebble.http_port, folders.get)

    def add(*hosts, folder=None):
        path = tmp_path / (folder or hosts[0])
        path.mkdir(exist_ok=True)
        (path / "index.html").write_text("hello")
        for host in hosts:
            folders[host] = str(path)
        return str(path)
    return add


def listing(folder):
    return sorted(os.path.relpath(os.path.join(where, name), folder)
                  for where, folders, files in os.walk(folder) for name in folders + files)


@pytest.mark.smoke
def test_one_webroot_for_all_names(certwright, pebble, roots):
    root = roots("w1.example.test", "w2.example.test")
    certwright.run("certonly", "--webroot", "-w", root, "-d", "w1.example.test",
                   "-d", "w2.example.test")
    verify_chain(os.path.dirname(certwright.live("w1.example.test")), pebble.root())
    assert listing(root) == ["index.html"]


def test_each_webroot_holds_for_the_names_after_it(certwright, roots):
    first = roots("p1.example.test", "p2.example.test", folder="first")
    second = roots("p3.example.test", folder="second")
    certwright.run("certonly", "--webroot", "-w", first, "-d", "p1.example.test",
                   "-d", "p2.example.test", "-w", second, "-d", "p3.example.test")
    assert names_of(certwright.live("p1.example.test", "cert")) == [
        "p1.example.test", "p2.example.test", "p3.example.test"]
    assert listing(first) == listing(second) == ["index.html"]


def test_webroot_map(certwright, roots):
    first, second = roots("m1.example.test"), roots("m2.example.test")
    mapping = json.dumps({"m1.example.test": first, "m2.example.test": second})
    certwright.run("certonly", "--webroot", "--webroot-map", mapping, "-d", "m1.example.test",
                   "-d", "m2.example.test")
    assert len(names_of(certwright.live("m1.example.test", "cert"))) == 2


def test_the_map_is_saved_and_renewed_from(certwright, roots):
    first, second = roots("s1.example.test"), roots("s2.example.test")
    certwright.run("certonly", "--webroot", "-w", first, "-d", "s1.example.test",
                   "-w", second, "-d", "s2.example.test")
    with open(certwright.renewal_file("s1.example.test"), encoding="utf-8") as stream:
        text = stream.read()
    assert "[[webroot_map]]" in text
    assert f"s1.example.test = {first}" in text
    assert f"s2.example.test = {second}" in text
    certwright.run("renew", "--force-renewal")
    assert os.readlink(certwright.live("s1.example.test", "cert")).endswith("/cert2.pem")


def test_only_what_was_made_is_removed(certwright, roots):
    root = roots("theirs.example.test")
    theirs = os.path.join(root, ".well-known", "acme-challenge")
    os.makedirs(theirs)
    with open(os.path.join(theirs, "another-client"), "w", encoding="utf-8") as stream:
        stream.write("theirs")
    before = snapshot(root)
    certwright.run("certonly", "--webroot", "-w", root, "-d", "theirs.example.test")
    assert snapshot(root) == before


def test_cleans_up_after_failure(certwright, pebble, roots):
    root = roots("fails.example.test")
    pebble.dns.set_servfail("fails.example.test")
    certwright.run("certonly", "--webroot", "-w", root, "-d", "fails.example.test", status=1)
    assert listing(root) == ["index.html"]


@pytest.mark.parametrize("mode", [0o755, 0o777])
@pytest.mark.parametrize("link", [".well-known", ".well-known/acme-challenge"])
def test_a_link_out_of_the_webroot_is_followed_if_nobody_else_can_change_it(
        certwright, roots, tmp_path, link, mode):
    root = roots("link.example.test")
    outside = tmp_path / "outside"
    outside.mkdir()
    outside.chmod(mode)
    path = os.path.join(root, link)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(str(outside), path)
    safe = mode == 0o755
    result = certwright.run("certonly", "--webroot", "-w", root, "-d", "link.example.test",
                            status=0 if safe else 1, json=True)
    if not safe:
        assert_failed(result, "other users can change", outside)
    assert listing(outside) == []
    assert os.path.islink(path)


@pytest.fixture
def shared(start, rogue):
    """A folder that every user can reach."""
    folder = tempfile.mkdtemp(prefix="certwright-webroot-")
    os.chmod(folder, 0o755)
    root, victim = os.path.join(folder, "site"), os.path.join(folder, "victim")
    for path in (root, f"{root}/private", victim, f"{victim}/acme-challenge"):
        os.mkdir(path)
    os.chmod(f"{root}/private", 0o700)
    for path in (f"{root}/private/secret", f"{victim}/shadow", f"{victim}/acme-challenge/shadow"):
        with open(path, "w", encoding="ascii") as stream:
            stream.write("root's")
    os.chown(root, NOBODY, NOBODY)
    start.web(rogue.http_port, lambda host: root)
    yield root, victim
    shutil.rmtree(folder)


def as_nobody(code, *arguments):
    """Python CODE in a process of its own, of another user."""
    return subprocess.Popen(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                             "/usr/bin/python3", "-I", "-c", code, *arguments])


def owners(*folders):
    """Names, owners and modes of all that is below FOLDERS, and of them."""
    found = {}
    for folder in folders:
        for where, _, files in os.walk(folder):
            for path in [where] + [os.path.join(where, name) for name in files]:
                status = os.lstat(path)
                found[path] = status.st_uid, status.st_gid, status.st_mode
    return found


# Swaps the folders of the challenge for links and folders of root's, without end.
SWAP = """
import contextlib, os, sys
root, victim = sys.argv[1:]
os.chdir(root)
def attempt(function, *arguments):
    with contextlib.suppress(OSError):
        function(*arguments)
while True:
    attempt(os.rename, ".well-known", "aside")
    attempt(os.symlink, victim, ".well-known")
    attempt(os.unlink, ".well-known")
    attempt(os.rename, "private", ".well-known")
    attempt(os.rename, ".well-known", "private")
    attempt(os.rename, "aside", ".well-known")
    attempt(os.rename, ".well-known/acme-challenge", ".well-known/aside")
    attempt(os.symlink, victim, ".well-known/acme-challenge")
    attempt(os.unlink, ".well-known/acme-challenge")
    attempt(os.rename, ".well-known/aside", ".well-known/acme-challenge")
    attempt(os.rmdir, ".well-known/acme-challenge")
    attempt(os.rmdir, ".well-known")
"""


@needs_root
def test_the_owner_of_a_webroot_cannot_lead_root_astray(rogue_certwright, shared):
    root, victim = shared
    before = owners(victim)
    swapper = as_nobody(SWAP, root, victim)
    try:
        for number in range(12):
            result = rogue_certwright.run("certonly", "--webroot", "-w", root, "-d",
                                          f"swap{number}.example.test", status=None)
            assert result.status in (0, 1)
    finally:
        swapper.kill()
        swapper.wait()
    assert owners(victim) == before
    private = next(p for p in (f"{root}/private", f"{root}/.well-known")
                   if os.path.exists(f"{p}/secret"))
    assert {entry[:2] for entry in owners(private).values()} == {(0, 0)}
    assert os.stat(private).st_mode & 0o777 == 0o700
    assert os.listdir(private) == ["secret"]


# Takes the challenge folder away and puts a link to another one in its place.
REPLACE = """
import os, sys
path, kind, victim = sys.argv[1:]
os.rename(path, path + ".moved")
if kind == "link":
    os.symlink(victim, path)
"""


@needs_root
@pytest.mark.parametrize("level", [".well-known", ".well-known/acme-challenge"])
def test_what_a_killed_run_left_is_not_removed_through_a_link(rogue_certwright, rogue, shared,
                                                              level):
    root, victim = shared
    hold = rogue.on("challenge", Hold(), times=1)
    running = rogue_certwright.start("certonly", "--webroot", "-w", root, "-d", "kill.example.test")
    assert hold.reached.wait(30)
    token = os.listdir(f"{root}/.well-known/acme-challenge")[0]
    kill_all(running)
    hold.drop()
    for folder in (victim, f"{victim}/acme-challenge"):
        with open(f"{folder}/{token}", "w", encoding="ascii") as stream:
            stream.write("root's")
    assert as_nobody(REPLACE, f"{root}/{level}", "link", victim).wait() == 0
    before = owners(victim)
    rogue_certwright.run("certonly", "--webroot", "-w", root, "-d", "next.example.test", status=None)
    assert owners(victim) == before
    assert "its folder was replaced" in rogue_certwright.log_text()


def test_a_missing_webroot_is_named(certwright, pebble, tmp_path):
    ordered = pebble.requests("POST", "/finalize-order/")
    missing = str(tmp_path / "missing")
    result = certwright.run("certonly", "--webroot", "-w", missing, "-d", "a.example.test",
                            status=None, json=True)
    assert result.status in (1, 2)
    assert_failed(result, missing)
    assert pebble.requests("POST", "/finalize-order/") == ordered


@needs_root
def test_a_read_only_webroot_is_said_with_what_a_service_needs(certwright, roots):
    folder = roots("ro.example.test")
    mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    result = certwright.json("certonly", "--webroot", "-w", folder, "-d", "ro.example.test",
                             wrap=["unshare", "-m", "sh", "-c", mount, folder], status=1)
    assert_failed(result, "Read-only file system", "ReadWritePaths=")


def test_no_webroot_at_all_is_asked_for(certwright):
    result = certwright.run("certonly", "--webroot", "-d", "a.example.test", status=None,
                            json=True)
    assert result.status in (1, 2)
    assert_failed(result, "webroot")


def test_a_wrong_webroot_fails_its_own_name_only(certwright, roots, tmp_path):
    right = roots("right.example.test")
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    result = certwright.run("certonly", "--webroot", "-w", right, "-d", "right.example.test",
                            "-w", str(wrong), "-d", "wrong.example.test", status=1, json=True)
    assert identifiers(result.json) == {"wrong.example.test"}
    assert listing(str(wrong)) == []
