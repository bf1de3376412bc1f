"""The status server over a document of the test's own, as the agent would run it."""

import json
import os
import subprocess

from .certwright import built_tool, program_path, top_folder
from .tools import read

TIME_LIMIT = 20


def example():
    """A document with certificates of all kinds, which the pictures are made from."""
    return json.loads(read(os.path.join(top_folder(), "tests", "tools", "status.json")))


class StatusServer:
    """tests/tools/status-serve. START: a conftest.Starter or None."""

    def __init__(self, folder, document=None, address="127.0.0.1:0", env=None):
        self.path = os.path.join(str(folder), "status.json")
        self.log_path = os.path.join(str(folder), "status-serve.log")
        self.put(document if document is not None else example())
        tool, extra = built_tool("status-serve")
        module = os.path.join(os.path.dirname(program_path()), ".libs", "certwright-status.so")
        environment = {**os.environ, **extra, "CERTWRIGHT_STATUS_MODULE": module, **(env or {})}
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([tool, address, self.path], env=environment,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=log, text=True)
        line = self.process.stdout.readline()
        self.port = int(line) if line else None
        self.url = f"http://127.0.0.1:{self.port}"

    def put(self, document):
        """What the server gets when it asks next; None: there is nothing yet."""
        temporary = f"{self.path}.new"
        with open(temporary, "w", encoding="utf-8") as stream:
            if document is not None:
                json.dump(document, stream)
        os.replace(temporary, self.path)

    def worker(self):
        """The pid of the process that serves."""
        children = read(f"/proc/{self.process.pid}/task/{self.process.pid}/children").split()
        return int(children[0]) if children else None

    def log_tail(self):
        return read(self.log_path)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(TIME_LIMIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
