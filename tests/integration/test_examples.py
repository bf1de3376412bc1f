"""The examples that are installed with the plugin author's guide: compiled from the installed tree by
pkg-config alone, they obtain, install and renew certificates."""

import http.server
import json
import os
import re
import shutil
import threading

import pytest

from lib.certwright import top_folder
from lib.tools import command, read, script

NAME, OTHER = "one.example.test", "two.example.test"
GUIDE = os.path.join("share", "doc", "certwright", "plugin-authors-guide.md")
EXAMPLES = ["appliance", "combined", "example-dns", "site-list"]


@pytest.fixture(scope="module")
def examples(installed, tmp_path_factory):
    """The folder with the plugins."""
    folder = tmp_path_factory.mktemp("examples") / "examples"
    shutil.copytree(os.path.join(installed.prefix, os.path.dirname(GUIDE), "examples"), folder)
    command("make", "-C", str(folder), "PKG_CONFIG=pkg-config --define-prefix",
            "CFLAGS=-O2 -Wall -Wextra -Werror",
            env={"PKG_CONFIG_PATH": os.path.join(installed.prefix, "lib", "pkgconfig")})
    return str(folder)


@pytest.fixture
def env(installed, examples):
    return {"CERTWRIGHT_PLUGIN_PATH": f"{examples}:{installed.plugin_path}"}


