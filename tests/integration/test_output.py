"""What is printed: --json of each verb, help, --version, quiet.

That what --json prints is as its schema says is checked for every run of every test, by
lib.certwright.Result.
"""

import copy
import json
import os
import re
import subprocess

import pytest

from lib.certwright import check_json
from lib.tools import snapshot

ARGUMENTS = {"certonly": ["--standalone", "-d", "json.example.test"], "enhance": ["--hsts"]}
VERBS = ["run", "certonly", "renew", "certificates", "register", "show_account", "plugins", "install",
         "enhance", "rollback", "reconfigure", "revoke", "delete", "update_account", "unregister"]


def bare(certwright, *argv):
    return certwright.start(argv[0], *argv[1:], defaults=False).finish()


@pytest.mark.parametrize("verb", VERBS)
def test_json_of_each_verb_is_one_object(certwright, verb):
    certwright.run("register")
    result = certwright.json(verb, *ARGUMENTS.get(verb, []), status=None)
    assert result.json["verb"] == verb
    assert isinstance(result.json["ok"], bool)
    assert (result.json["error"] is None) == result.json["ok"]
    assert result.json["ok"] == (result.status == 0)
    if not result.json["ok"]:
        assert {"status", "message", "hint", "identifier", "problem",
                "parts"} <= set(result.json["error"])


