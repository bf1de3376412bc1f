"""The agent: what a thousand lineages cost while none is due, and what a clock that is set does."""

import time

import pytest

from lib.agent import Agent
from lib.store import Store

COUNT = 1000
MEBIBYTE = 1 << 20


def field(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as stream:
        for line in stream:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise AssertionError(f"there is no {name}")


def switches(pid):
    return field(pid, "voluntary_ctxt_switches") + field(pid, "nonvoluntary_ctxt_switches")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.stop()


def test_a_thousand_lineages_cost_nothing_while_none_is_due(store):
    """No wake-up, as poll() waits without end; no child; little memory."""
    pem = store.pem("many.example.test", -10, 80)
    # Nobody is asked when to renew: that CA cannot be reached, and is not asked again for hours.
    for number in range(COUNT):
        store.acme(f"many{number}.example.test", pem=pem)
    agent = Agent(store, server=False)
    agent.wait(lambda: sum(1 for c in agent.status()["certificates"] if c["next"]) == COUNT,
               "the plans")
    with open(f"/proc/{agent.pid}/task/{agent.pid}/children", encoding="ascii") as stream:
        assert stream.read() == ""
    # It is asleep in poll(), and stays so: the pause is what is measured, nothing waits for it.
    agent.wait(lambda: field_of_stack(agent.pid) == "S", "its sleep")
    before = switches(agent.pid)
    time.sleep(1.5)
    assert switches(agent.pid) == before
    assert field(agent.pid, "VmRSS") * 1024 < 20 * MEBIBYTE
    agent.end()


def field_of_stack(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
        return stream.read().rpartition(")")[2].split()[0]
