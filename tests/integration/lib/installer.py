"""An installer plugin of the tests' own (tests/plugins/tester.c): it keeps one configuration file, and
fails where it is told to."""

import json
import os
import subprocess

from lib.certwright import plugin_path, program_path, top_folder


def compile_plugin(folder, name, source, header="include", macros=()):
    """Compiles SOURCE, a path or a name in tests/plugins, to NAME.so in FOLDER, as a stranger
    would."""
    os.makedirs(folder, mode=0o755, exist_ok=True)
    path = os.path.join(folder, f"{name}.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-std=gnu99", "-Wall", "-Wextra", "-Werror",
                    "-fvisibility=default", "-I", os.path.join(top_folder(), *header.split("/")),
                    *(f"-D{m}" for m in macros), "-o", path,
                    os.path.join(top_folder(), "tests", "plugins", source)],
                   check=True, timeout=60)
    return path


def environment(folder):
    """In which the plugins in FOLDER are found, beside the built ones."""
    path = ":".join(p for p in (str(folder), plugin_path(program_path())) if p)
    return {"CERTWRIGHT_PLUGIN_PATH": path}


def build(folder):
    """Compiles it into FOLDER, as "tester", and as "tester-old" against the header of ABI 1.0; returns
    the environment that has them found."""
    compile_plugin(str(folder), "tester", "tester.c")
    compile_plugin(str(folder), "tester-old", "tester.c", header="tests/abi/1.0",
                   macros=['TESTER_NAME="tester-old"'])
    return environment(folder)


class Tester:
    """The plugin with a configuration file that it edits."""

    def __init__(self, folder, env, name="tester"):
        self.env = env
        self.name = name
        self.target = os.path.join(str(folder), "server.conf")
        self.calls_path = os.path.join(str(folder), "calls")
        self.facts_path = os.path.join(str(folder), "facts")
        with open(self.target, "w", encoding="utf-8") as stream:
            stream.write("as it was\n")

    @property
    def options(self):
        return ["-i", self.name, f"--{self.name}-target", self.target,
                f"--{self.name}-calls", self.calls_path, f"--{self.name}-facts", self.facts_path]

    def facts(self):
        """What the calls were told of certificates, in order."""
        if not os.path.exists(self.facts_path):
            return []
        with open(self.facts_path, encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]

    def text(self):
        with open(self.target, encoding="utf-8") as stream:
            return stream.read()

    def calls(self):
        if not os.path.exists(self.calls_path):
            return []
        with open(self.calls_path, encoding="utf-8") as stream:
            return stream.read().split()

    def forget_calls(self):
        for path in (self.calls_path, self.facts_path):
            if os.path.exists(path):
                os.unlink(path)
