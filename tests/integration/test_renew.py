"""renew and certificates."""

import datetime
import os
import re
import shutil
import signal

import pytest

from lib.account import challenge_again
from lib.outcome import assert_failed, errors_of
from lib.process import wait_until
from lib.terminal import on_terminal
from lib.tools import certbot, read, script, serial_of, snapshot, verify_chain


def serial(certwright, name):
    return serial_of(certwright.live(name, "cert"))


@pytest.mark.smoke
def test_forced_renewal_replaces_every_certificate(certwright, pebble):
    names = ["r1.example.test", "r2.example.test"]
    for name in names:
        certwright.certonly(name)
    serials = [serial(certwright, n) for n in names]
    result = certwright.json("renew", "--force-renewal")
    assert result.json["ok"] is True
    assert {n: c["action"] for n, c in result.certificates.items()} == dict.fromkeys(
        names, "renewed")
    for name, old in zip(names, serials):
        assert serial(certwright, name) != old
        assert os.readlink(certwright.live(name, "cert")).endswith("/cert2.pem")
        verify_chain(os.path.dirname(certwright.live(name)), pebble.root())


def test_what_is_not_due_is_kept(certwright):
    certwright.certonly("due.example.test")
    old = serial(certwright, "due.example.test")
    result = certwright.json("renew")
    assert result.certificates["due.example.test"]["action"] == "kept"
    assert serial(certwright, "due.example.test") == old


def test_cert_name_renews_that_one_only(certwright):
    certwright.certonly("only1.example.test")
    certwright.certonly("only2.example.test")
    old = serial(certwright, "only2.example.test")
    certwright.run("renew", "--cert-name", "only1.example.test", "--force-renewal")
    assert os.readlink(certwright.live("only1.example.test", "cert")).endswith("/cert2.pem")
    assert serial(certwright, "only2.example.test") == old


def test_an_unknown_cert_name_is_refused(certwright):
    certwright.certonly("known.example.test")
    result = certwright.json("renew", "--cert-name", "unknown.example.test", status=1)
    assert_failed(result, "unknown.example.test")


def test_nothing_to_renew_is_no_failure(certwright):
    result = certwright.json("renew")
    assert result.json["certificates"] == []


def test_renewal_uses_what_was_saved(certwright, pebble):
    certwright.certonly("saved.example.test", args=["--key-type", "rsa", "--rsa-key-size", "3072"])
    text = read(certwright.renewal_file("saved.example.test"))
    assert "authenticator = standalone" in text
    assert f"server = {pebble.directory}" in text
    assert f"http01_port = {pebble.http_port}" in text
    certwright.run("renew", "--force-renewal")
    assert len(read(certwright.live("saved.example.test", "privkey"))) > 2300
    assert "rsa_key_size = 3072" in read(certwright.renewal_file("saved.example.test"))


def test_reuse_key_keeps_the_key(certwright):
    certwright.certonly("reuse.example.test", args=["--reuse-key"])
    key = read(certwright.live("reuse.example.test", "privkey"))
    certwright.run("renew", "--force-renewal")
    assert read(certwright.live("reuse.example.test", "privkey")) == key


def test_comments_and_foreign_sections_of_the_renewal_file_stay(certwright):
    certwright.certonly("comment.example.test")
    path = certwright.renewal_file("comment.example.test")
    text = read(path)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("# kept by the administrator\nrenew_before_expiry = 40 days\n" + text
                     + "[inventory]\nowner = web team\n")
    certwright.run("renew", "--force-renewal")
    text = read(path)
    assert "# kept by the administrator" in text
    assert "renew_before_expiry = 40 days" in text
    assert "[inventory]\nowner = web team" in text


@pytest.mark.parametrize("interval, action, warns", [
    ("100 years", "renewed", False), ("1 Month 3 Days", "kept", False), ("soon", "kept", True)])
