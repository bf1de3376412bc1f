"""What looks at many lineages: renew, certificates, and certonly that finds one by its names."""

import os
import re
import shutil

import pytest

from lib.outcome import errors_of
from lib.tools import read

COUNT = 240
FIRST = "many000.example.test"


def names(count=COUNT):
    return [f"many{i:03}.example.test" for i in range(count)]


def copy(certwright, name):
    """A lineage like the first one."""
    for part in ("live", "archive"):
        folder = os.path.join(certwright.config_dir, part)
        shutil.copytree(os.path.join(folder, FIRST), os.path.join(folder, name), symlinks=True)
    for kind in ("cert", "privkey", "chain", "fullchain"):
        path = certwright.live(name, kind)
        os.unlink(path)
        os.symlink(f"../../archive/{name}/{kind}1.pem", path)
    with open(certwright.renewal_file(name), "w", encoding="utf-8") as stream:
        stream.write(read(certwright.renewal_file(FIRST)).replace(FIRST, name))


@pytest.fixture
def many(certwright):
    certwright.certonly(FIRST)
    for name in names()[1:]:
        copy(certwright, name)
    return certwright


def lines_with(result, word):
    return [line for line in result.stdout.splitlines() if word in line]


def test_all_are_kept_and_told(many):
    result = many.run("renew")
    skipped = lines_with(result, "(skipped)")
    assert len(skipped) == COUNT
    for name, line in zip(names(), skipped):
        assert f"/live/{name}/fullchain.pem expires on " in line


def test_what_is_not_plain_among_them_is_seen(many):
    every = names()
    cut, shared, due, alone = every[50], every[60], every[70], every[80]
    with open(many.renewal_file(cut), "w", encoding="utf-8") as stream:
        stream.write("cert = /nowhere\n")
    text = read(many.renewal_file(shared))
    with open(many.renewal_file(shared), "w", encoding="utf-8") as stream:
        stream.write(text.replace(f"/archive/{shared}", f"/archive/{every[200]}"))
    for kind in ("cert", "privkey", "chain", "fullchain"):
        os.unlink(many.live(shared, kind))
        os.symlink(f"../../archive/{every[200]}/{kind}1.pem", many.live(shared, kind))
        previous = f"{os.path.dirname(many.live(alone))}/previous_{kind}.pem"
        os.symlink(f"../../archive/{alone}/{kind}1.pem", previous)
    text = read(many.renewal_file(due))
    with open(many.renewal_file(due), "w", encoding="utf-8") as stream:
        stream.write("renew_before_expiry = 500 weeks\n" + text)
    result = many.json("renew", status=1)
    actions = {name: entry["action"] for name, entry in result.certificates.items()}
    failed = {name for name, action in actions.items() if action == "failed"}
    assert failed == {cut, shared, every[200]}
    assert actions.pop(due) == "renewed"
    assert sum(action == "kept" for action in actions.values()) == COUNT - 4
    assert sum("has the archive folder" in error["message"]
               for error in errors_of(result.json) if error.get("identifier")) >= 2
    # What a switch had left was removed on the way.
    assert sorted(os.listdir(os.path.dirname(many.live(alone)))) == [
        "README", "cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"]


def test_more_than_are_held_in_memory_are_renewed(certwright, tmp_path):
    """All at once, though not all in one wave: hooks of theirs run once."""
    count, hooks = 410, tmp_path / "hooks.txt"
    certwright.certonly(FIRST, args=["--pre-hook", f"echo pre >> {hooks}",
                                     "--post-hook", f"echo post >> {hooks}"])
    os.unlink(hooks)
    for name in names(count)[1:]:
        copy(certwright, name)
    odd = names(count)[5]
    text = read(certwright.renewal_file(odd)).replace("= standalone", "= no-such-plugin")
    with open(certwright.renewal_file(odd), "w", encoding="utf-8") as stream:
        stream.write(text)
    result = certwright.json("renew", "--force-renewal", "--jobs", "8", status=1)
    actions = {name: entry["action"] for name, entry in result.certificates.items()}
    assert len(actions) == count
    assert {name for name, action in actions.items() if action != "renewed"} == {odd}
    assert all(os.readlink(certwright.live(name, "cert")).endswith("/cert2.pem")
               for name in actions if name != odd)
    assert read(hooks).split() == ["pre", "post"]


def test_certificates_lists_all_of_them(many):
    # More than are described before the first is printed.
    more = [f"more{i:03}.example.test" for i in range(500 - COUNT + 20)]
    for name in more:
        copy(many, name)
    with open(many.renewal_file(more[3]), "w", encoding="utf-8") as stream:
        stream.write("cert = /nowhere\n")
    expected = [name for name in sorted(names() + more) if name != more[3]]
    result = many.json("certificates", status=None)
    assert [c["name"] for c in result.json["certificates"]] == expected
    assert [b["name"] for b in result.json["broken"]] == [more[3]]
    text = many.run("certificates", status=None).stdout
    assert [line.split(": ")[1] for line in text.splitlines()
            if "Certificate Name:" in line] == expected


def lineages_looked_at(certwright, trace, *args):
    """Of which a --dry-run of certonly with ARGS opened the certificate or the renewal file."""
    certwright.run("certonly", "--standalone", "--dry-run", "--server", certwright.ca.directory,
                   *args, wrap=["strace", "-f", "-e", "trace=open,openat", "-o", trace])
    return set(re.findall(r"(?:live/|renewal/)(many\d+\.example\.test)(?:/cert\.pem|\.conf)\"",
                          read(trace)))


def test_only_who_searches_looks_at_all_of_them(many, tmp_path):
    trace = str(tmp_path / "trace")
    assert lineages_looked_at(many, trace, "-d", "new.example.test") == set(names())
    assert lineages_looked_at(many, trace, "-d", "new.example.test", "--duplicate") == set()
    assert lineages_looked_at(many, trace, "-d", "new.example.test", "--cert-name",
                              "other") == set()
    assert lineages_looked_at(many, trace, "-d", "new.example.test", "--cert-name", FIRST,
                              "--renew-with-new-domains") == {FIRST}
