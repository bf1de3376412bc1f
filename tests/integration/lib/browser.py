"""Debian's chromium, driven by its chromedriver (W3C WebDriver) with what Python has."""

import base64
import json
import os
import shutil
import urllib.error
import urllib.request

from .certwright import program_path
from .process import port_answers
from .tools import read

TIME_LIMIT = 60
# The number under which WebDriver hands over an element.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c"}


class Browser:
    """A session. START: a conftest.Starter, which stops the driver."""

    def __init__(self, start, folder):
        port = start.ports.take()
        self.url = f"http://127.0.0.1:{port}"
        start.run("chromedriver", [shutil.which("chromedriver"), f"--port={port}"], folder,
                  lambda: port_answers(port))
        self.session = None
        arguments = ["--headless=new", "--disable-gpu", "--hide-scrollbars",
                     "--disable-background-networking", "--disable-dev-shm-usage",
                     "--no-first-run",
                     f"--user-data-dir={folder}/profile"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        capabilities = {"goog:chromeOptions": {"args": arguments},
                        "goog:loggingPrefs": {"browser": "ALL"}}
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.session = f"/session/{made['sessionId']}"

    def _call(self, method, path, body=None):
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(self.url + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=TIME_LIMIT) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def _ask(self, command, **body):
        return self._call("POST", f"{self.session}/{command}", body)

    def chrome(self, command, **parameters):
        """A command of the DevTools protocol."""
        return self._ask("goog/cdp/execute", cmd=command, params=parameters)

    def close(self):
        if self.session:
            self._call("DELETE", self.session)
            self.session = None

    def look_like(self, width, height=900, dark=False):
        """The window's size in CSS pixels, and the user's colour scheme."""
        self.chrome("Emulation.setDeviceMetricsOverride", width=width, height=height,
                    deviceScaleFactor=1, mobile=False)
        self.chrome("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def use_scripts(self, on):
        self.chrome("Emulation.setScriptExecutionDisabled", value=not on)

    def open(self, url):
        self._ask("url", url=url)

    def run(self, script, *args):
        """The value of a function body in the page."""
        return self._ask("execute/sync", script=script, args=list(args))

    def wait_for(self, script, *args):
        """The value of an asynchronous one: its last argument is called with it."""
        return self._ask("execute/async", script=script, args=list(args))

    def press(self, *keys):
        """Keys one after the other, by name or as text, as a person types them."""
        actions = []
        for text in keys:
            for key in [KEYS[text]] if text in KEYS else text:
                actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._ask("actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def console(self):
        """What the page and the browser wrote to the console since the last call."""
        return [entry["message"] for entry in self._ask("se/log", type="browser")]

    def picture(self, path, height=None):
        """A picture of the page's whole height, or of the first HEIGHT pixels."""
        size = self.run("const r = document.documentElement; return [r.clientWidth, r.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], height or size[1]),
                "scale": 1}
        data = self.chrome("Page.captureScreenshot", format="png", clip=clip,
                           captureBeyondViewport=True)["data"]
        with open(path, "wb") as stream:
            stream.write(base64.b64decode(data))


def axe_source():
    """axe-core, which scripts/check installs into the build folder; None where there is no npm."""
    path = os.path.join(os.path.dirname(program_path()), "npm", "node_modules", "axe-core",
                        "axe.min.js")
    if not os.path.isfile(path) and not shutil.which("npm"):
        return None
    return read(path)
