"""The agent as a service: signals, the control socket, the service manager, a container."""

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
from urllib.request import urlopen

import pytest

from lib.agent import Agent, is_pair, status_module
from lib.pebble import EAB_KEYS
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


def sockets(agent):
    """How many it has open."""
    folder = f"/proc/{agent.pid}/fd"
    return sum(os.readlink(os.path.join(folder, number)).startswith("socket:")
               for number in os.listdir(folder))


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


@pytest.mark.parametrize("point", ["directory", "finalize"])
def test_reload_does_not_wait_for_what_is_under_way(rogue_certwright, rogue, point):
    """Neither for an attempt nor for a look, and counts when that is over."""
    hold = Hold()
    path = os.path.join(rogue_certwright.config_dir, "agent.ini")
    if point == "directory":
        rogue_certwright.certonly("renewed.example.test")
        # Another run may still use the directory that this one has seen.
        shutil.rmtree(os.path.join(rogue_certwright.work_dir, "certwright"))
    rogue.on(point, hold, times=1)
    agent = start_agent(rogue_certwright)
    agent.wait(hold.reached.is_set, "the request")
    [child] = children(agent.pid)
    with open(path, "w", encoding="ascii") as stream:
        stream.write("[other]\ndomains = other.example.test\n")
    rogue_certwright.run("agent", "reload", *rogue_certwright.directories(), defaults=False)
    assert "other" in {c["name"] for c in agent.status()["certificates"]}
    assert child in children(agent.pid)
    hold.release()
    agent.wait_for_origin("other", "acme")
    agent.wait_for_origin(NAME, "acme")
    agent.end()


def test_whoever_waits_for_a_certificate_that_goes_is_told(rogue_certwright, rogue):
    hold = Hold()
    rogue.on("finalize", hold, times=1)
    agent = start_agent(rogue_certwright)
    agent.wait(hold.reached.is_set, "the request")

    def reload(text):
        with open(os.path.join(rogue_certwright.config_dir, "agent.ini"), "w",
                  encoding="ascii") as stream:
            stream.write(text)
        rogue_certwright.run("agent", "reload", *rogue_certwright.directories(), defaults=False)
    reload("[other]\ndomains = other.example.test\n")
    before = sockets(agent)
    waiting = rogue_certwright.start("agent", "renew", "other", *rogue_certwright.directories(),
                                     defaults=False)
    agent.wait(lambda: sockets(agent) > before, "the question")
    reload("")
    result = waiting.finish(30)
    assert result.status == 1 and 'no certificate "other" any more' in result.stderr
    hold.release()
    agent.end()


def exchange(one, other):
    """Two folders, at once."""
    at_cwd, renameat2 = -100, ctypes.CDLL(None, use_errno=True).renameat2
    assert renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), 2) == 0, \
        os.strerror(ctypes.get_errno())


