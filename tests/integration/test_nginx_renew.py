"""renew, with many certificates whose challenges nginx answers and which it serves."""

import os
import shutil
import subprocess

import pytest

from lib.account import challenge_again
from lib.outcome import identifiers
from lib.plugins import PluginFolder
from test_nginx import MAIN, nginx  # noqa: F401  (nginx is a fixture)

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")

COUNT = 10
NAMES = [f"site{i}.test" for i in range(COUNT)]


def reloads(nginx):  # noqa: F811
    with open(os.path.join(nginx.folder, "error.log"), encoding="utf-8") as stream:
        return stream.read().count("(SIGHUP) received from")


@pytest.fixture
def sites(certwright, nginx):  # noqa: F811
    """COUNT sites, each with a certificate of its own."""
    for name in NAMES:
        nginx.site(f"server {{\n    listen @http@;\n    server_name {name};\n    return 200 x;\n}}\n",
                   name)
    nginx.start()
    for name in NAMES:
        certwright.run("run", "--nginx", "--nginx-server-root", nginx.root, "--https-port",
                       nginx.https_port, "-d", name, "--no-redirect")
    return nginx


def serial(certwright, name):
    with open(certwright.live(name, "cert"), "rb") as stream:
        return stream.read()


@pytest.mark.sample(2)
@pytest.mark.parametrize("jobs", (1, 4))
def test_many_certificates_are_renewed_with_three_reloads(certwright, sites, pebble, jobs):
    """One when the challenges are in place, one when they are gone, one for the certificates."""
    old = {name: serial(certwright, name) for name in NAMES}
    files, before = sites.snapshot(), reloads(sites)
    challenge_again(certwright)
    result = certwright.json("renew", "--force-renewal", "--jobs", jobs)
    assert {c["action"] for c in result.certificates.values()} == {"renewed"}
    assert len(result.certificates) == COUNT
    assert all(serial(certwright, name) != old[name] for name in NAMES)
    assert reloads(sites) - before == 3
    assert sites.snapshot() == files
    for name in NAMES:
        assert sites.served(name) in [_der(certwright, name)]


def _der(certwright, name):
    return subprocess.run(["openssl", "x509", "-in", certwright.live(name, "cert"), "-outform",
                           "DER"], check=True, capture_output=True).stdout


def test_a_name_that_fails_harms_its_own_certificate_alone(certwright, sites, pebble):
    old = {name: serial(certwright, name) for name in NAMES}
    before = reloads(sites)
    assert challenge_again(certwright) == COUNT
    pebble.dns.set_servfail(NAMES[3])
    try:
        result = certwright.json("renew", "--force-renewal", "--jobs", 4, status=1)
    finally:
        pebble.dns.clear_servfail(NAMES[3])
    actions = {name: c["action"] for name, c in result.certificates.items()}
    assert actions.pop(NAMES[3]) == "failed"
    assert set(actions.values()) == {"renewed"} and len(actions) == COUNT - 1
    assert identifiers(result.json) == {NAMES[3]}
    assert [name for name in NAMES if serial(certwright, name) == old[name]] == [NAMES[3]]
    assert reloads(sites) - before == 3


def test_certificates_with_other_options_wait_for_their_turn(certwright, sites):
    """What one process at a time may use is never "busy" by another worker of the same run."""
    for name in NAMES[:2]:
        path = certwright.renewal_file(name)
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text.replace("[renewalparams]\n",
                                      f"[renewalparams]\nnginx_sleep_seconds = {name[4]}2\n"))
    result = certwright.json("renew", "--force-renewal", "--jobs", 4)
    assert {c["action"] for c in result.certificates.values()} == {"renewed"}
    assert len(result.certificates) == COUNT


def test_a_certificate_that_nginx_could_not_load_is_loaded_by_the_next_renew(
        certwright, nginx, pebble):  # noqa: F811
    [name] = NAMES[:1]
    nginx.site(f"server {{\n    listen @http@;\n    server_name {name};\n    return 200 x;\n}}\n")
    nginx.start()
    certwright.run("run", "--nginx", "--nginx-server-root", nginx.root, "--https-port",
                   nginx.https_port, "-d", name, "--no-redirect")
    old = _der(certwright, name)
    challenge_again(certwright)
    more = os.path.join(nginx.root, "sites-enabled", "broken")
    certwright.run("renew", "--force-renewal", "--deploy-hook", f"echo broken > {more}", status=1)
    for _ in range(2):
        result = certwright.json("renew", status=1)
        assert identifiers(result.json) == {name} and "not in use" in result.stdout
        assert nginx.served(name) == old
    os.unlink(more)
    assert name in certwright.run("renew").stderr
    assert nginx.served(name) == _der(certwright, name) != old
    before = reloads(nginx)
    certwright.run("renew")
    assert reloads(nginx) == before


