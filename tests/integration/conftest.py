"""Fixtures: each test gets directories of its own; servers are started for it or for its module,
on free loopback ports, and stopped by their own pids. What they wrote is shown when a test fails."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lib.authority import Authority  # noqa: E402  (the path is set just above)
from lib.bind import Bind  # noqa: E402
from lib.certwright import Certwright  # noqa: E402
from lib.dns_ca import DnsCa  # noqa: E402
from lib.installed import Installed  # noqa: E402
from lib.pebble import Pebble  # noqa: E402
from lib.ports import Ports  # noqa: E402
from lib.process import Server  # noqa: E402
from lib.relay import Relay  # noqa: E402
from lib.rogue_ca import RogueCa  # noqa: E402
from lib.webserver import WebServer  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="all tests: scripts/check --full")


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: a few whole issuances, for the sanitized build")
    config.addinivalue_line("markers", "full: one of the longer proofs, for --full")
    config.addinivalue_line("markers", "sample(n): every n-th set of parameters is enough each day")


# A test with more combinations of parameters than this is thinned out for every day.
MANY = 12


def family_of(item):
    return item.path, item.originalname


def thinned_out(family):
    """What is enough every day. By itself a third of the combinations, with each value of each
    parameter in at least one: a list of one parameter stays whole."""
    sample = family[0].get_closest_marker("sample")
    if sample:
        return family[::sample.args[0]]
    kept, seen = [], set()
    for item in family:
        values = set(item.callspec.indices.items())
        if len(family) <= MANY or not values <= seen or sum(item.callspec.indices.values()) % 3 == 0:
            kept.append(item)
        seen |= values
    return kept


def pytest_collection_modifyitems(config, items):
    if config.getoption("--full"):
        return
    longer = {item for item in items if item.get_closest_marker("full")}
    by_hand = {family_of(item) for item in longer}
    families = {}
    for item in items:
        if item not in longer and hasattr(item, "callspec") and family_of(item) not in by_hand:
            families.setdefault(family_of(item), []).append(item)
    for family in families.values():
        longer.update(set(family) - set(thinned_out(family)))
    config.hook.pytest_deselected(items=list(longer))
    items[:] = [item for item in items if item not in longer]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for name, value in getattr(item, "funcargs", {}).items():
        if hasattr(value, "log_tail"):
            try:
                report.sections.append((f"log of {name}", value.log_tail()))
            except OSError as error:
                report.sections.append((f"log of {name}", str(error)))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """Who signs the HTTPS certificates of the ACME servers."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The installed tree with the plugins of extras/, the same one for all test workers."""
    folder = tmp_path_factory.getbasetemp()
    return Installed((folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
                     / "installed")


class Starter:
    """Makes servers and programs, and stops them all."""

    def __init__(self, authority, folder):
        self.authority, self.folder = authority, folder
        self.ports = Ports()
        self._made = []

    def keep(self, thing):
        self._made.append(thing)
        return thing

    def pebble(self, **options):
        folder = self.folder / f"pebble{len(self._made)}"
        return self.keep(Pebble(self.ports, folder, self.authority, **options))

    def bind(self, zones, **options):
        folder = self.folder / f"bind{len(self._made)}"
        return self.keep(Bind(self.ports, folder, zones, **options))

    def rogue(self, pebble):
        return self.keep(RogueCa(self.ports, self.authority, pebble))

    def dns_ca(self, bind):
        pebble = self.pebble(dns=bind, env={"PEBBLE_VA_ALWAYS_VALID": "1"})
        return self.keep(DnsCa(self.ports, self.authority, pebble, bind))

    def relay(self, pebble):
        return self.keep(Relay(self.ports, pebble))

    def run(self, name, argv, folder, ready, env=None):
        """Any server program, once READY() says so."""
        return self.keep(Server(name, argv, folder, env=env, ready=ready))

    def web(self, port, folder_of):
        return self.keep(WebServer(port, folder_of))

    def certwright(self, ca, name="certwright", installed=None):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return self.keep(Certwright(folder, ca, installed))

    def stop(self):
        for thing in reversed(self._made):
            thing.stop()
        self.ports.release()


@pytest.fixture
def start(authority, tmp_path):
    """Starts what a single test needs: start.pebble(eab=True), start.rogue(pebble) ..."""
    starter = Starter(authority, tmp_path)
    yield starter
    starter.stop()


@pytest.fixture(scope="module")
def module_start(authority, tmp_path_factory):
    starter = Starter(authority, tmp_path_factory.mktemp("servers"))
    yield starter
    starter.stop()


@pytest.fixture(scope="module")
def pebble(module_start):
    """An ACME server that does all at once and rejects nothing."""
    return module_start.pebble(mode="kind")


@pytest.fixture(scope="module")
def unkind_pebble(module_start):
    """Rejects 15 % of all nonces, reuses half of the authorizations, is slow to validate."""
    return module_start.pebble(mode="unkind")


@pytest.fixture(scope="module")
def bind(request, module_start):
    """A name server with the module's ZONES."""
    return module_start.bind(request.module.ZONES)


@pytest.fixture(scope="module")
def ca(module_start, bind):
    """An ACME server that asks it."""
    return module_start.pebble(dns=bind)


@pytest.fixture
def rogue(start, pebble):
    """A CA that misbehaves where the test says so."""
    return start.rogue(pebble)


@pytest.fixture
def certwright(start, pebble):
    """The program, with pebble as its CA."""
    return start.certwright(pebble)


@pytest.fixture
def installed_certwright(start, pebble, installed):
    """The installed program, with pebble as its CA and the plugins of extras/."""
    return start.certwright(pebble, installed=installed)


@pytest.fixture
def rogue_certwright(start, rogue):
    """The program, with rogue as its CA."""
    return start.certwright(rogue)