def test_renew_before_expiry_decides_where_it_can_be_read(certwright, interval, action, warns):
    certwright.certonly("before.example.test")
    path = certwright.renewal_file("before.example.test")
    text = read(path)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(f"renew_before_expiry = {interval}\n{text}")
    [shown] = certwright.json("certificates").json["certificates"]
    assert shown["due"] >= datetime.datetime.now(datetime.timezone.utc).strftime("%Y")
    result = certwright.json("renew")
    assert result.certificates["before.example.test"]["action"] == action
    assert ("renew_before_expiry" in result.stderr) == warns
    assert result.stderr.count(path) <= 1


@pytest.mark.parametrize("parts", [("live",), ("live", "archive")], ids=" and ".join)
def test_relative_paths_count_from_the_current_folder(certwright, tmp_path, parts):
    name = "relative.example.test"
    certwright.certonly(name)
    path = certwright.renewal_file(name)
    text = read(path)
    for part in parts:
        text = text.replace(f"{certwright.config_dir}/{part}/", f"etc/{part}/")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    shown = certbot(certwright, "certificates", cwd=certwright.folder).stdout
    assert f"Certificate Name: {name}" in shown
    certwright.run("renew", "--force-renewal", wrap=["env", "-C", certwright.folder])
    assert os.readlink(certwright.live(name, "cert")).endswith("/cert2.pem")
    assert f"cert = etc/live/{name}/cert.pem\n" in read(path)
    certwright.run("certificates", wrap=["env", "-C", certwright.folder])
    assert_failed(certwright.json("renew", status=1, wrap=["env", "-C", str(tmp_path)]), name)


@pytest.mark.parametrize("verb", [
    ["renew"], ["register"], ["certonly", "--standalone", "-d", "first.example.test"],
    ["certonly", "--standalone", "-d", "first.example.test", "--dry-run"], ["rollback", "-i", "null"]])
def test_the_first_run_makes_the_folders_of_hooks(certwright, verb):
    certwright.run(*verb, status=None)
    folder = os.path.join(certwright.config_dir, "renewal-hooks")
    assert sorted(os.listdir(folder)) == ["deploy", "post", "pre"]
    for kind in os.listdir(folder):
        assert os.stat(os.path.join(folder, kind)).st_mode & 0o7777 == 0o755


def test_old_versions_beyond_the_five_before_the_newest_go(certwright):
    certwright.certonly("prune.example.test")
    for _ in range(7):
        certwright.run("renew", "--force-renewal")
    archive = os.path.join(certwright.config_dir, "archive", "prune.example.test")
    versions = sorted(int(n[4:-4]) for n in os.listdir(archive) if n.startswith("cert"))
    assert versions == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("damage", ["", "[renewalparams", "no equals sign\n", "\x00\x01\x02",
                                    "cert = /nowhere\n[renewalparams]\n"])
def test_a_corrupt_renewal_file_does_not_stop_the_others(certwright, damage):
    certwright.certonly("good.example.test")
    certwright.certonly("hurt.example.test")
    with open(certwright.renewal_file("hurt.example.test"), "w", encoding="latin-1") as stream:
        stream.write(damage)
    hurt = ("renewal/hurt", "live/hurt", "archive/hurt")
    before = {k: v for k, v in snapshot(certwright.config_dir).items() if k.startswith(hurt)}
    result = certwright.json("renew", "--force-renewal", status=1)
    assert_failed(result, "hurt.example.test")
    assert result.certificates["good.example.test"]["action"] == "renewed"
    after = {k: v for k, v in snapshot(certwright.config_dir).items() if k.startswith(hurt)}
    assert after == before


