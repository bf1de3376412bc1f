"""certbot-dns: plugins of Certbot that nobody would write, and machines that nobody would set up."""

import os
import shutil
import signal
import subprocess

import pytest

from lib.certbot_packages import STRANGE, Packages
from lib.process import wait_until

ZONES = {"example.test": []}


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


@pytest.fixture
def strange(tmp_path):
    """The packages with a plugin dns-strange."""
    packages = Packages(tmp_path)
    packages.add("dns-strange")
    return packages


@pytest.mark.parametrize("way, said", [
    ("raise", "RuntimeError: a line and another"),
    ("exit", "the plugin tried to end the program (status 3)"),
    ("end", "ended (exit status 4)"),
    ("less", "the plugin did not say why"),
    ("show", "RuntimeError: True 8 secret"),
    pytest.param("long", "RuntimeError: eeee", marks=pytest.mark.full),
    pytest.param("nul", "RuntimeError: one?two", marks=pytest.mark.full),
    pytest.param("child", "the plugin did not say why", marks=pytest.mark.full),
    ("hang", "did not answer within 2 seconds"),
])
def test_a_strange_plugin(certwright, strange, way, said):
    done = certwright.run("certonly", "--dns-strange", "--dns-strange-way", way,
                          "--dns-strange-often", "--dns-strange-times", "7",
                          "--dns-strange-api-key", "secret", "--plugin-timeout",
                          "2" if way == "hang" else "60", "-d", "s.example.test",
                          env=strange.env, status=1)
    assert said in done.stderr and len(done.stderr) < 2000
    assert "Traceback" not in done.output and done.stderr.count('"dns-strange"') == 1


def test_what_a_plugin_prints_is_no_answer(certwright, strange, bind):
    """It sets no record, so the CA finds none."""
    done = certwright.run("certonly", "--dns-strange", "--dns-strange-way", "print", "-d",
                          "p.example.test", env=strange.env, status=1)
    assert "the CA could not validate" in done.stderr and "words" not in done.output
    assert "words" in certwright.log_text()


def test_endless_output(certwright, strange):
    done = certwright.run("certonly", "--dns-strange", "--dns-strange-way", "flood", "-d",
                          "f.example.test", env=strange.env, status=1)
    assert "the plugin did not say why" in done.stderr
    assert "0 times" in done.stderr and "49 times" in done.stderr and "99 times" not in done.stderr
    assert "Traceback" not in certwright.log_text() and len(certwright.log_text()) < 1000000


@pytest.mark.parametrize("stop", [
    "kill", pytest.param("terminate", marks=pytest.mark.full)])
def test_the_cleanup_needs_nobody(certwright, strange, tmp_path, stop):
    """systemd ends all processes of a service, this one too; certwright may be gone before."""
    mark = tmp_path / "mark"
    running = certwright.start("certonly", "--dns-strange", "--dns-strange-mark", mark, "-d",
                               "m.example.test", env=strange.env)
    wait_until(lambda: mark.exists() and mark.read_text().endswith("\n"), 60, "the record")
    pid = int(mark.read_text())
    os.kill(pid, signal.SIGTERM)
    getattr(running.process, stop)()
    (tmp_path / "mark.go").touch()
    wait_until(lambda: not mark.exists(), 60, "the cleanup")
    running.process.wait(60)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 60, "the end of Python")


def test_programs_are_found_as_elsewhere(certwright, strange):
    """cron's PATH lacks the folder that has a certbot of a virtual environment."""
    env = {**strange.env, "PATH": "/usr/bin:/bin"}
    done = certwright.run("certonly", "--dns-strange", "--dns-strange-way", "path", "-d",
                          "p.example.test", env=env, status=1)
    assert "/usr/bin:/bin:/usr/local/sbin:/usr/local/bin" in done.stderr


@pytest.mark.full
def test_certbot_in_a_virtual_environment(certwright, strange, tmp_path):
    environment = tmp_path / "environment"
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", "--system-site-packages",
                    environment], check=True)
    [packages] = environment.glob("lib/python*/site-packages")
    shutil.copytree(strange.folder, packages, dirs_exist_ok=True)
    program = environment / "bin" / "certbot"
    program.write_text(f"#!{environment}/bin/python3\n")
    program.chmod(0o755)
    links = tmp_path / "links"
    links.mkdir()
    (links / "certbot").symlink_to(program)
    env = {**strange.env, "PYTHONPATH": None, "PATH": f"{links}:{os.environ['PATH']}"}
    done = certwright.run("certonly", "--dns-strange", "--dns-strange-way", "raise", "-d",
                          "v.example.test", env=env, status=1)
    assert "RuntimeError: a line and another" in done.stderr


