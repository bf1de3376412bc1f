"""libcertwright: verbs, events, the host as the authenticator, certificates in memory."""

import json
import os
import re
import subprocess
import threading

import pytest

from lib.account import challenge_again
from lib.certwright import Certwright, top_folder
from lib.library import ANSWER, QUESTION, Client, environment
from lib.other_clients import CertbotTarball
from lib.process import wait_until
from lib.tokens import Tokens
from lib.tools import script
from lib.trace import Trace, changed


@pytest.fixture(scope="module")
def tokens(pebble):
    server = Tokens(pebble.http_port)
    yield server
    server.stop()


@pytest.fixture
def client(pebble):
    with Client(pebble) as client:
        yield client


def folders(tmp_path):
    return {f"{kind}-dir": str(tmp_path / kind) for kind in ("config", "work", "logs")}


def certonly(pebble, *names, tmp_path=None, options=None, **more):
    """A request for a certificate, the host being the authenticator; without TMP_PATH in memory."""
    made = {"verb": "certonly", "options": {
        "server": pebble.directory, "authenticator": "host", "agree-tos": True,
        "register-unsafely-without-email": True, **({"domain": list(names)} if names else {}),
        **(folders(tmp_path) if tmp_path else {}), **(options or {})}, **more}
    return made if tmp_path else {**made, "store": "memory"}


def openssl(*args, text=None):
    return subprocess.run(["openssl", *args], input=text, capture_output=True, text=True,
                          check=True).stdout


def public_key(pem, kind):
    if kind == "key":
        return openssl("pkey", "-pubout", text=pem)
    return openssl(kind, "-pubkey", "-noout", text=pem)


def only(answer):
    assert answer["ok"], answer["error"]
    [certificate] = answer["certificates"]
    return certificate


def test_verbs_answer_as_the_command_does(client, pebble, tmp_path):
    command = Certwright(tmp_path / "command", pebble)
    options = dict(zip(("config-dir", "work-dir", "logs-dir"), command.directories()[1::2]))
    answer = client.call({"verb": "certificates", "options": options})
    assert answer.pop("exit_status") == 0
    assert answer == command.json("certificates").json
    assert client.call({"verb": "help", "arguments": ["certonly"]})["help"] == \
        command.json("help", "certonly", defaults=False).json["help"]


def test_verbs_take_their_word(client, pebble, tmp_path):
    command = Certwright(tmp_path / "command", pebble)
    options = dict(zip(("config-dir", "work-dir", "logs-dir"), command.directories()[1::2]))
    command.certonly("word.example.test")
    exported = str(tmp_path / "exported.pem")
    answer = client.call({"verb": "export", "arguments": ["word.example.test"],
                          "options": {**options, "to": exported, "format": "pem-bundle"}})
    assert answer["ok"] and os.path.exists(exported), answer["error"]
    other = Certwright(tmp_path / "other", pebble)
    tarball = CertbotTarball(tmp_path, command)
    options = dict(zip(("config-dir", "work-dir", "logs-dir"), other.directories()[1::2]))
    answer = client.call({"verb": "import", "arguments": [tarball.path],
                          "options": {**options, "from": tarball.name}})
    assert answer["ok"] and other.lineages() == ["word.example.test"], answer["error"]
    # A word is no option, and a verb without a word takes none.
    for verb, words, said in (("import", ["--help"], "--help"), ("import", [], "path"),
                              ("export", ["a", "b"], '"b"'), ("renew", ["a"], "arguments")):
        more = {"from": "lego"} if verb == "import" else {}
        answer = client.call({"verb": verb, "arguments": words, "options": {**options, **more}})
        assert not answer["ok"] and said in answer["error"]["message"]


def test_the_schema_has_all_verbs(client):
    with open(os.path.join(top_folder(), "docs", "certwright-library.schema.json"),
              encoding="utf-8") as stream:
        members = json.load(stream)["$defs"]["verb_request"]["properties"]
    verbs = members["verb"]["enum"]
    shown = client.call({"verb": "help"})["help"]
    assert set(re.findall(r"^  ([a-z][a-z_-]+)(?:, [a-z]+)?  ", shown, re.M)) == \
        {"all", *verbs}


