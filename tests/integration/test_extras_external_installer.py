"""The plugin external of extras/: a program of the user's as installer."""

import datetime
import json
import os

import pytest
from cryptography import x509

from lib.external import Api, Talker, program_of
from lib.tools import read, serial_of

ONE, TWO = "one.external.test", "two.external.test"


@pytest.fixture
def certwright(installed_certwright):
    return installed_certwright


@pytest.fixture
def api(start):
    service = Api(start.ports.take())
    yield service
    service.stop()


@pytest.fixture
def appliance(installed, api, tmp_path):
    """The installer of the man page."""
    return api.install(tmp_path, "appliance", program_of(installed.page("external"),
                                                        "Puts certificates"))


def run(certwright, program, *names, args=(), **options):
    return certwright.run("run", "-a", "standalone", "-i", "external", "--external-program", program,
                          *(word for name in names or [ONE] for word in ("-d", name)), *args,
                          **options)


def check_api(api, certwright, name=ONE):
    """The appliance has the files of the certificate."""
    assert json.loads(api.things[f"/certificates/{name}"]) == {
        "certificate": read(certwright.live(name)), "key": read(certwright.live(name, "privkey"))}


def test_the_installer_of_the_man_page_has_the_appliance_use_each_new_certificate(certwright, api,
                                                                                  appliance):
    run(certwright, appliance)
    check_api(api, certwright)
    before = api.things[f"/certificates/{ONE}"]
    certwright.run("renew", "--force-renewal")
    check_api(api, certwright)
    assert api.things[f"/certificates/{ONE}"] != before
    assert api.requests == 2 * [("PUT", f"/certificates/{ONE}")]


def test_a_renewal_that_the_appliance_refuses_is_tried_again_by_the_next_run(certwright, api,
                                                                            appliance):
    run(certwright, appliance)
    api.refuse = lambda path: True
    stderr = certwright.run("renew", "--force-renewal", status=1).stderr
    assert "HTTP Error 503" in stderr and "look at the log of the appliance" in stderr
    api.refuse = lambda path: False
    certwright.run("renew")
    check_api(api, certwright)
    assert len(api.requests) == 3
    certwright.run("renew")
    assert len(api.requests) == 3


def test_a_certificate_that_is_deleted_is_taken_from_the_appliance(certwright, api, appliance):
    run(certwright, appliance)
    certwright.run("delete", "--cert-name", ONE, "--remove-from-servers")
    assert api.requests[-1] == ("DELETE", f"/certificates/{ONE}")
    assert not api.things and not certwright.lineages()


def test_a_certificate_that_the_appliance_has_lost_is_deleted_all_the_same(certwright, api,
                                                                          appliance):
    run(certwright, appliance)
    api.things.clear()
    certwright.run("delete", "--cert-name", ONE, "--remove-from-servers")
    assert api.requests[-1] == ("DELETE", f"/certificates/{ONE}")
    assert not certwright.lineages()


def test_nothing_is_deleted_if_the_appliance_refuses(certwright, api, appliance):
    run(certwright, appliance)
    api.refuse = lambda path: True
    stderr = certwright.run("delete", "--cert-name", ONE, "--remove-from-servers", status=1).stderr
    assert "HTTP Error 503" in stderr
    assert certwright.lineages() == [ONE] and api.things


def test_requests_have_the_documented_members_and_not_the_key(certwright, tmp_path):
    talker = Talker(tmp_path)
    run(certwright, talker.path, ONE, TWO)
    assert talker.verbs[-1] == "deploy" and set(talker.verbs[:-1]) == {"test"}
    deploy, = talker.requests("deploy")
    assert set(deploy) == {"protocol", "verb", "dry_run", "certificate"}
    paths = {f"{kind}_path": certwright.live(ONE, file) for kind, file in (
        ("cert", "cert"), ("key", "privkey"), ("chain", "chain"), ("fullchain", "fullchain"))}

    def expected(reason, **others):
        with open(certwright.live(ONE, "cert"), "rb") as stream:
            end = x509.load_pem_x509_certificate(stream.read()).not_valid_after
        return {"reason": reason, "lineage": ONE, "names": [ONE, TWO], "hosts": [ONE, TWO],
                "previous_serial": None, **paths, **others,
                "expiry": int(end.replace(tzinfo=datetime.timezone.utc).timestamp())}

    assert deploy["certificate"] == expected("install")
    serial = serial_of(certwright.live(ONE, "cert"))
    talker.answer(renewed={"status": 1})
    certwright.run("renew", "--force-renewal", status=1)
    renewed, = talker.requests("renewed")
    previous = renewed["certificate"].pop("previous_serial")
    assert int(previous, 16) == int(serial, 16)
    assert {**renewed["certificate"], "previous_serial": None} == expected("renew")
    talker.answer()
    certwright.run("renew")
    again = talker.requests("renewed")[-1]["certificate"]
    assert again["reason"] == "retry"
    certwright.run("delete", "--cert-name", ONE, "--remove-from-servers")
    undeploy = talker.requests("undeploy")[0]["certificate"]
    assert undeploy["reason"] == "undeploy" and undeploy["lineage"] == ONE
    assert undeploy["hosts"] == undeploy["names"] == [ONE, TWO]
    for request, words, environment in talker.calls():
        assert "PRIVATE KEY" not in str(request) and not words
        assert "privkey" not in str(environment)


def test_files_of_the_user_s_own_are_deployed_without_a_lineage(certwright, tmp_path):
    talker = Talker(tmp_path)
    certwright.certonly(ONE)
    folder = tmp_path / "own"
    folder.mkdir()
    for kind in ("cert", "privkey"):
        with open(folder / f"{kind}.pem", "w", encoding="ascii") as stream:
            stream.write(read(certwright.live(ONE, kind)))
    certwright.run("install", "-i", "external", "--external-program", talker.path, "-d", ONE,
                   "--cert-path", folder / "cert.pem", "--key-path", folder / "privkey.pem")
    certificate = talker.requests("deploy")[0]["certificate"]
    assert certificate["lineage"] is None
    assert certificate["chain_path"] is None and certificate["fullchain_path"] is None
    assert certificate["key_path"] == str(folder / "privkey.pem")


@pytest.mark.parametrize("answer, words", [
    ({"status": 4, "stderr": "no route to the appliance\n"},
     "failed with exit status 4: no route to the appliance"),
    ({"answer": "done\n"}, 'to "deploy" is not a JSON object'),
    ({"answer": '{"error": "the disk is full"}'}, "the disk is full"),
], ids=["status", "no-json", "error"])
def test_an_installation_that_fails_says_why_and_keeps_the_certificate(certwright, tmp_path, answer,
                                                                       words):
    talker = Talker(tmp_path, deploy=answer)
    result = run(certwright, talker.path, status=1)
    assert words in result.stderr and talker.path in result.stderr
    assert certwright.lineages() == [ONE]


def test_a_program_that_is_only_an_authenticator_does_not_pass_for_an_installer(certwright, api,
                                                                               installed, tmp_path):
    program = api.install(tmp_path, "hosting", program_of(installed.page("external"),
                                                         "Puts challenges"))
    stderr = run(certwright, program, status=1).stderr
    assert "this program only publishes challenges" in stderr
    assert os.path.exists(certwright.live(ONE))
