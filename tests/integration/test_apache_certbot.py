"""Debian's certbot with its apache plugin puts the certificate into the same virtual hosts, for every
configuration of the corpus that it can read."""

import os
import re
import shutil
import subprocess

import pytest

from lib.apache import Apache
from lib.tools import read
from test_apache_install import apache, site  # noqa: F401  (fixtures)
from test_apache_layouts import TOOL
from test_apache_sites import FIXTURES, REFUSED, hosts

EVERYDAY = ("tls_common",)
CASES = [pytest.param(path, id=os.path.basename(path)[:-5],
                      marks=[] if os.path.basename(path)[:-5] in EVERYDAY else [pytest.mark.full])
         for path in FIXTURES]

# Certbot installs nothing, with these words. certwright-apache(8) explains it.
VARIABLE = "Error Parsing variable"
FAILS = {
    "conditions": "error in parsing the file", "continuation": "error in parsing the file",
    "environment": VARIABLE, "includes": VARIABLE, "moodle": VARIABLE,
    "order_of_modules": VARIABLE, "same_file_twice": VARIABLE,
    "latin1": "UnicodeDecodeError", "macro_inside": "no macro defined before Use",
}

CTL = """\
#!/bin/sh
# Apache does not run: Certbot wants port 443.
case $1 in graceful | restart) exit 0 ;; esac
exec apache2ctl "$@"
"""


def with_certificate(server, path):
    """The names of each host that has the certificate at PATH."""
    found = set()
    listed = subprocess.run([TOOL, server.root], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        place, _, _, names = line.split("\t")
        file, number = place.rsplit(":", 1)
        with open(file, encoding="latin-1") as stream:
            text = "".join(stream.read().splitlines(True)[int(number) - 1:])
        section = re.split(r"(?im)^\s*</VirtualHost>", text)[0]
        if path in section:
            found.add(frozenset(names.split(",")))
    return found


def certbot(server, folder, live, name):
    """Installs the files in LIVE for NAME; its exit status and output."""
    ctl = os.path.join(folder, "ctl")
    with open(ctl, "w", encoding="ascii") as stream:
        stream.write(CTL)
    os.chmod(ctl, 0o755)
    return subprocess.run(
        ["certbot", "install", "--apache", "-n", "--no-redirect", "-d", name, "--config-dir",
         f"{folder}/etc", "--work-dir", f"{folder}/var", "--logs-dir", f"{folder}/log",
         "--apache-server-root", server.root, "--apache-ctl", ctl, "--apache-challenge-location",
         server.root, "--cert-path", f"{live}/cert.pem", "--key-path", f"{live}/privkey.pem",
         "--chain-path", f"{live}/chain.pem", "--fullchain-path", f"{live}/fullchain.pem"],
        env={**os.environ, "APACHE_CONFDIR": server.root}, capture_output=True, text=True,
        check=False, timeout=300)


@pytest.mark.skipif(not shutil.which("certbot"), reason="certbot is not installed")
@pytest.mark.parametrize("path", CASES)
def test_same_hosts_as_certbot(site, apache, tmp_path, path):  # noqa: F811
    case = os.path.basename(path)[:-5]
    if case in REFUSED:
        pytest.skip("no host can be changed")
    text = read(path, "rb")
    apache.fixture(text)
    apache.start()
    ports = (apache.http_port, apache.https_port)
    name = next(names[0] for reached, tls, names in hosts(apache)
                if names and any(port == ports[tls] for _, port in reached))
    site.obtain(name).install()
    live = os.path.dirname(site.certwright.live("site", "cert"))
    ours = with_certificate(apache, live)
    other = Apache()
    try:
        other.fixture(text)
        done = certbot(other, str(tmp_path), live, name)
        theirs = with_certificate(other, live)
    finally:
        other.stop()
    assert ours
    if case in FAILS:
        assert not theirs and FAILS[case] in done.stdout + done.stderr
    else:
        assert ours == theirs, done.stdout + done.stderr
