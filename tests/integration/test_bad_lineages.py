"""Damaged lineages: each is reported by name, the others proceed, nothing is deleted."""

import os
import shutil

import pytest

from lib.outcome import assert_failed, assert_person_can_read
from lib.tools import read, snapshot

BAD, GOOD = "bad.example.test", "good.example.test"


def write(path, data):
    with open(path, "wb" if isinstance(data, bytes) else "w") as stream:
        stream.write(data)


def truncated(certwright):
    path = certwright.renewal_file(BAD)
    write(path, read(path).split("privkey = ")[0])


def cut_in_a_line(certwright):
    path = certwright.renewal_file(BAD)
    write(path, read(path).split("renewalparams")[0])


def empty(certwright):
    write(certwright.renewal_file(BAD), "")


def binary(certwright):
    write(certwright.renewal_file(BAD), bytes(range(256)) * 20)


def huge(certwright):
    write(certwright.renewal_file(BAD), b"[a]\n" + b"x = y\n" * 2_000_000)


def a_folder(certwright):
    os.unlink(certwright.renewal_file(BAD))
    os.mkdir(certwright.renewal_file(BAD))


def dangling(certwright):
    os.unlink(certwright.renewal_file(BAD))
    os.symlink("nowhere", certwright.renewal_file(BAD))


def looping_file(certwright):
    os.unlink(certwright.renewal_file(BAD))
    os.symlink(f"{BAD}.conf", certwright.renewal_file(BAD))


def no_live_folder(certwright):
    shutil.rmtree(os.path.dirname(certwright.live(BAD)))


def no_archive(certwright):
    shutil.rmtree(os.path.join(certwright.config_dir, "archive", BAD))


def names_missing_files(certwright):
    path = certwright.renewal_file(BAD)
    write(path, read(path).replace(f"/live/{BAD}/", "/live/no/such/"))


def looping_links(certwright):
    for kind in ("cert", "privkey"):
        os.unlink(certwright.live(BAD, kind))
    os.symlink("privkey.pem", certwright.live(BAD, "cert"))
    os.symlink("cert.pem", certwright.live(BAD, "privkey"))


def looping_archive(certwright):
    path = os.path.join(certwright.config_dir, "archive", BAD)
    shutil.rmtree(path)
    os.symlink(BAD, path)


def looping_live_folder(certwright):
    path = os.path.dirname(certwright.live(BAD))
    shutil.rmtree(path)
    os.symlink(BAD, path)


def links_of_two_versions(certwright):
    certwright.run("renew", "--force-renewal", "--cert-name", BAD)
    for kind in ("cert", "fullchain"):
        path = certwright.live(BAD, kind)
        os.unlink(path)
        os.symlink(f"../../archive/{BAD}/{kind}7.pem", path)


def links_elsewhere(certwright):
    for kind in ("cert", "privkey", "chain", "fullchain"):
        path = certwright.live(BAD, kind)
        os.unlink(path)
        os.symlink(f"../../archive/{GOOD}/{kind}1.pem", path)


def a_link_to_the_passwords(certwright):
    os.unlink(certwright.live(BAD, "cert"))
    os.symlink("/etc/passwd", certwright.live(BAD, "cert"))


def files_for_links(certwright):
    for kind in ("cert", "privkey", "chain", "fullchain"):
        path = certwright.live(BAD, kind)
        data = read(path)
        os.unlink(path)
        write(path, data)


def no_key(certwright):
    os.unlink(os.path.realpath(certwright.live(BAD, "privkey")))


def a_certificate_that_is_none(certwright):
    write(os.path.realpath(certwright.live(BAD, "cert")), "no certificate\n")


def two_of_a_key(certwright):
    path = certwright.renewal_file(BAD)
    write(path, read(path) + "server = https://other.example/\n")


def a_value_that_is_not_allowed(certwright):
    path = certwright.renewal_file(BAD)
    write(path, read(path).replace("key_type = ecdsa", "key_type = dsa"))


