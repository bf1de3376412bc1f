"""webroot: files below a running web server's folder."""

import json
import os

import pytest

from lib.outcome import assert_failed, identifiers
from lib.tools import names_of, snapshot, verify_chain


@pytest.fixture
def roots(start, pebble, tmp_path):
    """A web server with a folder for each host name: a mapping to fill."""
    folders = {}
    start.web(pebble.http_port, folders.get)

    def add(*hosts, folder=None):
        path = tmp_path / (folder or hosts[0])
        path.mkdir(exist_ok=True)
        (path / "index.html").write_text("hello")
        for host in hosts:
            folders[host] = str(path)
        return str(path)
    return add


def listing(folder):
    return sorted(os.path.relpath(os.path.join(where, name), folder)
                  for where, folders, files in os.walk(folder) for name in folders + files)


@pytest.mark.smoke
def test_one_webroot_for_all_names(certwright, pebble, roots):
    root = roots("w1.example.test", "w2.example.test")
    certwright.run("certonly", "--webroot", "-w", root, "-d", "w1.example.test",
                   "-d", "w2.example.test")
    verify_chain(os.path.dirname(certwright.live("w1.example.test")), pebble.root())
    assert listing(root) == ["index.html"]


def test_each_webroot_holds_for_the_names_after_it(certwright, roots):
    first = roots("p1.example.test", "p2.example.test", folder="first")
    second = roots("p3.example.test", folder="second")
    certwright.run("certonly", "--webroot", "-w", first, "-d", "p1.example.test",
                   "-d", "p2.example.test", "-w", second, "-d", "p3.example.test")
    assert names_of(certwright.live("p1.example.test", "cert")) == [
        "p1.example.test", "p2.example.test", "p3.example.test"]
    assert listing(first) == listing(second) == ["index.html"]


def test_webroot_map(certwright, roots):
    first, second = roots("m1.example.test"), roots("m2.example.test")
    mapping = json.dumps({"m1.example.test": first, "m2.example.test": second})
    certwright.run("certonly", "--webroot", "--webroot-map", mapping, "-d", "m1.example.test",
                   "-d", "m2.example.test")
    assert len(names_of(certwright.live("m1.example.test", "cert"))) == 2


def test_the_map_is_saved_and_renewed_from(certwright, roots):
    first, second = roots("s1.example.test"), roots("s2.example.test")
    certwright.run("certonly", "--webroot", "-w", first, "-d", "s1.example.test",
                   "-w", second, "-d", "s2.example.test")
    with open(certwright.renewal_file("s1.example.test"), encoding="utf-8") as stream:
        text = stream.read()
    assert "[[webroot_map]]" in text
    assert f"s1.example.test = {first}" in text
    assert f"s2.example.test = {second}" in text
    certwright.run("renew", "--force-renewal")
    assert os.readlink(certwright.live("s1.example.test", "cert")).endswith("/cert2.pem")


def test_only_what_was_made_is_removed(certwright, roots):
    root = roots("theirs.example.test")
    theirs = os.path.join(root, ".well-known", "acme-challenge")
    os.makedirs(theirs)
    with open(os.path.join(theirs, "another-client"), "w", encoding="utf-8") as stream:
        stream.write("theirs")
    before = snapshot(root)
    certwright.run("certonly", "--webroot", "-w", root, "-d", "theirs.example.test")
    assert snapshot(root) == before


def test_cleans_up_after_failure(certwright, pebble, roots):
    root = roots("fails.example.test")
    pebble.dns.set_servfail("fails.example.test")
    certwright.run("certonly", "--webroot", "-w", root, "-d", "fails.example.test", status=1)
    assert listing(root) == ["index.html"]


@pytest.mark.parametrize("link", [".well-known", ".well-known/acme-challenge"])
def test_a_link_out_of_the_webroot_is_refused(certwright, roots, tmp_path, link):
    root = roots("link.example.test")
    outside = tmp_path / "outside"
    outside.mkdir()
    path = os.path.join(root, link)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(str(outside), path)
    result = certwright.run("certonly", "--webroot", "-w", root, "-d", "link.example.test",
                            status=1, json=True)
    assert_failed(result, link.split("/")[-1])
    assert listing(outside) == []
    assert os.path.islink(path)


def test_a_missing_webroot_is_named(certwright, pebble, tmp_path):
    ordered = pebble.requests("POST", "/finalize-order/")
    missing = str(tmp_path / "missing")
    result = certwright.run("certonly", "--webroot", "-w", missing, "-d", "a.example.test",
                            status=None, json=True)
    assert result.status in (1, 2)
    assert_failed(result, missing)
    assert pebble.requests("POST", "/finalize-order/") == ordered


def test_no_webroot_at_all_is_asked_for(certwright):
    result = certwright.run("certonly", "--webroot", "-d", "a.example.test", status=None,
                            json=True)
    assert result.status in (1, 2)
    assert_failed(result, "webroot")


def test_a_wrong_webroot_fails_its_own_name_only(certwright, roots, tmp_path):
    right = roots("right.example.test")
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    result = certwright.run("certonly", "--webroot", "-w", right, "-d", "right.example.test",
                            "-w", str(wrong), "-d", "wrong.example.test", status=1, json=True)
    assert identifiers(result.json) == {"wrong.example.test"}
    assert listing(str(wrong)) == []
