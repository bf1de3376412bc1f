"""The tests of the Python package use the servers of tests/integration, and the built library."""

import importlib.util
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
INTEGRATION = os.path.join(HERE, "..", "..", "tests", "integration")
sys.path[:0] = [os.path.join(HERE, "..", "src"), INTEGRATION, HERE]

_spec = importlib.util.spec_from_file_location("integration_fixtures",
                                               os.path.join(INTEGRATION, "conftest.py"))
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)

authority, start, module_start = _fixtures.authority, _fixtures.start, _fixtures.module_start
pebble, bind, ca, rogue = _fixtures.pebble, _fixtures.bind, _fixtures.ca, _fixtures.rogue

from certwright._library import ANSWER, Connection  # noqa: E402  (the path is set above)
from lib.certwright import program_path  # noqa: E402
from lib.library import check  # noqa: E402


def pytest_addoption(parser):
    try:
        _fixtures.pytest_addoption(parser)
    except ValueError:
        pass  # tests/integration is tested too, and has added it


pytest_configure = _fixtures.pytest_configure
pytest_collection_modifyitems = _fixtures.pytest_collection_modifyitems


@pytest.fixture(scope="session", autouse=True)
def built_library():
    """The package loads the library of the build that is tested."""
    os.environ.setdefault("CERTWRIGHT_LIBRARY", os.path.join(
        os.path.dirname(program_path()), ".libs", "libcertwright.so.1"))


@pytest.fixture(autouse=True)
def documented(monkeypatch):
    """All that is sent and comes is as certwright-library.schema.json says, but for what a test sends
    with the member "wrong"."""
    begin, reply, next_event = Connection.begin, Connection.reply, Connection.next_event

    def checked_begin(self, request):
        begin(self, request if "wrong" in request else check("request", request))

    def checked_event(self):
        happened = next_event(self)
        if happened is not None:
            check("answer" if happened[0] == ANSWER else "event", happened[1])
        return happened

    monkeypatch.setattr(Connection, "begin", checked_begin)
    monkeypatch.setattr(Connection, "reply",
                        lambda self, document: reply(self, check("reply", document)))
    monkeypatch.setattr(Connection, "next_event", checked_event)


def _surroundings(start, ca, monkeypatch):
    program = start.certwright(ca)
    for name, value in program.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CERTWRIGHT_PROGRAM", program.program)
    return program


@pytest.fixture
def with_pebble(start, pebble, monkeypatch):
    """This process's environment makes the package use the build, and trust pebble."""
    return _surroundings(start, pebble, monkeypatch)


@pytest.fixture
def with_ca(start, ca, monkeypatch):
    """The same for a CA that asks BIND."""
    return _surroundings(start, ca, monkeypatch)
