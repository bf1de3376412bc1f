"""What the plugins of extras/ may read of private keys: which process opens them, as strace sees it."""

import os

import pytest

from lib.dovecot import Dovecot
from lib.external import Talker
from lib.haproxy import Haproxy
from lib.icecast import Icecast
from lib.postfix import Postfix
from lib.trace import PRIVATE, opened, tracing
from lib.varnish import Varnish

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start these servers")

NAME = "one.keys.test"


@pytest.fixture
def keys(installed_certwright, tmp_path):
    """Runs certwright and returns the private keys that the plugin processes open."""
    traced = tracing(installed_certwright, tmp_path)

    def run(*arguments):
        trace = traced(*arguments)
        processes = trace.of("plugin")
        assert processes
        return {path for lines in processes for path in opened(lines) if PRIVATE.search(path)}

    run.key = installed_certwright.live(NAME, "privkey")
    return run


@pytest.fixture
def removed(request):
    """Has a server removed at the end."""
    def note(server):
        request.addfinalizer(getattr(server, "remove", None) or server.stop)
        return server
    return note


def test_an_installer_that_names_the_files_opens_no_private_key(keys, start, removed):
    for server, plugin in ((Postfix, "postfix"), (Dovecot, "dovecot")):
        options = removed(server(start)).options
        assert keys("run", "-a", "standalone", "-i", plugin, *options, "--no-redirect", "-d", NAME,
                    "--keep-until-expiring") == set()
    assert keys("renew", "--force-renewal") == set()


def test_an_installer_that_copies_opens_the_key_that_it_copies(keys, start, removed):
    for server, plugin in ((Haproxy(start, start.ports.take()), "haproxy"),
                           (Icecast(start), "icecast")):
        options = removed(server).options
        assert keys("run", "-a", "standalone", "-i", plugin, *options, "--no-redirect", "-d", NAME,
                    "--keep-until-expiring") == {keys.key}


def test_a_program_of_external_gets_the_path_of_the_key_alone(keys, tmp_path):
    program = Talker(tmp_path, test={"answer": '{"names": []}'}).path
    assert keys("run", "-a", "standalone", "-i", "external", "--external-program", program,
                "--no-redirect", "-d", NAME) == set()


def test_an_authenticator_of_extras_opens_no_private_key(keys, start, pebble, removed):
    varnish = removed(Varnish(pebble.http_port))
    assert keys("certonly", "-a", "varnish", *varnish.options, "-d", NAME) == set()
