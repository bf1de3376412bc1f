"""delete: all of one certificate, and nothing else."""

import os
import shutil

import pytest

from lib.outcome import assert_failed
from lib.terminal import on_terminal
from lib.tools import certbot, read, snapshot

NAME, OTHER = "del.example.test", "stays.example.test"


@pytest.fixture
def two(certwright):
    certwright.certonly(NAME)
    certwright.certonly(OTHER)
    certwright.run("renew", "--force-renewal", "--cert-name", NAME)
    return certwright


def rest(certwright):
    return snapshot(certwright.config_dir)


def test_all_files_of_one(two):
    before = rest(two)
    result = two.json("delete", "--cert-name", NAME)
    assert result.json["deleted"] == [NAME]
    assert rest(two) == {p: v for p, v in before.items() if NAME not in p}
    assert two.lineages() == [OTHER]
    certbot(two, "certificates")


def test_certbots_own(certwright, pebble):
    certbot(certwright, "certonly", "--standalone", "--agree-tos",
            "--register-unsafely-without-email", "--server", pebble.directory,
            "--http-01-port", str(pebble.http_port), "-d", NAME)
    certwright.run("delete", "--cert-name", NAME)
    assert not [p for p in rest(certwright) if NAME in p]


def test_the_name_is_needed(two):
    before = rest(two)
    assert_failed(two.json("delete", status=2), "--cert-name")
    assert_failed(two.json("delete", "--cert-name", "dell.example.test", status=1),
                  "dell.example.test", NAME)
    assert rest(two) == before


@pytest.mark.parametrize("answer, status, left", [("y", 0, [OTHER]), ("n", 1, [NAME, OTHER])])
def test_the_user_is_asked(two, answer, status, left):
    terminal = on_terminal(two, "delete")
    terminal.answer("Which certificate.*: ", "1")
    terminal.answer("Delete the certificate.*", answer)
    terminal.finish(status)
    assert two.lineages() == left


def test_an_archive_that_is_shared_stays(two):
    text = read(two.renewal_file(NAME)).replace(f"live/{NAME}/", "live/twin/")
    with open(two.renewal_file("twin"), "w", encoding="utf-8") as stream:
        stream.write(text)
    shutil.copytree(os.path.dirname(two.live(NAME)), os.path.dirname(two.live("twin")),
                    symlinks=True)
    archive = os.path.join(two.config_dir, "archive", NAME)
    before = snapshot(archive)
    two.run("delete", "--cert-name", "twin")
    assert snapshot(archive) == before
    assert two.lineages() == [NAME, OTHER]
    two.run("delete", "--cert-name", NAME)
    assert not os.path.exists(archive)


def test_what_the_administrator_put_there_stays(two):
    mine = os.path.join(os.path.dirname(two.live(NAME)), "haproxy.pem")
    with open(mine, "w", encoding="utf-8") as stream:
        stream.write("mine")
    two.run("delete", "--cert-name", NAME)
    assert two.lineages() == [OTHER]
    assert read(mine) == "mine"


@pytest.mark.parametrize("damage", ["key", "links", "archive"])
def test_a_damaged_one_can_be_deleted(two, damage):
    live = os.path.dirname(two.live(NAME))
    if damage == "key":
        os.unlink(os.path.realpath(two.live(NAME, "privkey")))
    elif damage == "links":
        shutil.rmtree(live)
    else:
        shutil.rmtree(os.path.join(two.config_dir, "archive", NAME))
    two.run("delete", "--cert-name", NAME)
    assert not [p for p in rest(two) if NAME in p]
    assert two.lineages() == [OTHER]


def test_one_whose_file_cannot_be_read_is_named_and_left(two):
    with open(two.renewal_file(NAME), "wb") as stream:
        stream.write(b"\x00\xff[[[")
    before = rest(two)
    assert_failed(two.json("delete", "--cert-name", NAME, status=1), f"{NAME}.conf")
    assert rest(two) == before