class Api:
    """Keeps what is put at a path, and forgets what is deleted. PUT calls put(path, body)."""

    def __init__(self, port, token=None, ca_port=None):
        self.things, self.log = {}, []
        self.put = self.deleted = lambda *words: None
        outer = self

        class Service(http.server.BaseHTTPRequestHandler):
            """What the plugin talks to."""

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                status = 200
                if token and self.headers["Authorization"] != f"Bearer {token}":
                    status = 403
                elif self.command == "PUT":
                    outer.things[self.path] = body
                    outer.put(self.path, body)
                elif outer.things.pop(self.path, None) is None:
                    status = 404
                else:
                    outer.deleted(self.path)
                outer.log.append((self.command, self.path, status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_DELETE = handle_one

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        class Site(Service):
            """What the CA sees."""

            def do_GET(self):  # pylint: disable=invalid-name
                found = outer.things.get(f"/challenges/{self.path.rsplit('/', 1)[1]}")
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write((found or "").encode())

        self.url = f"http://127.0.0.1:{port}"
        self._servers = [http.server.ThreadingHTTPServer(("127.0.0.1", port), Service)]
        if ca_port:
            self._servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", ca_port), Site))
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05},
                             daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for server in self._servers:
            server.shutdown()
            server.server_close()


def test_the_authenticator_obtains_and_renews(installed_certwright, env, start, pebble):
    with Api(start.ports.take()) as api:
        def name_of(path):
            return path.rsplit("/", 1)[1] + "."
        api.put = lambda path, body: pebble.dns.set_txt(name_of(path), body)
        api.deleted = lambda path: pebble.dns.clear_txt(name_of(path))
        installed_certwright.run("certonly", "-a", "example-dns", "--example-dns-url",
                                 f"{api.url}/zone", "-d", NAME, "-d", f"*.{OTHER}", env=env)
        first = read(installed_certwright.live(NAME))
        installed_certwright.run("renew", "--force-renewal", env=env)
        assert read(installed_certwright.live(NAME)) != first
        assert not api.things


def test_the_installer_that_edits_installs_renews_and_rolls_back(installed_certwright, env,
                                                                  tmp_path):
    sites, loaded = tmp_path / "sites", tmp_path / "loaded"
    before = f"# made by a test\n{NAME} - -\n{OTHER} - -\n"
    sites.write_text(before, encoding="ascii")
    reload = script(str(tmp_path / "reload"), f"cat {sites} >> {loaded}\n")
    options = ["-i", "site-list", "--site-list-list", str(sites), "--site-list-reload", reload]
    live = installed_certwright.live
    installed_certwright.run("run", "-a", "standalone", *options, "--no-redirect", "-d", NAME,
                             env=env)
    line = f"{NAME} {live(NAME)} {live(NAME, 'privkey')}\n"
    assert sites.read_text(encoding="ascii") == before.replace(f"{NAME} - -\n", line)
    assert loaded.read_text(encoding="ascii").count(line) == 1
    installed_certwright.run("renew", "--force-renewal", env=env)
    assert loaded.read_text(encoding="ascii").count(line) == 2
    installed_certwright.run("rollback", env=env)
    assert sites.read_text(encoding="ascii") == before
    installed_certwright.run("install", "--cert-name", NAME, *options, "--no-redirect", env=env)
    installed_certwright.run("delete", "--cert-name", NAME, "--remove-from-servers", env=env)
    assert sites.read_text(encoding="ascii") == before


def test_the_installer_that_copies_installs_renews_and_is_removed(installed_certwright, env,
                                                                  tmp_path):
    folder, live = tmp_path / "certs", installed_certwright.live
    folder.mkdir()
    reload = script(str(tmp_path / "reload"), f"echo loaded >> {tmp_path}/loaded\n")

    def is_copied():
        return read(folder / f"{NAME}.pem") == read(live(NAME)) + read(live(NAME, "privkey"))

    installed_certwright.run("run", "-a", "standalone", "-i", "combined", "--combined-folder",
                             folder, "--combined-reload", reload, "--no-redirect", "-d", NAME,
                             env=env)
    first = read(live(NAME))
    assert is_copied()
    installed_certwright.run("renew", "--force-renewal", env=env)
    assert read(live(NAME)) != first
    assert is_copied()
    assert read(tmp_path / "loaded").count("loaded") == 2
    installed_certwright.run("delete", "--cert-name", NAME, "--remove-from-servers", env=env)
    assert not os.listdir(folder)


def test_the_plugin_for_a_rest_api_obtains_installs_renews_and_is_removed(
        installed_certwright, env, start, pebble, tmp_path):
    credentials, live = tmp_path / "credentials.ini", installed_certwright.live
    credentials.write_text("appliance_token = open-sesame\n", encoding="ascii")
    credentials.chmod(0o600)

    with Api(start.ports.take(), "open-sesame", pebble.http_port) as api:
        def in_use():
            """The certificate and key that the appliance uses."""
            name = json.loads(api.things[f"/sites/{NAME}"])["certificate"]
            found = json.loads(api.things[f"/certificates/{name}"])
            return found["certificate"], found["key"]

        def lives():
            return read(live(NAME)), read(live(NAME, "privkey"))

        installed_certwright.run("run", "--appliance", "--appliance-url", api.url,
                                 "--appliance-credentials", credentials, "--no-redirect",
                                 "-d", NAME, env=env)
        first = lives()
        assert in_use() == first
        installed_certwright.run("renew", "--force-renewal", env=env)
        assert in_use() == lives() != first
        assert not [path for path in api.things if path.startswith("/challenges/")]
        installed_certwright.run("rollback", env=env)
        assert in_use() == first
        installed_certwright.run("delete", "--cert-name", NAME, "--remove-from-servers", env=env)
        assert not api.things
    assert "open-sesame" not in installed_certwright.log_text()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_keeps_the_contract(installed_certwright, env, tmp_path, name):
    (tmp_path / "list").write_text("check.example.org - -\n", encoding="ascii")
    (tmp_path / "folder").mkdir()
    (tmp_path / "credentials").write_text("appliance_token = open-sesame\n", encoding="ascii")
    (tmp_path / "credentials").chmod(0o600)
    options = {
        "appliance": ["--appliance-url", "http://127.0.0.1:9/", "--appliance-credentials",
                      tmp_path / "credentials"],
        "combined": ["--combined-folder", tmp_path / "folder", "--combined-reload", "true"],
        "example-dns": ["--example-dns-url", "http://127.0.0.1:9/"],
        "site-list": ["--site-list-list", tmp_path / "list", "--site-list-reload", "true"],
    }[name]
    result = installed_certwright.run("plugin", "check", name, "--json", "--", *options, env=env,
                                      status=None, defaults=False)
    assert [f for f in result.json["checked"]["findings"] if f["result"] == "wrong"] == []
    assert result.status == 0


def test_the_guide_shows_the_examples_that_are_installed(installed):
    guide = read(os.path.join(installed.prefix, GUIDE))
    folder = os.path.join(installed.prefix, os.path.dirname(GUIDE), "examples")
    assert sorted(os.listdir(folder)) == sorted(os.listdir(
        os.path.join(top_folder(), "docs", "examples")))
    for name in EXAMPLES:
        assert f"`{name}.c`" in guide
    shown = {"example-dns": guide.split("## The smallest authenticator")[1].split("\n## ")[0],
             "combined": guide.split("## An installer that copies")[1].split("\n## ")[0]}
    for name, chapter in shown.items():
        source = read(os.path.join(folder, f"{name}.c"))
        blocks = re.findall(r"```c\n(.*?)```", chapter, re.S)
        assert blocks
        assert all(block in source for block in blocks)
