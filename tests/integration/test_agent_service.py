"""The agent as a service: signals, the control socket, the service manager, a container."""

import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

from lib.agent import Agent, is_pair, status_module
from lib.process import children, is_gone, wait_until
from lib.rogue_ca import Hold, problem
from lib.tools import read
from lib.trace import PRIVATE

NAME = "service.example.test"


def start_agent(certwright, *args, **options):
    env = {"CERTWRIGHT_DOMAINS": NAME, **options.pop("env", {})}
    return Agent(certwright, *args, env=env, **options)


@pytest.fixture
def agent(certwright):
    """One that has a certificate, and nothing to do."""
    agent = start_agent(certwright)
    agent.wait(lambda: agent.certificate(NAME)["origin"] == "acme", "the certificate")
    return agent


class Manager:
    """The side of a service manager of sd_notify(3)."""

    def __init__(self, folder):
        self.path = os.path.join(str(folder), "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(60)
        self.told = []

    def wait_for(self, line):
        while not any(line in text.split("\n") for text in self.told):
            self.told.append(self._socket.recv(4096).decode())

    def close(self):
        self._socket.close()


@pytest.fixture
def manager(tmp_path):
    manager = Manager(tmp_path)
    yield manager
    manager.close()


def test_service_manager_hears_of_its_states(certwright, manager):
    agent = start_agent(certwright, env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000000"})
    manager.wait_for("READY=1")
    for _ in range(2):
        manager.wait_for("WATCHDOG=1")
        manager.told.clear()
    agent.signal(signal.SIGHUP)
    manager.wait_for("RELOADING=1")
    manager.wait_for("READY=1")
    agent.signal(signal.SIGTERM)
    manager.wait_for("STOPPING=1")
    agent.end()


def test_passed_socket_is_used(certwright):
    """The port is bound by somebody else, as by systemd, and passed."""
    with socket.create_server(("::", certwright.ca.http_port), family=socket.AF_INET6,
                              dualstack_ipv6=True) as listener:
        os.set_inheritable(listener.fileno(), True)
        # Descriptor 3, and the id of the process itself.
        script = "import os, sys; os.dup2(int(sys.argv[1]), 3);" \
                 "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'," \
                 " LISTEN_FDNAMES='http'); os.execv(sys.argv[2], sys.argv[2:])"
        agent = start_agent(certwright, wrap=[sys.executable, "-c", script,
                                              str(listener.fileno())],
                            pass_fds=[listener.fileno()])
        agent.wait_for_origin(NAME, "acme")
        agent.end()


def test_second_agent_is_refused_and_the_first_goes_on(certwright, agent):
    result = start_agent(certwright).running.finish(30)
    assert result.status == 1
    assert "another agent already looks after" in result.stderr
    assert agent.certificate(NAME)["origin"] == "acme"
    agent.end()
    # Its lock is gone with it.
    again = start_agent(certwright)
    again.wait(lambda: again.certificate(NAME)["origin"] == "acme", "the second agent")
    again.end()


def test_control_socket_is_for_its_owner(certwright, agent):
    path = os.path.join(certwright.work_dir, "certwright", "agent", "control")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    before = read(certwright.live(NAME))
    certwright.run("agent", "renew", NAME, *certwright.directories(), defaults=False)
    assert read(certwright.live(NAME)) != before
    result = certwright.run("agent", "reload", *certwright.directories(), defaults=False)
    assert "has read its configuration again" in result.output
    with open(os.path.join(certwright.config_dir, "agent.ini"), "w", encoding="ascii") as stream:
        stream.write("email = me@example.test\nemial = me@example.test\n")
    result = certwright.run("agent", "reload", *certwright.directories(), defaults=False,
                            status=None)
    assert result.status == 1 and "line 2" in result.output
    shown = certwright.run("agent", "status", *certwright.directories(), defaults=False)
    assert NAME in shown.stdout
    agent.end()
    assert not os.path.exists(path)
    result = certwright.run("agent", "status", *certwright.directories(), defaults=False,
                            status=None)
    assert result.status == 1 and "no agent runs" in result.stderr


def test_nonsense_on_the_control_socket_is_answered(certwright, agent):
    folder = os.open(os.path.join(certwright.work_dir, "certwright", "agent"), os.O_PATH)
    for line in (b"nonsense\n", b"{\"command\": 5}\n", b"x" * 10000):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"/proc/self/fd/{folder}/control")
            client.sendall(line)
            client.settimeout(30)
            try:
                given = client.recv(65536)
            except ConnectionResetError:
                given = b""
        assert given == b"" or json.loads(given)["ok"] is False
    os.close(folder)
    assert agent.certificate(NAME)["origin"] == "acme"
    agent.end()


def test_silent_connections_keep_nobody_from_the_control_socket(certwright, agent):
    folder = os.open(os.path.join(certwright.work_dir, "certwright", "agent"), os.O_PATH)
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(f"/proc/self/fd/{folder}/control")
        assert agent.certificate(NAME)["origin"] == "acme"
    os.close(folder)
    agent.end()


def test_end_within_ten_seconds_and_cleanup(rogue_certwright, rogue):
    """While a child waits for a CA that does not answer."""
    hold = Hold()
    rogue.on("finalize", hold)
    agent = start_agent(rogue_certwright)
    agent.wait(hold.reached.is_set, "the request")
    agent.wait(lambda: children(agent.running.pid), "the child")
    below = children(agent.running.pid)
    begun = time.monotonic()
    agent.end()
    hold.release()
    assert time.monotonic() - begun < 10
    wait_until(lambda: all(is_gone(pid) for pid in below), 10, "the end of the children")


def test_sigusr1_tries_again_at_once(rogue_certwright, rogue):
    rogue.on("new-order", problem("accountDoesNotExist", "who are you?"), times=50)
    agent = start_agent(rogue_certwright)
    agent.wait(lambda: agent.certificate(NAME)["attempts"] == 1, "the failure")
    state = agent.certificate(NAME)
    assert state["last_failure"]["kind"] == "account" and state["next"]["action"] == "retry"
    rogue.behave()
    agent.signal(signal.SIGUSR1)
    agent.wait_for_origin(NAME, "acme")
    agent.wait(lambda: agent.certificate(NAME)["attempts"] == 0, "the success")
    agent.end()


@pytest.mark.parametrize("point", ["new-order", "challenge", "finalize", "certificate"])
def test_killed_at_a_step_the_next_agent_goes_on(rogue_certwright, rogue, point):
    """kill -9 of the agent: its child ends, and what is in place stays."""
    hold = Hold()
    rogue.on(point, hold, times=1)
    agent = start_agent(rogue_certwright)
    agent.wait(hold.reached.is_set, "the request")
    below = children(agent.running.pid)
    agent.running.kill()
    hold.drop()
    wait_until(lambda: all(is_gone(pid) for pid in below), 30, "the end of the child")
    # What was in place stays, or the child has completed its work.
    with open(os.path.join(rogue_certwright.config_dir, "live", NAME, "origin"),
              encoding="ascii") as stream:
        assert stream.readline() in ("self-signed\n", "acme\n")
    assert is_pair(rogue_certwright, NAME)
    rogue.behave()
    again = start_agent(rogue_certwright)
    again.wait_for_origin(NAME, "acme")
    again.end()


def test_log_lines_as_json(certwright):
    agent = start_agent(certwright, "--log-format", "json")
    agent.wait_for_origin(NAME, "acme")
    result = agent.end()
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert {"time", "level", "message"} == set(lines[0])
    assert any("made a self-signed certificate" in line["message"] for line in lines)


def test_first_process_of_a_container_reaps_orphans(certwright, tmp_path):
    """In a namespace of its own, where it is process 1."""
    hook = tmp_path / "hook"
    # Leaves a process behind that ends later, when nobody but process 1 is its parent.
    hook.write_text("#!/bin/sh\n(trap '' HUP; sleep 0.2) >/dev/null 2>&1 </dev/null &\n")
    hook.chmod(0o755)
    unshare = [shutil.which("unshare"), "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run(unshare + ["true"], check=False, capture_output=True).returncode != 0:
        pytest.fail("process namespaces are not available here")
    agent = start_agent(certwright, "--deploy-hook", str(hook), wrap=unshare)
    agent.wait_for_origin(NAME, "acme")
    [init] = children(agent.running.pid)

    def others():
        with open(f"/proc/{init}/task/{init}/children", encoding="ascii") as stream:
            return stream.read().split()
    agent.wait(lambda: not others(), "no process, and no zombie, to be left")
    os.kill(init, signal.SIGTERM)
    assert agent.running.finish(15).status == 0


def test_status_page_is_served(certwright, start):
    port = start.ports.take()
    agent = start_agent(certwright, "--status-address", f"127.0.0.1:{port}",
                        env={"CERTWRIGHT_STATUS_MODULE": status_module()})
    agent.wait_for_origin(NAME, "acme")

    def state():
        with urlopen(f"http://127.0.0.1:{port}/status.json", timeout=30) as answer:
            return json.load(answer)["certificates"][0]["origin"]
    agent.wait(lambda: state() == "acme", "the status")
    agent.end()


def test_status_address_for_others_is_warned_of(certwright, start):
    agent = start_agent(certwright, "--status-address", f"0.0.0.0:{start.ports.take()}",
                        env={"CERTWRIGHT_STATUS_MODULE": status_module()})
    agent.wait_for_log("others than this machine may reach the status page")
    agent.end()


def test_the_agent_opens_no_private_key(certwright, tmp_path):
    """Its children do, each for its own work."""
    trace = tmp_path / "trace"
    strace = [shutil.which("strace"), "-ff", "-qq", "-o", str(trace), "-e",
              "trace=open,openat,openat2,execve"]
    agent = start_agent(certwright, wrap=strace, env={"ASAN_OPTIONS": "detect_leaks=0"})
    agent.wait(lambda: agent.certificate(NAME)["origin"] == "acme", "the certificate")
    [pid] = children(agent.running.pid)
    os.kill(pid, signal.SIGTERM)
    assert agent.running.finish(15).status == 0
    opened = read(f"{trace}.{pid}")
    assert "renewal" in opened and not PRIVATE.search(opened)
    assert any(PRIVATE.search(read(path)) for path in tmp_path.glob("trace.*"))