def test_a_lineage_whose_plugin_is_lacking_is_named_and_left_alone(certwright):
    certwright.certonly("here.example.test")
    certwright.certonly("cloud.example.test")
    path = certwright.renewal_file("cloud.example.test")
    text = read(path).replace("authenticator = standalone", "authenticator = dns-linode")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    result = certwright.json("renew", "--force-renewal", status=1)
    assert_failed(result, "dns-linode", "dns-exec")
    assert "dns-linode" in result.certificates["cloud.example.test"]["error"]["message"]
    assert result.certificates["here.example.test"]["action"] == "renewed"
    told = certwright.run("renew", "--force-renewal", status=1).stderr
    assert "cloud.example.test" in told and "dns-linode" in told
    assert read(path) == text
    assert os.readlink(certwright.live("cloud.example.test", "cert")).endswith("/cert1.pem")


def test_a_failing_lineage_fails_the_run_and_no_other(start, pebble):
    certwright = start.certwright(pebble)
    certwright.certonly("stays.example.test")
    certwright.certonly("leaves.example.test")
    challenge_again(certwright)
    pebble.dns.set_servfail("leaves.example.test")
    try:
        result = certwright.json("renew", "--force-renewal", status=1)
    finally:
        pebble.dns.clear_servfail("leaves.example.test")
    assert result.certificates["stays.example.test"]["action"] == "renewed"
    failed = result.certificates["leaves.example.test"]
    assert failed["action"] == "failed"
    assert failed["error"]["message"]
    assert os.readlink(certwright.live("leaves.example.test", "cert")).endswith("/cert1.pem")


def test_a_moved_live_folder_is_renewed_link_by_link(certwright, pebble):
    """Where live/<name>/ holds an administrator's own files it cannot be exchanged as a whole."""
    certwright.certonly("moved.example.test")
    live = os.path.dirname(certwright.live("moved.example.test"))
    with open(os.path.join(live, "notes.txt"), "w", encoding="utf-8") as stream:
        stream.write("mine")
    certwright.run("renew", "--force-renewal")
    assert read(os.path.join(live, "notes.txt")) == "mine"
    assert sorted(os.listdir(live)) == ["README", "cert.pem", "chain.pem", "fullchain.pem",
                                        "notes.txt", "privkey.pem"]
    for kind in ("cert", "chain", "fullchain", "privkey"):
        assert os.readlink(os.path.join(live, f"{kind}.pem")).endswith(f"/{kind}2.pem")
    verify_chain(live, pebble.root())


def test_certificates_lists_what_there_is(certwright):
    certwright.certonly("l1.example.test", "l2.example.test")
    result = certwright.json("certificates")
    [certificate] = result.json["certificates"]
    assert certificate["name"] == "l1.example.test"
    assert sorted(certificate["domains"]) == ["l1.example.test", "l2.example.test"]
    assert certificate["status"] == "VALID" or certificate["reasons"] == ["TEST_CERT"]
    assert certificate["fullchain_path"] == certwright.live("l1.example.test")
    expiry = datetime.datetime.fromisoformat(certificate["expiry"].replace("Z", "+00:00"))
    assert expiry > datetime.datetime.now(datetime.timezone.utc)
    text = certwright.run("certificates").stdout
    for word in ("l1.example.test", "l2.example.test", certificate["fullchain_path"],
                 certificate["key_path"]):
        assert word in text


def test_certificates_without_any(certwright):
    assert certwright.json("certificates").json["certificates"] == []
    assert certwright.run("certificates").stdout.strip()


def test_certificates_names_a_renewal_file_that_it_cannot_read(certwright):
    certwright.certonly("fine.example.test")
    with open(os.path.join(certwright.config_dir, "renewal", "odd.conf"), "w",
              encoding="utf-8") as stream:
        stream.write("[[[\n")
    result = certwright.json("certificates", status=None)
    assert [c["name"] for c in result.json["certificates"]] == ["fine.example.test"]
    assert [b["name"] for b in result.json["broken"]] == ["odd"]
    assert "odd.conf" in str(result.json["broken"]) + str(errors_of(result.json))


def test_certificates_reads_without_writing(certwright):
    certwright.certonly("ro.example.test")
    before = snapshot(certwright.folder, leave_out=("log/",))
    certwright.run("certificates")
    assert snapshot(certwright.folder, leave_out=("log/",)) == before