def test_the_host_publishes_the_challenges_and_hears_when_they_are_over(client, pebble, tokens,
                                                                         tmp_path):
    seen = []

    def publish(event):
        seen.append(event)
        return tokens.publish(event)

    answer, notes = client.run(certonly(pebble, "h1.example.test", "h2.example.test",
                                        tmp_path=tmp_path), publish)
    certificate = only(answer)
    assert certificate["action"] == "issued"
    assert os.path.exists(certificate["fullchain_path"])
    assert sorted(event["identifier"] for event in seen) == ["h1.example.test", "h2.example.test"]
    over = [note["id"] for note in notes if note["event"] == "challenge_over"]
    assert sorted(over) == sorted(event["id"] for event in seen)
    texts = [note["text"] for note in notes if note["event"] == "message"]
    assert any("requesting a certificate" in text for text in texts)
    # The next call of the same client renews it, and again asks the host.
    command = Certwright(tmp_path, pebble)
    command.config_dir, command.work_dir, command.logs_dir = \
        (str(tmp_path / kind) for kind in ("config", "work", "logs"))
    challenge_again(command)
    seen.clear()
    answer, _ = client.run({"verb": "renew", "options": {**folders(tmp_path),
                                                         "force-renewal": True}}, publish)
    assert only(answer)["action"] == "renewed" and len(seen) == 2
    # The command has nobody to ask.
    refused = command.json("renew", "--force-renewal", status=1).json
    assert "the program that obtained it through the library renews it" in str(refused)


def test_one_name_that_the_host_cannot_publish_is_that_names_error(client, pebble, tokens):
    def publish(event):
        if event["identifier"] == "bad.example.test":
            return {"ready": False, "detail": "no such site"}
        return tokens.publish(event)

    answer, _ = client.run(certonly(pebble, "good.example.test", "bad.example.test"), publish)
    assert not answer["ok"] and answer["certificates"] == []
    assert "no such site" in str(answer["error"])
    assert "bad.example.test" in str(answer["error"])


@pytest.fixture
def traced(tmp_path):
    """A program whose processes strace follows, and a function that returns what they changed."""
    folder = tmp_path / "trace"
    folder.mkdir()
    program = script(tmp_path / "traced", f"""exec strace -D -ff -q -s 300 -o {folder}/p \\
-e trace=%file,%process {environment({})[0]} "$@"\n""")

    def changes():
        # strace writes until it sees the end of each process.
        wait_until(lambda: all(lines and lines[-1].startswith("+++ ") for lines in
                               Trace(folder).processes), what="the end of the program")
        processes = Trace(folder).processes
        assert len(processes) >= 3  # the session, the call, the network process
        return [line for lines in processes for line in changed(lines)]

    yield program, changes


def test_memory_writes_nothing(traced, pebble, tokens):
    program, changes = traced
    with Client(pebble, program=program) as client:
        answer, _ = client.run(certonly(pebble, "tr.example.test"), tokens.publish)
        assert only(answer)["domains"] == ["tr.example.test"]
    assert changes() == []


def test_memory_gives_all_that_a_host_keeps(client, pebble, tokens):
    answer, _ = client.run(certonly(pebble, "mem.example.test"), tokens.publish)
    certificate = only(answer)
    assert certificate["domains"] == ["mem.example.test"] and certificate["url"]
    assert public_key(certificate["key"], "key") == public_key(certificate["certificate"], "x509")
    assert certificate["fullchain"] == certificate["certificate"] + certificate["chain"]
    account = answer["account"]
    assert account["created"] and "PRIVATE KEY" in account["key"]
    # The same account, without and with its URL; then as a JWK.
    for given in ({"key": account["key"]}, {"key": account["key"], "uri": account["uri"]}):
        again, _ = client.run(certonly(pebble, "mem2.example.test", account=given), tokens.publish)
        assert only(again) and again["account"]["uri"] == account["uri"]
        assert not again["account"]["created"]


