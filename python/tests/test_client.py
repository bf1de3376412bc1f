"""Calls that wait: certificates in memory, verbs, and how calls end."""

import json
import os
import pickle
import socket
import subprocess
import sys
import threading

import pytest

import certwright
from lib.tools import command
from serving import ServingHost


NEW_CSR = {"request": "csr_new", "identifiers": ["a.example.test"]}


@pytest.fixture
def host(pebble):
    serving = ServingHost(pebble.http_port)
    yield serving
    serving.stop()


def verify(certificate, ca, folder):
    """openssl verify, and that the key is the certificate's."""
    paths = {}
    for name in ("certificate", "chain", "key"):
        paths[name] = folder / f"{name}.pem"
        paths[name].write_text(getattr(certificate, name) or "")
    command("openssl", "verify", "-CAfile", ca.root(), "-untrusted", paths["chain"],
            paths["certificate"])
    assert certificate.fullchain == certificate.certificate + certificate.chain
    if certificate.key:
        public = [command("openssl", *words).stdout for words in (
            ("x509", "-in", paths["certificate"], "-noout", "-pubkey"),
            ("pkey", "-in", paths["key"], "-pubout"))]
        assert public[0] == public[1]


def test_a_certificate_in_memory_and_another_with_its_account(with_pebble, pebble, host, tmp_path):
    first = certwright.obtain(["b.example.test", "a.example.test"], host=host, agree_tos=True,
                              email="a@example.test", server=pebble.directory)
    verify(first, pebble, tmp_path)
    assert set(first.domains) == {"a.example.test", "b.example.test"}
    assert {challenge.type for challenge in host.published} == {"http-01"}
    assert host.removed and not host.bodies
    assert first.account.created and first.account.contact == ("a@example.test",)
    assert "PRIVATE KEY" not in repr(first)
    assert [level for level, _ in host.messages if level == "info"]

    kept = json.loads(json.dumps({"uri": first.account.uri, "key": first.account.key}))
    second = certwright.obtain("a.example.test", host=host, account=kept, key=first.key,
                               server=pebble.directory)
    assert second.account.uri == first.account.uri and not second.account.created
    assert second.key.split() == first.key.split()
    assert second.expiry.tzinfo is not None


def test_what_the_ca_says_of_several_names_is_told(pebble, with_pebble):
    class Nobody(certwright.Host):
        """Publishes nothing."""

        def publish(self, challenge):
            pass

    names = ["n1.example.test", "n2.example.test"]
    with pytest.raises(certwright.AcmeError) as caught:
        certwright.obtain(names, host=Nobody(), agree_tos=True, server=pebble.directory)
    error = caught.value
    assert sorted(part.name for part in error.parts) == names
    assert error.type in {part.type for part in error.parts} and error.detail
    assert all(part.message in str(error) for part in error.parts)


@pytest.mark.full
def test_a_host_that_takes_too_long_is_limited(pebble, with_pebble):
    class Slow(certwright.Host):
        """Is done when the call is over."""

        def publish(self, challenge):
            over.wait(30)

    over = threading.Event()
    timer = threading.Timer(3, over.set)
    timer.start()
    with pytest.raises(certwright.Error, match="did not reply"):
        certwright.obtain("slow.example.test", host=Slow(), agree_tos=True, answer_timeout=1,
                          server=pebble.directory)
    timer.cancel()


def test_verbs_with_files_and_with_wrong_options(with_pebble, pebble):
    folders = {"config_dir": with_pebble.config_dir, "work_dir": with_pebble.work_dir,
               "logs_dir": with_pebble.logs_dir}
    with certwright.Client() as client:
        client.run("certonly", domain="v.example.test", standalone=True, agree_tos=True,
                   register_unsafely_without_email=True, server=pebble.directory,
                   http_01_port=pebble.http_port, **folders)
        [found] = client.run("certificates", **folders)["certificates"]
        assert found["name"] == "v.example.test" and found["status"] == "VALID"
        with pytest.raises(certwright.UsageError) as caught:
            client.run("certonly", http_01_port="many")
        assert "http-01-port" in str(caught.value)
        with pytest.raises(certwright.UsageError):
            client.call({"verb": "certonly", "wrong": 1})
        with pytest.raises(certwright.UsageError, match="JSON"):
            client.call({"verb": "certonly", "wrong": b"bytes"})
        assert client.run("certificates", **folders)["ok"]


@pytest.mark.parametrize("account", [{"uri": "https://ca.test/1"}, {"key": None}, "text"])
def test_an_account_without_a_key_is_an_error_of_the_package(account):
    with pytest.raises(certwright.UsageError, match="the account has no key"):
        certwright.obtain("a.example.test", account=account)


class Answering(certwright.Host):
    """Answers the questions of delete."""

    def __init__(self, answer):
        self.answer, self.questions = answer, []

    def question(self, question):
        self.questions.append(question)
        return self.answer


@pytest.mark.parametrize("answer", [True, None])
def test_the_host_answers_questions(with_pebble, pebble, answer):
    with_pebble.certonly("q.example.test")
    asked = Answering(answer)
    with certwright.Client() as client:
        def delete():
            return client.run("delete", cert_name="q.example.test", interactive=True, host=asked,
                              config_dir=with_pebble.config_dir, work_dir=with_pebble.work_dir,
                              logs_dir=with_pebble.logs_dir)
        if answer:
            assert delete()["deleted"] == ["q.example.test"]
        else:
            with pytest.raises(certwright.Cancelled):
                delete()
            assert with_pebble.lineages() == ["q.example.test"]
    assert asked.questions[0].kind == "yes_no" and "q.example.test" in asked.questions[0].text


