"""The plugin external of extras/: a program of the user's as authenticator."""

import json
import os
import shutil
import signal

import pytest

from lib.external import Api, Talker, program_of, write_program
from lib.process import is_gone, kill_all, wait_until
from lib.tools import names_of, read

ONE, TWO = "one.external.test", "two.external.test"


@pytest.fixture
def api(start, pebble):
    service = Api(start.ports.take(), pebble.http_port)
    yield service
    service.stop()


@pytest.fixture
def hosting(installed, api, tmp_path):
    """The authenticator of the man page."""
    return api.install(tmp_path, "hosting", program_of(installed.page("external"),
                                                      "Puts challenges"))


def arguments(program, *names):
    return ["-a", "external", "--external-program", program,
            *(word for name in names for word in ("-d", name))]


def issue(certwright, program, *names, args=(), **options):
    return certwright.run("certonly", *arguments(program, *names), *args, **options)


def fails(certwright, program, *names, args=(), status=1):
    """What a run says that obtains nothing."""
    result = issue(certwright, program, *(names or [ONE]), args=args, status=status)
    assert not certwright.lineages()
    return result.stderr


def test_the_authenticator_of_the_man_page_obtains_and_renews(installed_certwright, hosting, api):
    issue(installed_certwright, hosting, ONE, TWO)
    assert names_of(installed_certwright.live(ONE)) == [ONE, TWO]
    assert [method for method, _ in api.requests if method != "GET"] == 2 * ["PUT"] + 2 * ["DELETE"]
    assert not api.things
    assert f"external_program = {hosting}\n" in read(installed_certwright.renewal_file(ONE))
    installed_certwright.run("renew", "--force-renewal")


def test_a_failure_of_one_challenge_is_that_of_one_name(installed_certwright, hosting, api):
    refused = []
    # The first path that is asked for is refused from then on.
    api.refuse = lambda path: path == refused[0] if refused else not refused.append(path)
    result = issue(installed_certwright, hosting, ONE, TWO, args=["--allow-subset-of-names"])
    assert "HTTP Error 503" in result.stderr
    assert len(names_of(installed_certwright.live(installed_certwright.lineages()[0]))) == 1
    assert not api.things


def test_requests_have_the_documented_members_and_secrets_are_only_on_stdin(installed_certwright,
                                                                            tmp_path):
    talker = Talker(tmp_path)
    fails(installed_certwright, talker.path)
    assert talker.verbs == ["test", "challenge", "cleanup"]
    assert talker.requests("test") == [{"protocol": 1, "verb": "test", "dry_run": False}]
    challenge, cleanup = talker.requests("challenge")[0], talker.requests("cleanup")[0]
    assert {**challenge, "verb": "cleanup"} == cleanup
    assert set(challenge) == {"protocol", "verb", "dry_run", "challenges"}
    one, = challenge["challenges"]
    token, key_authorization = one.pop("token"), one.pop("key_authorization")
    assert key_authorization.startswith(f"{token}.")
    assert one == {"type": "http-01", "lineage": ONE, "identifier_type": "dns", "identifier": ONE,
                   "wildcard": False, "validation": key_authorization,
                   "location": f"/.well-known/acme-challenge/{token}"}
    for _, words, environment in talker.calls():
        assert not words
        assert token not in str(environment)


def test_the_program_says_which_challenges_it_can_satisfy(installed_certwright, tmp_path):
    talker = Talker(tmp_path, test={"answer": '{"challenge_types": ["dns-01", "http-01"]}'})
    fails(installed_certwright, talker.path, ONE, f"*.{ONE}", args=["--dry-run"])
    asked = talker.requests("challenge")[0]
    assert asked["dry_run"] is True
    assert {c["type"] for c in asked["challenges"]} == {"dns-01"}
    assert {c["location"] for c in asked["challenges"]} == {f"_acme-challenge.{ONE}"}
    assert sorted(c["wildcard"] for c in asked["challenges"]) == [False, True]


@pytest.mark.parametrize("answer, words", [
    ({"status": 3, "stderr": "first\nthe API is down\n\n"},
     'the program "PROGRAM" ("challenge") failed with exit status 3: the API is down'),
    ({"answer": '{"error": "the key is not valid", "hint": "ask for another key"}', "status": 1},
     'the program "PROGRAM" failed ("challenge"): the key is not valid'),
    ({"answer": '{"error": "the key is not valid"}'},
     'the program "PROGRAM" failed ("challenge"): the key is not valid'),
    ({"answer": ""}, 'the program "PROGRAM" gave no answer to "challenge"'),
    ({"answer": "published\n"},
     'the answer of the program "PROGRAM" to "challenge" is not a JSON object'),
    ({"answer": "[]"}, 'the answer of the program "PROGRAM" to "challenge" is not a JSON object'),
    ({"answer": "{} {}"}, 'the answer of the program "PROGRAM" to "challenge" is not a JSON object'),
    ({"answer": '{"failures": [{"token": "of-nobody", "message": "no"}]}'},
     'the program "PROGRAM" reports a failure without the token of a challenge'),
    ({"answer": '{"failures": [{"message": "no"}]}'},
     'the program "PROGRAM" reports a failure without the token of a challenge'),
    ({"answer": '{"failures": {"token": "x"}}'},
     '"failures" in the answer of the program "PROGRAM" is not an array'),
], ids=["status", "error-and-status", "error", "nothing", "no-json", "no-object", "two-objects",
        "foreign-token", "no-token", "no-array"])
