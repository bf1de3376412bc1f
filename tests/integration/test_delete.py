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
    terminal.answer("Which certificates.*: ", "1")
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


@pytest.mark.parametrize("damage", [b"", b"\x00\xff[[[", b"[renewalparams]\nversion = 1\n"])
def test_one_whose_renewal_file_is_damaged_goes_after_its_files_are_named(two, damage):
    with open(two.renewal_file(NAME), "wb") as stream:
        stream.write(damage)
    files = [two.renewal_file(NAME), *(two.live(NAME, kind) for kind in ("cert", "privkey")),
             *(os.path.join(two.config_dir, "archive", NAME, f) for f in ("cert1.pem", "privkey1.pem"))]
    result = two.json("delete", "--cert-name", NAME)
    assert result.json["deleted"] == [NAME]
    for path in files:
        assert path in result.stderr
    assert not [p for p in rest(two) if NAME in p]
    assert two.lineages() == [OTHER]


def test_a_damaged_one_whose_files_another_has_is_refused(two):
    text = read(two.renewal_file(NAME))
    with open(two.renewal_file("twin"), "w", encoding="utf-8") as stream:
        stream.write(text)
    with open(two.renewal_file(NAME), "w", encoding="utf-8") as stream:
        stream.write("")
    before = rest(two)
    assert_failed(two.json("delete", "--cert-name", NAME, status=1), f"{NAME}.conf", "another")
    assert rest(two) == before


@pytest.mark.parametrize("words", [["--cert-name", f"{NAME},{OTHER}"],
                                   ["--cert-name", NAME, "--cert-name", OTHER]])
def test_several_at_once(two, words):
    two.certonly("third.example.test")
    assert two.json("delete", *words).json["deleted"] == [NAME, OTHER]
    assert two.lineages() == ["third.example.test"]


def test_of_several_all_must_be_there(two):
    before = rest(two)
    assert_failed(two.json("delete", "--cert-name", NAME, "--cert-name", "none.example.test", status=1),
                  "none.example.test")
    assert rest(two) == before


def test_a_name_with_a_comma_is_one(two):
    two.certonly("third.example.test", args=["--cert-name", f"{NAME},{OTHER}"])
    assert two.json("delete", "--cert-name", f"{NAME},{OTHER}").json["deleted"] == [f"{NAME},{OTHER}"]
    assert two.lineages() == [NAME, OTHER]


def test_enter_deletes_nothing(two):
    terminal = on_terminal(two, "delete")
    terminal.answer("Which certificates.*: ", "")
    terminal.answer("enter numbers.*: ", "1,2")
    # What is lost is named.
    question = terminal.expect("Delete the certificates (.*)\\(y\\)es/\\[N\\]o").group(1)
    assert NAME in question and OTHER in question and "keys" in question
    terminal.type("")
    terminal.finish(1)
    assert two.lineages() == [NAME, OTHER]


@pytest.mark.parametrize("option", ["--nginx-server-root", "--apache-server-root"])
def test_a_server_that_still_names_the_files_is_told(two, tmp_path, option):
    root = tmp_path / "server"
    (root / "sites-available").mkdir(parents=True)
    (root / "sites-enabled").mkdir()
    site = root / "sites-available" / "site"
    site.write_text(f"ssl_certificate {two.live(NAME)};\n")
    (root / "sites-enabled" / "site").symlink_to(site)
    (root / "loop").symlink_to(root)
    (root / "other").write_text(f"{two.config_dir}/live/{NAME}0/fullchain.pem {two.live(OTHER)}\n")
    result = two.run("delete", "--cert-name", NAME, option, root)
    assert result.stderr.count("still names files in") == 1
    assert f"{root}/sites-" in result.stderr and f"live/{NAME}/" in result.stderr


@pytest.mark.parametrize("verb", ["delete", "revoke"])
@pytest.mark.parametrize("option", ["nginx_server_root", "apache_server_root"])
@pytest.mark.parametrize("saved", [True, False])
def test_a_server_that_still_names_the_files_is_told_before_they_go(two, tmp_path, verb, option, saved):
    """Also without questions, and where only the renewal file knows the server's folder."""
    (tmp_path / "site").write_text(f"ssl_certificate {two.live(NAME)};\n")
    words = []
    if saved:
        with open(two.renewal_file(NAME), "a", encoding="utf-8") as stream:
            stream.write(f"{option} = {tmp_path}\n")
    else:
        words = ["--" + option.replace("_", "-"), tmp_path]
    result = two.run(verb, "--cert-name", NAME, "-n", *words)
    assert f'"{tmp_path}/site" still names files in' in result.stderr
    log = two.log_text()
    assert log.index("still names files in") < log.index("deleted all files of")
    if verb == "revoke":
        assert log.index("still names files in") < log.index("is now revoked")
    assert two.lineages() == [OTHER]


@pytest.mark.parametrize("verb", [["delete"], ["revoke"], ["reconfigure"], ["install"],
                                  ["enhance", "--redirect"]], ids=lambda words: words[0])
def test_a_name_where_there_is_no_certificate_at_all_is_an_error(certwright, verb):
    result = certwright.run(*verb, "--cert-name", "nope", status=1)
    assert 'there is no certificate "nope"' in result.stderr
