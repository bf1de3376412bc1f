"""A year of the agent in minutes: the clock leaps over the times in which nothing is to be done
(lib.leaping). What the CA signed, and when, tells whether there ever was a moment without a valid
certificate, and whether all renewals were needed."""

import datetime
import os

import pytest

from lib.agent import Agent, Reader
from lib.authority import Authority
from lib.leaping import DAY, LeapingClock, TimedCa

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def clock(tmp_path):
    return LeapingClock(str(tmp_path))


@pytest.fixture
def ca_of(start, tmp_path, clock):
    pebble = start.pebble(env={"PEBBLE_VA_ALWAYS_VALID": "1"})
    authority = Authority(tmp_path, 4000)

    def make(lifetime):
        return start.keep(TimedCa(start.ports, authority, str(tmp_path / f"ca{lifetime}"), pebble,
                                  clock, lifetime))
    return make


@pytest.fixture
def agent_of(start, clock):
    agents = []

    def make(ca, text):
        certwright = start.certwright(ca)
        os.makedirs(certwright.config_dir, exist_ok=True)
        with open(os.path.join(certwright.config_dir, "agent.ini"), "w", encoding="ascii") as stream:
            stream.write(f"authenticator = standalone\nhttp-01-port = {start.ports.take()}\n{text}")
        agents.append(Agent(certwright, env=clock.environment, server=False))
        return certwright, agents[-1]
    yield make
    for agent in agents:
        agent.end()


def section(name, ca):
    return f"[{name}]\ndomains = {name}\nserver = {ca.directory}\n"


def check_no_gap(ca, now):
    """Each was there before the one before it expired, and the last is valid."""
    for (_, _, end), (_, begin, _) in zip(ca.issued, ca.issued[1:]):
        assert begin < end, f"nothing valid from {end} to {begin}"
    assert ca.issued[-1][2] > now


@pytest.mark.parametrize("asked", [True, pytest.param(False, marks=pytest.mark.full)])
def test_a_year_of_short_and_long_certificates(request, clock, ca_of, agent_of, asked):
    """ASKED: the CAs have renewal information."""
    days = 365 if request.config.getoption("--full") else 30
    short, long = ca_of(6), ca_of(90)
    if asked:
        short.ask_again, long.ask_again = 6 * 3600, 24 * 3600
    certwright, agent = agent_of(short, section("six.test", short) + section("ninety.test", long))
    readers = [Reader(certwright, name) for name in ("six.test", "ninety.test")]
    with readers[0].watching(), readers[1].watching():
        clock.run(agent, days=days)
    for reader in readers:
        assert reader.origins in (["acme"], ["self-signed", "acme"])
    check_no_gap(short, clock.now())
    check_no_gap(long, clock.now())
    # Renewed after half, two thirds or at most five sixths of the lifetime, and never earlier.
    assert days / 5 - 1 <= len(short.issued) <= days / 3 + 1
    assert days / 75 <= len(long.issued) <= days / 45 + 1
    questions = [r for r in short.requests if r.path.startswith("/renewal-info/")]
    assert len(questions) <= (days * 4 + len(short.issued) + 1 if asked else 0)


@pytest.mark.full
def test_ten_days_without_the_ca(clock, ca_of, agent_of):
    short, long = ca_of(6), ca_of(90)
    begin = clock.now() + 20 * DAY
    for ca in (short, long):
        ca.is_down = lambda now: begin < now < begin + 10 * DAY
    certwright, agent = agent_of(short, section("six.test", short) + section("ninety.test", long))
    clock.run(agent, days=20)
    reader = Reader(certwright, "six.test")
    with reader.watching():
        before = len(short.requests)
        clock.run(agent, days=9)
        asked = len(short.requests) - before
        state = agent.certificate("six.test")
        assert state["origin"] == "self-signed"
        assert state["last_failure"]["kind"] == "ca-down"
        clock.run(agent, days=3)
    assert reader.origins == ["acme", "self-signed", "acme"]
    # Back within the longest pause, and it was asked neither all the time nor hardly ever.
    back = min(end for _, end, _ in short.issued if end > begin + 10 * DAY)
    assert back - begin < 10 * DAY + 25 * HOUR
    assert 10 < asked < 9 * 24 * 6
    check_no_gap(long, clock.now())


def test_a_clock_that_is_set_is_noticed(clock, ca_of, agent_of):
    """Forward: what is due by the new time is renewed. Back: nothing is, without end or at all."""
    ca = ca_of(90)
    _, agent = agent_of(ca, section("set.test", ca))
    clock.run(agent, days=1)
    assert len(ca.issued) == 1
    clock.set(days=80)
    clock.run(agent, minutes=10)
    assert "the clock was set" in agent.log()
    assert len(ca.issued) == 2
    clock.set(days=-80)
    clock.run(agent, days=3)
    assert len(ca.issued) <= 3
    # It may be due at the very time at which the clock stands.
    assert agent.certificate("set.test")["next"]["time"] >= f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
