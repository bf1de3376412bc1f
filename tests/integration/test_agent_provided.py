"""The agent: certificates that somebody provides."""

import glob
import json
import os
import shutil

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lib.agent import Agent
from lib.issuer import Issuer, load, replace_certificate
from lib.rogue_ca import problem
from lib.tools import read

NAME = "given.example.test"


@pytest.fixture
def issuer(tmp_path):
    folder = tmp_path / "issuer"
    folder.mkdir()
    return Issuer(folder)


def pem(thing):
    if hasattr(thing, "private_bytes"):
        return thing.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                   serialization.NoEncryption())
    return thing.public_bytes(serialization.Encoding.PEM)


def make(issuer, begin=-1, end=60, names=(NAME,)):
    """The files of a pair."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = issuer.issue(names[0], key.public_key(), begin, end, names=list(names))
    return {"privkey.pem": pem(key), "fullchain.pem": pem(leaf) + pem(issuer.certificate),
            "cert.pem": pem(leaf), "chain.pem": pem(issuer.certificate)}


def put(folder, files, kinds=None):
    """As "docker cp" does: one file after the other, each under its own name."""
    os.makedirs(folder, exist_ok=True)
    for name in kinds or files:
        path = os.path.join(folder, name)
        with open(path + ".part", "wb") as stream:
            stream.write(files[name])
        os.rename(path + ".part", path)


def live(certwright):
    return os.path.join(certwright.config_dir, "live", NAME)


def asides(certwright):
    return sorted(glob.glob(os.path.join(certwright.config_dir, "aside", NAME + "-*")))


def wait_for_asides(agent, certwright):
    """They are moved after the folders were exchanged."""
    return agent.wait(lambda: asides(certwright), "the files that were moved aside")


def start_agent(certwright, **env):
    return Agent(certwright, env={"CERTWRIGHT_DOMAINS": NAME, **env})


def test_provided_files_are_used_and_never_changed(certwright, issuer):
    """They replace a certificate of the CA, survive a restart, and the CA's comes when they go."""
    agent = start_agent(certwright)
    agent.wait_for_origin(NAME, "acme")
    files = make(issuer)
    put(live(certwright), files)
    agent.wait_for_origin(NAME, "provided")
    for name, data in files.items():
        assert read(os.path.join(live(certwright), name), "rb") == data
    agent.wait(lambda: agent.certificate(NAME)["origin"] == "provided", "the status")
    assert agent.certificate(NAME)["state"] == "valid"
    assert agent.certificate(NAME)["problems"] == []
    # The lineage of before is aside, with its keys.
    [aside] = wait_for_asides(agent, certwright)
    assert os.path.exists(os.path.join(aside, "renewal.conf"))
    assert os.path.exists(os.path.join(aside, "archive", "privkey1.pem"))
    agent.end()

    agent = start_agent(certwright)
    agent.wait(lambda: agent.certificate(NAME)["origin"] == "provided", "the status")
    shutil.rmtree(live(certwright))
    agent.wait_for_origin(NAME, "acme")
    assert load(certwright.live(NAME)).issuer != issuer.name
    agent.end()


def test_what_is_wrong_with_a_provided_certificate_is_said(certwright, issuer):
    put(live(certwright), make(issuer), ["privkey.pem"])
    agent = start_agent(certwright)
    agent.wait_for_log("there is no certificate in")
    files = make(issuer)
    put(live(certwright), files, ["fullchain.pem"])
    agent.wait_for_log("does not belong to the certificate")
    assert agent.certificate(NAME)["problems"][0]["kind"] == "provided"
    put(live(certwright), files)
    agent.wait_for_log("is right again")
    put(live(certwright), make(issuer, names=["wrong.example.test"]))
    agent.wait_for_log(f"is not for: {NAME}")
    assert not os.path.exists(certwright.renewal_file(NAME))
    agent.end()


def test_pipes_are_not_waited_for(certwright, issuer, tmp_path):
    """In the folder, and in live/NAME."""
    folder = tmp_path / "provided"
    folder.mkdir()
    os.makedirs(live(certwright))
    for path in (folder / "fullchain.pem", os.path.join(live(certwright), "privkey.pem")):
        os.mkfifo(path)
    agent = start_agent(certwright, CERTWRIGHT_PROVIDED=str(folder))
    agent.wait_for_log(f'"{folder}/fullchain.pem" is not a regular file')
    agent.wait_for_origin(NAME, "acme")
    agent.end()


def test_an_expired_provided_certificate_is_replaced_and_kept_aside(certwright, issuer):
    files = make(issuer, begin=-90, end=-1)
    put(live(certwright), files)
    agent = start_agent(certwright)
    agent.wait_for_origin(NAME, "acme")
    [aside] = wait_for_asides(agent, certwright)
    for name, data in files.items():
        assert read(os.path.join(aside, name), "rb") == data
    assert aside in agent.log()
    agent.end()