def no_authenticator(certwright):
    path = certwright.renewal_file(BAD)
    write(path, read(path).replace("authenticator = standalone\n", ""))


def a_strange_number(certwright):
    path = certwright.renewal_file(BAD)
    write(path, read(path) + "rsa_key_size = many\n")


def an_unknown_challenge(certwright):
    path = certwright.renewal_file(BAD)
    write(path, read(path) + "pref_challs = htp-01,\n")


def an_unknown_plugin(certwright):
    path = certwright.renewal_file(BAD)
    write(path, read(path).replace("authenticator = standalone", "authenticator = dns-linode"))


def an_unknown_installer(certwright):
    path = certwright.renewal_file(BAD)
    write(path, read(path) + "installer = haproxy\n")


DAMAGES = [truncated, cut_in_a_line, empty, binary, huge, a_folder, dangling, looping_file,
           no_live_folder, no_archive, names_missing_files, looping_links, looping_archive,
           looping_live_folder, links_of_two_versions, links_elsewhere,
           a_link_to_the_passwords, files_for_links, no_key, a_certificate_that_is_none,
           two_of_a_key]
# What is only wrong for a renewal.
SETTINGS = [a_value_that_is_not_allowed, no_authenticator, a_strange_number, an_unknown_challenge,
            an_unknown_plugin, an_unknown_installer]


def version(certwright, name):
    return int(os.path.basename(os.readlink(certwright.live(name, "cert")))[4:-4])


@pytest.fixture
def two(certwright):
    certwright.certonly(BAD)
    certwright.certonly(GOOD)
    return certwright


def bads(certwright):
    return {p: v for p, v in snapshot(certwright.config_dir).items() if BAD in p}


@pytest.mark.parametrize("damage", DAMAGES + SETTINGS, ids=lambda d: d.__name__)
def test_the_others_are_renewed(two, damage):
    damage(two)
    before = bads(two)
    result = two.json("renew", "--force-renewal", status=1)
    assert_failed(result, BAD)
    assert_person_can_read(result)
    assert result.certificates[GOOD]["action"] == "renewed"
    assert result.certificates[BAD]["action"] == "failed"
    assert version(two, GOOD) == 2
    assert bads(two) == before
    # Also while nothing is due: not only when there is no time left to mend it.
    result = two.json("renew", status=1)
    assert_failed(result, BAD)
    assert {n: c["action"] for n, c in result.certificates.items()} == {BAD: "failed",
                                                                        GOOD: "kept"}
    assert bads(two) == before