def test_a_call_that_fails_says_why_and_is_cleaned_up(installed_certwright, tmp_path, answer, words):
    talker = Talker(tmp_path, challenge=answer)
    stderr = fails(installed_certwright, talker.path)
    assert words.replace("PROGRAM", talker.path) in stderr
    if "hint" in answer.get("answer", ""):
        assert "ask for another key" in stderr
    assert talker.verbs == ["test", "challenge", "cleanup"]


def test_a_test_that_fails_comes_before_everything_else(installed_certwright, tmp_path):
    talker = Talker(tmp_path, test={"answer": '{"error": "the API does not answer"}'})
    assert "the API does not answer" in fails(installed_certwright, talker.path, status=None)
    talker.answer(test={"answer": '{"challenge_types": ["http-02"]}'})
    assert 'the unknown challenge type "http-02"' in fails(installed_certwright, talker.path,
                                                          status=None)
    assert talker.verbs == ["test", "test"]


@pytest.mark.parametrize("answer, words", [
    ({"status": 2, "stderr": "the API is down\n"}, "the API is down"),
    ({"answer": '{"failures": [{"token": "any", "message": "it is locked"}]}'}, "it is locked"),
    ({"answer": '{"failures": [{}]}'}, "it gives no reason"),
])
def test_a_cleanup_that_fails_is_a_warning_and_is_tried_again_once(installed_certwright, tmp_path,
                                                                  answer, words):
    talker = Talker(tmp_path, cleanup=answer)
    assert words in fails(installed_certwright, talker.path)
    installed_certwright.run("renew")
    installed_certwright.run("renew")
    assert talker.verbs == ["test", "challenge", "cleanup", "cleanup"]


def test_a_program_that_hangs_is_killed_with_its_processes(installed_certwright, tmp_path):
    talker = Talker(tmp_path, challenge={"hang": True})
    stderr = fails(installed_certwright, talker.path, args=["--external-time-limit", "2"])
    assert '("challenge") was killed because it took longer than 2 s' in stderr
    assert "--external-time-limit" in stderr
    pids = talker.hanging()
    assert pids
    wait_until(lambda: all(is_gone(pid) for pid in pids), what="the end of the program")
    assert talker.verbs == ["test", "challenge", "cleanup"]


def test_a_time_limit_that_makes_no_sense_is_refused(installed_certwright, tmp_path):
    talker = Talker(tmp_path)
    for limit in ("0", "86401"):
        stderr = fails(installed_certwright, talker.path, args=["--external-time-limit", limit],
                       status=None)
        assert f'"{limit}"' in stderr and "--external-time-limit" in stderr
    assert not talker.calls()


def make_missing(path):
    os.unlink(path)


def make_not_executable(path):
    os.chmod(path, 0o644)


def make_writable(path):
    os.chmod(path, 0o775)


def make_folder_writable(path):
    os.chmod(os.path.dirname(path), 0o757)


def make_foreign(path):
    shutil.chown(path, "nobody")


@pytest.mark.parametrize("change, words", [
    (make_missing, "cannot find the program"),
    (make_not_executable, "cannot run the program"),
    (make_writable, "other users can write to the program"),
    (make_folder_writable, "other users can write to the folder of the program"),
    (make_foreign, "belongs to another user"),
])
def test_a_program_that_others_can_change_or_nobody_can_run_is_refused(installed_certwright, tmp_path,
                                                                       change, words):
    if change is make_foreign and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    folder = tmp_path / "programs"
    folder.mkdir(mode=0o755)
    talker = Talker(folder)
    change(talker.path)
    assert words in fails(installed_certwright, talker.path, status=None)
    assert not talker.calls()


def test_an_interpreter_that_is_missing_is_named_as_a_cause(installed_certwright, tmp_path):
    program = write_program(tmp_path / "program", "#!/nowhere/python3\n")
    stderr = fails(installed_certwright, program, status=None)
    assert f'the program "{program}" could not be run' in stderr
    assert "interpreter" in stderr


def test_the_next_run_cleans_up_what_a_killed_run_has_published(installed_certwright, tmp_path):
    talker = Talker(tmp_path, challenge={"hang": True})
    run = installed_certwright.start("certonly", *arguments(talker.path, ONE))
    pids = wait_until(talker.hanging, 60, "the call")
    kill_all(run)
    for pid in pids:
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)
    assert talker.verbs == ["test", "challenge"]
    talker.answer()
    installed_certwright.run("renew")
    assert talker.verbs == ["test", "challenge", "cleanup"]
    assert json.dumps(talker.requests("cleanup")[0]["challenges"]) == \
        json.dumps(talker.requests("challenge")[0]["challenges"])
    installed_certwright.run("renew")
    assert len(talker.calls()) == 3