def test_deploy_hooks_that_a_killed_run_owes_are_run_by_the_next(certwright, tmp_path):
    certwright.certonly("owed.example.test")
    log, block, reached = (tmp_path / n for n in ("log", "block", "reached"))
    hook = script(tmp_path / "hook.sh",
                  f'echo "$RENEWED_LINEAGE $RENEWED_DOMAINS" >> {log}\n'
                  f'touch {reached}\n'
                  f'for i in $(seq 100); do [ -e {block} ] || exit 0; sleep 0.1; done\n')
    block.touch()
    running = certwright.start("renew", "--force-renewal", "--deploy-hook", hook)
    wait_until(reached.exists, 30, "the deploy hook")
    running.kill()
    block.unlink()
    folder = os.path.join(certwright.work_dir, "certwright", "deploy")
    assert os.listdir(folder) == ["owed.example.test"]
    assert "owed.example.test" in certwright.run("renew").output
    live = os.path.dirname(certwright.live("owed.example.test"))
    assert read(log).splitlines() == [f"{live} owed.example.test"] * 2
    assert os.listdir(folder) == []
    certwright.run("renew")
    assert len(read(log).splitlines()) == 2


def point_to(certwright, name, number, kinds=("cert", "privkey", "chain", "fullchain")):
    for kind in kinds:
        os.unlink(certwright.live(name, kind))
        os.symlink(f"../../archive/{name}/{kind}{number}.pem", certwright.live(name, kind))


@pytest.mark.parametrize("verb", [["renew"], ["certonly", "--standalone", "-d",
                                              "back.example.test"]], ids=lambda v: v[0])
def test_a_newer_version_that_live_does_not_have_is_deployed(certwright, tmp_path, verb):
    """Whatever the reason: a run that was killed, or a copy of live/ that was put back."""
    certwright.certonly("back.example.test", args=["--deploy-hook", f"echo x >> {tmp_path}/log"])
    certwright.run("renew", "--force-renewal")
    os.unlink(tmp_path / "log")
    point_to(certwright, "back.example.test", 1)
    certwright.run("renew", "--dry-run", "--server", certwright.ca.directory)
    assert os.readlink(certwright.live("back.example.test", "cert")).endswith("/cert1.pem")
    result = certwright.json(*verb)
    assert result.certificates["back.example.test"]["action"] == "kept"
    for kind in ("cert", "privkey", "chain", "fullchain"):
        assert os.readlink(certwright.live("back.example.test", kind)).endswith(f"/{kind}2.pem")
    assert result.certificates["back.example.test"]["serial"] == serial(
        certwright, "back.example.test").lstrip("0")
    assert read(tmp_path / "log") == "x\n"


def test_a_version_that_lacks_a_file_is_not_deployed(certwright):
    certwright.certonly("part.example.test")
    certwright.run("renew", "--force-renewal")
    point_to(certwright, "part.example.test", 1)
    os.unlink(os.path.join(certwright.config_dir, "archive", "part.example.test", "chain2.pem"))
    assert certwright.json("renew").certificates["part.example.test"]["action"] == "kept"
    assert os.readlink(certwright.live("part.example.test", "cert")).endswith("/cert1.pem")


@pytest.mark.parametrize("record, runs", [("1\n", 0), ("0\n", 1), ("garbage", 1)])
def test_a_record_of_a_switch_that_never_came_runs_no_hooks(certwright, tmp_path, record, runs):
    log = tmp_path / "log"
    log.touch()
    certwright.certonly("still.example.test")
    path = certwright.renewal_file("still.example.test")
    with open(path, "a", encoding="utf-8") as stream:
        stream.write(f"renew_hook = echo x >> {log}\n")
    folder = os.path.join(certwright.work_dir, "certwright", "deploy")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for name in ("still.example.test", "gone.example.test"):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            stream.write(record)
    certwright.run("renew")
    assert len(read(log).splitlines()) == runs
    assert os.listdir(folder) == []


