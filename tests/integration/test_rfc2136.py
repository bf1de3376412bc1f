"""dns-rfc2136: TXT records by signed dynamic updates to a real BIND."""

import os
import signal
import socket
import stat

import pytest

from lib.bind import Key, hold_port_53
from lib.outcome import assert_failed, identifiers
from lib.plugins import without_plugin
from lib.process import children, kill_all, wait_until
from lib.tools import certbot, names_of, read, verify_chain

ZONES = {"example.test": [], "other.test": []}


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


def options(bind, path, *more):
    return ["--dns-rfc2136", "--dns-rfc2136-credentials", path, "--dns-resolver", bind.resolver,
            *more]


def obtain(certwright, bind, *names, path=None, more=(), **kwargs):
    path = path or bind.credentials(os.path.join(certwright.folder, "rfc2136.ini"))
    domains = [word for name in names for word in ("-d", name)]
    return certwright.run("certonly", *options(bind, path, *more), *domains, **kwargs)


@pytest.mark.smoke
def test_a_wildcard_and_its_name_in_one_certificate(certwright, bind, ca):
    obtain(certwright, bind, "*.example.test", "example.test")
    live = os.path.dirname(certwright.live("example.test"))
    verify_chain(live, ca.root())
    assert names_of(os.path.join(live, "cert.pem")) == ["*.example.test", "example.test"]
    assert bind.texts("_acme-challenge.example.test") == []


@pytest.mark.parametrize("algorithm", ["hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256",
                                       "hmac-sha384", "hmac-sha512"])
def test_every_tsig_algorithm(start, algorithm):
    bind = start.bind({"example.test": []}, key=Key(algorithm=algorithm))
    ca = start.pebble(dns=bind)
    certwright = start.certwright(ca)
    obtain(certwright, bind, "a.example.test")
    assert bind.challenge_records("example.test") == []


def test_over_udp(certwright, bind):
    obtain(certwright, bind, "udp.example.test", more=["--dns-rfc2136-protocol", "udp"])
    assert bind.challenge_records("example.test") == []


def test_fifty_names_in_one_order(certwright, bind):
    names = [f"n{i}.example.test" for i in range(50)]
    obtain(certwright, bind, *names)
    assert len(names_of(certwright.live(names[0], "cert"))) == 50
    assert bind.challenge_records("example.test") == []


def test_records_of_others_are_left_alone(certwright, bind):
    bind.update('add _acme-challenge.shared.example.test. 60 TXT "somebody else\'s"')
    obtain(certwright, bind, "shared.example.test")
    assert bind.texts("_acme-challenge.shared.example.test") == ["somebody else's"]
    bind.update("delete _acme-challenge.shared.example.test. TXT")


@pytest.fixture
def recursive(start):
    """A BIND that answers for an alias with what it is an alias of, as a resolver does."""
    return start.bind(ZONES, recursion=True)


def test_an_alias_is_followed_into_the_other_zone(start, recursive):
    certwright = start.certwright(start.pebble(dns=recursive))
    recursive.update("add _acme-challenge.alias.example.test. 60 CNAME validation.other.test.")
    obtain(certwright, recursive, "alias.example.test", "*.alias.example.test")
    assert recursive.added("validation.other.test") == 2
    assert recursive.texts("validation.other.test") == []


def test_an_alias_need_not_be_followed(certwright, bind):
    bind.update("add _acme-challenge.stay.example.test. 60 CNAME validation2.other.test.")
    result = obtain(certwright, bind, "stay.example.test", status=1, json=True,
                    more=["--dns-rfc2136-follow-cname", "no",
                          "--dns-rfc2136-propagation-seconds", "1"])
    assert identifiers(result.json) == {"stay.example.test"}
    assert bind.added("validation2.other.test") == 0


