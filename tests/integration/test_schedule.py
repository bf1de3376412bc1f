"""What runs "renew" on the machine is said after a certificate was obtained, and listed."""

import os
import re
import shlex
import shutil
import signal
import subprocess

import pytest

from lib.certwright import top_folder
from lib.process import wait_until
from lib.tools import command, read

NAME = "scheduled.example.test"
PACKAGING = os.path.join(top_folder(), "packaging")


@pytest.fixture
def found(certwright):
    certwright.certonly(NAME)
    return certwright


@pytest.fixture
def plain(tmp_path):
    """Without the system's cli.ini: Debian's certbot says there that renewals are set up."""
    path = tmp_path / "empty.ini"
    path.write_text("")
    return ["-c", path]


def test_where_nothing_renews_it_is_said_with_what_to_do(certwright, plain):
    text = certwright.certonly(NAME, args=plain).stdout
    assert "Renewal: no timer or cron job was found. To set one up, add this line to" in text
    line = text.splitlines()[-1].strip()
    assert line in certwright.run("certificates", *plain).stdout
    known = certwright.json("certificates", *plain).json["renewal"]
    assert known["scheduled_by"] is None and known["setup"] == line and known["file"]
    # The line works: cron gives it to a shell.
    command = re.sub(r"^(\S+ ){5}(root )?", "", line)
    assert shlex.split(command)[1:3] == ["renew", "--quiet"]
    done = subprocess.run(["/bin/sh", "-c", command], env=certwright.environment(), check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_what_a_distribution_set_up_is_not_set_up_again(found):
    text = found.run("certificates", "--preconfigured-renewal").stdout
    assert "Renewal: set up already, according to --preconfigured-renewal, but no timer" in text
    assert "cron.d" not in text
    known = found.json("certificates", "--preconfigured-renewal").json["renewal"]
    assert known == {"scheduled_by": None, "setup": None, "file": None, "prevented": None}


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts over /etc/cron.d")
def test_a_cron_job_is_named(found, tmp_path):
    jobs = tmp_path / "cron.d"
    jobs.mkdir()
    (jobs / "renew-all").write_text(
        f"1 2 * * * root certwright renew --config-dir {found.config_dir}\n")
    programs = tmp_path / "sbin"
    programs.mkdir()
    (programs / "cron").touch()
    over = ('mkdir -p /etc/cron.d && mount --bind "$0" /etc/cron.d && mount --bind "$1" /usr/sbin && '
            'shift && exec "$@"')
    done = found.run("certificates", wrap=["unshare", "-m", "sh", "-c", over, str(jobs), str(programs)])
    assert "Renewal: cron job in /etc/cron.d/renew-all\n" in done.stdout


def test_it_is_said_that_autorenew_is_off(certwright):
    remedy = f"sed -i '/^autorenew *=/d' {certwright.renewal_file(NAME)}"
    text = certwright.certonly(NAME, args=["--no-autorenew"]).stdout
    assert text.splitlines()[-2:] == ["Renewal: nothing renews this certificate, because autorenew is "
                                      "off. To change this, run:", f"  {remedy}"]
    again = certwright.json("certonly", "--standalone", "-d", NAME).json["renewal"]
    assert (again["prevented"], again["setup"]) == ("autorenew is off", remedy)
    # What it says to do works.
    command("sh", "-c", remedy)
    again = certwright.json("certonly", "--standalone", "-d", NAME).json["renewal"]
    assert again["prevented"] is None


def test_the_agent_is_named_while_it_runs(found, plain):
    agent = found.start("agent")
    control = os.path.join(found.work_dir, "certwright", "agent", "control")
    wait_until(lambda: os.path.exists(control), 60, "the agent's control socket")
    text = found.run("certificates", *plain).stdout
    os.kill(agent.pid, signal.SIGTERM)
    assert agent.finish(15).status == 0
    assert "Renewal: certwright agent, which runs now\n" in text
    assert "which runs now" not in found.run("certificates", *plain).stdout


def test_what_leaves_nothing_to_renew_says_nothing(certwright):
    assert "Renewal:" not in certwright.certonly(NAME, args=["--dry-run"]).stdout
    assert "Renewal:" not in certwright.run("certificates").stdout


@pytest.mark.parametrize("name, starters", [
    ("certwright-renew", ["certwright-renew.timer"]),
    ("certwright-agent", ["certwright-agent-http.socket", "certwright-agent-https.socket"])])
def test_systemd_accepts_the_services_and_what_starts_them(certwright, tmp_path, name, starters):
    """And they are well confined: 10 is not at all."""
    folder = os.path.dirname(certwright.program)
    with open(f"{folder}/packaging/systemd/{name}.service", encoding="utf-8") as stream:
        service = re.sub("(?<=^ExecStart=)/.*/(?=certwright )", f"{folder}/", stream.read(),
                         flags=re.M)
    assert f"ExecStart={folder}/certwright " in service
    assert "@" not in service.replace("@system-service", "")
    path = tmp_path / f"{name}.service"
    path.write_text(service)
    for starter in starters:
        shutil.copy(f"{PACKAGING}/systemd/{starter}", tmp_path)
    done = subprocess.run(["systemd-analyze", "--man=no", "verify", path,
                           *(tmp_path / starter for starter in starters)], check=True,
                          capture_output=True, text=True)
    assert done.stderr == ""
    subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=40", path],
                   check=True, capture_output=True)


EXAMPLES = os.path.join(top_folder(), "docs", "examples")


def with_path(certwright, **variables):
    return {"PATH": f"{os.path.dirname(certwright.program)}:{os.environ['PATH']}", **variables}


def test_example_for_runit_runs_the_agent(certwright):
    running = certwright.start_argv(
        [f"{EXAMPLES}/agent.runit.sh"], env=with_path(
            certwright, CERTWRIGHT_DOMAINS=NAME, CERTWRIGHT_SERVER=certwright.ca.directory,
            CERTWRIGHT_HTTP_01_PORT=str(certwright.ca.http_port),
            CERTWRIGHT_CONFIG_DIR=certwright.config_dir, CERTWRIGHT_WORK_DIR=certwright.work_dir,
            CERTWRIGHT_LOGS_DIR=certwright.logs_dir))
    origin = os.path.join(certwright.config_dir, "live", NAME, "origin")
    wait_until(lambda: os.path.exists(origin) and read(origin) == "acme\n", 60, "a certificate")
    os.kill(running.pid, signal.SIGTERM)
    assert running.finish(15).status == 0


def test_example_for_periodic_renews_if_it_is_enabled(found, tmp_path):
    os.makedirs(tmp_path / "letsencrypt")
    (tmp_path / "letsencrypt" / "cli.ini").write_text(
        f"config-dir = {found.config_dir}\nwork-dir = {found.work_dir}\n"
        f"logs-dir = {found.logs_dir}\nno-random-sleep-on-renew = true\nforce-renewal = true\n")
    before = read(found.live(NAME))

    def run(**variables):
        return command(f"{EXAMPLES}/renew.periodic.sh", status=None, env=found.environment(
            with_path(found, XDG_CONFIG_HOME=str(tmp_path), **variables)))
    assert run().stdout == "" and read(found.live(NAME)) == before
    assert run(daily_certwright_enable="YES").returncode == 0
    assert read(found.live(NAME)) != before
    with open(found.renewal_file(NAME), "w", encoding="ascii") as stream:
        stream.write("damaged")
    assert run(daily_certwright_enable="YES").returncode == 3


def test_example_for_openrc_is_shell():
    command("sh", "-n", f"{EXAMPLES}/agent.openrc.sh")
