"""Every configuration of the corpus gets a certificate, keeps what it served, and is restored."""

import glob
import os
import re

import pytest

from lib.certwright import top_folder
from lib.tools import command, read
from test_apache_hosts import TOOL
from test_apache_install import apache, site  # noqa: F401  (fixtures)

FIXTURES = sorted(glob.glob(os.path.join(top_folder(), "plugins/apache/fixtures/*.conf")))
# A quarter of them is enough for every day.
CASES = [pytest.param(path, id=os.path.basename(path)[:-5],
                      marks=[pytest.mark.full] if i % 4 else [])
         for i, path in enumerate(FIXTURES)]
HERE = {"*": "127.0.0.1", "127.0.0.1": "127.0.0.1", "[::1]": "::1"}
# Names that cannot be installed, and why.
REFUSED = {
    "no_hosts": "no virtual host",
    "macro_hosts": "made by a macro",
}


def hosts(server):
    """(addresses of this machine with ports, whether it has TLS, names) of each virtual host."""
    found = []
    for line in command(TOOL, server.root).stdout.splitlines():
        _, addresses, kind, names = line.split("\t")
        pairs = [a.rsplit(":", 1) for a in addresses.split(",")]
        reached = [(HERE[a], int(p)) for a, p in pairs if a in HERE and p != "*"]
        found.append((reached, kind == "tls",
                      [n for n in names.split(",") if re.fullmatch(r"([a-z0-9-]+\.)+[a-z]+", n)]))
    return found


def served(server):
    """The certificate of each name with TLS at each address of this machine."""
    return {(name, address): server.served(name, address[0], address[1])
            for reached, tls, names in hosts(server) if tls
            for name in names for address in reached}


@pytest.mark.sample(2)
@pytest.mark.parametrize("path", CASES)
def test_certificate_is_served_and_rolled_back(site, apache, path):  # noqa: F811
    case = os.path.basename(path)[:-5]
    apache.fixture(read(path, "rb"))
    apache.start()
    ports = (apache.http_port, apache.https_port)
    name = next((names[0] for reached, tls, names in hosts(apache)
                 if names and any(port == ports[tls] for _, port in reached)), "only.example")
    before, https = apache.snapshot(), served(apache)
    site.obtain(name)
    if case in REFUSED:
        assert REFUSED[case] in site.install(status=1).stderr
        assert apache.snapshot() == before
        return
    site.install()
    after = served(apache)
    # By TLS at every address of its hosts, the name has the certificate.
    own = {key for key in after if key[0] == name and key[1][1] == apache.https_port}
    assert own and all(after[key] == site.certificate() for key in own)
    shared = {n for _, tls, names in hosts(apache) if tls and name in names for n in names}
    for key, certificate in https.items():
        assert key[0] in shared or after[key] == certificate, key
    installed = apache.snapshot()
    site.install()
    assert apache.snapshot() == installed
    site.rollback()
    assert apache.snapshot() == before
    assert served(apache) == https

