"""The agent: certificates that the environment or agent.ini describe, and what it says of bad input."""

import glob
import json
import os
import shutil
import signal
import stat

import pytest
from cryptography import x509

from lib.agent import Agent, Reader, is_pair
from lib.certwright import read_only
from lib.issuer import load
from lib.pebble import EAB_KEYS
from lib.plugins import IDLE, PluginFolder
from lib.tools import read


def names_of(path):
    return sorted(load(path).extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName))


def write_ini(certwright, text):
    os.makedirs(certwright.config_dir, exist_ok=True)
    with open(os.path.join(certwright.config_dir, "agent.ini"), "w", encoding="utf-8") as stream:
        stream.write(text)


def test_environment_alone_is_enough(certwright, tmp_path):
    secret = tmp_path / "email"
    secret.write_text("me@example.test\n")
    agent = Agent(certwright, env={"CERTWRIGHT_DOMAINS": "env.example.test www.env.example.test",
                                   "CERTWRIGHT_EMAIL_FILE": str(secret),
                                   "CERTWRIGHT_AUTHENTICATOR": "standalone",
                                   "CERTWRIGHT_NAME": "mine"})
    agent.wait_for_origin("mine", "acme")
    assert names_of(certwright.live("mine")) == ["env.example.test", "www.env.example.test"]
    assert is_pair(certwright, "mine")
    agent.wait(lambda: agent.certificate("mine")["origin"] == "acme", "the status")
    state = agent.certificate("mine")
    assert state["state"] == "valid" and state["attempts"] == 0
    assert state["next"]["action"] in ("ask", "renew")
    agent.end()
    account = certwright.json("show_account").json["account"]
    assert account["contact"] == ["me@example.test"]


def test_secret_of_a_file_is_used_and_never_shown(start, tmp_path):
    """The key of an external account, as a container gets it."""
    pebble = start.pebble(eab=True)
    certwright = start.certwright(pebble)
    secret = tmp_path / "eab"
    secret.write_text(EAB_KEYS["kid-1"] + "\n")
    agent = Agent(certwright, env={"CERTWRIGHT_DOMAINS": "eab.example.test",
                                   "CERTWRIGHT_EAB_KID": "kid-1",
                                   "CERTWRIGHT_EAB_HMAC_KEY_FILE": str(secret)})
    agent.wait_for_origin("eab.example.test", "acme")
    shown = json.dumps(agent.status())
    result = agent.end()
    for text in (result.stderr, certwright.log_text(), shown,
                 read(os.path.join(certwright.work_dir, "certwright", "agent", "state.json"))):
        assert text and EAB_KEYS["kid-1"] not in text


def test_aiotes_variables_alone_are_enough(certwright):
    agent = Agent(certwright, env={"AIOTES_HOSTNAME": "gateway.example.test",
                                   "AIOTES_SYSADMIN_EMAIL": "admin@example.test"})
    agent.wait_for_origin("aiotes", "acme")
    for kind in ("privkey", "cert", "chain"):
        assert read(certwright.live("aiotes", kind)).startswith("-----BEGIN")
    assert names_of(certwright.live("aiotes", "cert")) == ["gateway.example.test"]
    agent.end()


def test_always_a_pair_until_the_second_ca_has_issued_one(certwright, start):
    """Self-signed at once; the first server is down, so the second is tried."""
    dead = f"https://localhost:{start.ports.take()}/dir"
    reader = Reader(certwright, "two.example.test")
    with reader.watching():
        agent = Agent(certwright, server=False,
                      env={"CERTWRIGHT_DOMAINS": "two.example.test",
                           "CERTWRIGHT_SERVER": f"{dead}, {certwright.ca.directory}",
                           "CERTWRIGHT_SERVER_TIMEOUT": "0"})
        agent.wait_for_origin("two.example.test", "acme")
        agent.wait(lambda: len(reader.pairs) >= 2, "both pairs to be read")
    log = agent.log()
    assert "made a self-signed certificate" in log and "trying the next server" in log
    agent.wait(lambda: len(agent.status()["servers"]) == 2, "the end of the attempt")
    requests = {s["server"]: s for s in agent.status()["servers"]}
    assert requests[dead]["failures"] == requests[dead]["requests"] > 0
    assert requests[certwright.ca.directory]["failures"] == 0
    agent.end()


def test_each_request_to_a_ca_is_counted(start, tmp_path):
    """Also those of looks and of failed attempts; badNonce is an error."""
    # So many that there are some in each run.
    pebble = start.pebble(env={"PEBBLE_WFE_NONCEREJECT": "60"})
    certwright = start.certwright(pebble)
    write_ini(certwright, f"""
[a]
domains = a.example.test
[nobody]
domains = nobody.example.test
authenticator = webroot
webroot-path = {tmp_path}
""")
    agent = Agent(certwright)
    agent.wait_for_origin("a", "acme")
    agent.wait_for_log('"nobody" failed')
    certwright.run("agent", "renew", "a", *certwright.directories(), defaults=False)

    def server():
        [found] = agent.status()["servers"]
        return found
    # A look may be under way.
    agent.wait(lambda: server()["requests"] == pebble.all_requests() > 20, "the count")
    assert server()["failures"] == certwright.log_text().count(": status 400,") > 0
    agent.end()


