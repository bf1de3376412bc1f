"""Checkpoints survive kill -9 at any system call, and Certbot's Reverter and ours read each other's."""

import collections
import os
import re
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from certbot import reverter
from lib.certwright import built_tool

# What changes anything on disk; a process that is killed before each of them has been killed at all
# places that differ.
CALLS = ("openat", "write", "ftruncate", "rename", "renameat", "renameat2", "unlink", "unlinkat",
         "mkdir", "rmdir", "symlink", "symlinkat", "fchmod", "fchown", "chmod", "fsetxattr",
         "fremovexattr", "utimensat", "fsync", "close", "execve", "exit_group")
TRACE = "trace=" + ",".join("?" + call for call in CALLS)


@pytest.fixture(scope="module")
def tool():
    path, _ = built_tool("checkpoint-crash")
    return path


KEY = "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"


class Scene:
    """A server's configuration, and the directories of a run."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.work = os.path.join(self.folder, "work")
        self.config = os.path.join(self.folder, "config")
        self.etc = os.path.join(self.folder, "etc")
        for made in (self.folder, self.work, self.config, self.etc):
            os.mkdir(made)
        for name, text, mode in (("site.conf", "old site\n", 0o640), ("gone.conf", "gone\n", 0o600),
                                 ("linked.conf", "a text with a second name\n", 0o644),
                                 ("key.pem", KEY.format("old"), 0o640),
                                 ("gone.pem", KEY.format("old"), 0o600)):
            path = self.path(name)
            with open(path, "w", encoding="ascii") as stream:
                stream.write(text)
            os.chmod(path, mode)
        os.link(self.path("linked.conf"), self.path("linked-again.conf"))
        os.symlink("site.conf", self.path("enabled.conf"))

    def path(self, name):
        return os.path.join(self.etc, name)

    def edits(self):
        """Every kind of edit."""
        return ["write", self.path("enabled.conf"), "new site\n" * 50,
                "write", self.path("made.conf"), "made\n",
                "remove", self.path("gone.conf"),
                "write", self.path("linked.conf"), "new\n",
                "write", self.path("made.conf"), "made again\n",
                "remove", self.path("enabled.conf"),
                "command", "/bin/true", "a, \"b\""]

    def secret_edits(self):
        """Edits of files with keys, one of which had none."""
        return ["write", self.path("key.pem"), KEY.format("new"),
                "write", self.path("made.pem"), KEY.format("made"),
                "remove", self.path("gone.pem"),
                "write", self.path("site.conf"), "first\n",
                "write", self.path("site.conf"), KEY.format("made"),
                "write", self.path("linked.conf"), "new\n"]

    def has_key(self, name):
        """Whether a file of the run has the key NAME, and that no other user can read it."""
        found = False
        for folder, _, files in os.walk(self.work):
            for path in (os.path.join(folder, f) for f in files):
                with open(path, encoding="ascii") as stream:
                    if KEY.format(name) in stream.read():
                        found = True
                        assert os.stat(path).st_mode & 0o077 == 0
                        assert os.stat(folder).st_mode & 0o077 == 0
        return found

    def state(self):
        """All that is in etc/: names, kinds, modes, contents, which names are one file."""
        found = {}
        for name in sorted(os.listdir(self.etc)):
            path = self.path(name)
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                found[name] = ("link", os.readlink(path))
            else:
                with open(path, "rb") as stream:
                    found[name] = (oct(status.st_mode), status.st_nlink, stream.read())
        return found

    def run(self, tool, *steps, strace=(), status=0):
        done = subprocess.run([*strace, tool, self.work, self.config, *steps],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)
        if status is not None:
            assert done.returncode == status, (steps, done.stdout, done.stderr)
        return done

    def nothing_is_under_way(self):
        assert not os.path.lexists(os.path.join(self.work, "IN_PROGRESS"))
        assert not os.path.lexists(os.path.join(self.work, "temp_checkpoint"))

    def backups(self):
        folder = os.path.join(self.work, "backups")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def places(tool, folder, prepare, steps):
    """Every (call, number) of a run of STEPS."""
    scene = Scene(folder)
    if prepare(scene):
        scene.run(tool, *prepare(scene))
    trace = os.path.join(scene.folder, "trace")
    scene.run(tool, *steps(scene), strace=["strace", "-qq", "-e", TRACE, "-o", trace])
    with open(trace, encoding="utf-8", errors="replace") as stream:
        names = [match.group(1) for match in (re.match(r"(\w+)\(", line) for line in stream) if match]
    counts = collections.Counter(names)
    # The first execve is the program's own start.
    return [(call, number) for call in sorted(counts)
            for number in range(2 if call == "execve" else 1, counts[call] + 1)]


def killed_everywhere(tool, tmp_path, prepare, steps, check):
    """Kills STEPS at each place, each time in a scene of its own, and has CHECK look at that."""
    def one(place):
        call, number = place
        scene = Scene(tmp_path / f"{call}-{number}")
        before = scene.state()
        if prepare(scene):
            scene.run(tool, *prepare(scene))
        done = scene.run(tool, *steps(scene), status=None, strace=[
            "strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={call}:signal=KILL:when={number}"])
        try:
            assert done.returncode == -9, "it was not killed"
            check(scene, before)
        except BaseException:
            print(f"killed at {call} number {number}")
            raise
        shutil.rmtree(scene.folder)

    found = places(tool, tmp_path / "count", prepare, steps)
    assert len(found) > 20
    with ThreadPoolExecutor(2) as pool:
        for result in [pool.submit(one, place) for place in found]:
            result.result()


def nothing(_scene):
    return []


def test_edits_killed_anywhere_are_reverted(tool, tmp_path):
    def check(scene, before):
        scene.run(tool, "recover")
        assert scene.state() == before
        scene.nothing_is_under_way()

    killed_everywhere(tool, tmp_path, nothing, lambda scene: scene.edits(), check)


def test_commit_killed_anywhere_keeps_all_or_nothing(tool, tmp_path):
    def check(scene, before):
        after = scene.state()
        scene.run(tool, "recover")
        scene.nothing_is_under_way()
        if scene.backups():
            assert scene.state() == after != before
            scene.run(tool, "rollback", "1")
        assert scene.state() == before
        assert scene.backups() == []

    killed_everywhere(tool, tmp_path, lambda scene: scene.edits(),
                      lambda _: ["commit", "a title"], check)


def test_revert_killed_anywhere_is_completed_by_the_next(tool, tmp_path):
    def check(scene, before):
        scene.run(tool, "recover")
        assert scene.state() == before
        scene.nothing_is_under_way()

    killed_everywhere(tool, tmp_path, lambda scene: scene.edits(), lambda _: ["recover"], check)


@pytest.mark.full
def test_edits_made_temporary_killed_anywhere_are_reverted(tool, tmp_path):
    def prepare(scene):
        return [*scene.edits(), "temporary", "write", scene.path("site.conf"), "temporary\n",
                "write", scene.path("gone.conf"), "back for a while\n",
                "write", scene.path("made.conf"), "temporary\n"]

    def check(scene, before):
        scene.run(tool, "recover")
        assert scene.state() == before
        scene.nothing_is_under_way()

    # The second object of the tool is temporary, so the first one's edits are moved by a new run.
    killed_everywhere(tool, tmp_path, prepare, lambda _: ["make-temporary"], check)


def test_rollback_killed_anywhere_is_completed_by_the_next(tool, tmp_path):
    def check(scene, before):
        scene.run(tool, "recover")
        scene.nothing_is_under_way()
        for _ in scene.backups():
            scene.run(tool, "rollback", "1")
        assert scene.state() == before
        assert scene.backups() == []

    killed_everywhere(tool, tmp_path, lambda scene: [*scene.edits(), "commit", "a title"],
                      lambda _: ["rollback", "1"], check)


@pytest.mark.sample(2)
@pytest.mark.parametrize("what", ["edits", "revert"])
def test_secrets_killed_anywhere_are_reverted(tool, tmp_path, what):
    def check(scene, before):
        scene.has_key("old")
        scene.run(tool, "recover")
        assert scene.state() == before
        scene.nothing_is_under_way()
        assert not scene.has_key("old") and not scene.has_key("made")

    if what == "edits":
        killed_everywhere(tool, tmp_path, nothing, lambda scene: scene.secret_edits(), check)
    else:
        killed_everywhere(tool, tmp_path, lambda scene: scene.secret_edits(),
                          lambda _: ["recover"], check)


@pytest.mark.full
def test_edits_of_secrets_made_temporary_killed_anywhere_are_reverted(tool, tmp_path):
    def prepare(scene):
        return [*scene.secret_edits(), "temporary", "write", scene.path("temporary.pem"),
                KEY.format("made")]

    def check(scene, before):
        scene.run(tool, "recover")
        assert scene.state() == before
        scene.nothing_is_under_way()

    killed_everywhere(tool, tmp_path, prepare, lambda _: ["make-temporary"], check)


def test_rollback_killed_anywhere_brings_no_key_back(tool, tmp_path):
    def check(scene, before):
        scene.run(tool, "recover")
        scene.nothing_is_under_way()
        for _ in scene.backups():
            scene.run(tool, "rollback", "1")
        after = scene.state()
        for name, text in (("key.pem", "new"), ("made.pem", "made"), ("site.conf", "made")):
            assert after[name][2].decode() == KEY.format(text)
        assert "gone.pem" not in after
        assert after["linked.conf"] == before["linked.conf"]
        assert not scene.has_key("old") and scene.backups() == []

    killed_everywhere(tool, tmp_path, lambda scene: [*scene.secret_edits(), "commit", "a title"],
                      lambda _: ["rollback", "1"], check)


def certbots(scene):
    """Certbot's Reverter on the same directories."""
    return reverter.Reverter(SimpleNamespace(
        backup_dir=os.path.join(scene.work, "backups"),
        temp_checkpoint_dir=os.path.join(scene.work, "temp_checkpoint"),
        in_progress_dir=os.path.join(scene.work, "IN_PROGRESS"),
        strict_permissions=False))


