"""Varnish with one page, in a folder of its own, set up as certwright-varnish(8) describes."""

import os
import shutil
import tempfile

from lib.process import Server, port_answers
from lib.tools import command

START = """vcl.load acme-none {folder}/none.vcl
vcl.label acme acme-none
vcl.load site {folder}/site.vcl
vcl.use site
"""

NONE = """vcl 4.1;
backend none none;
sub vcl_recv {
    return (synth(404));
}
"""

SITE = """vcl 4.1;
{backend}
sub vcl_recv {{
    {challenges}
    return (synth(200));
}}
sub vcl_synth {{
    set resp.body = "page";
    return (deliver);
}}
"""

CHALLENGES = """if (req.url ~ "^/\\.well-known/acme-challenge/") {
        return (vcl(acme));
    }"""


class Varnish:
    """Listens on PORT. name is for varnishadm -n."""

    def __init__(self, port, challenges=CHALLENGES, backend="backend none none;"):
        # Varnish's users must reach it, unlike the folders of pytest.
        self.folder = tempfile.mkdtemp(prefix="certwright-varnish-")
        os.chmod(self.folder, 0o755)
        self.name = os.path.join(self.folder, "instance")
        vcl = os.path.join(self.folder, "vcl")
        os.mkdir(vcl)
        for name, text in (("start.cli", START.format(folder=self.folder)), ("none.vcl", NONE),
                           ("site.vcl", SITE.format(challenges=challenges, backend=backend))):
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as stream:
                stream.write(text)
        self.options = ["--varnish-name", self.name, "--varnish-config-dir", vcl]
        self._port = port
        self.start()

    def start(self):
        start = os.path.join(self.folder, "start.cli")
        self.server = Server("varnish", ["varnishd", "-F", "-n", self.name, "-a",
                                         f"127.0.0.1:{self._port}", "-f", "", "-I", start],
                             self.folder, ready=lambda: port_answers(self._port))

    def admin(self, *words):
        return command("varnishadm", "-n", self.name, *words).stdout

    def vcls(self):
        """The names of all, and what the label stands for."""
        text = self.admin("vcl.list")
        return (sorted(line.split()[4] for line in text.splitlines() if line),
                text.split("->")[1].split()[0])

    def log_tail(self):
        return self.server.log_tail()

    def remove(self):
        self.server.stop()
        shutil.rmtree(self.folder)