def test_each_goes_to_its_own_server_with_its_own_account(start, pebble):
    other = start.pebble()
    certwright = start.certwright(pebble)
    certwright.certonly("here.example.test")
    certwright.certonly("there.example.test", server=other.directory,
                        args=["--http-01-port", other.http_port])
    accounts = len(certwright.account_files())
    orders = [p.requests("POST", "/order-plz") for p in (pebble, other)]
    result = certwright.json("renew", "--force-renewal", "--jobs", "2")
    assert {c["action"] for c in result.certificates.values()} == {"renewed"}
    assert [p.requests("POST", "/order-plz") for p in (pebble, other)] == [n + 1 for n in orders]
    for name, ca in (("here.example.test", pebble), ("there.example.test", other)):
        verify_chain(os.path.dirname(certwright.live(name)), ca.root())
        assert f"server = {ca.directory}" in read(certwright.renewal_file(name))
    assert len(certwright.account_files()) == accounts == 2


def test_options_given_override_what_was_saved_and_are_saved(certwright, tmp_path):
    for name in ("over1.example.test", "over2.example.test"):
        certwright.certonly(name, args=["--deploy-hook", f"echo old >> {tmp_path}/log"])
    os.unlink(tmp_path / "log")
    certwright.run("renew", "--force-renewal", "--cert-name", "over1.example.test", "--deploy-hook",
                   f"echo new >> {tmp_path}/log", "--reuse-key")
    certwright.run("renew", "--force-renewal")
    assert sorted(read(tmp_path / "log").split()) == ["new", "new", "old"]
    assert "reuse_key = True" in read(certwright.renewal_file("over1.example.test"))
    assert "reuse_key" not in read(certwright.renewal_file("over2.example.test"))


def sleeping(certwright, *args):
    """renew as a timer would run it."""
    return certwright.start("renew", *args, *certwright.directories(), defaults=False)


def test_without_a_terminal_it_sleeps_once_before_the_first(certwright, tmp_path):
    for name in ("sleep1.example.test", "sleep2.example.test"):
        certwright.certonly(name)
    told = 0
    while told < 5:  # one that is over at once is no test
        shutil.rmtree(certwright.logs_dir)
        before = snapshot(certwright.config_dir)
        running = sleeping(certwright, "--force-renewal", "--pre-hook", f"touch {tmp_path}/ran")
        told = int(wait_until(lambda: re.search(r"waiting (\d+) seconds", certwright.log_text()),
                              30).group(1))
        assert told <= 480
        os.kill(running.pid, signal.SIGTERM)
        ended = running.finish(30)
    assert ended.status == 1
    assert certwright.log_text().count("waiting ") == 1
    assert not (tmp_path / "ran").exists()
    assert snapshot(certwright.config_dir) == before


def test_it_does_not_sleep_when_nothing_is_due_or_it_is_told_not_to(certwright, tmp_path):
    certwright.certonly("awake.example.test")
    assert sleeping(certwright).finish(60).status == 0
    ini = tmp_path / "cli.ini"
    ini.write_text("no-random-sleep-on-renew = True\n")
    assert sleeping(certwright, "--force-renewal", "-c", ini).finish(60).status == 0
    assert sleeping(certwright, "--force-renewal",
                    "--no-random-sleep-on-renew").finish(60).status == 0
    assert "waiting " not in certwright.log_text()


def test_on_a_terminal_it_does_not_sleep(certwright):
    certwright.certonly("person.example.test")
    arguments = certwright.arguments
    certwright.arguments = lambda *args, **options: [
        word for word in arguments(*args, **options) if word != "--no-random-sleep-on-renew"]
    on_terminal(certwright, "renew", "--force-renewal").finish()
    assert "waiting " not in certwright.log_text()