def test_the_renewal_file_has_certbots_options(certwright, bind):
    obtain(certwright, bind, "saved.example.test")
    lines = read(certwright.renewal_file("saved.example.test")).splitlines()
    path = os.path.join(certwright.folder, "rfc2136.ini")
    assert "authenticator = dns-rfc2136" in lines
    assert f"dns_rfc2136_credentials = {path}" in lines
    certwright.run("renew", "--force-renewal", "--dns-resolver", bind.resolver)


def test_certbot_renews_ours_with_the_same_credentials(certwright, bind):
    obtain(certwright, bind, "ours.example.test")
    # Certbot sleeps for as long as it is told.
    certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew",
            "--dns-rfc2136-propagation-seconds", "1")
    assert os.readlink(certwright.live("ours.example.test", "cert")).endswith("/cert2.pem")
    assert bind.challenge_records("example.test") == []


def test_we_renew_certbots_with_the_same_credentials(certwright, bind, ca):
    path = bind.credentials(os.path.join(certwright.folder, "rfc2136.ini"))
    certbot(certwright, "certonly", "--dns-rfc2136", "--dns-rfc2136-credentials", path,
            "--dns-rfc2136-propagation-seconds", "1", "--server", ca.directory, "--agree-tos",
            "--register-unsafely-without-email", "-d", "theirs.example.test",
            "-d", "*.theirs.example.test")
    certwright.run("renew", "--force-renewal", "--dns-resolver", bind.resolver)
    live = os.path.dirname(certwright.live("theirs.example.test"))
    assert os.readlink(os.path.join(live, "cert.pem")).endswith("/cert2.pem")
    verify_chain(live, ca.root())



def test_no_credentials_are_asked_for_by_their_option(certwright):
    result = certwright.json("certonly", "--dns-rfc2136", "-d", "a.example.test", status=None)
    assert result.status in (1, 2)
    assert_failed(result, "--dns-rfc2136-credentials")


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o622])
def test_credentials_that_others_can_read_are_refused(certwright, bind, mode):
    path = bind.credentials(os.path.join(certwright.folder, "open.ini"), mode=mode)
    result = obtain(certwright, bind, "a.example.test", path=path, status=1, json=True)
    assert_failed(result, path, "chmod 600")
    assert stat.S_IMODE(os.stat(path).st_mode) == mode


@pytest.mark.parametrize("changes, words", [
    ({"server": None}, ["dns_rfc2136_server"]),
    ({"name": None}, ["dns_rfc2136_name"]),
    ({"secret": None}, ["dns_rfc2136_secret"]),
    ({"server": "ns1.example.test"}, ["ns1.example.test", "IP"]),
    ({"port": "70000"}, ["70000", "port"]),
    ({"algorithm": "HMAC-SHA3"}, ["HMAC-SHA3", "algorithm"]),
    ({"secret": "not base64!"}, ["base64"]),
])
def test_credentials_that_are_wrong_say_what(certwright, bind, changes, words):
    path = bind.credentials(os.path.join(certwright.folder, "bad.ini"), **changes)
    result = obtain(certwright, bind, "a.example.test", path=path, status=1, json=True)
    assert_failed(result, path, *words)
    assert bind.key.secret not in result.output


def test_a_missing_file_is_named(certwright, bind):
    result = obtain(certwright, bind, "a.example.test", path="/nonexistent/rfc2136.ini", status=1,
                    json=True)
    assert_failed(result, "/nonexistent/rfc2136.ini")


def test_a_wrong_secret_is_told_in_words(certwright, bind):
    path = bind.credentials(os.path.join(certwright.folder, "wrong.ini"), secret=Key().secret)
    result = obtain(certwright, bind, "w.example.test", path=path, status=1, json=True)
    assert_failed(result, "BADSIG", bind.key.name, bind.dns_address)
    assert identifiers(result.json) == {"w.example.test"}
    assert bind.key.secret not in certwright.log_text()


