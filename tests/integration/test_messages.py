"""What is said of failures: on the terminal, in the log and with --json."""

import os
import re

from lib.account import challenge_again
from lib.outcome import errors_of
from lib.tools import read

NAMES = ("a.example.test", "b.example.test")


def break_renewal(certwright, name, port=1):
    """From now on the CA does not reach what answers for NAME."""
    path = certwright.renewal_file(name)
    text = re.sub("^http01_port = .*$", f"http01_port = {port}", read(path), flags=re.M)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def log_lines(certwright):
    """What the log has from INFO on, without the stamps."""
    lines = re.findall(r"^[-0-9]+ [:,0-9]+(?:INFO|WARNING|ERROR):(.*)$", certwright.log_text(), re.M)
    assert lines
    return "\n".join(lines)


def test_renew_says_all_of_each_name_that_failed_once(certwright, start, pebble):
    port = start.ports.take()
    certwright.certonly(*NAMES)
    certwright.certonly("c.example.test")
    for name in (NAMES[0], "c.example.test"):
        break_renewal(certwright, name, port)
    challenge_again(certwright)
    result = certwright.run("renew", "--force-renewal", status=1)
    log = log_lines(certwright)
    for text in (result.output, log):
        for name in (*NAMES, "c.example.test"):
            # What the CA said.
            assert text.count(f'Get "http://{name}:{pebble.http_port}/.well-known') == 1
        assert text.count("type: urn:ietf:params:acme:error:connection") == 3
        assert "hint: port 80" in text
        # One for both names of the first, one for the other.
        assert text.count("hint:") == 2
    assert result.output.count(os.path.join(certwright.logs_dir, "letsencrypt.log")) == 1


def test_a_failure_names_the_log(certwright, start):
    path = os.path.join(certwright.logs_dir, "letsencrypt.log")
    port = start.ports.take()
    result = certwright.certonly(*NAMES, args=["--http-01-port", port], status=1)
    assert f"log: {path}\n" in result.stderr
    assert "type: urn:ietf:params:acme:error:connection" in result.stderr
    assert "urn:ietf:params:acme:error:connection" in log_lines(certwright)
    # There is none of a command line that was wrong.
    assert "letsencrypt.log" not in certwright.run("certonly", "--typo", status=2).stderr


def test_a_rehearsal_says_which_authorizations_it_deactivated(start):
    certwright = start.certwright(start.pebble(env={"PEBBLE_AUTHZREUSE": "100"}))
    certwright.certonly(*NAMES)
    certwright.certonly(*NAMES, args=["--dry-run"])
    lines = [line for line in log_lines(certwright).splitlines() if "deactivated" in line]
    assert len(lines) == 2
    for name in NAMES:
        assert any(f'"{name}"' in line for line in lines)


def test_names_that_were_left_out_are_told(start):
    pebble = start.pebble()
    certwright = start.certwright(pebble)
    # Nobody answers there.
    pebble.dns.add_a("gone.example.test", "127.0.0.2")
    result = certwright.certonly(NAMES[0], "gone.example.test", json=True, args=[
        "--allow-subset-of-names", "--http-01-address", "127.0.0.1"])
    certificate = result.certificates[NAMES[0]]
    assert certificate["domains"] == [NAMES[0]]
    [left_out] = certificate["left_out"]
    assert left_out["identifier"] == "gone.example.test"
    assert left_out["problem"]["type"].endswith(":connection")
    assert "type: urn:ietf:params:acme:error:connection" in result.stderr
    assert 'going on without "gone.example.test": the CA could not validate' in log_lines(certwright)


def test_hooks_that_failed_are_told(certwright):
    result = certwright.certonly(NAMES[0], args=[
        "--pre-hook", "exit 3", "--deploy-hook", "exit 4", "--post-hook", "kill -9 $$"], json=True)
    assert [(h["kind"], h["command"], h["exit_status"]) for h in result.json["failed_hooks"]] == [
        ("pre-hook", "exit 3", 3), ("deploy-hook", "exit 4", 4), ("post-hook", "kill -9 $$", None)]
    assert all(h["message"] for h in result.json["failed_hooks"])
    assert errors_of(result.json) == []
    result = certwright.run("renew", "--force-renewal", "--deploy-hook", "true", "--pre-hook", "true",
                            "--post-hook", "exit 5", json=True)
    assert [h["exit_status"] for h in result.json["failed_hooks"]] == [5]