def test_certbot_never_brings_a_key_back(tool, tmp_path):
    scene = Scene(tmp_path / "scene")
    before = scene.state()
    scene.run(tool, *scene.secret_edits(), "commit", "a title")
    certbots(scene).rollback_checkpoints(1)
    assert scene.state()["linked.conf"] == before["linked.conf"]
    assert scene.state()["key.pem"][2].decode() == KEY.format("new")
    assert not scene.has_key("old")


def test_certbot_reverts_what_certwright_left(tool, tmp_path):
    scene = Scene(tmp_path / "scene")
    before = scene.state()
    scene.run(tool, *scene.edits(), "temporary", "write", scene.path("linked.conf"), "temporary")
    certbots(scene).recovery_routine()
    assert scene.state() == before
    scene.nothing_is_under_way()


def test_certbot_rolls_back_certwrights_checkpoints(tool, tmp_path):
    scene = Scene(tmp_path / "scene")
    before = scene.state()
    scene.run(tool, "write", scene.path("site.conf"), "one", "commit", "first")
    scene.run(tool, *scene.edits(), "commit", "second")
    certbots(scene).rollback_checkpoints(1)
    with open(scene.path("site.conf"), encoding="ascii") as stream:
        assert stream.read() == "one"
    certbots(scene).rollback_checkpoints(1)
    assert scene.state() == before


