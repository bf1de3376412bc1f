"""The installed tree, with the plugins of extras/ built against it: by pkg-config alone, as their
readers would build them."""

import fcntl
import glob
import os
import shlex
import shutil
import subprocess

from lib.certwright import program_path, top_folder

CFLAGS = "-O1 -g -Wall -Wextra -Werror"


def plugin_folders():
    return sorted(glob.glob(os.path.join(top_folder(), "extras", "plugins", "*")))


class Installed:
    """Installed below PREFIX by the first test worker that asks; the others wait for it."""

    def __init__(self, prefix):
        self.prefix = str(prefix)
        self.program = os.path.join(self.prefix, "bin", "certwright")
        # The program has the folder of its build's own prefix compiled in.
        self.plugin_path = os.path.join(self.prefix, "lib", "certwright", "plugins")
        with open(f"{self.prefix}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(f"{self.prefix}.done"):
                self._install()
                with open(f"{self.prefix}.done", "w", encoding="ascii"):
                    pass

    def _install(self):
        self._make(os.path.dirname(program_path()), "install", f"prefix={self.prefix}",
                   f"libdir={self.prefix}/lib")
        for folder in plugin_folders():
            copy = os.path.join(f"{self.prefix}-extras", os.path.basename(folder))
            shutil.copytree(folder, copy)
            self._make(copy, "install", f"PREFIX={self.prefix}", f"CFLAGS={CFLAGS}",
                       "PKG_CONFIG=pkg-config --define-prefix")

    def _make(self, folder, *arguments):
        env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        env["PKG_CONFIG_PATH"] = os.path.join(self.prefix, "lib", "pkgconfig")
        argv = ["make", "-C", folder, *arguments]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=env, timeout=600,
                              check=False)
        assert done.returncode == 0, f"{shlex.join(argv)}:\n{done.stdout}"

    def page(self, name):
        """The man page as a person reads it, without the lines being filled."""
        path = os.path.join(self.prefix, "share", "man", "man8", f"certwright-{name}.8")
        done = subprocess.run(["groff", "-mandoc", "-Tutf8", "-P-cbou", "-rLL=1000n", "-ww", path],
                              capture_output=True, text=True, check=True, timeout=60)
        assert done.stderr == ""
        return done.stdout
