"""Runs of certwright with an attacker in one of its processes.

A marker in what a process reads makes it run tests/security/attempts.c, which logs how each attempt
ended. WAYS: as root and as an ordinary user, with Landlock and on a kernel that has none.
"""

import ctypes
import json
import os
import pwd
import re
import shutil
import socket
import tempfile

from lib import old_kernel
from lib.certwright import Certwright, plugin_path, program_path
from lib.rogue_ca import alter

CREATE_RULESET = 444
OUTCOME = re.compile(r"attempt ([a-z-]+): (.*)")


def landlock_version():
    return max(0, ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, 1))


class Way:
    """Who runs certwright, on which kernel."""

    def __init__(self, root, landlock):
        self.root, self.landlock = root, landlock

    def __repr__(self):
        return ("root" if self.root else "user") + ("" if self.landlock else "-on-an-old-kernel")

    def possible(self):
        return (not self.root or os.geteuid() == 0) and \
            (not self.landlock or landlock_version() >= 6)


WAYS = [Way(root, landlock) for root in (True, False) for landlock in (True, False)]


class Attacked(Certwright):
    """The program in WAY, with directories that its user owns, a socket that anybody may connect to,
    and an account."""

    def __init__(self, ca, way):
        super().__init__(tempfile.mkdtemp(prefix="certwright-attacked-"), ca)
        assert self._has_holes(), "this build has no holes: configure it with --enable-test-holes"
        self.way = way
        os.chmod(self.folder, 0o755)
        shutil.copy(ca.ca_path, os.path.join(self.folder, "ca.pem"))
        self.plugins = shutil.copytree(plugin_path(program_path()),
                                       os.path.join(self.folder, "plugins"))
        os.chmod(self.plugins, 0o755)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.folder, "socket"))
        self.listener.listen()
        os.chmod(os.path.join(self.folder, "socket"), 0o777)
        self.webroot = os.path.join(self.folder, "webroot")
        for folder in (self.config_dir, self.work_dir, self.logs_dir, self.webroot):
            os.mkdir(folder, 0o755)
        # There already, so that it is not its absence that keeps records out of it.
        private = os.path.join(self.work_dir, "certwright")
        undo = os.path.join(private, "undo")
        for folder in (private, undo):
            os.mkdir(folder, 0o700)
        for folder in (self.folder, self.config_dir, self.work_dir, self.logs_dir, self.webroot,
                       private, undo):
            self.give(folder)
        self.run("register")
        [self.key] = self.account_files()
        with open(os.path.join(os.path.dirname(self.key), "regr.json"), encoding="utf-8") as file:
            self.account = json.load(file)["uri"]

    def _has_holes(self):
        with open(self.program, "rb") as file:
            return b"test-hole-" in file.read()

    def _changes_user(self):
        return not self.way.root and os.geteuid() == 0

    def give(self, path):
        """To the user that runs it; returns PATH."""
        if self._changes_user():
            nobody = pwd.getpwnam("nobody")
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        return path

    def environment(self, extra=None):
        env = super().environment(extra)
        env["SSL_CERT_FILE"] = os.path.join(self.folder, "ca.pem")
        env["CERTWRIGHT_PLUGIN_PATH"] = getattr(self, "plugins", "")
        env.update({"CW_TEST_FOLDER": self.folder, "CW_TEST_URL": self.ca.directory,
                    "CW_TEST_KEY": getattr(self, "key", ""),
                    "CW_TEST_ACCOUNT": getattr(self, "account", "")})
        return env

    def start(self, verb, *args, wrap=(), **options):
        before = []
        if self._changes_user():
            before += ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        if not self.way.landlock:
            before += old_kernel.launcher()
        return super().start(verb, *args, wrap=[*before, *wrap], **options)

    def outcomes(self):
        """How the attempts ended, by their names: the last time."""
        return dict(OUTCOME.findall(self.log_text()))

    def traces(self):
        """The files that attempts made."""
        places = [os.path.join("/etc", os.path.basename(self.folder)),
                  os.path.join(self.work_dir, "certwright", "undo", "1")]
        places += [os.path.join(d, "attempt")
                   for d in (self.config_dir, self.work_dir, self.logs_dir)]
        return [path for path in places if os.path.lexists(path)]

    def stop(self):
        super().stop()
        self.listener.close()
        for path in self.traces():
            os.unlink(path)
        shutil.rmtree(self.folder, ignore_errors=True)


def marked(attack):
    """A rule of a RogueCa: puts the marker for ATTACK into an answer in JSON."""
    return alter(lambda answer: answer.set_json({**answer.json(), "x": f"test-hole-json-{attack}"}))
