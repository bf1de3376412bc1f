"""Plugins of Certbot that nobody would write, in packages that are not installed."""

STRANGE = """
import logging, os, subprocess, sys, time
from certbot.plugins import common
from acme import challenges

class Authenticator(common.Plugin):
    description = "a strange one"

    @classmethod
    def add_parser_arguments(cls, add):
        add("way", default="none", help="In which way it is strange: 100%% or less.")
        add("often", action="store_true", help="A flag.")
        add("api_key", help="An option with an underscore.")
        add("mark", help="A file that perform makes and cleanup removes. Perform waits for MARK.go.")
        add("times", type=int, default=3, help="How often (%(default)s).")

    def get_chall_pref(self, domain):
        return [challenges.DNS01]

    def more_info(self):
        return ""

    def prepare(self):
        pass

    def perform(self, achalls):
        way = self.conf("way")
        if self.conf("mark"):
            with open(self.conf("mark"), "w") as stream:
                stream.write(str(os.getpid()) + "\\n")
            while not os.path.exists(self.conf("mark") + ".go"):
                time.sleep(0.05)
        if way == "path":
            raise RuntimeError(os.environ["PATH"])
        if way == "long":
            raise RuntimeError("e" * 5000000)
        if way == "nul":
            raise RuntimeError("one\\0two")
        if way == "flood":
            for number in range(20000):
                logging.getLogger("flood").warning("%d times", number)
            logging.getLogger("flood").warning("%d times %d", "no number")
            print("x" * 5000000, flush=True)
            sys.stderr.write("y" * 5000000)
        if way == "child":
            subprocess.run(["cat"], check=True)
        if way == "raise":
            raise RuntimeError("a line\\nand another")
        if way == "print":
            print('{"challenge": 0, "error": null}')
            print("words", flush=True)
        if way == "exit":
            sys.exit(3)
        if way == "end":
            os._exit(4)
        if way == "hang":
            time.sleep(1000)
        if way == "show":
            raise RuntimeError(f"{self.conf('often')} {self.conf('times') + 1} {self.conf('api_key')}")
        return [achall.response(None) for achall in achalls if way in ("none", "print")]

    def cleanup(self, achalls):
        if self.conf("mark"):
            for _ in range(100):
                print("cleaning up", flush=True)
            os.remove(self.conf("mark"))
"""


# An http-01 authenticator that puts files into a folder, with an option in capital letters.
FOLDER = """
import os
from certbot.plugins import common
from acme import challenges

class Authenticator(common.Plugin):
    description = "puts files into a folder"

    @classmethod
    def add_parser_arguments(cls, add):
        add("Web-Root", help="The folder.")

    def get_chall_pref(self, domain):
        return [challenges.HTTP01]

    def more_info(self):
        return ""

    def prepare(self):
        pass

    def path(self, achall):
        return os.path.join(self.conf("Web-Root"), achall.domain,
                            achall.chall.path.lstrip("/"))

    def perform(self, achalls):
        responses = []
        for achall in achalls:
            response, validation = achall.response_and_validation()
            os.makedirs(os.path.dirname(self.path(achall)), exist_ok=True)
            with open(self.path(achall), "w") as stream:
                stream.write(validation)
            responses.append(response)
        return responses

    def cleanup(self, achalls):
        for achall in achalls:
            os.remove(self.path(achall))
"""

# Says its credentials, which are JSON.
JSON_CREDENTIALS = """
import json
from certbot.plugins import dns_common

class Authenticator(dns_common.DNSAuthenticator):
    description = "has JSON credentials"

    @classmethod
    def add_parser_arguments(cls, add):
        super().add_parser_arguments(add)
        add("credentials", help="The credentials file.")

    def more_info(self):
        return ""

    def _setup_credentials(self):
        with open(self.conf("credentials")) as stream:
            self.key = json.load(stream)["private_key"]

    def _perform(self, domain, name, validation):
        print(self.key, flush=True)
        raise RuntimeError("refused with " + repr(self.key.split("\\n")[1]))

    def _cleanup(self, domain, name, validation):
        pass
"""


class Packages:
    """A folder of packages. env: the environment with them, and with a list of plugins of its own."""

    def __init__(self, folder):
        self.folder = folder / "packages"
        self.folder.mkdir()
        self.env = {"PYTHONPATH": str(self.folder), "CERTWRIGHT_CACHE_DIR": str(folder / "cache")}

    def add(self, name, code=STRANGE, entries=None):
        """The package certbot-NAME with the plugin NAME, or with other ENTRIES, in a module CODE."""
        module = name.replace("-", "_")
        (self.folder / f"{module}.py").write_text(code)
        info = self.folder / f"certbot_{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: certbot-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            "[certbot.plugins]\n" + (entries or f"{name} = {module}:Authenticator\n"))