def test_another_folder_in_the_place_of_the_configurations_is_noticed(certwright, tmp_path):
    for folder, name in (("now", "one"), ("next", "two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "agent.ini").write_text(f"[{name}]\ndomains = {name}.example.test\n")
    agent = Agent(certwright, "--agent-config", tmp_path / "now" / "agent.ini")
    agent.wait_for_origin("one", "acme")
    exchange(tmp_path / "now", tmp_path / "next")
    agent.wait_for_origin("two", "acme")
    agent.end()


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


@pytest.mark.parametrize("args, env", [
    (["--log-format", "json", "--no-such-option"], {}),
    (["--no-such-option"], {"CERTWRIGHT_LOG_FORMAT": "json"}),
    ([], {"CERTWRIGHT_ZZZ": "unknown", "CERTWRIGHT_LOG_FORMAT": "json", "CERTWRIGHT_AAA": "too"}),
    (["--log-format", "json"], {"CERTWRIGHT_DOMAINS": ""}),
])
def test_a_start_that_fails_logs_json_too(certwright, args, env):
    result = start_agent(certwright, *args, env=env).running.finish(30)
    assert result.status in (1, 2)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert lines and set(lines[-1]) == {"time", "level", "message"}
    assert lines[-1]["level"] == "error"


def test_a_warning_of_the_configuration_is_json_too(certwright):
    os.makedirs(certwright.config_dir)
    path = os.path.join(certwright.config_dir, "agent.ini")
    with open(path, "w", encoding="ascii") as stream:
        stream.write("email = me@example.test\n")
    os.chmod(path, 0o666)
    agent = start_agent(certwright, env={"CERTWRIGHT_LOG_FORMAT": "json"})
    agent.wait_for_origin(NAME, "acme")
    lines = [json.loads(line) for line in agent.end().stderr.splitlines()]
    assert "other users can write to" in lines[0]["message"]


def test_health_before_the_first_look_says_so(certwright, start):
    """A look waits for a lock that somebody else has."""
    port = start.ports.take()
    os.makedirs(certwright.config_dir)
    with open(os.path.join(certwright.config_dir, ".certbot.lock"), "w", encoding="ascii") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        agent = start_agent(certwright, "--status-address", f"127.0.0.1:{port}",
                            env={"CERTWRIGHT_STATUS_MODULE": status_module()})
        agent.wait_for_log("looking after")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30)
        assert refused.value.code == 503
        assert refused.value.read().decode() == \
            f"critical: {NAME}: the agent has not looked at it yet\n"
    agent.wait_for_origin(NAME, "acme")
    agent.end()


def test_a_status_address_that_is_taken_leaves_the_running_configuration(certwright, start):
    port, taken = start.ports.take(), start.ports.take()
    path = os.path.join(certwright.config_dir, "agent.ini")

    def configure(address, name):
        os.makedirs(certwright.config_dir, exist_ok=True)
        with open(path, "w", encoding="ascii") as stream:
            stream.write(f"status-address = {address}\n[{name}]\ndomains = {name}.example.test\n")

    def served():
        with contextlib.suppress(urllib.error.URLError):
            with urlopen(f"http://127.0.0.1:{port}/status.json", timeout=30) as answer:
                return {c["name"] for c in json.load(answer)["certificates"]}
        return None
    configure(f"127.0.0.1:{port}", "one")
    agent = Agent(certwright, env={"CERTWRIGHT_STATUS_MODULE": status_module()})
    agent.wait_for_origin("one", "acme")
    with socket.create_server(("127.0.0.1", taken)):
        configure(f"127.0.0.1:{taken}", "two")
        agent.wait_for_log("keeping the running configuration")
        assert f"port {taken}" in agent.log()
        assert served() == {"one"}
    # The same port of all addresses.
    configure(f":{port}", "two")
    agent.wait_for_origin("two", "acme")
    agent.wait(lambda: served() == {"one", "two"}, "the status")
    agent.end()


def test_status_address_for_others_is_warned_of(certwright, start):
    agent = start_agent(certwright, "--status-address", f"0.0.0.0:{start.ports.take()}",
                        env={"CERTWRIGHT_STATUS_MODULE": status_module()})
    agent.wait_for_log("others than this machine may reach the status page")
    agent.end()


def test_no_process_of_the_agent_gets_its_variables(start, tmp_path):
    """Hooks, plugins, the network and status processes: all programs that are started."""
    certwright = start.certwright(start.pebble(eab=True))
    trace = tmp_path / "trace"
    strace = [shutil.which("strace"), "-ff", "-qq", "-v", "-s", "100000", "-o", str(trace), "-e",
              "trace=execve"]
    agent = start_agent(
        certwright, "--status-address", f"127.0.0.1:{start.ports.take()}", "--notify-hook",
        "true notify", wrap=strace, env={
            "CERTWRIGHT_EAB_KID": "kid-1", "CERTWRIGHT_EAB_HMAC_KEY": EAB_KEYS["kid-1"],
            "CERTWRIGHT_AUTHENTICATOR": "standalone", "CERTWRIGHT_DEPLOY_HOOK": "true deploy",
            "CERTWRIGHT_STATUS_MODULE": status_module(), "ASAN_OPTIONS": "detect_leaks=0"})
    agent.wait_for_origin(NAME, "acme")

    def programs():
        lines = [line for path in tmp_path.glob("trace.*") for line in read(path).splitlines()
                 if line.startswith("execve(")]
        return [line for line in lines if '"agent"' not in line]
    for part in ('"plugin"', '"network"', '"status"', "true deploy", "true notify"):
        agent.wait(lambda part=part: any(part in line for line in programs()), part)
    assert [line for line in programs() if "CERTWRIGHT_EAB" in line] == []
    [pid] = children(agent.pid)
    os.kill(pid, signal.SIGTERM)
    assert agent.running.finish(15).status == 0


def test_the_agent_keeps_no_plugin_that_its_command_line_names(certwright, tmp_path):
    agent = start_agent(certwright, "--authenticator", "webroot", "--webroot-path", str(tmp_path))
    agent.wait_for_log("failed")
    agent.wait(lambda: not children(agent.pid), "the end of its processes")
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