# An authenticator for one process at a time, which crashes at a name that CRASH says.
FUNCTIONS = r"""
static const char *directory(void *self) { (void)self; return FOLDER; }
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	FILE *log = fopen(FOLDER "/log", "a");
	(void)self;
	fprintf(log, "%zu\n", count);
	fclose(log);
	for (size_t i = 0; i < count; i++) {
		char path[4096];
		FILE *file;
		if (getenv("CRASH") != NULL && strcmp(challenges[i]->identifier, getenv("CRASH")) == 0)
			raise(SIGKILL);
		snprintf(path, sizeof(path), FOLDER "/%s", challenges[i]->token);
		file = fopen(path, "w");
		fputs(challenges[i]->key_authorization, file);
		fclose(file);
	}
	return CW_OK;
}
"""


@pytest.fixture
def sole(nginx, tmp_path):  # noqa: F811
    """The plugin's environment, and the folder of its challenges, which nginx shows."""
    folder = PluginFolder(tmp_path / "plugins")
    challenges = tmp_path / "web/.well-known/acme-challenge"
    challenges.mkdir(parents=True)
    folder.compile("sole", FUNCTIONS, ".exclusive_directory = directory,",
                   FOLDER=f'"{challenges}"')
    nginx.write("nginx.conf", "user root;\n" + MAIN.replace("{http}", "").replace(
        "worker_connections 64", "worker_connections 1024"))
    nginx.site(f"server {{\n    listen @http@;\n    root {tmp_path}/web;\n}}\n")
    nginx.start()
    return folder.env, challenges


def test_certificates_of_a_batch_that_crashed_are_tried_one_by_one(certwright, pebble, sole):
    env, challenges = sole
    names = NAMES[:4]
    for name in names:
        certwright.run("certonly", "-a", "sole", "-d", name, env=env)
    challenge_again(certwright)
    (challenges / "log").unlink()
    result = certwright.json("renew", "--force-renewal", "--jobs", 4, status=1,
                             env={**env, "CRASH": names[1]})
    actions = {name: c["action"] for name, c in result.certificates.items()}
    assert actions == {name: "failed" if name == names[1] else "renewed" for name in names}
    assert (challenges / "log").read_text(encoding="ascii").split() == ["4", "1", "1", "1", "1"]
    assert "one by one" in result.stderr


def test_at_most_fifty_certificates_are_together(certwright, pebble, sole):
    """More than that come one batch after the other, for there is one plugin to use."""
    env, challenges = sole
    certwright.run("certonly", "-a", "sole", "-d", "site.test", "--cert-name", "c0", env=env)
    for i in range(1, 52):
        name = f"c{i}"
        for kind in ("live", "archive"):
            shutil.copytree(os.path.join(certwright.config_dir, kind, "c0"),
                            os.path.join(certwright.config_dir, kind, name), symlinks=True)
        for path in os.listdir(os.path.join(certwright.config_dir, "live", name)):
            link = os.path.join(certwright.config_dir, "live", name, path)
            if os.path.islink(link):
                target = os.readlink(link).replace("/c0/", f"/{name}/")
                os.unlink(link)
                os.symlink(target, link)
        with open(certwright.renewal_file("c0"), encoding="utf-8") as stream:
            text = stream.read()
        with open(certwright.renewal_file(name), "w", encoding="utf-8") as stream:
            stream.write(text.replace("/c0", f"/{name}"))
    challenge_again(certwright)
    (challenges / "log").unlink()
    result = certwright.json("renew", "--force-renewal", "--jobs", 4, env=env)
    assert [c["action"] for c in result.certificates.values()] == ["renewed"] * 52
    first, second = (challenges / "log").read_text(encoding="ascii").split()
    # A few names may be validated already.
    assert 40 <= int(first) <= 50 and int(second) <= 2
