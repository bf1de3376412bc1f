"""The status server: what it answers, to whom, and what it can do."""

import http.client
import json
import os
import re
import socket
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from lib.process import is_gone, wait_until
from lib.status_server import StatusServer, example
from lib.tools import promtool, read

MIB = 1024 * 1024


@pytest.fixture
def serve(tmp_path):
    servers = []

    def serve(document=None, **options):
        folder = tmp_path / str(len(servers))
        folder.mkdir()
        servers.append(StatusServer(folder, document, **options))
        return servers[-1]
    yield serve
    for server in servers:
        server.stop()


@pytest.fixture
def server(serve):
    return serve()


def get(server, path="/", method="GET", body=None, **headers):
    """(status, headers in lower case, body)"""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, text


def raw(server, request):
    """All that comes back for bytes as they are."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        answer = b""
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65536):
                answer += more
        except OSError:
            # It was closed before all was read.
            pass
        return answer


@pytest.mark.smoke
def test_it_serves_the_document_in_all_its_forms(server):
    status, headers, page = get(server)
    assert status == 200 and headers["content-type"] == "text/html; charset=utf-8"
    assert "12 certificates; <strong>3 need attention</strong>" in page
    assert "http-equiv" not in page
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")

    status, headers, text = get(server, "/status.json")
    assert status == 200 and headers["content-type"] == "application/json"
    document = json.loads(text)
    assert document["summary"] == {"health": "warning", "ok": 9, "warning": 3, "critical": 0}
    judged = {c["name"]: c["health"] for c in document["certificates"]}
    assert judged["mail.example.org"] == "warning" and judged["www.example.org"] == "ok"

    status, _, text = get(server, "/healthz")
    assert (status, text) == (200, "ok\n")

    status, headers, text = get(server, "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    families = {f.name: f for f in text_string_to_metric_families(text)}
    expiry = {s.labels["name"]: s.value
              for s in families["certwright_certificate_expiry_timestamp_seconds"].samples}
    assert len(expiry) == 12 and expiry["www.example.org"] == 1802757600
    assert [s.value for s in families["certwright_ca_requests"].samples] == [318, 14]
    [failure] = [s for s in families["certwright_certificate_last_failure_timestamp_seconds"].samples
                 if s.labels["name"] == "mail.example.org"]
    assert failure.labels["kind"] == "dns"


def test_prometheus_accepts_the_older_format(server):
    _, headers, text = get(server, "/metrics", Accept="text/plain;version=0.0.4")
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert promtool(text) == ""
    assert "certwright_ca_requests_total{" in text


def test_health_is_503_when_a_certificate_is_critical(serve):
    document = example()
    by_name = {c["name"]: c for c in document["certificates"]}
    by_name["www.example.org"].update(state="missing", not_before=None, expiry=None, window=None,
                                      domains=[])
    by_name["api.example.org"]["expiry"] = document["time"]
    by_name["new.example.org"]["not_before"] = "2026-11-30T03:00:00Z"
    status, _, text = get(serve(document), "/healthz")
    assert status == 503
    assert sorted(text.splitlines()) == [
        "critical: api.example.org: it expired less than a minute ago",
        "critical: new.example.org: it has been self-signed for 3 hours: "
        + by_name["new.example.org"]["last_failure"]["message"],
        "critical: www.example.org: there is no certificate"]


def test_before_there_is_a_document_it_says_so(serve):
    server = serve()
    server.put(None)
    assert {path: get(server, path)[0] for path in ("/", "/metrics", "/healthz", "/status.json")} \
        == {"/": 503, "/metrics": 503, "/healthz": 503, "/status.json": 503}
    server.put(example())
    wait_until(lambda: get(server, "/healthz")[0] == 200)


@pytest.mark.parametrize("method, path, host, expected", [
    ("HEAD", "/", "localhost", 200),
    ("GET", "/", "127.0.0.1:9402", 200),
    ("GET", "/", "[::1]:9402", 200),
    ("GET", "/", "certwright:9402", 200),
    ("GET", "/", "LOCALHOST.", 200),
    ("GET", "/", socket.gethostname(), 200),
    ("GET", "/", "rebinding.example.org", 421),
    ("GET", "/", "127.0.0.1.example.org", 421),
    ("GET", "/", "localhost:port", 421),
    ("GET", "/", "", 421),
    ("GET", "/nothing", "localhost", 404),
    ("GET", "/healthz/", "localhost", 404),
    ("GET", "/../etc/passwd", "localhost", 404),
    ("POST", "/", "localhost", 405),
    ("PUT", "/status.json", "localhost", 405),
    ("DELETE", "/", "localhost", 405),
    ("OPTIONS", "/", "localhost", 405),
])
def test_it_is_only_read_and_only_under_its_own_names(serve_all, method, path, host, expected):
    status, headers, text = get(serve_all, path, method, Host=host)
    assert status == expected
    assert headers.get("allow") == ("GET, HEAD" if expected == 405 else None)
    assert (text == "") == (method == "HEAD")


@pytest.fixture(scope="module")
def serve_all(tmp_path_factory):
    server = StatusServer(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


def test_many_requests_go_over_one_connection(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.connect()
    ends = connection.sock.getsockname()
    for path in ("/", "/metrics", "/nothing", "/healthz"):
        connection.request("GET", path)
        connection.getresponse().read()
        assert connection.sock.getsockname() == ends
    connection.close()


def test_broken_and_endless_requests_are_refused_and_hurt_nobody(server):
    for request in (b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n",
                    b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/a" * MIB + b" HTTP/1.1\r\n\r\n",
                    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100000 + b"\r\n",
                    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n" + b"x" * MIB):
        answer = raw(server, request)
        assert not answer.startswith(b"HTTP/1.1 200"), request[:60]
        assert get(server, "/healthz")[0] == 200
    # The beginning of a TLS handshake, and of nothing.
    for request in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(request)
            assert get(server, "/healthz")[0] == 200
    assert "ended" not in server.log_tail()


def test_silent_connections_keep_nobody_out(server):
    """64 are kept; beyond these, the oldest ones are closed."""
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
    worker = server.worker()
    begin = time.monotonic()
    for _ in range(10):
        assert get(server, "/healthz")[0] == 200
    # Not after they have timed out.
    assert time.monotonic() - begin < 8
    assert 60 < len(os.listdir(f"/proc/{worker}/fd")) < 80
    for connection in silent:
        connection.close()


@pytest.mark.full
def test_a_request_that_never_ends_is_ended(server):
    """A byte now and then is not enough."""
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        slow.settimeout(3)
        while True:
            try:
                slow.sendall(b"X: y\r\n")
                if slow.recv(1) == b"":
                    break
            except TimeoutError:
                assert time.monotonic() - begin < 45
            except ConnectionError:
                break
    assert get(server, "/healthz")[0] == 200


def test_the_agent_is_asked_at_most_once_a_second(server):
    get(server, "/healthz")
    document = example()
    document["certificates"] = []
    server.put(document)
    get(server, "/healthz")
    first = get(server, "/status.json")[2]
    wait_until(lambda: json.loads(get(server, "/status.json")[2])["certificates"] == [])
    assert len(json.loads(first)["certificates"]) == 12


def test_it_is_started_again_when_it_dies(server):
    worker = server.worker()
    os.kill(worker, 9)
    # Who asks meanwhile waits.
    assert get(server, "/healthz")[0] == 200
    assert is_gone(worker) and server.worker() != worker
    assert "the status process was ended by signal 9" in server.log_tail()


def test_it_has_no_rights_but_to_answer(server):
    get(server)
    worker = server.worker()
    status = dict(re.findall(r"^(\w+):\s*(.*)$", read(f"/proc/{worker}/status"), re.M))
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    assert status["CapEff"] == status["CapPrm"] == "0" * 16
    if os.geteuid() == 0:
        assert "0" not in status["Uid"].split()
    links = {os.readlink(f"/proc/{worker}/fd/{fd}").split(":")[0]
             for fd in os.listdir(f"/proc/{worker}/fd")}
    assert links <= {"/dev/null", "pipe", "socket", "anon_inode"}
    assert "keeps rights" not in server.log_tail()


def test_it_costs_nothing_while_nobody_asks(server):
    get(server)

    def switches():
        return [re.findall(r"ctxt_switches:\s*(\d+)", read(f"/proc/{pid}/status"))
                for pid in (server.worker(), server.process.pid)]

    def idle():
        before = switches()
        time.sleep(1.2)
        return switches() == before
    wait_until(idle, 5, "a second without a wake-up")


@pytest.mark.parametrize("address, word", [
    ("example.org:9402", "is not an address with a port"),
    ("127.0.0.1", "is not an address with a port"),
    ("127.0.0.1:99999", "is not an address with a port"),
    ("::1:9402", "is not an address with a port"),
    ("192.0.2.1:0", "this machine has no such address"),
])
def test_an_address_that_cannot_be_is_told(serve, address, word):
    server = serve(address=address)
    assert server.process.wait(20) == 1
    assert word in server.log_tail()


def test_a_port_that_is_taken_is_told(server, serve):
    other = serve(address=f"127.0.0.1:{server.port}")
    assert other.process.wait(20) == 1
    assert "the port is held by" in other.log_tail()
    assert "--status-address" in other.log_tail()


def test_without_its_module_it_says_what_is_missing(serve):
    server = serve(env={"CERTWRIGHT_STATUS_MODULE": "/nonexistent.so"})
    assert server.process.wait(20) == 1
    assert "has no status server" in server.log_tail()
    assert "libmicrohttpd" in server.log_tail()