def test_an_unknown_key_is_told_in_words(certwright, bind):
    path = bind.credentials(os.path.join(certwright.folder, "wrong.ini"), name="nobody.")
    result = obtain(certwright, bind, "w.example.test", path=path, status=1, json=True)
    assert_failed(result, "BADKEY", "nobody")


def test_another_algorithm_is_told_in_words(certwright, bind):
    path = bind.credentials(os.path.join(certwright.folder, "wrong.ini"),
                            algorithm="HMAC-SHA512")
    result = obtain(certwright, bind, "w.example.test", path=path, status=1, json=True)
    assert_failed(result, "BADKEY")


def test_a_zone_that_is_not_there(certwright, bind):
    result = obtain(certwright, bind, "a.nowhere.test", status=1, json=True)
    assert_failed(result, "_acme-challenge.a.nowhere.test", "no zone", bind.dns_address)
    assert identifiers(result.json) == {"a.nowhere.test"}


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_server_that_is_down(certwright, bind, start, protocol):
    port = start.ports.take()
    path = bind.credentials(os.path.join(certwright.folder, "down.ini"), port=port)
    result = obtain(certwright, bind, "a.example.test", "b.example.test", path=path, status=1,
                    json=True, more=["--dns-rfc2136-protocol", protocol])
    assert_failed(result, str(port), "refused")
    assert identifiers(result.json) == {"a.example.test", "b.example.test"}


@pytest.mark.sample(2)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_server_that_does_not_answer(certwright, bind, start, protocol):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as silent:
        silent.bind(("127.0.0.1", 0))
        if protocol == "tcp":
            silent.listen()
        port = silent.getsockname()[1]
        path = bind.credentials(os.path.join(certwright.folder, "silent.ini"), port=port)
        result = obtain(certwright, bind, "a.example.test", "b.example.test", path=path, status=1,
                        json=True, more=["--dns-rfc2136-protocol", protocol], timeout=60)
    assert_failed(result, str(port), "did not answer")
    assert identifiers(result.json) == {"a.example.test", "b.example.test"}


def test_a_server_with_an_ipv6_address(start):
    bind = start.bind({"example.test": []}, address="::1")
    certwright = start.certwright(start.pebble(dns=bind))
    for protocol in ("tcp", "udp"):
        obtain(certwright, bind, f"{protocol}6.example.test",
               more=["--dns-rfc2136-protocol", protocol])
    assert bind.challenge_records("example.test") == []


def test_a_name_that_the_policy_forbids_fails_alone(start):
    key = Key()
    bind = start.bind({"example.test": []}, key=key,
                      policy=f'grant {key.name} name _acme-challenge.good.example.test. TXT;')
    certwright = start.certwright(start.pebble(dns=bind))
    result = obtain(certwright, bind, "good.example.test", "bad.example.test", status=1, json=True)
    assert_failed(result, "REFUSED", "_acme-challenge.bad.example.test", "policy")
    assert identifiers(result.json) == {"bad.example.test"}
    # The other was set up, and cleaned up.
    assert bind.added("_acme-challenge.good.example.test") == 1
    assert bind.challenge_records("example.test") == []
    result = obtain(certwright, bind, "good.example.test", "bad.example.test", status=0, json=True,
                    more=["--allow-subset-of-names"])
    assert names_of(certwright.live("good.example.test", "cert")) == ["good.example.test"]



@pytest.fixture
def waiting(start, bind):
    """A run whose records are in place while the CA takes its time."""
    ca = start.pebble(dns=bind, env={"PEBBLE_VA_NOSLEEP": "0", "PEBBLE_VA_SLEEPTIME": "15"})
    certwright = start.certwright(ca)

    def begin(*names):
        path = bind.credentials(os.path.join(certwright.folder, "rfc2136.ini"))
        domains = [word for name in names for word in ("-d", name)]
        running = certwright.start("certonly", *options(bind, path), *domains)
        wait_until(lambda: all(bind.texts(f"_acme-challenge.{name}") for name in names), 30,
                   "the records")
        return certwright, running
    return begin


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_no_record(waiting, bind, number):
    names = [f"s{i}.example.test" for i in range(3)]
    _, running = waiting(*names)
    os.kill(running.pid, number)
    assert running.finish(30).status != 0
    assert bind.challenge_records("example.test") == []