def test_a_ca_takes_over_before_a_provided_certificate_expires(certwright, issuer):
    """It stays in use until the CA has issued another."""
    files = make(issuer, begin=-89, end=1)
    put(live(certwright), files)
    agent = start_agent(certwright)
    agent.wait_for_origin(NAME, "acme")
    assert "self-signed" not in agent.log()
    [aside] = wait_for_asides(agent, certwright)
    assert read(os.path.join(aside, "privkey.pem"), "rb") == files["privkey.pem"]
    agent.end()


def test_a_folder_that_comes_later_is_noticed(certwright, issuer, tmp_path):
    folder = tmp_path / "volume" / "provided"
    agent = start_agent(certwright, CERTWRIGHT_PROVIDED=str(folder))
    agent.wait_for_log("does not exist yet")
    agent.wait_for_origin(NAME, "acme")
    agent.wait(lambda: agent.certificate(NAME)["next"]["action"] != "retry", "the plan")
    os.mkdir(tmp_path / "volume")
    os.mkdir(folder)
    put(folder, make(issuer))
    agent.wait_for_origin(NAME, "provided")
    agent.end()


def test_a_folder_is_watched_and_copied(certwright, issuer, tmp_path):
    folder = tmp_path / "provided"
    files = make(issuer)
    put(folder, files)
    deployed = tmp_path / "deployed"
    agent = start_agent(certwright, CERTWRIGHT_PROVIDED=str(folder),
                        CERTWRIGHT_DEPLOY_HOOK=f"echo $RENEWED_LINEAGE >> {deployed}")
    agent.wait_for_origin(NAME, "provided")
    assert read(certwright.live(NAME, "privkey"), "rb") == files["privkey.pem"]
    assert read(certwright.live(NAME), "rb") == files["fullchain.pem"]
    # Another key alone is not used; with its certificate, it is.
    newer = make(issuer)
    put(folder, newer, ["privkey.pem"])
    agent.wait_for_log("does not belong to the certificate")
    assert read(certwright.live(NAME, "privkey"), "rb") == files["privkey.pem"]
    put(folder, newer)
    agent.wait(lambda: read(certwright.live(NAME, "privkey"), "rb") == newer["privkey.pem"],
               "the newer key")
    agent.wait(lambda: deployed.read_text() == f"{live(certwright)}\n" * 2, "the hook")
    shutil.rmtree(folder)
    agent.wait_for_origin(NAME, "acme")
    agent.wait(lambda: deployed.read_text() == f"{live(certwright)}\n" * 3, "the hook")
    assert not asides(certwright), "copies are not kept"
    listed = json.loads(certwright.json("certificates").stdout)
    assert [c["name"] for c in listed["certificates"]] == [NAME]
    agent.end()


def test_failures_of_a_ca_are_forgotten_with_a_provided_certificate(rogue_certwright, rogue, issuer):
    rogue.on("new-order", problem("rejectedIdentifier", "not for you"), times=50)
    agent = start_agent(rogue_certwright)
    agent.wait(lambda: agent.certificate(NAME)["attempts"] == 1, "the failure")
    put(live(rogue_certwright), make(issuer))
    agent.wait(lambda: agent.certificate(NAME)["attempts"] == 0, "the provided certificate")
    assert agent.certificate(NAME)["last_failure"] is None
    rogue.behave()
    shutil.rmtree(live(rogue_certwright))
    agent.wait_for_origin(NAME, "acme")
    agent.end()


def test_an_expired_certificate_of_a_ca_gives_way_to_a_self_signed_one(certwright, start, tmp_path):
    certwright.certonly(NAME)
    key = read(certwright.live(NAME, "privkey"))
    expired = replace_certificate(certwright, NAME, -10, -1)
    deployed = tmp_path / "deployed"
    agent = Agent(certwright, server=False, env={
        "CERTWRIGHT_DOMAINS": NAME, "CERTWRIGHT_DEPLOY_HOOK": f"touch {deployed}",
        "CERTWRIGHT_SERVER": f"https://localhost:{start.ports.take()}/dir"})
    agent.wait_for_origin(NAME, "self-signed")
    agent.wait(deployed.exists, "the hook")
    agent.wait(lambda: load(certwright.live(NAME)).serial_number != expired.serial_number,
               "another certificate")
    # It is a version of the lineage, with its key, and the CA is asked on.
    assert read(certwright.live(NAME, "privkey")) == key
    assert os.path.islink(certwright.live(NAME))
    agent.wait(lambda: agent.certificate(NAME)["last_failure"], "an attempt")
    assert agent.certificate(NAME)["state"] == "self-signed"
    agent.end()
