"""The agent: failures, when it tries again, and whom it tells."""

import datetime
import http.server
import json
import os
import signal
import stat
import subprocess
import threading

import pytest
from cryptography.x509 import ocsp

from lib.agent import Agent
from lib.certwright import top_folder
from lib.issuer import PebbleIssuer, Responder, load, replace_certificate
from lib.rogue_ca import alter, answer, problem
from lib.tools import read

NAME = "tell.example.test"
HOUR = datetime.timedelta(hours=1)


class Hook:
    """A notify hook that keeps what it gets."""

    def __init__(self, folder):
        self.path = os.path.join(str(folder), "hook")
        self.log = os.path.join(str(folder), "told")
        with open(self.path, "w", encoding="ascii") as stream:
            stream.write(f"#!/bin/sh\ncat >> {self.log}\n"
                         f"env | grep CERTWRIGHT_EMAIL >> {self.log}.env\n:\n")
        os.chmod(self.path, 0o755)

    def told(self):
        if not os.path.exists(self.log):
            return []
        return [json.loads(line) for line in read(self.log).splitlines()]

    def events(self):
        return [item["event"] for item in self.told()]


@pytest.fixture
def hook(tmp_path):
    return Hook(tmp_path)


def start_agent(certwright, hook, **env):
    return Agent(certwright, "--notify-hook", hook.path, env={
        "CERTWRIGHT_DOMAINS": NAME, "CERTWRIGHT_EMAIL": "me@example.test", **env})


def parse(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def test_failure_and_recovery_are_told_once_a_day(rogue_certwright, rogue, hook):
    rogue.on("new-order", problem("rejectedIdentifier", "that name is not for you"), times=50)
    agent = start_agent(rogue_certwright, hook)
    agent.wait(lambda: agent.certificate(NAME)["attempts"] == 1, "the failure")
    agent.wait(lambda: hook.events() == ["failed"], "the hook")
    [told] = hook.told()
    assert told["name"] == NAME and told["domains"] == [NAME]
    assert "that name is not for you" in told["message"]
    assert told["failure"]["kind"] == "other"
    # The same once more, also after a restart, is not told.
    agent.end()
    agent = start_agent(rogue_certwright, hook)
    agent.wait(lambda: agent.certificate(NAME)["attempts"] == 1, "the state of before")
    agent.wait(lambda: (agent.certificate(NAME)["next"] or {}).get("action") == "retry",
               "the plan")
    result = rogue_certwright.run("agent", "renew", NAME, *rogue_certwright.directories(),
                                  defaults=False, status=None)
    assert result.status == 1 and "that name is not for you" in result.output
    assert agent.certificate(NAME)["attempts"] == 2
    rogue.behave()
    rogue_certwright.run("agent", "renew", NAME, *rogue_certwright.directories(), defaults=False)
    agent.wait(lambda: "recovered" in hook.events(), "the recovery")
    assert hook.events() == ["failed", "renewed", "recovered"]
    # What is told of the new certificate is not what was in its place before.
    agent.wait(lambda: agent.certificate(NAME)["origin"] == "acme", "the look")
    expiry = agent.certificate(NAME)["expiry"]
    assert [(t["origin"], t["expiry"]) for t in hook.told()[1:]] == [("acme", expiry)] * 2
    agent.end()
    # A hook has no business with what the agent's options are.
    assert read(hook.log + ".env") == ""


def test_message_that_was_interrupted_is_told_by_the_next_agent(certwright, tmp_path):
    hook, log, begun = tmp_path / "hook", tmp_path / "told", tmp_path / "begun"
    hook.write_text(f"#!/bin/sh\n[ -e {begun} ] || {{ touch {begun}; exec sleep 100; }}\n"
                    f"cat >> {log}\n")
    hook.chmod(0o755)
    agent = Agent(certwright, "--notify-hook", str(hook), env={"CERTWRIGHT_DOMAINS": NAME})
    agent.wait(begun.exists, "the hook")
    agent.end()
    assert not log.exists()
    agent = Agent(certwright, "--notify-hook", str(hook), env={"CERTWRIGHT_DOMAINS": NAME})
    agent.wait(lambda: log.exists() and log.read_text(), "the message")
    agent.end()
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()] == ["renewed"]


