"""The ACME clients that are measured side by side, and how each is told what to do."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

from lib.certwright import plugin_path, program_path, real_program  # noqa: E402
from lib.tools import script  # noqa: E402
from lib.webserver import WebServer  # noqa: E402


class Client:
    """One ACME client: how it makes an account, obtains a certificate, says its version."""

    name = ""
    slow = False
    version_status = 0

    def __init__(self, folder, pebble):
        self.folder = os.path.join(folder, self.name)
        os.makedirs(self.folder)
        self.pebble = pebble
        self.env = {}

    def register(self):
        """The command that makes the account."""
        raise NotImplementedError

    def issue(self, names):
        """The command that obtains one certificate for NAMES."""
        raise NotImplementedError

    def first(self, name):
        """The commands that make the account and obtain the first certificate."""
        return [self.register(), self.issue([name])]

    def renew(self, names):
        """The commands that renew the certificates of NAMES, due or not."""
        raise NotImplementedError

    def certificate(self, name):
        """Where the certificate is then."""
        raise NotImplementedError

    def version(self):
        return [self.name, "--version"]

    def begin(self):
        """What has to run beside it."""

    def end(self):
        """Stops that."""


class Certbot(Client):
    """Debian's certbot; certwright takes the same options."""

    name = "certbot"
    program = ["certbot"]

    def common(self):
        return ["--config-dir", f"{self.folder}/etc", "--work-dir", f"{self.folder}/var",
                "--logs-dir", f"{self.folder}/log", "-n", "--server", self.pebble.directory]

    def register(self):
        return self.program + ["register", "--agree-tos", "--register-unsafely-without-email",
                               *self.common()]

    def issue(self, names):
        return self.program + ["certonly", "--standalone", "--http-01-port",
                               str(self.pebble.http_port), *self.common(),
                               *[word for name in names for word in ("-d", name)]]

    def first(self, name):
        return [self.issue([name]) + ["--agree-tos", "--register-unsafely-without-email"]]

    def renew(self, names):
        """All that is due, with one command."""
        return [self.program + ["renew", "--no-random-sleep-on-renew", *self.common()]]

    def certificate(self, name):
        return f"{self.folder}/etc/live/{name}/cert.pem"


class Certwright(Certbot):
    """The program of this tree."""

    name = "certwright"

    def __init__(self, folder, pebble):
        super().__init__(folder, pebble)
        program, self.env = real_program(program_path())
        self.program = [program]
        path = plugin_path(program_path())
        if path:
            self.env["CERTWRIGHT_PLUGIN_PATH"] = path

    def version(self):
        return self.program + ["--version"]


class Uacme(Client):
    """Debian's uacme, with a hook that only writes a file, and a web server that serves it."""

    name = "uacme"
    version_status = 2

    def __init__(self, folder, pebble):
        super().__init__(folder, pebble)
        self.root = os.path.join(self.folder, "root")
        challenges = os.path.join(self.root, ".well-known", "acme-challenge")
        os.makedirs(challenges)
        # Shell builtins alone: the hook costs it as little as a hook can.
        self.hook = script(os.path.join(self.folder, "hook.sh"),
                           f'[ "$2" = http-01 ] || exit 1\n[ "$1" = begin ] || exit 0\n'
                           f'printf %s "$5" > "{challenges}/$4"\n')
        self.web = None

    def common(self):
        return ["uacme", "-y", "-t", "EC", "-c", f"{self.folder}/conf", "-a", self.pebble.directory,
                "-h", self.hook]

    def register(self):
        return [*self.common(), "new"]

    def issue(self, names):
        return [*self.common(), "issue", *names]

    def renew(self, names):
        return [[*self.common(), "-f", "issue", name] for name in names]

    def certificate(self, name):
        return f"{self.folder}/conf/{name}/cert.pem"

    def begin(self):
        self.web = WebServer(self.pebble.http_port, lambda host: self.root)

    def end(self):
        self.web.stop()


class Lego(Client):
    """Debian's lego; it makes its account with its first certificate."""

    name = "lego"
    slow = True

    def common(self, names):
        return ["lego", "--accept-tos", "--email", "admin@example.com", "--server",
                self.pebble.directory, "--path", self.folder, "--http", "--http.port",
                f":{self.pebble.http_port}", *[w for name in names for w in ("-d", name)]]

    def register(self):
        return [*self.common(["register.example.test"]), "run"]

    def issue(self, names):
        return [*self.common(names), "run"]

    def first(self, name):
        return [self.issue([name])]

    def renew(self, names):
        return [[*self.common([name]), "renew", "--days", "10000", "--no-random-sleep"]
                for name in names]

    def certificate(self, name):
        return f"{self.folder}/certificates/{name}.crt"


CLIENTS = [Certwright, Certbot, Uacme, Lego]
