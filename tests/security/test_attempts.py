"""What somebody can do who runs code of his own in the network process or in a plugin process."""

import os
import socket

import pytest

from attack import WAYS, Attacked, marked

# Stopped in every process that gives up its rights, whoever runs it, by seccomp alone where need be.
STOPPED = {"create-in-config", "create-in-work", "create-in-log", "create-undo-record",
           "create-in-etc", "trace-coordinator", "copy-memory", "open-memory",
           "signal-coordinator", "signal-group", "connect-unix", "listen", "become-root",
           "make-process", "exec"}


@pytest.fixture(params=WAYS, ids=repr)
def attacked(request, start, pebble):
    if not request.param.possible():
        pytest.skip("not on this machine, or not as this user")
    made = Attacked(start.rogue(pebble), request.param)
    yield made
    made.stop()


def done(attacked):
    """The attempts that succeeded, after all of them were made."""
    outcomes = attacked.outcomes()
    assert outcomes.pop("all", None) == "done", f"the attack did not come to its end: {outcomes}"
    return {name for name, outcome in outcomes.items() if outcome == "done"}


def readable(way):
    """What a process without rights reads all the same: on a kernel without Landlock what its user
    may read, and that user is the coordinator's, where that is not root."""
    if way.landlock:
        return set()
    return {"read-etc"} if way.root else {"read-etc", "read-private-key"}


def test_the_network_process_can_only_talk_to_the_network(attacked):
    attacked.ca.on("new-order", marked("all"), times=1)
    attacked.certonly("a.test")
    assert done(attacked) == {"connect-inet"} | readable(attacked.way)
    assert STOPPED <= set(attacked.outcomes())
    assert not attacked.traces()


def test_a_plugin_without_rights_can_do_nothing_in_perform(attacked):
    attacked.certonly("test-hole-perform-all.test")
    assert done(attacked) == readable(attacked.way)
    assert STOPPED <= set(attacked.outcomes())
    assert not attacked.traces()