def test_jobs_renew_side_by_side(certwright):
    names = [f"job{i}.example.test" for i in range(6)]
    for name in names:
        certwright.certonly(name)
    result = certwright.json("renew", "--force-renewal", "--jobs", "3")
    assert {c["action"] for c in result.certificates.values()} == {"renewed"}
    assert sorted(result.certificates) == names


def test_a_rehearsal_leaves_nothing_and_validates_anew(start):
    """Pebble lets every authorization be used again, so that a first look finds them all valid."""
    pebble = start.pebble(env={"PEBBLE_AUTHZREUSE": "100"})
    certwright = start.certwright(pebble)
    certwright.certonly("try.example.test")
    before = snapshot(certwright.config_dir)
    validated = pebble.requests("POST", "/chalZ/")
    result = certwright.json("renew", "--dry-run", "--server", pebble.directory)
    assert result.certificates["try.example.test"]["action"] == "simulated"
    assert pebble.requests("POST", "/chalZ/") > validated
    assert snapshot(certwright.config_dir) == before


def test_a_rehearsal_runs_deploy_hooks_only_when_told_to(certwright, pebble, tmp_path):
    log = tmp_path / "log"
    certwright.certonly("told.example.test", args=["--deploy-hook", f"echo x >> {log}"])
    log.unlink()
    certwright.run("renew", "--dry-run", "--server", pebble.directory)
    assert not log.exists()
    certwright.run("renew", "--dry-run", "--run-deploy-hooks", "--server", pebble.directory)
    assert read(log) == "x\n"


@pytest.fixture
def sharing(certwright):
    """Three lineages, of which b.example.test has the archive of a.example.test; the folder of the
    archives."""
    for name in ("a.example.test", "b.example.test", "c.example.test"):
        certwright.certonly(name)
    folder = os.path.join(certwright.config_dir, "archive")
    path = certwright.renewal_file("b.example.test")
    text = read(path).replace("archive/b.example.test", "archive/a.example.test")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    live = os.path.dirname(certwright.live("b.example.test"))
    for kind in ("cert", "chain", "fullchain", "privkey"):
        os.unlink(os.path.join(live, f"{kind}.pem"))
        os.symlink(f"../../archive/a.example.test/{kind}1.pem", os.path.join(live, f"{kind}.pem"))
    return folder


def test_two_lineages_with_one_archive_are_both_named_and_left_alone(certwright, sharing):
    before = snapshot(sharing)
    result = certwright.json("renew", "--force-renewal", status=1)
    assert {n: c["action"] for n, c in result.certificates.items()} == {
        "a.example.test": "failed", "b.example.test": "failed", "c.example.test": "renewed"}
    assert_failed(result, os.path.join(sharing, "a.example.test"))
    after = snapshot(sharing)
    assert {k: v for k, v in after.items() if k in before} == before


@pytest.mark.parametrize("name, words", [
    ("a.example.test", ["renew"]), ("b.example.test", ["renew"]),
    ("b.example.test", ["certonly", "--standalone"])])
def test_one_of_two_with_one_archive_is_left_alone_when_it_is_asked_for(certwright, sharing, name,
                                                                        words):
    before = snapshot(certwright.config_dir)
    result = certwright.json(*words, "--cert-name", name, "--force-renewal", status=1)
    assert_failed(result, "another certificate also uses", os.path.join(sharing, "a.example.test"))
    assert snapshot(certwright.config_dir) == before


def test_certonly_with_the_name_of_an_archive_leaves_the_other_ones_files(certwright, sharing):
    """Whoever names a certificate whose archive has its name waits for no search of all others."""
    def of_other():
        return {path: what for path, what in snapshot(certwright.config_dir).items()
                if "b.example.test" in path or "cert1" in path or "privkey1" in path}
    before = of_other()
    certwright.json("certonly", "--standalone", "--cert-name", "a.example.test", "--force-renewal")
    assert of_other() == before