@pytest.mark.sample(2)
@pytest.mark.parametrize("verb", [["renew"], ["delete", "--cert-name", "none.example.test"],
                                  ["certonly", "--standalone", "-d", "after.other.test"]])
def test_the_next_run_removes_the_records_of_one_that_was_killed(waiting, bind, verb):
    names = [f"k{i}.example.test" for i in range(3)]
    bind.update('add _acme-challenge.k0.example.test. 60 TXT "another\'s"')
    certwright, running = waiting(*names, "other.test")
    kill_all(running)
    assert bind.texts("_acme-challenge.k1.example.test") != []
    certwright.run(*verb, status=None)
    assert bind.challenge_records("example.test") == ["_acme-challenge.k0.example.test"]
    assert bind.texts("_acme-challenge.k0.example.test") == ["another's"]
    assert bind.challenge_records("other.test") == []
    assert bind.key.secret not in certwright.log_text()
    bind.update("delete _acme-challenge.k0.example.test. TXT")




@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_the_process_has_no_rights(waiting, bind):
    _, running = waiting("rights.example.test")
    plugins = [pid for pid in children(running.pid) if "dns-rfc2136.so" in read(f"/proc/{pid}/maps")]
    states = [read(f"/proc/{pid}/status") for pid in plugins]
    assert states
    for state in states:
        assert "\nUid:\t0\t" not in state
        assert "\nNoNewPrivs:\t1\n" in state
    running.finish(60)


@pytest.fixture
def two_servers(start):
    """Makes a primary, and a secondary that is at port 53 as all name servers are."""
    lock = hold_port_53()
    if lock is None:
        pytest.skip("port 53 of ::1 cannot be had")

    def make(lag=None):
        primary = start.bind({"example.test": []}, servers={"ns1": "127.0.0.1", "ns2": "::1"},
                             lag=lag)
        secondary = start.bind({"example.test": []}, address="::1", port=53,
                               secondary_of=primary, key=primary.key, lag=lag)
        return primary, secondary

    yield make
    # The servers must be gone before another test has the port.
    start.stop()
    lock.close()


def test_a_secondary_that_lags_is_waited_for(start, two_servers):
    primary, secondary = two_servers()
    # Who validates asks only the server that is behind.
    certwright = start.certwright(start.pebble(dns=secondary))
    obtain(certwright, primary, "lag.example.test",
           more=["--dns-rfc2136-propagation-seconds", "60"], timeout=50)


def test_a_secondary_that_never_gets_it_is_named(start, two_servers):
    primary, _ = two_servers(lag="ever")
    certwright = start.certwright(start.pebble(dns=primary))
    result = obtain(certwright, primary, "late.example.test", "late2.example.test", status=1,
                    json=True, more=["--dns-rfc2136-propagation-seconds", "2"])
    assert_failed(result, "ns2.example.test", "_acme-challenge.late.example.test",
                  "_acme-challenge.late2.example.test")
    assert primary.challenge_records("example.test") == []


def test_certbots_own_plugin_warns_of_it_and_goes_on(start, two_servers, tmp_path):
    """As Certbot would: this machine may not see what the CA sees."""
    primary, _ = two_servers(lag="ever")
    certwright = start.certwright(start.pebble(dns=primary))
    done = obtain(certwright, primary, "late.example.test",
                  more=["--dns-rfc2136-propagation-seconds", "2"],
                  env=without_plugin("dns-rfc2136", tmp_path / "plugins"))
    assert "not every name server has the record" in done.stderr
    assert primary.challenge_records("example.test") == []
