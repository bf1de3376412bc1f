"""What is wrong with nginx or its configuration is said in one sentence, and nothing is changed."""

import fcntl
import glob
import os
import shutil
import subprocess

import pytest

from lib.certwright import built_tool, top_folder
from lib.outcome import assert_failed
from test_nginx import nginx as challenged_nginx, obtain  # noqa: F401  (a fixture)
from test_nginx_install import nginx, site  # noqa: F401  (fixtures)

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")

SITE = "server {\n    listen @http@;\n    server_name a.test;\n    return 200 x;\n}\n"


def fake_nginx(nginx, version):  # noqa: F811
    """A program that says that it is nginx of another version, or something else."""
    path = os.path.join(nginx.folder, "fake-nginx")
    with open(path, "w", encoding="ascii") as stream:
        stream.write("#!/bin/sh\n[ \"$1\" = -V ] || exec nginx \"$@\"\n"
                     f"nginx -V 2>&1 | sed 's#^nginx version: .*#{version}#' >&2\n")
    os.chmod(path, 0o755)
    return path


@pytest.mark.parametrize("version, words", [
    ("nginx version: nginx/0.7.67", "too old"),
    ("a program of another kind", "is not nginx"),
])
def test_program_that_cannot_do_it(certwright, challenged_nginx, version, words):  # noqa: F811
    challenged_nginx.site(SITE)
    before = challenged_nginx.snapshot()
    result = obtain(certwright, challenged_nginx, "a.test", status=1, json=True,
                    args=("--nginx-ctl", fake_nginx(challenged_nginx, version)))
    assert_failed(result, words)
    assert challenged_nginx.snapshot() == before


def test_nginx_without_tls(certwright, challenged_nginx):  # noqa: F811
    challenged_nginx.site(SITE)
    path = os.path.join(challenged_nginx.folder, "plain-nginx")
    with open(path, "w", encoding="ascii") as stream:
        stream.write("#!/bin/sh\nnginx \"$@\" 2>&1 | grep -v 'TLS SNI' >&2\n")
    os.chmod(path, 0o755)
    result = obtain(certwright, challenged_nginx, "a.test", status=1, json=True,
                    args=("--nginx-ctl", path))
    assert_failed(result, "without TLS")


@pytest.mark.parametrize("make", (os.mkdir, os.mkfifo), ids=("folder", "pipe"))
def test_include_of_what_is_no_file(certwright, challenged_nginx, make):  # noqa: F811
    challenged_nginx.site(SITE + "include snippets/odd;\n")
    make(os.path.join(challenged_nginx.root, "snippets/odd"))
    before = challenged_nginx.snapshot()
    result = obtain(certwright, challenged_nginx, "a.test", status=1, json=True)
    assert_failed(result, "snippets/odd", "sites-enabled/site:6")
    assert challenged_nginx.snapshot() == before


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="it takes root")
def test_file_that_may_not_be_read(certwright, challenged_nginx):  # noqa: F811
    path = challenged_nginx.site(SITE)
    os.chmod(path, 0o600)
    # Somebody else's, for a root that permissions bind.
    os.chown(path, 65534, 65534)
    challenged_nginx.make_certificate("a.test")
    certificate, key = (f"{challenged_nginx.folder}/a.test.{kind}" for kind in ("pem", "key"))
    result = certwright.run(
        "install", "--nginx", "--nginx-server-root", challenged_nginx.root, "-d", "a.test",
        "--cert-path", certificate, "--fullchain-path", certificate, "--key-path", key, status=1,
        json=True,
        wrap=[shutil.which("setpriv"), "--bounding-set=-dac_override,-dac_read_search"])
    assert_failed(result, "sites-enabled/site", "nginx.conf:", "Permission denied", "run certwright as")


@pytest.mark.parametrize("second, words", [
    ("listen @http@ default_server;", "duplicate default server"),
    ("listen @http@ backlog=7;\n    listen @http@ backlog=8;", "duplicate listen"),
    ("listen nowhere.invalid:99999;", "an invalid address"),
])
def test_conflicting_listens(certwright, challenged_nginx, second, words):  # noqa: F811
    challenged_nginx.site("server {\n    listen @http@ default_server;\n    server_name b.test;\n}\n"
                          f"server {{\n    {second}\n    server_name a.test;\n}}\n")
    before = challenged_nginx.snapshot()
    result = obtain(certwright, challenged_nginx, "a.test", status=1, json=True)
    assert_failed(result, words, "sites-enabled/site:")
    assert challenged_nginx.snapshot() == before


def test_name_that_no_block_has(site, nginx):  # noqa: F811
    """The first block is nginx's default, but another site."""
    nginx.site(SITE.replace("a.test", "b.test"))
    site.obtain("a.test")
    nginx.start()
    before = nginx.snapshot()
    result = site.install(status=1, json=True)
    assert_failed(result, "no server block", "a.test", "server_name", "default_server")
    assert nginx.snapshot() == before


def test_configuration_that_another_process_works_on(certwright, challenged_nginx):  # noqa: F811
    """Certbot locks the same file."""
    challenged_nginx.site(SITE)
    before = challenged_nginx.snapshot()
    path = os.path.join(challenged_nginx.root, ".certbot.lock")
    with open(path, "w", encoding="ascii") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        result = obtain(certwright, challenged_nginx, "a.test", status=1, json=True)
    assert_failed(result, challenged_nginx.root, str(os.getpid()))
    assert challenged_nginx.snapshot() == before
    obtain(certwright, challenged_nginx, "a.test")



def roundtrip(*files):
    tool, _ = built_tool("nginx-roundtrip")
    return subprocess.run([tool, *map(str, files)], capture_output=True, timeout=60, check=False)


def test_roundtrip_writes_what_it_reads():
    files = sorted(glob.glob(os.path.join(top_folder(), "plugins/nginx/fixtures/*.conf")))
    assert len(files) >= 60
    done = roundtrip(*files)
    assert done.returncode == 0
    whole = b""
    for path in files:
        with open(path, "rb") as stream:
            whole += stream.read()
    assert done.stdout == whole


def test_roundtrip_names_the_place_of_an_error(tmp_path):
    good, bad = tmp_path / "good.conf", tmp_path / "bad.conf"
    good.write_bytes(b"events { }\n")
    bad.write_bytes(b"events { }\nhttp {\n    server { listen 80 }\n}\n")
    done = roundtrip(good, bad)
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"{bad}:3:")
    assert "expected" in done.stderr.decode()


@pytest.mark.parametrize("through", ("itself", "a_link"))
@pytest.mark.parametrize("folder", ("config_dir", "work_dir", "logs_dir"))
def test_folder_of_nginx_is_not_one_of_certwright(
        certwright, challenged_nginx, tmp_path, folder, through):  # noqa: F811
    challenged_nginx.site(SITE)
    place = challenged_nginx.root
    if through == "a_link":
        place = str(tmp_path / "link")
        os.symlink(challenged_nginx.root, place)
    setattr(certwright, folder, place)
    result = obtain(certwright, challenged_nginx, "a.test", status=1, json=True)
    assert_failed(result, challenged_nginx.root, "--config-dir")
    assert "--lock-timeout" not in result.output