def test_what_the_ca_refuses_is_told(with_pebble, pebble, host):
    host.publish = host.published.append
    with pytest.raises(certwright.AcmeError) as caught:
        certwright.obtain("refused.example.test", host=host, agree_tos=True,
                          server=pebble.directory)
    error = caught.value
    assert error.type == "urn:ietf:params:acme:error:unauthorized"
    assert error.name == "refused.example.test"
    assert error.detail and error.status == "acme"
    assert error.answer["account"]["key"].startswith("-----BEGIN")
    assert "PRIVATE KEY" not in str(error) + repr(error)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.type, copy.name, str(copy)) == (error.type, error.name, str(error))
    assert [challenge.identifier for challenge in host.removed] == ["refused.example.test"]


def test_a_host_that_cannot_publish_says_why(with_pebble, pebble, host):
    def publish(challenge):
        raise OSError(f"no room for {challenge.identifier}")

    host.publish = publish
    with pytest.raises(certwright.Error, match="no room for full.example.test") as caught:
        certwright.obtain("full.example.test", host=host, agree_tos=True, server=pebble.directory)
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(certwright.Error, match="does not publish"):
        certwright.obtain("none.example.test", host=certwright.Host(), agree_tos=True,
                          server=pebble.directory)


def test_a_call_and_a_host_have_time_limits(with_pebble, pebble, host):
    request = {"verb": "certonly", "store": "memory", "answer_timeout": 1, "options": {
        "domain": "slow.example.test", "authenticator": "host", "agree-tos": True,
        "server": pebble.directory, "register-unsafely-without-email": True}}
    with certwright.Client() as client:
        with pytest.raises(certwright.Timeout):
            client.call(request, host, timeout=0)
        with pytest.raises(certwright.Error, match="closed"):
            client.call(request)
    over = threading.Event()
    host.publish = lambda challenge: over.wait(1.5)
    with certwright.Client() as client:
        with pytest.raises(certwright.Timeout, match="slow.example.test"):
            client.call(request, host)
        assert client.call(NEW_CSR)["ok"]


class Breaking(certwright.Host):
    """Is interrupted by the user, as by Ctrl-C."""

    def __init__(self):
        self.removed = []

    def publish(self, challenge):
        raise KeyboardInterrupt

    def remove(self, challenge):
        self.removed.append(challenge.identifier)


def test_an_interrupted_call_cleans_up_and_closes_the_client(with_pebble, pebble):
    host = Breaking()
    with certwright.Client() as client:
        with pytest.raises(KeyboardInterrupt):
            certwright.obtain("stop.example.test", host=host, agree_tos=True, client=client,
                              server=pebble.directory)
        with pytest.raises(certwright.Error, match="closed"):
            client.run("plugins")
    assert host.removed == ["stop.example.test"]


def test_a_client_in_use_is_busy_and_close_cancels_its_call(with_pebble, pebble, host):
    entered, leave = threading.Event(), threading.Event()
    ends = []

    def publish(challenge):
        entered.set()
        leave.wait(20)

    def work():
        with pytest.raises(certwright.Error) as caught:
            certwright.obtain("busy.example.test", host=host, agree_tos=True, client=client,
                              server=pebble.directory)
        ends.append(caught.value)

    host.publish = publish
    client = certwright.Client()
    thread = threading.Thread(target=work)
    thread.start()
    assert entered.wait(30)
    with pytest.raises(certwright.Error, match="in progress"):
        client.run("plugins")
    client.close()
    leave.set()
    thread.join(30)
    assert isinstance(ends[0], certwright.Cancelled)
    assert len(host.removed) == 1


def test_eight_clients_in_eight_threads(with_pebble):
    results = []

    def work():
        with certwright.Client() as client:
            results.append(client.call(NEW_CSR)["csr"]["key"])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == 8 and len(set(results)) == 8


def test_a_child_after_fork_cannot_use_the_client(with_pebble):
    with certwright.Client() as client:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                client.call(NEW_CSR)
            except certwright.Error as error:
                os.write(writing, str(error).encode())
            finally:
                client.close()
                os._exit(0)
        os.close(writing)
        with open(reading, "rb") as stream:
            assert b"fork" in stream.read()
        os.waitpid(child, 0)
        assert client.call(NEW_CSR)["ok"]


def test_a_request_that_is_too_large_and_a_connection_that_ends(with_pebble, pebble, host):
    with certwright.Client() as client:
        with pytest.raises(certwright.Error, match="too large"):
            client.call({**NEW_CSR, "key": "x" * (4 << 20)})
        assert client.call(NEW_CSR)["ok"]

        def publish(challenge):
            with socket.socket(fileno=os.dup(client._connection.fileno())) as connection:
                connection.shutdown(socket.SHUT_RDWR)

        host.publish = publish
        with pytest.raises(certwright.Error, match="connection"):
            certwright.obtain("cut.example.test", host=host, agree_tos=True, client=client,
                              server=pebble.directory)
    assert [challenge.identifier for challenge in host.removed] == ["cut.example.test"]


def test_a_program_that_is_missing_or_is_another(with_pebble, tmp_path):
    with pytest.raises(certwright.Error, match="no-such-program") as caught:
        certwright.Client(program=tmp_path / "no-such-program")
    assert caught.value.hint
    with pytest.raises(certwright.Error, match="true"):
        certwright.Client(program="/bin/true")


def test_a_library_that_is_missing_is_an_error_with_a_hint(with_pebble):
    script = ("import certwright\ntry:\n    certwright.Client()\n"
              "except certwright.LibraryError as error:\n    print(error)\n")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "CERTWRIGHT_LIBRARY": "/nonexistent.so",
             "PYTHONPATH": os.path.dirname(os.path.dirname(certwright.__file__))})
    assert "/nonexistent.so" in done.stdout and "CERTWRIGHT_LIBRARY" in done.stdout