def ask_standalone(port, path):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(f"GET /{path} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
        return client.recv(100)


def test_who_asks_standalone_can_do_nothing(attacked):
    port = attacked.ca.http_port

    def attack(exchange):
        answer = exchange.forward()
        assert b" 404 " in ask_standalone(port, "test-hole-request-all")
        exchange.send(answer)

    attacked.ca.on("challenge", attack, times=1)
    attacked.certonly("a.test")
    assert done(attacked) == readable(attacked.way)
    assert STOPPED <= set(attacked.outcomes())
    assert not attacked.traces()


def test_a_plugin_with_the_rights_of_the_user_has_no_more_than_these(attacked):
    """webroot writes files: what runs in it is the user, and is not in the coordinator's memory."""
    attacked.run("certonly", "--webroot", "-w", attacked.webroot, "-d", "test-hole-perform-all.test",
                 status=None)
    may = done(attacked)
    assert {"create-in-config", "create-in-work", "create-in-log", "create-undo-record",
            "read-private-key", "make-process", "exec"} <= may
    if attacked.way.root:
        assert {"create-in-etc", "trace-coordinator", "copy-memory"} <= may
    else:
        assert not may & {"create-in-etc", "become-root", "trace-coordinator", "copy-memory",
                          "open-memory"}


@pytest.fixture(params=WAYS, ids=repr)
def resolving(request, start):
    """The program with a name server, one of whose answers brings the attack."""
    if not request.param.possible():
        pytest.skip("not on this machine, or not as this user")
    bind = start.bind({"example.test": []})
    made = Attacked(start.pebble(dns=bind), request.param)
    bind.update('add _acme-challenge.a.example.test. 60 TXT "test-hole-dns-all"')
    path = made.give(bind.credentials(os.path.join(made.folder, "rfc2136.ini")))
    made.dns = ["--dns-rfc2136", "--dns-rfc2136-credentials", path, "--dns-resolver",
                bind.resolver]
    yield made
    made.stop()


def test_who_answers_for_a_zone_can_only_talk_to_the_network(resolving):
    resolving.run("certonly", *resolving.dns, "-d", "a.example.test")
    assert done(resolving) == {"connect-inet"} | readable(resolving.way)
    assert STOPPED <= set(resolving.outcomes())
    assert not resolving.traces()


@pytest.fixture
def forger(start, pebble):
    way = next(w for w in WAYS if w.possible())
    made = Attacked(start.rogue(pebble), way)
    yield made
    made.stop()


def test_the_coordinator_signs_for_its_own_account_at_its_own_ca_alone(forger):
    forger.ca.on("new-order", marked("signatures"), times=1)
    forger.certonly("a.test")
    outcomes = forger.outcomes()
    assert outcomes["sign-for-the-account"] == "done"
    assert "not at the CA" in outcomes["sign-for-another-server"]
    assert "not at the CA" in outcomes["sign-for-a-disguised-server"]
    assert "is another one" in outcomes["sign-for-another-account"]
    assert "not in use" in outcomes["sign-with-an-unknown-signer"]
    assert "without an account" in outcomes["sign-without-an-account"]
    assert forger.log_text().count("not signed: ") >= 5


@pytest.mark.parametrize("attack, name, answer", [
    ("order", "make-an-order-nobody-wants", "nobody asked for"),
    ("unknown-type", "unknown-type", "may not have"),
    ("wrong-fields", "wrong-fields", "network process"),
])
def test_what_the_network_process_may_not_ask_is_refused(forger, attack, name, answer):
    forger.ca.on("new-order", marked(attack), times=1)
    forger.certonly("a.test")
    assert answer in forger.outcomes()[name]


@pytest.mark.parametrize("attack, reason", [("huge", "malformed message"), ("cut-off", "is gone")])
def test_a_broken_network_process_is_replaced_once(forger, attack, reason):
    forger.ca.on("order", marked(attack), times=1)
    forger.certonly("a.test")
    log = forger.log_text()
    assert reason in log or "exited" in log
    assert "continuing with a new network process" in log
    assert forger.ca.count("new-order") == 1
    forger.ca.on("new-order", marked(attack))
    result = forger.run("certonly", "--standalone", "-d", "b.test", status=1, json=True)
    assert "the network process" in result.json["error"]["message"] + str(
        result.json["certificates"])


@pytest.mark.parametrize("attack, reason", [
    ("huge", "malformed message"), ("unknown-type", "out of its turn"), ("cut-off", "standalone"),
    ("wrong-listen-fields", "standalone"),
])
def test_a_broken_plugin_process_costs_its_batch_with_a_reason(forger, attack, reason):
    result = forger.certonly(f"test-hole-perform-{attack}.test", status=1)
    assert reason in result.output + forger.log_text()
    forger.certonly("a.test")


def test_a_plugin_without_rights_reads_no_file_but_those_of_its_options(forger):
    forger.certonly("test-hole-perform-credentials.test")
    assert "one of its options" in forger.outcomes()["read-a-key-as-credentials"]


def test_what_a_plugin_without_rights_has_undone_is_no_command_and_no_file(forger):
    """Its text looks like such records, and is undone after its death, by another process."""
    forger.certonly("test-hole-perform-undo.test", status=1)
    outcomes = forger.outcomes()
    assert outcomes["undo-records-as-data"] == "done"
    assert "no undo record" in outcomes["undo-done-of-an-unknown-record"]
    assert "signal 9" in forger.log_text()
    # And by the next run, should anything be left.
    forger.certonly("a.test")
    assert not forger.traces()
    assert os.path.exists(forger.key)


def test_a_plugin_without_rights_has_nothing_undone_by_another_plugin(forger):
    result = forger.certonly("test-hole-perform-undo-fields.test", status=1)
    assert "standalone" in result.output + forger.log_text()
    assert forger.outcomes().get("undo-for-another-plugin") != "done"
    forger.certonly("a.test")