@pytest.mark.parametrize("env, sentence", [
    ({}, "the agent has no certificate to look after"),
    ({"CERTWRIGHT_DOMAIN_NAMES": "a.example.test"},
     "the environment variable CERTWRIGHT_DOMAIN_NAMES is not known"),
    ({"CERTWRIGHT_DOMAINS": "a.example.test", "CERTWRIGHT_EMAIL": "a@example.test",
      "CERTWRIGHT_EMAIL_FILE": "/dev/null"},
     "CERTWRIGHT_EMAIL and CERTWRIGHT_EMAIL_FILE are both set"),
    ({"AIOTES_HOSTNAME": "a.example.test"},
     "AIOTES_HOSTNAME is set, but AIOTES_SYSADMIN_EMAIL is not"),
    ({"CERTWRIGHT_DOMAINS": "a.example.test", "CERTWRIGHT_MODE": "0644"},
     'the mode "0644" gives others too many rights on the private key'),
    ({"CERTWRIGHT_DOMAINS": "a_b..example.test"}, "a_b..example.test"),
    ({"CERTWRIGHT_DOMAINS": "a.example.test", "CERTWRIGHT_AUTHENTICATOR": "standalonee"},
     'there is no plugin "standalonee"'),
    ({"CERTWRIGHT_DOMAINS": "a.example.test", "CERTWRIGHT_INSTALLER": "standalone"},
     'the plugin "standalone" is not an installer'),
    ({"CERTWRIGHT_DOMAINS": "a.example.test", "CERTWRIGHT_SERVER": "ca.example.test/dir"},
     '"ca.example.test/dir" is not the URL of an ACME server'),
    ({"CERTWRIGHT_DOMAINS": "a.example.test", "CERTWRIGHT_EMAIL": "nobody"},
     '"nobody" is not an e-mail address'),
    ({"CERTWRIGHT_DOMAINS": "a.example.test", "CERTWRIGHT_RSA_KEY_SIZE": "1024"},
     "--rsa-key-size cannot be 1024"),
    ({"CERTWRIGHT_DOMAINS": "a.example.test", "CERTWRIGHT_DEPLOY_HOOK": "/nowhere/hook"},
     'cannot find the --deploy-hook program "/nowhere/hook"'),
    ({"CERTWRIGHT_DOMAINS": "a.example.test", "CERTWRIGHT_NOTIFY_HOOK": "/nowhere/hook"},
     'cannot find the --notify-hook program "/nowhere/hook"'),
])
def test_bad_variables_are_named_in_one_sentence(certwright, env, sentence):
    result = Agent(certwright, env=env).running.finish(30)
    assert result.status in (1, 2)
    errors = [line for line in result.stderr.splitlines() if sentence in line]
    assert len(errors) == 1, result.output


