"""certbot-dns: Certbot's own DNS plugins in Python, unchanged."""

import os
import shutil

import pytest

from lib.certwright import plugin_path, program_path
from lib.tools import certbot, names_of, read

ZONES = {"example.test": [], "other.test": []}


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


@pytest.fixture
def without_ours(tmp_path):
    """The plugin folder without our dns-rfc2136, so that Certbot's is used."""
    folder = tmp_path / "plugins"
    shutil.copytree(plugin_path(program_path()), folder, ignore=lambda *_: ["dns-rfc2136.so"])
    return {"CERTWRIGHT_PLUGIN_PATH": str(folder)}


def rfc2136(bind, folder, *more):
    path = bind.credentials(os.path.join(folder, "rfc2136.ini"))
    return ["--dns-rfc2136", "--dns-rfc2136-credentials", path, "--dns-resolver", bind.resolver,
            *more]


def obtain(certwright, bind, *names, more=(), **kwargs):
    domains = [word for name in names for word in ("-d", name)]
    return certwright.run("certonly", *rfc2136(bind, certwright.folder, *more), *domains, **kwargs)


def test_a_name_and_its_wildcard_and_their_renewal(certwright, bind, without_ours):
    names = ["*.example.test", "example.test", "www.other.test"]
    obtain(certwright, bind, *names, env=without_ours)
    assert names_of(certwright.live("example.test", "cert")) == names
    certwright.run("renew", "--force-renewal", env=without_ours)
    for zone in ZONES:
        assert bind.challenge_records(zone) == []
    assert bind.key.secret not in certwright.log_text() + read(certwright.renewal_file(names[1]))
    assert "authenticator = dns-rfc2136\n" in read(certwright.renewal_file("example.test"))
