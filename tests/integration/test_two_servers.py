"""nginx and Apache on one machine: renewals reach every server that has the certificate, once."""

import os
import re
import shutil

import pytest

from lib.apache import Apache
from lib.outcome import identifiers
from test_apache import host
from test_apache_install import SERVES, Site
from test_nginx import Nginx
from test_nginx_renew import reloads
from test_nginx_changed import PLAIN

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")


def graceful(apache):
    """How often Apache was told to reload."""
    with open(os.path.join(apache.folder, "log/error.log"), encoding="utf-8") as stream:
        return len(re.findall(r"AH00493", stream.read()))


@pytest.fixture
def apache(start):
    server = Apache(start.ports.take(), start.ports.take())
    yield server
    server.stop()


@pytest.fixture
def nginx(start, tmp_path):
    folder = tmp_path / "nginx"
    folder.mkdir()
    server = Nginx(folder, *(start.ports.take() for _ in range(3)))
    yield server
    server.stop()


class Both:
    """Both servers with a site a.test, whose certificate both have."""

    def __init__(self, certwright, nginx, apache):
        self.certwright, self.nginx, self.apache = certwright, nginx, apache
        nginx.site(PLAIN)
        nginx.start()
        apache.site(host(SERVES))
        apache.start()
        certwright.certonly("a.test")
        for words in (self.for_nginx, self.for_apache):
            certwright.run("install", *words, "--cert-name", "a.test", "-d", "a.test",
                           "--no-redirect")

    @property
    def for_nginx(self):
        return ["-i", "nginx", "--nginx-server-root", self.nginx.root, "--https-port",
                self.nginx.https_port, "--http-01-port", self.nginx.http_port]

    @property
    def for_apache(self):
        return ["-i", "apache", "--apache-server-root", self.apache.root, "--https-port",
                self.apache.https_port, "--http-01-port", self.apache.http_port]

    def certificate(self):
        return Site(self.apache, self.certwright).certificate("a.test")

    def served(self):
        return [server.served("a.test") for server in (self.nginx, self.apache)]

    def reloads(self):
        return [reloads(self.nginx), graceful(self.apache)]

    def renewal_file(self):
        with open(self.certwright.renewal_file("a.test"), encoding="utf-8") as stream:
            return stream.read()


@pytest.fixture
def both(certwright, nginx, apache):
    return Both(certwright, nginx, apache)


def test_renew_reloads_each_server_once(both):
    old, before = both.certificate(), both.reloads()
    assert both.served() == [old, old]
    # What the second one needs has to outlive a renewal.
    for i in (1, 2):
        both.certwright.run("renew", "--force-renewal")
        new = both.certificate()
        assert new != old and both.served() == [new, new]
        assert both.reloads() == [count + i for count in before]
        old = new
    text = both.renewal_file()
    params, own = text[text.index("[renewalparams]"):].split("[certwright]")
    assert "installer = nginx\n" in params and "apache" not in params
    assert "further_installers = apache," in own and "apache_server_root" in own


def test_renewal_that_one_server_could_not_load_is_completed_by_the_next(both):
    old = both.certificate()
    path = both.apache.write("conf-enabled/broken.conf", "Nonsense on\n")
    result = both.certwright.json("renew", "--force-renewal", status=1)
    assert identifiers(result.json) == {"a.test"} and "Nonsense" in result.stdout
    new = both.certificate()
    assert both.served() == [new, old]
    os.unlink(path)
    both.certwright.run("renew")
    assert both.served() == [new, new]
    before = both.reloads()
    both.certwright.run("renew")
    assert both.reloads() == before


def test_reconfigure_leaves_one_installer(both):
    both.certwright.run("reconfigure", "--cert-name", "a.test", *both.for_apache[:4])
    assert "further_installers" not in both.renewal_file()
    before = both.reloads()
    both.certwright.run("renew", "--force-renewal")
    assert both.reloads() == [before[0], before[1] + 1]
    assert both.apache.served("a.test") == both.certificate()


def test_certificates_of_one_server_share_a_reload(certwright, apache):
    names = ["a.test", "b.test"]
    for name in names:
        apache.site(host(SERVES, name=name), f"{name}.conf")
    apache.start()
    for name in names:
        certwright.certonly(name)
        certwright.run("install", "--apache", "--apache-server-root", apache.root, "--cert-name",
                       name, "-d", name, "--no-redirect", "--https-port", apache.https_port,
                       "--http-01-port", apache.http_port)
    site, before = Site(apache, certwright), graceful(apache)
    old = {name: site.certificate(name) for name in names}
    certwright.run("renew", "--force-renewal")
    assert graceful(apache) == before + 1
    for name in names:
        assert site.certificate(name) != old[name]
        assert site.is_served(name, name)