@pytest.mark.parametrize("verb", VERBS)
def test_json_of_each_failing_verb_is_one_object(certwright, verb, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    certwright.config_dir = str(blocked)
    certwright.work_dir = certwright.logs_dir = str(blocked)
    result = certwright.json(verb, *ARGUMENTS.get(verb, []), status=None)
    assert result.json["verb"] == verb
    if verb != "plugins":
        assert result.status in (0, 1)
        assert result.json["ok"] == (result.status == 0)
    if not result.json["ok"]:
        assert {"status", "message", "hint", "identifier", "problem",
                "parts"} <= set(result.json["error"])


@pytest.mark.parametrize("verb", VERBS)
def test_with_json_nothing_else_is_on_stdout(certwright, verb):
    args = ["--standalone", "-d", "json.example.test", "-v"] if verb == "certonly" else ["-v"]
    result = certwright.run(verb, *args, "--json", status=None)
    decoder = json.JSONDecoder()
    _, end = decoder.raw_decode(result.stdout)
    assert result.stdout[end:].strip() == ""


def test_version(certwright):
    result = bare(certwright, "--version")
    assert result.status == 0
    assert re.fullmatch(r"certwright \d+\.\d+\S*\n", result.stdout)
    assert result.stderr == ""


def test_version_with_json(certwright):
    document = json.loads(bare(certwright, "--version", "--json").stdout)
    assert document["ok"] is True
    assert re.search(r"\d+\.\d+", json.dumps(document))


@pytest.mark.parametrize("argv", [["help"], ["--help"], ["help", "certonly"], ["renew", "-h"],
                                  ["--help", "webroot"]])
def test_help_with_json_is_in_the_object(certwright, argv):
    text = bare(certwright, *argv).stdout
    assert bare(certwright, *argv, "--json").json["help"] == text


def objects_in(value):
    """All JSON objects in VALUE, itself among them."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from objects_in(item)


@pytest.mark.parametrize("change", ["added", "lacking"])
def test_a_member_too_many_or_too_few_would_be_noticed(certwright, change):
    """The schema would be of no use if it let anything pass."""
    certwright.certonly("noticed.example.test")
    with open(certwright.renewal_file("broken"), "w", encoding="utf-8") as stream:
        stream.write("[[[\n")
    documents = [certwright.json("certificates", status=1).json, certwright.json("plugins").json,
                 certwright.json("renew", status=1).json, certwright.json("show_account").json]
    for document in documents:
        for number, found in enumerate(objects_in(document)):
            # What a verb that failed could not find out is not there.
            present = found if found is not document or document["ok"] else ["verb", "ok", "error"]
            for key in ["other"] if change == "added" else present:
                changed = copy.deepcopy(document)
                there = list(objects_in(changed))[number]
                if change == "added":
                    there[key] = "x"
                else:
                    del there[key]
                with pytest.raises(AssertionError, match="not as"):
                    check_json(changed)


@pytest.mark.parametrize("argv", [["help"], ["--help"], ["-h"], ["help", "certonly"],
                                  ["certonly", "--help"], ["--help", "all"], ["help", "renew"],
                                  ["--help", "standalone"], ["--help", "webroot"]])
def test_help_goes_to_stdout(certwright, argv):
    result = bare(certwright, *argv)
    assert result.status == 0
    assert len(result.stdout) > 200
    assert result.stderr == ""


def test_help_all_has_every_option_of_certbots(certwright):
    """The plugins' own come from their modules, those of cloud DNS services do not exist here."""
    text = bare(certwright, "--help", "all").stdout
    for option in ("--domain", "--ip-address", "--eab-kid", "--eab-hmac-key", "--cert-name",
                   "--dry-run", "--webroot-path", "--webroot-map", "--http-01-port",
                   "--preferred-chain", "--key-type", "--elliptic-curve", "--deploy-hook",
                   "--hook-timeout", "--lock-timeout", "--json", "--config-dir", "--server"):
        assert option in text, option


def test_an_unknown_help_topic_is_a_usage_error(certwright):
    result = bare(certwright, "help", "no-such-topic")
    assert result.status == 2
    assert "no-such-topic" in result.stderr


def test_quiet_says_nothing_on_success(certwright):
    result = certwright.certonly("quiet.example.test", args=["-q"])
    assert result.output == ""


def test_quiet_says_why_it_failed(certwright):
    result = certwright.certonly("*.quiet.example.test", args=["-q"], status=1)
    assert "*.quiet.example.test" in result.stderr


def test_without_a_terminal_there_are_no_control_characters(certwright):
    result = certwright.certonly("plain.example.test")
    assert "\x1b" not in result.output and "\r" not in result.output


def test_a_full_stdout_is_an_error(certwright):
    """/dev/full refuses every write: a report that nobody got is not a success."""
    certwright.certonly("stdout.example.test")
    script = 'exec "$@" > /dev/full'
    result = certwright.run("certificates", wrap=["sh", "-c", script, "sh"], status=None)
    assert result.status == 1
    assert "/dev/full" not in result.stdout


def test_closed_standard_descriptors_do_no_harm(certwright, pebble):
    certwright.certonly("closed.example.test", wrap=["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
    assert os.path.isfile(certwright.live("closed.example.test"))


@pytest.mark.parametrize("argv", [["--help"], ["help", "all"], ["--version"]])
def test_a_closed_pipe_is_no_reason_to_speak(certwright, argv):
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run([certwright.program, *argv], stdout=writer, stderr=subprocess.PIPE,
                           env=certwright.environment(), timeout=60, check=False)
    os.close(writer)
    assert ended.stderr == b""


@pytest.mark.parametrize("argv", [["certificates", "--typo"], ["renew", "--typo"], ["plugins", "--typo"],
                                  ["certificates", "one.example.test"], ["renew", "-d", "one.example.test"],
                                  ["enhance"], ["reconfigure", "-d", "one.example.test"],
                                  ["delete", "--dry-run"]])
def test_wrong_usage_attempts_nothing_and_shows_nothing(certwright, argv):
    result = certwright.run(*argv, status=2)
    assert result.stdout == ""
    assert not os.path.exists(certwright.config_dir)
    assert not os.path.exists(certwright.work_dir)


def test_a_shortage_of_memory_is_told_in_a_sentence(certwright):
    """With ever more memory, until there is enough."""
    os.makedirs(os.path.join(certwright.config_dir, "renewal"))
    with open(certwright.renewal_file("large"), "w", encoding="utf-8") as stream:
        stream.writelines(f"key{number} = value\n" for number in range(50000))
    before = snapshot(certwright.config_dir)
    short = 0
    for mebibytes in range(8, 200, 2):
        limit = ["prlimit", f"--as={mebibytes << 20}"]
        if subprocess.run([*limit, certwright.program, "--version"], check=False, capture_output=True,
                          env=certwright.environment()).returncode != 0:
            continue
        result = certwright.run("certificates", wrap=limit, status=1)
        if "does not set the path" in result.output:
            break
        assert "out of memory" in result.stderr and result.stderr.count("\n") == 1
        short += 1
    assert short > 0
    assert "does not set the path" in result.output
    assert snapshot(certwright.config_dir) == before


@pytest.mark.parametrize("argv", [["network"], ["plugin"], ["x"], [], ["network", "renew"]])
def test_processes_of_a_run_are_not_for_the_command_line(certwright, argv):
    result = bare(certwright, "--process", *argv)
    assert result.status == 2
    assert "not for the command line" in result.stderr
    assert result.stdout == ""
