"""Carries out the steps of a Dockerfile without an engine: each stage is a folder that debootstrap
made, and RUN is chroot. Knows only the instructions that ours has."""

import json
import os
import re
import shlex
import subprocess

NOTED = ("USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD")


def instructions(path):
    """(word, rest) of each."""
    with open(path, encoding="utf-8") as stream:
        lines = [line for line in stream.read().splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word, rest.strip()


class Image:
    """folder: of the last stage. noted: the instructions about how it is run, such as ENTRYPOINT."""

    def __init__(self, dockerfile, source, bases, folder):
        """BASES: an image's name (debian:12-slim) -> the folder of a minimal system, which is copied.
        """
        self.source, self.stages, self.noted = source, {}, {}
        self.folder, self._bases, self._work = None, bases, folder
        self._directory = "/"
        steps = {"FROM": self._from, "COPY": self._copy, "WORKDIR": self._workdir,
                 "RUN": self._run}
        for word, rest in instructions(dockerfile):
            if word in NOTED:
                self.noted[word] = rest
            else:
                steps[word](rest)

    def exec_form(self, word):
        """The list behind the last CMD of it, or the whole."""
        return json.loads(re.search(r"\[.*\]$", self.noted[word]).group())

    def _from(self, rest):
        base, _, name = rest.partition(" AS ")
        self.folder = os.path.join(self._work, name or "final")
        subprocess.run(["cp", "-a", self._bases[base], self.folder], check=True)
        self.stages[name] = self.folder
        self._directory = "/"

    def _copy(self, rest):
        words = shlex.split(rest)
        source = self.source
        if words[0].startswith("--from="):
            source = self.stages[words.pop(0).partition("=")[2]]
        target = self.folder + words[1]
        os.makedirs(target, exist_ok=True)
        subprocess.run(["cp", "-a", f"{source}/{words[0].lstrip('/')}/.", target], check=True)

    def _workdir(self, rest):
        os.makedirs(self.folder + rest, exist_ok=True)
        self._directory = rest

    def _run(self, rest):
        self.run(["sh", "-c", f"cd {shlex.quote(self._directory)} && {rest}"])

    def run(self, argv):
        """In the stage, as root, with /dev and /proc."""
        script = ('mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && '
                  'exec chroot "$0" "$@"')
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script,
             self.folder, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
             "DEBIAN_FRONTEND=noninteractive", *argv],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{argv[-1]}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout
