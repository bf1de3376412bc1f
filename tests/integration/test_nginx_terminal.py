"""Somebody at a terminal chooses names and server blocks of nginx."""

import os
import shutil

import pytest

from lib.terminal import on_terminal
from lib.tools import names_of
from test_nginx import Nginx
from test_nginx_install import Site, nginx, site  # noqa: F401  (fixtures)

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")

BLOCK = "server {{\n    listen @http@;\n    server_name {};\n    return 200 {};\n}}\n"
BLOCKS = "".join(BLOCK.format(f"{x}.w.test", x) for x in "abc") + BLOCK.format("other.test", "o")


def install(site, *words):  # noqa: F811
    return on_terminal(site.certwright, "install", "--nginx", "--nginx-server-root",
                       site.nginx.root, "--cert-name", "site", "--https-port",
                       site.nginx.https_port, "--http-01-port", site.nginx.http_port, *words)


def has_certificate(site):  # noqa: F811
    """The server_name of the blocks that have one."""
    blocks = site.text().split("server {")
    return [b.split("server_name ")[1].split(";")[0] for b in blocks if "ssl_certificate " in b]


def test_run_offers_the_names_of_all_blocks(certwright, pebble, start, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    server = Nginx(folder, pebble.http_port, start.ports.take(), start.ports.take())
    try:
        server.site(BLOCKS + BLOCK.format("_ *.wild.test ~^re\\.test$", "x"))
        server.start()
        terminal = on_terminal(certwright, "run", "--nginx", "--nginx-server-root", server.root,
                               "--https-port", server.https_port, "--no-redirect")
        listed = terminal.expect("Which names.*?1: (.*?)Numbers").group(1).split("\n")
        assert [line.split(": ")[-1] for line in listed if line] == [
            "a.w.test", "b.w.test", "c.w.test", "other.test"]
        terminal.type("2, 4")
        terminal.finish()
        assert names_of(certwright.live("b.w.test", "cert")) == ["b.w.test", "other.test"]
        assert server.served("b.w.test") == server.served("other.test")
    finally:
        server.stop()


def test_blocks_for_a_wildcard_are_asked_for_one_by_one(site, nginx):  # noqa: F811
    nginx.site(BLOCKS)
    site.obtain_wildcard("*.w.test")
    nginx.start()
    terminal = install(site, "-d", "*.w.test", "--no-redirect")
    for name, answer in (("a", "y"), ("b", "n"), ("c", "")):
        terminal.answer(rf"certificate of \*\.w\.test for {name}\.w\.test \(\S*/site:\d+\)\?",
                        answer)
    terminal.finish()
    assert has_certificate(site) == ["a.w.test", "c.w.test"]
    assert site.is_served("a.w.test") and site.is_served("c.w.test")


def test_redirect_for_a_wildcard_is_for_the_blocks_that_were_chosen(site, nginx):  # noqa: F811
    nginx.site(BLOCKS)
    site.obtain_wildcard("*.w.test")
    nginx.start()
    terminal = install(site, "-d", "*.w.test", "--redirect")
    for name, answer in (("a", "y"), ("b", "n"), ("c", "y")):
        terminal.answer(rf"for {name}\.w\.test \(", answer)
    terminal.finish()
    assert [nginx.get(f"{x}.w.test")[0] for x in "abc"] == [301, 200, 301]
    assert nginx.get("other.test")[0] == 200


def test_no_block_for_a_wildcard_is_said_and_changes_nothing(site, nginx):  # noqa: F811
    nginx.site(BLOCKS)
    site.obtain_wildcard("*.w.test")
    nginx.start()
    before = nginx.snapshot()
    terminal = install(site, "-d", "*.w.test", "--no-redirect")
    for name in "abc":
        terminal.answer(rf"for {name}\.w\.test \(", "n")
    assert "no server block was chosen" in terminal.finish(status=1)
    assert nginx.snapshot() == before


def test_block_for_a_name_that_none_has_is_chosen(site, nginx):  # noqa: F811
    nginx.site(BLOCKS)
    site.obtain("new.test")
    nginx.start()
    terminal = install(site, "-d", "new.test", "--no-redirect")
    listed = terminal.expect("new.test(.*?)Number, or c to cancel").group(1)
    [number] = [line.split(":")[0] for line in listed.splitlines() if "b.w.test" in line]
    terminal.type(number)
    terminal.finish()
    assert has_certificate(site) == ["new.test"]
    assert site.is_served("new.test")
    assert [nginx.get(name)[2] for name in ("new.test", "b.w.test")] == ["b", "b"]


def test_choice_of_a_block_may_be_cancelled(site, nginx):  # noqa: F811
    nginx.site(BLOCKS)
    site.obtain("new.test")
    nginx.start()
    before = nginx.snapshot()
    terminal = install(site, "-d", "new.test", "--no-redirect")
    terminal.answer("Number, or c to cancel", "c")
    terminal.finish(status=1)
    assert nginx.snapshot() == before
    assert not os.path.exists(os.path.join(site.certwright.work_dir, "IN_PROGRESS"))