@pytest.mark.parametrize("variable", ["CERTWRIGHT_AGENT_CONFIG", "CERTWRIGHT_EMAIL_FILE"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_and_not_waited_for(certwright, tmp_path, variable, make):
    path = str(tmp_path / "thing")
    make(path)
    env = {"CERTWRIGHT_DOMAINS": "a.example.test", variable: path}
    result = Agent(certwright, env=env).running.finish(30)
    assert result.status == 1
    errors = [line for line in result.stderr.splitlines() if f'"{path}" is' in line]
    assert len(errors) == 1, result.output


def test_what_a_plugin_needs_is_named_at_the_start(certwright, tmp_path):
    folder = PluginFolder(tmp_path / "plugins")
    folder.compile("needy", IDLE + """
static const struct cw_plugin_option option = {
	.size = sizeof(option), .name = "url", .kind = CW_OPTION_STRING, .help = "Where.",
	.flags = CW_OPTION_REQUIRED };
static const struct cw_plugin_option *const options[] = { &option, NULL };
""", ".options = options,")
    env = {"CERTWRIGHT_DOMAINS": "a.example.test", "CERTWRIGHT_AUTHENTICATOR": "needy",
           **folder.env}
    result = Agent(certwright, env=env).running.finish(30)
    assert result.status == 1
    assert 'the plugin "needy" needs a value for "--needy-url"' in result.stderr


def test_ini_describes_certificates(certwright, tmp_path):
    hook = tmp_path / "deployed"
    write_ini(certwright, f"""
deploy-hook = touch {hook}
[one]
domains = [one.example.test, www.one.example.test]
key-type = rsa
mode = 0640
group = {os.getegid()}
[two]
domains = two.example.test
""")
    agent = Agent(certwright)
    agent.wait_for_origin("one", "acme")
    agent.wait_for_origin("two", "acme")
    assert load(certwright.live("one")).public_key().key_size == 2048
    status = os.stat(certwright.live("one", "privkey"))
    assert stat.S_IMODE(status.st_mode) == 0o640 and status.st_gid == os.getegid()
    assert stat.S_IMODE(os.stat(certwright.live("two", "privkey")).st_mode) == 0o600
    assert hook.exists()

    # A broken file: the running configuration stays. Then a third certificate.
    write_ini(certwright, "[one]\ndomains = one.example.test\nkey-tpye = rsa\n")
    agent.wait_for_log("keeping the running configuration")
    assert "line 3" in agent.log() and "key-tpye" in agent.log()
    write_ini(certwright, "[one]\ndomains = one.example.test\nauthenticator = nobody\n")
    agent.wait_for_log("keeping the running configuration", 2)
    assert 'cannot use [one] in "' in agent.log() and 'no plugin "nobody"' in agent.log()
    write_ini(certwright, "[three]\ndomains = three.example.test\n")
    agent.wait_for_origin("three", "acme")
    # What is not described any more is renewed like every other lineage.
    assert {c["name"] for c in agent.status()["certificates"]} == {"one", "two", "three"}
    agent.end()


def test_changed_names_are_obtained(certwright):
    write_ini(certwright, "[web]\ndomains = a.example.test\n")
    agent = Agent(certwright)
    agent.wait_for_origin("web", "acme")
    write_ini(certwright, "[web]\ndomains = a.example.test, b.example.test\n")
    agent.wait(lambda: names_of(certwright.live("web")) == ["a.example.test", "b.example.test"],
               "the new names")
    agent.end()


def test_a_taken_port_does_not_concern_others(certwright, start, tmp_path):
    webroot = tmp_path / "www"
    webroot.mkdir()
    start.web(certwright.ca.http_port, lambda host: str(webroot))
    write_ini(certwright, f"""
[alone]
domains = alone.example.test
authenticator = standalone
[web]
domains = web.example.test
authenticator = webroot
webroot-path = {webroot}
""")
    agent = Agent(certwright)
    agent.wait_for_origin("web", "acme")
    agent.wait(lambda: agent.certificate("alone")["last_failure"], "the failure")
    state = agent.certificate("alone")
    assert "the port is held by" in state["last_failure"]["message"]
    assert state["origin"] == "self-signed" and state["next"]["action"] == "retry"
    # It has been so for some seconds only.
    assert state["health"] == "warning"
    agent.end()


def test_what_only_the_administrator_can_mend_asks_no_ca_again(certwright):
    settings = "[mine]\ndomains = mine.example.test\n"
    write_ini(certwright, f"{settings}owner = nobody-here\n")
    agent = Agent(certwright)
    agent.wait_for_origin("mine", "acme")
    sentence = 'there is no user "nobody-here"'
    # The certificate is valid, but not as it should be: that is said, and a CA cannot mend it.
    for _ in range(2):
        agent.wait(lambda: (agent.certificate("mine")["next"] or {}).get("action") == "check",
                   "the plan")
        before = agent.log().count(sentence)
        agent.signal(signal.SIGUSR1)
        agent.wait_for_log(sentence, before + 1)
    problems = agent.certificate("mine")["problems"]
    assert any(sentence in problem["message"] and problem["hint"] for problem in problems)
    write_ini(certwright, settings)
    agent.wait_for_log('"mine" is well again')
    assert agent.certificate("mine")["last_failure"] is None
    agent.end()
    assert len(os.listdir(os.path.join(certwright.config_dir, "archive", "mine"))) == 4


def test_a_ca_that_is_down_keeps_certificates_of_others_waiting_once(certwright, start):
    dead = f"https://127.0.0.1:{start.ports.take()}/dir"
    write_ini(certwright, "".join(f"[{name}]\ndomains = {name}.example.test\nserver = {ca}\n"
                                  for name, ca in (("a", dead), ("b", dead),
                                                   ("c", certwright.ca.directory))))
    agent = Agent(certwright, server=False)
    agent.wait_for_origin("c", "acme")
    agent.wait_for_log('"b" failed')
    log = agent.log()
    assert log.index('"a" failed') < log.index('"c" has a new') < log.index('"b" failed')
    agent.end()


def test_a_clock_that_was_ahead_delays_nothing(certwright):
    """What was planned while the clock was wrong does not count when it is right."""
    folder = os.path.join(certwright.work_dir, "certwright", "agent")
    os.makedirs(folder, mode=0o700)
    later = 4102444800
    failure = {"time": "2100-01-01T00:00:00Z", "kind": "ca-down", "message": "it was down",
               "hint": None, "until": None}
    with open(os.path.join(folder, "state.json"), "w", encoding="ascii") as stream:
        json.dump({"certificates": {"past.example.test": {
            "attempts": 3, "retry": later + 3600, "last_failure": failure,
            "last_success": later, "success_before": later - 60}}}, stream)
    agent = Agent(certwright, env={"CERTWRIGHT_DOMAINS": "past.example.test"})
    agent.wait_for_origin("past.example.test", "acme")
    agent.end()


def test_removed_files_are_replaced(certwright):
    agent = Agent(certwright, env={"CERTWRIGHT_DOMAINS": "gone.example.test"})
    agent.wait_for_origin("gone.example.test", "acme")
    agent.wait(lambda: agent.certificate("gone.example.test")["next"]["action"] == "renew",
               "the plan")
    shutil.rmtree(os.path.join(certwright.config_dir, "live", "gone.example.test"))
    agent.wait_for_log("has a new certificate", 2)
    agent.wait_for_origin("gone.example.test", "acme")
    assert is_pair(certwright, "gone.example.test")
    agent.end()


@pytest.mark.parametrize("damaged", ["", "\0garbage\n[[[", "[renewalparams]\naccount = 1\n"])
def test_a_damaged_renewal_file_of_a_described_certificate_is_replaced(certwright, damaged):
    write_ini(certwright, "[web]\ndomains = web.example.test\n")
    agent = Agent(certwright)
    agent.wait_for_origin("web", "acme")
    agent.end()
    before = load(certwright.live("web"))
    path = certwright.renewal_file("web")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(damaged)
    agent = Agent(certwright)
    with Reader(certwright, "web").watching() as reader:
        agent.wait_for_log("has a new certificate")
    agent.wait(lambda: agent.certificate("web")["problems"] == [], "the look")
    agent.end()
    assert reader.origins == ["acme"], "the one that was in use stays until there is another"
    assert load(certwright.live("web")).serial_number != before.serial_number
    assert "failed" not in agent.log()
    assert "authenticator = standalone" in read(path)
    [copy] = glob.glob(os.path.join(certwright.config_dir, "aside", "web-*", "renewal.conf"))
    assert read(copy) == damaged and copy.rpartition("/")[0] in agent.log()


def test_a_read_only_volume_is_named(certwright):
    os.makedirs(certwright.folder, exist_ok=True)
    os.makedirs(certwright.work_dir, exist_ok=True)
    with read_only(certwright.work_dir) as wrap:
        agent = Agent(certwright, env={"CERTWRIGHT_DOMAINS": "ro.example.test"}, wrap=wrap)
        result = agent.running.finish(30)
    assert result.status == 1 and certwright.work_dir in result.stderr, result.output
    assert "Read-only file system" in result.stderr or "denied" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_is_named_and_tried_again(certwright):
    os.makedirs(certwright.config_dir)
    small = ["unshare", "-m", "sh", "-c",
             'mount -t tmpfs -o size=12k none "$0" && exec "$@"', certwright.config_dir]
    agent = Agent(certwright, env={"CERTWRIGHT_DOMAINS": "full.example.test"}, wrap=small)
    agent.wait(lambda: agent.certificate("full.example.test")["last_failure"], "the failure")
    state = agent.certificate("full.example.test")
    assert "No space left on device" in state["last_failure"]["message"]
    assert state["last_failure"]["kind"] == "disk" and state["next"]["action"] == "check"
    agent.end()


def test_lineages_of_the_store_are_renewed_with_their_own_settings(certwright):
    """Nothing is described: what another run has obtained is looked after."""
    certwright.certonly("store.example.test")
    before = read(certwright.live("store.example.test"))
    agent = Agent(certwright)
    agent.wait(lambda: agent.certificate("store.example.test")["next"], "the plan")
    # Another program obtains and deletes certificates meanwhile.
    certwright.certonly("other.example.test", args=["--lock-timeout", "60"])
    agent.wait(lambda: "other.example.test" in {c["name"] for c in agent.status()["certificates"]},
               "the other certificate")
    certwright.run("delete", "--cert-name", "other.example.test", "--lock-timeout", "60")
    agent.wait(lambda: "other.example.test" not in
               {c["name"] for c in agent.status()["certificates"]}, "its end")
    certwright.run("agent", "renew", "store.example.test", *certwright.directories(),
                   defaults=False)
    assert read(certwright.live("store.example.test")) != before
    # The agent's own options were not saved for it.
    assert f"http01_port = {certwright.ca.http_port}" in read(
        certwright.renewal_file("store.example.test"))
    result = certwright.run("agent", "renew", "nobody", *certwright.directories(), defaults=False,
                            status=None)
    assert result.status == 1 and "no certificate \"nobody\"" in result.output
    agent.end()
