"""The web application of django_site: for one test, on the port where the CA looks."""

import os
import shutil
import urllib.request

from lib.certwright import top_folder
from lib.process import port_answers


class DjangoSite:
    """Serves all names. START: the test's."""

    def __init__(self, start, port):
        self.port = port
        self.folder = str(start.folder / "django_site")
        os.makedirs(os.path.join(self.folder, "keys"))
        self.server = start.run(
            "django", ["/usr/bin/python3", "-m", "django_site.serve", self.folder, str(port)],
            self.folder, lambda: port_answers(port),
            env={"PYTHONPATH": os.path.join(top_folder(), "tests", "integration"),
                 "PYTHONDONTWRITEBYTECODE": "1"})

    def add_key(self, path, user="publisher"):
        """As an administrator of the site would."""
        folder = os.path.join(self.folder, "keys", user)
        os.makedirs(folder, exist_ok=True)
        shutil.copy(path, folder)

    def break_requests(self, methods):
        """Has those METHODS fail with status 500 from now on."""
        with open(os.path.join(self.folder, "broken"), "w", encoding="ascii") as stream:
            stream.write(methods)

    def hold(self):
        """Keeps back the answers to POST, when the challenge is published already."""
        with open(os.path.join(self.folder, "hold"), "w", encoding="ascii"):
            pass

    def go_on(self):
        os.unlink(os.path.join(self.folder, "hold"))

    def authorizations(self):
        """Method and header of each request that was let in."""
        path = os.path.join(self.folder, "requests")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as stream:
            return [tuple(line.rstrip("\n").split(" ", 1)) for line in stream]

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def published(self):
        with urllib.request.urlopen(self.url("/tokens"), timeout=10) as answer:
            return answer.read().decode().split()