def test_what_the_hook_could_not_tell_is_told_later(certwright, tmp_path):
    told, well = tmp_path / "told", tmp_path / "well"
    agent = Agent(certwright, "--notify-hook", f"test -e {well} && cat >> {told}",
                  env={"CERTWRIGHT_DOMAINS": NAME})
    agent.wait_for_log("the notify hook failed")
    well.touch()
    agent.signal(signal.SIGUSR1)
    agent.wait(lambda: told.exists() and told.read_text().endswith("\n"), "the message")
    assert json.loads(told.read_text().splitlines()[0])["event"] == "renewed"
    agent.end()


def test_rate_limit_is_waited_for(rogue_certwright, rogue, hook):
    rogue.on("new-order", problem("rateLimited", "too many certificates", status=429,
                                  headers={"Retry-After": "7200"}), times=50)
    agent = start_agent(rogue_certwright, hook, CERTWRIGHT_ISSUANCE_TIMEOUT="5")
    agent.wait(lambda: agent.certificate(NAME)["attempts"] == 1, "the failure")
    state = agent.certificate(NAME)
    assert state["last_failure"]["kind"] == "rate-limit"
    until = parse(state["last_failure"]["until"])
    assert 1.9 * HOUR < until - datetime.datetime.utcnow() < 2.1 * HOUR
    assert parse(state["next"]["time"]) >= until
    agent.end()


def test_provided_certificate_that_is_wrong_is_told(certwright, hook):
    folder = os.path.join(certwright.config_dir, "live", NAME)
    os.makedirs(folder)
    with open(os.path.join(folder, "privkey.pem"), "w", encoding="ascii") as stream:
        stream.write("no key\n")
    agent = start_agent(certwright, hook)
    agent.wait(lambda: hook.events() == ["provided-certificate-wrong"], "the hook")
    assert hook.told()[0]["hint"]
    agent.end()


def test_certificate_that_is_about_to_expire_is_told(certwright, hook):
    certwright.certonly(NAME)
    replace_certificate(certwright, NAME, -85, 5)
    certwright.run("reconfigure", "--cert-name", NAME, "--no-autorenew", defaults=True)
    agent = Agent(certwright, "--notify-hook", hook.path)
    agent.wait(lambda: hook.events() == ["expiring"], "the hook")
    assert agent.certificate(NAME)["next"] is None
    agent.end()


def test_what_is_left_to_tell_is_forgotten_without_a_hook(certwright):
    agent = Agent(certwright, "--notify-hook", "false", env={"CERTWRIGHT_DOMAINS": NAME})
    agent.wait_for_log("the notify hook failed")
    agent.end()
    state = os.path.join(certwright.work_dir, "certwright", "agent", "state.json")
    assert [m["event"] for m in json.loads(read(state))["messages"]] == ["renewed"]
    agent = Agent(certwright, env={"CERTWRIGHT_DOMAINS": NAME})
    agent.wait(lambda: agent.certificate(NAME)["next"], "the look")
    result = agent.end()
    assert "hook" not in result.stderr
    assert json.loads(read(state))["messages"] == []


