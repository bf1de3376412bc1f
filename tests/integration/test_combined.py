"""The copying installer of the guide (docs/examples/combined.c), with a TLS server that has its
certificate and key in one file."""

import os

import pytest

from lib import installer
from lib.certwright import top_folder
from lib.outcome import assert_failed
from lib.process import wait_until
from lib.terminal import on_terminal
from lib.tls_server import TlsServer
from lib.tools import read, script, serial_of

NAME = "copied.example.test"
EXAMPLE = os.path.join(top_folder(), "docs", "examples", "combined.c")


@pytest.fixture(scope="session")
def combined_env(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugins")
    installer.compile_plugin(str(folder), "combined", EXAMPLE)
    return installer.environment(folder)


class Copies:
    """The folder of the copies, and the command that reloads a server, which "broken" makes fail."""

    def __init__(self, folder, env):
        self.env = env
        self.folder = folder / "certs"
        self.folder.mkdir(mode=0o755)
        self.broken = folder / "broken"
        self.pid = folder / "pid"
        self.reload = script(str(folder / "reload"),
                             f"test ! -e '{self.broken}' || {{ echo out of order >&2; exit 1; }}\n"
                             f"test ! -e '{self.pid}' || kill -HUP $(cat '{self.pid}')\n")

    @property
    def options(self):
        return ["-i", "combined", "--combined-folder", str(self.folder),
                "--combined-reload", self.reload]

    def path(self, name=NAME):
        return str(self.folder / f"{name}.pem")


@pytest.fixture
def copies(tmp_path, combined_env):
    return Copies(tmp_path, combined_env)


def run(certwright, copies, *args, **options):
    return certwright.run("run", "-a", "standalone", *copies.options, "--no-redirect", "-d", NAME,
                          *args, env=copies.env, **options)


def expect(certwright, copies):
    """What the copy has to be."""
    assert read(copies.path()) == (read(certwright.live(NAME)) +
                                   read(certwright.live(NAME, "privkey")))
    assert os.stat(copies.path()).st_mode & 0o7777 == 0o600


def secrets_below(folder):
    """The files below FOLDER that have a private key."""
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as stream:
                if b"PRIVATE KEY" in stream.read():
                    found.append(os.path.join(place, name))
    return found


def test_a_renewal_makes_the_server_serve_the_new_certificate(certwright, copies):
    run(certwright, copies)
    expect(certwright, copies)
    with TlsServer(copies.path()) as server:
        copies.pid.write_text(str(server.pid))
        first = server.serial()
        assert first == int(serial_of(certwright.live(NAME, "cert")), 16)
        # The first reload fails: the server goes on with what it has, file included.
        copies.broken.touch()
        before = read(copies.path())
        result = certwright.run("renew", "--force-renewal", env=copies.env, status=1)
        assert "out of order" in result.stderr and "not in use" in result.stderr
        assert server.serial() == first and read(copies.path()) == before
        certwright.run("renew", env=copies.env, status=1)
        copies.broken.unlink()
        certwright.run("renew", env=copies.env)
        expect(certwright, copies)
        new = int(serial_of(certwright.live(NAME, "cert")), 16)
        assert new != first
        wait_until(lambda: server.serial() == new, what="the server to have the new certificate")
        copies.pid.unlink()
    assert secrets_below(certwright.work_dir) == []


def test_delete_removes_the_copy_if_the_user_agrees(certwright, copies):
    run(certwright, copies)
    result = certwright.run("delete", "--cert-name", NAME, "--remove-from-servers", env=copies.env,
                            json=True)
    assert result.json["undeployed"] == [{"name": NAME, "installer": "combined"}]
    assert result.json["still_deployed"] == []
    assert not os.path.exists(copies.path()) and certwright.lineages() == []
    assert secrets_below(certwright.work_dir) == []
    assert os.listdir(os.path.join(certwright.work_dir, "certwright", "state")) == []


@pytest.mark.parametrize("args", [[], ["--no-remove-from-servers"]])
def test_delete_says_who_still_has_the_certificate(certwright, copies, args):
    run(certwright, copies)
    result = certwright.run("delete", "--cert-name", NAME, *args, env=copies.env, json=True)
    assert result.json["undeployed"] == []
    assert result.json["still_deployed"] == [{"name": NAME, "installer": "combined"}]
    assert f'"combined" still has the certificate "{NAME}"' in result.stderr
    assert os.path.exists(copies.path())


def test_delete_deletes_nothing_if_the_server_cannot_do_without(certwright, copies):
    run(certwright, copies)
    copies.broken.touch()
    result = certwright.run("delete", "--cert-name", NAME, "--remove-from-servers", env=copies.env,
                            json=True, status=1)
    assert_failed(result, "nothing was deleted", "out of order")
    expect(certwright, copies)
    copies.broken.unlink()
    certwright.run("delete", "--cert-name", NAME, "--remove-from-servers", env=copies.env)
    assert not os.path.exists(copies.path())


@pytest.mark.parametrize("answer, left", [("", True), ("y", False)])
def test_the_user_is_asked_and_enter_leaves_it(certwright, copies, answer, left):
    run(certwright, copies)
    terminal = on_terminal(certwright, "delete", "--cert-name", NAME, env=copies.env)
    terminal.answer("Delete the certificate.*", "y")
    terminal.expect(f'Also remove the certificate "{NAME}" from the server of "combined".*'
                    "\\(y\\)es/\\[N\\]o")
    terminal.type(answer)
    terminal.finish(0)
    assert os.path.exists(copies.path()) == left and certwright.lineages() == []


@pytest.mark.parametrize("remove", [True, False])
def test_revoke_that_deletes_removes_the_copy_too(certwright, copies, remove):
    run(certwright, copies)
    args = ["--remove-from-servers"] if remove else []
    result = certwright.run("revoke", "--cert-name", NAME, "--delete-after-revoke", *args,
                            env=copies.env, json=True)
    member = "undeployed" if remove else "still_deployed"
    assert result.json[member] == [{"name": NAME, "installer": "combined"}]
    assert os.path.exists(copies.path()) != remove


def test_a_copy_in_another_folder_takes_the_place_of_the_first(certwright, copies, tmp_path):
    run(certwright, copies)
    other = tmp_path / "other"
    other.mkdir()
    certwright.run("install", "--cert-name", NAME, "-i", "combined", "--no-redirect",
                   "--combined-folder", other, env=copies.env)
    assert not os.path.exists(copies.path())
    assert (other / f"{NAME}.pem").exists()
    # And renewals know of it.
    certwright.run("renew", "--force-renewal", env=copies.env)
    assert (other / f"{NAME}.pem").read_text() == (read(certwright.live(NAME)) +
                                                   read(certwright.live(NAME, "privkey")))


def test_rollback_leaves_the_present_key(certwright, copies):
    run(certwright, copies)
    certwright.run("renew", "--force-renewal", env=copies.env)
    for _ in range(2):
        certwright.run("rollback", env=copies.env)
        expect(certwright, copies)