@pytest.mark.parametrize("damage, given", [
    (a_value_that_is_not_allowed, ["--key-type", "ecdsa"]),
    (a_strange_number, ["--rsa-key-size", "2048"]),
    (an_unknown_challenge, ["--preferred-challenges", "http"]),
    (no_authenticator, ["--standalone"]),
    (an_unknown_plugin, ["-a", "standalone"]),
    (an_unknown_installer, ["-i", "null"]),
], ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_given_on_the_command_line_mends_it(two, damage, given):
    damage(two)
    two.run("renew", "--cert-name", BAD, status=1)
    two.run("renew", "--cert-name", BAD, "--force-renewal", *given)
    assert version(two, BAD) == 2
    two.run("renew")


def test_one_that_is_not_renewed_by_itself_needs_no_plugin(two):
    an_unknown_plugin(two)
    path = two.renewal_file(BAD)
    write(path, read(path) + "autorenew = False\n")
    assert two.json("renew").certificates[BAD]["action"] == "kept"


def test_looking_for_plugins_opens_none(two):
    """Not even that of the lineage: nothing is due."""
    # A sanitizer cannot look for leaks in what is traced already.
    running = two.start("renew", env={"ASAN_OPTIONS": "detect_leaks=0"},
                        wrap=["strace", "-f", "-e", "trace=openat", "-o",
                              os.path.join(two.folder, "trace")])
    assert running.finish().status == 0
    opened = read(os.path.join(two.folder, "trace"))
    assert f"renewal/{GOOD}.conf" in opened
    assert "standalone.so" not in opened


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_the_others_are_listed(two, damage):
    damage(two)
    before = bads(two)
    result = two.json("certificates", status=1)
    assert [c["name"] for c in result.json["certificates"]] == [GOOD]
    [broken] = result.json["broken"]
    assert broken["name"] == BAD and broken["error"]["message"]
    assert bads(two) == before


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_others_can_be_made_beside_it(two, damage):
    damage(two)
    before = bads(two)
    two.certonly("new.example.test")
    assert {p: v for p, v in bads(two).items()} == before
    # And one for its names does not take its place.
    two.certonly(BAD)
    assert {p: v for p, v in bads(two).items() if p in before} == before
    assert f"{BAD}-0001" in two.lineages()


def test_a_gap_in_the_archive_is_no_harm(two):
    for _ in range(3):
        two.run("renew", "--force-renewal", "--cert-name", BAD)
    archive = os.path.join(two.config_dir, "archive", BAD)
    for number in (2, 3):
        for kind in ("cert", "privkey", "chain", "fullchain"):
            os.unlink(os.path.join(archive, f"{kind}{number}.pem"))
    two.run("renew", "--force-renewal")
    assert version(two, BAD) == 5
    assert os.path.exists(os.path.join(archive, "cert1.pem"))
    # A version that is not complete is no version.
    write(os.path.join(archive, "cert9.pem"), "left over\n")
    two.run("renew", "--force-renewal")
    assert version(two, BAD) in (6, 10)
    assert read(os.path.join(archive, "cert9.pem")) == "left over\n"


def test_two_that_share_an_archive_are_named(two):
    text = read(two.renewal_file(BAD)).replace(f"live/{BAD}/", "live/twin/")
    write(two.renewal_file("twin"), text)
    shutil.copytree(os.path.dirname(two.live(BAD)), os.path.dirname(two.live("twin")),
                    symlinks=True)
    before = {p: v for p, v in snapshot(two.config_dir).items() if "archive/" + BAD in p}
    result = two.run("renew", "--force-renewal", status=None)
    assert "twin" in result.output and BAD in result.output
    after = snapshot(two.config_dir)
    assert {p: v for p, v in after.items() if p in before} == before, "a version was overwritten"
    assert version(two, GOOD) == 2


@pytest.mark.parametrize("args, words", [
    (["certonly", "--standalone", "--webroot", "-w", "/tmp", "-d", "x.example.test"],
     ["standalone", "no name"]),
    (["certonly", "--standalone", "-d", "x.example.test", "--csr", "/nonexistent.csr"],
     ["/nonexistent.csr"]),
    (["revoke", "--cert-name", "x", "--cert-path", "/x.pem"], ["--cert-name", "--cert-path"]),
    (["renew", "-d", "x.example.test"], ["names"]),
    (["run", "-a", "standalone", "-i", "null", "-d", "x.example.test", "--hsts", "--auto-hsts"],
     ["--hsts", "--auto-hsts"]),
    (["run", "-a", "standalone", "-i", "null", "-d", "x.example.test", "--dry-run"], ["dry"]),
    (["certonly", "--standalone", "-d", "*.example.test", "--allow-subset-of-names"],
     ["--allow-subset-of-names"]),
    (["reconfigure", "--cert-name", "x", "-d", "y.example.test"], ["names"]),
    (["certonly", "-a", "null", "-d", "x.example.test"], ["null", "authenticator"]),
])
def test_options_that_contradict_each_other(certwright, args, words):
    result = certwright.json(*args, status=None)
    assert result.status in (1, 2)
    assert_failed(result, *words)
    assert certwright.lineages() == []