def test_its_help_and_its_place_among_the_plugins(certwright, strange):
    done = certwright.run("help", "dns-strange", env=strange.env, defaults=False)
    assert "100% or less" in done.stdout and "--dns-strange-times" in done.stdout
    done = certwright.json("plugins", env=strange.env)
    [plugin] = [p for p in done.json["plugins"] if p["name"] == "dns-strange"]
    assert plugin["roles"] == ["authenticator"] and plugin["challenge_types"] == ["dns-01"]


def test_a_plugin_that_cannot_be_loaded(certwright, strange):
    env = strange.env
    strange.add("dns-broken", "from certbot.nowhere import nothing\n")
    strange.add("dns-ending", "import os\nos._exit(0)\n")
    for name, said in [("dns-broken", "No module named 'certbot.nowhere'"),
                       ("dns-ending", "it ended the program when it was loaded")]:
        done = certwright.run("certonly", "-a", name, "-d", "b.example.test", env=env, status=1)
        assert said in done.stderr and f"certbot-{name}" in done.stderr
    certwright.run("help", "dns-strange", env=env, defaults=False)


def test_a_plugin_that_is_installed_later_is_found(certwright, strange):
    env = strange.env
    assert certwright.run("help", "dns-later", env=env, defaults=False, status=2)
    strange.add("dns-later")
    certwright.run("help", "dns-later", env=env, defaults=False)


def help_of(certwright, strange, name="dns-strange", status=0, **env):
    return certwright.run("help", name, env={**strange.env, **env}, defaults=False, status=status)


def test_a_plugin_that_could_not_be_loaded_may_be_loaded_later(certwright, strange, tmp_path):
    """The list with it is not kept: nothing that it depends on need change."""
    obstacle = tmp_path / "obstacle"
    obstacle.touch()
    strange.add("dns-later", f"import os\nassert not os.path.exists({str(obstacle)!r})\n{STRANGE}")
    help_of(certwright, strange, "dns-later", status=1)
    obstacle.unlink()
    help_of(certwright, strange, "dns-later")


def test_packages_of_another_place(certwright, strange):
    help_of(certwright, strange)
    help_of(certwright, strange, PYTHONPATH=None, status=2)


def test_damaged_packages_do_not_hide_the_others(certwright, strange):
    for name, content in [("METADATA", b"Name: \xff\xfe"), ("entry_points.txt", b"nonsense\n[")]:
        info = strange.folder / f"damaged_{name[:4].lower()}-1.0.dist-info"
        info.mkdir()
        (info / name).write_bytes(content)
    strange.add("dns-none", "number = 1\n", "number = dns_none:number\ndns-missing = dns_none:more\n")
    strange.add("dns-huge", STRANGE.replace('"A flag."', '"A flag. " * 300000'))
    strange.add("dns-other", entries="dns-strange = dns_other:Authenticator\n")
    strange.add("nginx")
    done = certwright.json("plugins", env=strange.env)
    plugins = {plugin["name"]: plugin for plugin in done.json["plugins"]}
    assert len(plugins) == len(done.json["plugins"])
    assert "number" not in plugins and "dns-strange" in plugins
    assert plugins["nginx"]["path"].endswith("/nginx.so")
    assert "has no attribute 'more'" in done.stdout and "too long" in done.stdout


@pytest.mark.parametrize("text, mode", [
    ("{", 0o644), pytest.param("[]", 0o644, marks=pytest.mark.full),
    pytest.param("{}", 0o666, marks=pytest.mark.full)])
def test_a_list_that_is_damaged_or_not_ours(certwright, strange, tmp_path, text, mode):
    path = tmp_path / "cache" / "certbot-plugins.json"
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(mode)
    help_of(certwright, strange)
    assert '"dns-strange"' in path.read_text() and path.stat().st_mode & 0o777 == 0o644


@pytest.mark.full
def test_no_place_for_the_list(certwright, strange):
    done = help_of(certwright, strange, CERTWRIGHT_CACHE_DIR="/proc/nowhere")
    assert done.stderr == ""


@pytest.mark.full
def test_it_keeps_the_contract_of_plugins(certwright, strange):
    """Above all no process is left."""
    certwright.run("plugin", "check", "dns-strange", env=strange.env, defaults=False)