def test_renewed_when_the_ca_says_so(rogue_certwright, rogue, hook):
    """A moment in the CA's window is chosen once and kept; a window that is past means now."""
    window = {}

    def add(given):
        directory = given.json()
        directory["renewalInfo"] = rogue.directory.replace("/dir", "/renewal-info")
        given.set_json(directory)

    def stamp(hours):
        return (datetime.datetime.utcnow() + hours * HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")

    def advise(exchange):
        return answer(200, json.dumps(window), {"Retry-After": "21600"})(exchange)
    rogue.on("directory", alter(add))
    rogue.on("other", advise)
    window["suggestedWindow"] = {"start": stamp(100), "end": stamp(200)}
    agent = start_agent(rogue_certwright, hook)
    agent.wait(lambda: agent.certificate(NAME)["origin"] == "acme", "the certificate")
    state = agent.certificate(NAME)
    assert state["window"] == window["suggestedWindow"]
    assert state["next"]["action"] == "ask"
    assert 5.9 * HOUR < parse(state["next"]["time"]) - datetime.datetime.utcnow() < 6.3 * HOUR
    agent.end()
    kept = json.loads(read(os.path.join(rogue_certwright.work_dir, "certwright", "agent",
                                        "state.json")))["certificates"][NAME]["choice"]
    assert parse(window["suggestedWindow"]["start"]).timestamp() <= kept["time"]

    # The agent may ask again, and hears that the window is over.
    window["suggestedWindow"] = {"start": stamp(-2), "end": stamp(-1)}
    may_ask_again(rogue_certwright)
    before = read(rogue_certwright.live(NAME))
    agent = start_agent(rogue_certwright, hook)
    agent.wait(lambda: read(rogue_certwright.live(NAME)) != before, "the renewal")
    agent.wait(lambda: hook.events() == ["renewed", "renewed"], "the hook")
    agent.end()
    # The CA says the same of the new certificate: that is not obeyed without end.
    may_ask_again(rogue_certwright)
    agent = start_agent(rogue_certwright, hook)
    agent.wait(lambda: agent.certificate(NAME)["window"] == window["suggestedWindow"], "the answer")
    state = agent.certificate(NAME)
    assert parse(state["next"]["time"]) - parse(state["last_success"]) > 0.9 * HOUR
    assert hook.events() == ["renewed", "renewed"]
    agent.end()


def may_ask_again(certwright):
    path = certwright.renewal_file(NAME)
    lines = read(path).splitlines(True)
    assert any("ari_retry_after" in line for line in lines)
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(line for line in lines if "ari_retry_after" not in line)


def test_ocsp_response_is_kept_for_servers(start, tmp_path):
    port = start.ports.take()
    pebble = start.pebble(ocsp_url=f"http://127.0.0.1:{port}")
    certwright = start.certwright(pebble)
    certwright.certonly(NAME)
    folder = tmp_path / "ocsp"
    folder.mkdir()
    responder = Responder(start, PebbleIssuer(folder, pebble), port=port)
    responder.serve(load(certwright.live(NAME)), False)
    agent = Agent(certwright)
    path = os.path.join(certwright.config_dir, "live", NAME, "ocsp.der")
    agent.wait(lambda: os.path.exists(path), "the response")
    response = ocsp.load_der_ocsp_response(read(path, "rb"))
    assert response.certificate_status == ocsp.OCSPCertStatus.GOOD
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
    agent.end()
    # It is about one certificate, and goes with it.
    certwright.run("renew", "--force-renewal", "--cert-name", NAME)
    assert not os.path.exists(path)


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.headers["Content-Type"], json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):  # pylint: disable=arguments-differ
        pass


EVENT = {"event": "failed", "name": "one", "domains": ["a.example.test", "b.example.test"],
         "expiry": None, "message": "the CA\nis down", "hint": None}


def example(name):
    return os.path.join(top_folder(), "docs", "examples", name)


def test_example_for_a_web_hook():
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    server.got = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        subprocess.run([example("notify-webhook.sh"), f"http://127.0.0.1:{server.server_port}/x"],
                       input=json.dumps(EVENT), text=True, check=True, timeout=60)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert server.got == [("application/json", EVENT)]


def test_example_that_mails(tmp_path):
    sendmail = tmp_path / "sendmail"
    sendmail.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$*\" > {tmp_path}/args\n"
                        f"cat > {tmp_path}/mail\n")
    sendmail.chmod(0o755)
    subprocess.run([example("notify-sendmail.sh"), "admin@example.test"], input=json.dumps(EVENT),
                   text=True, check=True, timeout=60,
                   env={**os.environ, "SENDMAIL": str(sendmail)})
    assert (tmp_path / "args").read_text() == "-t\n"
    head, body = (tmp_path / "mail").read_text().split("\n\n", 1)
    assert head.splitlines()[:2] == ["To: admin@example.test",
                                     "Subject: certificate one: failed"]
    assert "a.example.test, b.example.test" in body and "the CA is down" in body