@pytest.mark.parametrize("kind", ["key", "csr"])
def test_memory_with_a_key_or_request_of_the_host(client, pebble, tokens, kind):
    made = client.call({"request": "csr_new", "identifiers": ["own.example.test"],
                        "options": {"key-type": "rsa"}})["csr"]
    assert "PRIVATE KEY" in made["key"]
    request = certonly(pebble, *(["own.example.test"] if kind == "key" else []),
                       **{kind: made[kind]})
    answer, _ = client.run(request, tokens.publish)
    certificate = only(answer)
    assert public_key(certificate["certificate"], "x509") == public_key(made["key"], "key")
    assert certificate["key_type"] == "RSA"
    assert (certificate["key"] is None) == (kind == "csr")


def test_memory_with_a_plugin(client, traced, pebble, tmp_path):
    program, changes = traced
    with Client(pebble, program=program) as alone:
        answer = alone.call(certonly(pebble, "sa.example.test", options={
            "authenticator": "standalone", "preferred-challenges": "tls-alpn-01",
            "tls-alpn-01-port": pebble.tls_port}))
        assert only(answer)["domains"] == ["sa.example.test"]
    assert changes() == []
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\nevents {{}}\nhttp {{\n\taccess_log off;\n"
        f"\tserver {{\n\t\tlisten 127.0.0.1:{pebble.http_port};\n"
        "\t\tserver_name ng.example.test;\n\t}\n}\n")
    answer = client.call(certonly(pebble, "ng.example.test", options={
        "authenticator": "nginx", "nginx-server-root": str(tmp_path)}))
    assert "edits files, but this request keeps none" in answer["error"]["message"]
    refused = client.call(certonly(pebble, "ng.example.test", options={"cert-name": "x"}))
    assert refused["exit_status"] == 2 and "has no meaning" in refused["error"]["message"]


def test_eight_clients_in_eight_threads(pebble, tokens):
    answers = {}

    def obtain(number):
        with Client(pebble) as client:
            for _ in range(2):
                answers[number], _ = client.run(certonly(pebble, f"t{number}.example.test"),
                                                tokens.publish)

    threads = [threading.Thread(target=obtain, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(8):
        assert only(answers[number])["domains"] == [f"t{number}.example.test"]


def test_a_question_is_answered_by_the_host(client, pebble, tmp_path):
    def say(event):
        asked.append(event)
        if event["kind"] == "yes_no":
            return {"answer": True}
        return {"answer": ""}

    asked = []
    options = {"server": pebble.directory, **folders(tmp_path)}
    answer, _ = client.run({"verb": "register", "options": options, "interactive": True}, say)
    assert answer["ok"], answer["error"]
    assert {event["kind"] for event in asked} == {"yes_no", "text"}
    # Nobody is asked otherwise.
    answer, _ = client.run({"verb": "register", "options": {**options, "config-dir":
                                                            str(tmp_path / "other")}})
    assert not answer["ok"] and answer["error"]["status"] == "usage"


def test_a_call_can_be_cancelled(client, pebble, tmp_path):
    client.start(certonly(pebble, "cancel.example.test", tmp_path=tmp_path))
    kind, event = client.next()
    while kind != QUESTION:
        kind, event = client.next()
    client.cancel()
    over = []
    while kind != ANSWER:
        kind, event = client.next()
        over.append(event.get("event"))
    assert event["error"]["status"] == "cancelled"
    assert "challenge_over" in over
    command = Certwright(tmp_path, pebble)
    for kind in ("config", "work", "logs"):
        setattr(command, f"{kind}_dir", str(tmp_path / kind))
    # Its locks are free.
    assert command.json("delete", "--cert-name", "no", status=1).json["error"]["status"] != "busy"


def test_a_call_whose_events_nobody_takes_has_no_host(client, pebble):
    answer = client.call(certonly(pebble, "lone.example.test"))
    assert answer["error"]["status"] == "unsupported"
    assert "nobody takes the events" in answer["error"]["message"]


def test_a_host_that_does_not_reply_in_time(client, pebble):
    answer, _ = client.run(certonly(pebble, "late.example.test", answer_timeout=1),
                           lambda event: None)
    assert answer["error"]["status"] == "timeout"
    assert "late.example.test" in answer["error"]["message"]
    # The client goes on.
    assert client.call({"request": "csr_new", "identifiers": ["x.example.test"]})["ok"]