def certbot_edits(scene, temporary):
    """The edits of edits() that Certbot's plugins make, by Certbot."""
    theirs = certbots(scene)
    changed = {scene.path("site.conf"), scene.path("linked.conf")}
    if temporary:
        theirs.add_to_temp_checkpoint(changed, "notes\n")
    else:
        theirs.add_to_checkpoint(changed, "notes\n")
    theirs.register_file_creation(temporary, scene.path("made.conf"), scene.path("never.conf"))
    theirs.register_undo_command(temporary, ["/bin/sh", "-c", "printf %s 'x, \"y\"' >" +
                                             scene.path("../undone")])
    for path in (*changed, scene.path("made.conf")):
        with open(path, "w", encoding="ascii") as stream:
            stream.write("by certbot")
    return theirs


@pytest.mark.parametrize("temporary", (False, True))
def test_certwright_reverts_what_certbot_left(tool, tmp_path, temporary):
    scene = Scene(tmp_path / "scene")
    before = scene.state()
    certbot_edits(scene, temporary)
    assert scene.run(tool, "recover").stdout == "reverted\n"
    assert scene.state() == before
    scene.nothing_is_under_way()
    with open(scene.path("../undone"), encoding="ascii") as stream:
        assert stream.read() == 'x, "y"'
    assert scene.run(tool, "recover").stdout == "nothing\n"


def test_both_programs_agree_which_checkpoint_is_the_newest(tool, tmp_path):
    scene = Scene(tmp_path / "scene")
    before = scene.state()
    scene.run(tool, "write", scene.path("site.conf"), "ours", "commit", "first")
    after_ours = scene.state()
    certbot_edits(scene, False).finalize_checkpoint("second")
    after_theirs = scene.state()
    scene.run(tool, "write", scene.path("site.conf"), "ours again", "commit", "third")
    assert len(scene.backups()) == 3
    certbots(scene).rollback_checkpoints(1)
    assert scene.state() == after_theirs
    scene.run(tool, "rollback", "1")
    assert scene.state() == after_ours
    scene.run(tool, "rollback", "1")
    assert scene.state() == before
    assert "there is nothing to undo" in scene.run(tool, "rollback", "1", status=1).stderr
