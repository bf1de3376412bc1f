"""The completions in the shells that they are for.

Each shell runs on a terminal as a person's does. "certwright" is then a function that shows its
arguments, so that a test sees what a completed line means to the shell.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from lib.certwright import plugin_path, program_path, real_program, top_folder

FOLDER = os.path.join(top_folder(), "packaging", "completions")
SPACED = "two words"
HOSTILE = "x$(touch pwned);`touch pwned`&touch pwned"
ADDRESS = "2001:db8::1"
SET_UP = {
    "bash": f"PS1='READY>'; bind 'set enable-bracketed-paste off'; . '{FOLDER}/certwright.bash'\n",
    "zsh": f"PS1='READY>'; RPS1=; PROMPT_SP=; unsetopt prompt_cr prompt_sp; fpath=('{FOLDER}' $fpath);"
           "autoload -Uz compinit; compinit -D -u; unset zle_bracketed_paste; setopt no_beep\n",
}
SHOW = "certwright() { printf 'got<%s>' \"$@\"; echo; }\n"


@pytest.fixture(name="place")
def make_place(tmp_path):
    """A folder to work in, with three certificates, some files and the program in PATH."""
    program, environment = real_program(program_path())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "certwright").symlink_to(program)
    (tmp_path / "etc" / "renewal").mkdir(parents=True)
    for name in (SPACED, HOSTILE, ADDRESS, "example.org"):
        (tmp_path / "etc" / "renewal" / f"{name}.conf").touch()
    (tmp_path / "work" / "site folder").mkdir(parents=True)
    (tmp_path / "work" / "request.csr").touch()
    (tmp_path / "work" / "site folder" / "inner").mkdir()
    (tmp_path / "work" / "site folder" / "index").touch()
    (tmp_path / "work" / "at:12:00.csr").touch()
    (tmp_path / "home.csr").touch()
    environment.update(
        PATH=f"{tmp_path}/bin:/usr/bin:/bin", HOME=str(tmp_path), TERM="dumb", LC_ALL="C.UTF-8",
        CERTWRIGHT_PLUGIN_PATH=plugin_path(program_path()), COLUMNS="4000")
    return tmp_path, environment


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name, place):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")
        folder, environment = place
        self.master, slave = pty.openpty()
        options = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}[name]
        self.process = subprocess.Popen(
            [name, *options], stdin=slave, stdout=slave, stderr=slave, env=environment,
            cwd=folder / "work", start_new_session=True)
        os.close(slave)
        os.write(self.master, (SET_UP[name] + SHOW + "echo set''up\n").encode())
        self.wait(r"setup\r?\n[^\n]*READY>")

    def wait(self, pattern):
        """What the shell prints, until it matches PATTERN."""
        shown, deadline = "", time.monotonic() + 60
        while not re.search(pattern, shown, re.DOTALL):
            ready, _, _ = select.select([self.master], [], [], deadline - time.monotonic())
            assert ready, f"no {pattern!r} in {shown!r}"
            shown += os.read(self.master, 65536).decode()
        return shown

    def arguments(self, line):
        """The arguments that LINE has when Tab was typed after it, then Enter."""
        os.write(self.master, f"{line}\t\n".encode())
        shown = self.wait(r"got<.*READY>")
        return re.findall(r"got<(.*?)>(?=got<|\r?\n)", shown)

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture(name="shell", params=["bash", "zsh"])
def make_shell(request, place):
    shell = Shell(request.param, place)
    yield shell
    shell.end()


def test_a_line_is_completed_to_what_it_means(shell, place):
    options = ["--config-dir", str(place[0] / "etc"), "--cert-name"]
    start = f"certwright delete --config-dir '{place[0]}/etc' --cert-name"
    joined = f"certwright --config-dir={place[0]}/etc delete --cert-name="

    assert shell.arguments("certwright certif") == ["certificates"]
    assert shell.arguments("certwright help autom") == ["help", "automation"]
    assert shell.arguments("certwright certonly -a web") == ["certonly", "-a", "webroot"]
    assert shell.arguments("certwright certonly --webroot-p") == ["certonly", "--webroot-path"]
    assert shell.arguments("certwright certonly --key-type ec") == ["certonly", "--key-type", "ecdsa"]
    assert shell.arguments("certwright --preferred-challenges=http-01,dns-0") == [
        "--preferred-challenges=http-01,dns-01"]
    assert shell.arguments("certwright --csr req") == ["--csr", "request.csr"]
    assert shell.arguments("certwright --csr=req") == ["--csr=request.csr"]
    assert shell.arguments("certwright --csr ~/hom") == ["--csr", str(place[0] / "home.csr")]
    assert shell.arguments("certwright --csr=at:12") == ["--csr=at:12:00.csr"]
    for typed, folder in (("site", "site folder"), ("site\\ folder/in", "site folder/inner")):
        words = shell.arguments(f"certwright -w {typed}")
        assert [word.rstrip("/") for word in words] == ["-w", folder]
    assert shell.arguments(f"{start} exam") == ["delete", *options, "example.org"]
    for typed, name in (("tw", SPACED), ("'tw", SPACED), ("two\\ w", SPACED), ("x", HOSTILE),
                        ("'x", HOSTILE), ("2001:d", ADDRESS), ("2001:db8:", ADDRESS)):
        assert shell.arguments(f"{start} {typed}" + "") == ["delete", *options, name], typed
    assert shell.arguments(f"{joined}tw")[-1] == f"--cert-name={SPACED}"
    assert shell.arguments(f"{joined}2001:")[-1] == f"--cert-name={ADDRESS}"
    for option in ("--csr", "-w", "--cert-name"):
        shell.arguments(f"certwright --email '$(touch pwned)' {option} '`touch pwned`/$(touch pwned)'")
    assert not list(place[0].rglob("pwned"))


def test_bash_may_split_words_elsewhere(place):
    shell = Shell("bash", place)
    os.write(shell.master, b"COMP_WORDBREAKS=' '\n")
    assert shell.arguments("certwright --csr=req") == ["--csr=request.csr"]
    assert shell.arguments(f"certwright --config-dir={place[0]}/etc delete --cert-name=tw")[-1] \
        == f"--cert-name={SPACED}"
    shell.end()


def test_the_same_is_completed_in_fish(place):
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    folder, environment = place
    lines = [
        ("certwright certif", ["certificates"]),
        ("certwright help autom", ["automation"]),
        ("certwright certonly -a web", ["webroot"]),
        ("certwright certonly --webroot-p", ["--webroot-path"]),
        ("certwright certonly --key-type ec", ["ecdsa"]),
        ("certwright --preferred-challenges=http-01,dns-0", ["--preferred-challenges=http-01,dns-01"]),
        ("certwright --csr req", ["request.csr"]),
        ("certwright --csr=req", ["--csr=request.csr"]),
        ("certwright --csr ~/hom", ["~/home.csr"]),
        ("certwright -w site", ["site folder/"]),
        ("certwright -w site\\ folder/in", ["site folder/inner/"]),
        ("certwright --csr='site folder/in", ["--csr=site folder/index", "--csr=site folder/inner/"]),
        ("certwright --csr '$(touch pwned)/(touch pwned)", []),
        ("certwright --config-dir ~/etc delete --cert-name tw", [SPACED]),
        (f"certwright --config-dir '{folder}/etc' delete --cert-name 'tw", [SPACED]),
        (f"certwright --config-dir={folder}/etc delete --cert-name=two\\ w",
         [f"--cert-name={SPACED}"]),
        (f"certwright --config-dir={folder}/etc delete --cert-name x", [HOSTILE]),
        (f"certwright --config-dir={folder}/etc delete --cert-name 2001:", [ADDRESS]),
        (f"certwright --config-dir={folder}/etc delete --cert-name '$(touch pwned)' --cert-name x",
         [HOSTILE]),
    ]
    script = f"source '{FOLDER}/certwright.fish'\n" + "".join(
        "complete -C " + "'" + line.replace("\\", "\\\\").replace("'", "\\'") + "'\necho --end--\n"
        for line, _ in lines)
    done = subprocess.run(["fish", "--no-config", "-c", script], env=environment, check=True,
                          cwd=folder / "work", capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    found = done.stdout.split("--end--\n")[:-1]
    for (line, expected), answer in zip(lines, found, strict=True):
        assert [word.split("\t")[0] for word in answer.splitlines()] == expected, line
    assert not list(folder.rglob("pwned"))


def candidates(place, *words):
    """What "certwright --complete" answers: the kind, and the candidates."""
    done = subprocess.run(["certwright", "--complete", *words], env=place[1], check=True,
                          capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    kind, *lines = done.stdout.splitlines() or [""]
    return kind, [line.split("\t")[0] for line in lines]


def test_a_verb_is_offered_its_options(place):
    _, options = candidates(place, "rollback", "--")
    assert "--checkpoints" in options and "--config-dir" in options and "--json" in options
    assert "--reason" not in options and "--key-type" not in options
    assert "--no-bootstrap" not in candidates(place, "--")[1]
    assert "--webroot-path" not in candidates(place, "certonly", "--")[1]
    assert "--webroot-path" in candidates(place, "certonly", "-a", "webroot", "--")[1]
    assert "--webroot-path" in candidates(place, "certonly", "--webroot", "--")[1]


def test_values_are_offered_where_there_are_some(place):
    assert candidates(place, "--rsa-key-size", "") == ("words", [])
    assert candidates(place, "--config-dir", "")[0] == "folders"
    assert candidates(place, "--deploy-hook", "")[0] == "files"
    assert candidates(place, "--quiet=", ) == ("", [])
    assert candidates(place, "--nosuch", "--nosuch=x") == ("", [])
    assert candidates(place, "--config-dir", "/nonexistent", "--cert-name", "") == ("words", [])
    assert candidates(place, "plugin", "") == ("words", ["new", "check"])
    assert candidates(place, "plugin", "new", "x", "--to", "")[0] == "folders"
    assert candidates(place) == ("", [])


def test_the_word_of_a_verb(place):
    assert "example.org" in candidates(place, "--config-dir", place[0] / "etc", "export", "")[1]
    assert candidates(place, "import", "--from", "lego", "")[0] == "files"
    assert candidates(place, "import", "--from", "acme")[1] == ["acme.sh", "acmetool"]
    assert candidates(place, "export", "x", "--format", "p")[1] == ["pem-bundle", "pkcs12"]
    assert "--from" not in candidates(place, "certonly", "--")[1]
    assert candidates(place, "export", "x", "--to", "")[0] == "files"
    assert candidates(place, "export", "x", "") == ("", [])


def test_what_the_agent_is_told(place):
    assert candidates(place, "agent", "")[1] == ["status", "renew", "reload"]
    _, names = candidates(place, "agent", "--config-dir", place[0] / "etc", "renew", "")
    assert "example.org" in names and "reload" not in names


def test_python_is_not_started(place):
    """Also not for an option of one of Certbot's plugins."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    done = subprocess.run(
        ["strace", "-f", "-e", "trace=execve", "certwright", "--complete", "certonly",
         "--dns-cloudflare-x", "y", "-a", "dns-cloudflare", "--dns-"],
        env=place[1], check=True, capture_output=True, text=True, timeout=60)
    started = re.findall(r'execve\("([^"]*)"', done.stderr)
    assert len(started) > 1 and {os.path.basename(path) for path in started} == {"certwright"}
