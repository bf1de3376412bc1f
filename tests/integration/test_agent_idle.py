"""The agent: what a thousand lineages cost while none is due."""

from lib.agent import Agent
from lib.leaping import LeapingClock
from lib.store import Store

COUNT = 1000
MEBIBYTE = 1 << 20


def field(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as stream:
        for line in stream:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise AssertionError(f"there is no {name}")


def ticks(pid):
    """CPU time, in hundredths of a second."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
        fields = stream.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_thousand_lineages_cost_nothing_while_none_is_due(tmp_path):
    """An hour of the clock: no wake-up, no child, no CPU time; little memory."""
    store = Store(tmp_path)
    clock = LeapingClock(str(tmp_path))
    pem = store.pem("many.example.test", -10, 80)
    # Nobody is asked when to renew: that CA cannot be reached, and is not asked again for hours.
    for number in range(COUNT):
        store.acme(f"many{number}.example.test", pem=pem)
    agent = Agent(store, server=False, env=clock.environment)
    agent.wait(lambda: sum(1 for c in agent.status()["certificates"] if c["next"]) == COUNT,
               "the plans")
    clock.run(agent, minutes=1)
    with open(f"/proc/{agent.pid}/task/{agent.pid}/children", encoding="ascii") as stream:
        assert stream.read() == ""
    woken, used = clock.returns, ticks(agent.pid)
    clock.run(agent, hours=1)
    woken, used = clock.returns - woken, ticks(agent.pid) - used
    memory = field(agent.pid, "VmRSS") * 1024
    print(f"{woken} wake-ups, {used / 100} s, {memory / MEBIBYTE:.1f} MiB")
    assert woken == 0
    # The clock itself looks whether the test has set another end.
    assert used <= 2
    assert memory < 20 * MEBIBYTE
    agent.end()
    store.stop()
