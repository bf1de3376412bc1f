"""What plugins can do since ABI 1.1: options from the environment, secrets, HTTP of their own."""

import glob
import os

import pytest

from lib.account import challenge_again
from lib.authority import Authority
from lib.plugins import PluginFolder
from lib.rest import MEMBERS, PLUGIN, RestService
from lib.tools import read

TOKEN = "open-sesame-7"


@pytest.fixture
def plugin(tmp_path):
    folder = PluginFolder(tmp_path / "plugins")
    folder.compile("rest", PLUGIN, MEMBERS)
    return folder


@pytest.fixture
def service(start, pebble):
    """Gives a function that starts the service."""
    started = []

    def run(**options):
        started.append(RestService(start.ports.take(), pebble.http_port, **options))
        return started[-1]

    yield run
    for one in started:
        one.stop()


def issue(certwright, plugin, *args, env=None, status=0):
    return certwright.run("certonly", "-a", "rest", "-d", "rest.example.test", *args,
                          env={**plugin.env, **(env or {})}, status=status)


def logs(certwright):
    return "".join(read(path) for path in glob.glob(os.path.join(certwright.logs_dir, "*")))


def test_options_come_from_the_environment_and_secrets_are_not_saved(certwright, pebble, plugin,
                                                                     service):
    rest = service()
    env = {"REST_URL": rest.url, "REST_TOKEN": TOKEN}
    issue(certwright, plugin, "-vv", env=env)
    saved = read(certwright.renewal_file("rest.example.test"))
    assert f"rest_url = {rest.url}\n" in saved
    assert TOKEN not in saved and "rest_token" not in saved
    assert TOKEN not in logs(certwright)
    assert "rest: perform() returned 0 after" in logs(certwright)
    # The renewal has the URL from its file, and lacks the token.
    challenge_again(certwright)
    assert "wrong token" in certwright.run("renew", "--force-renewal", env=plugin.env,
                                           status=1).output
    certwright.run("renew", "--force-renewal", env={**plugin.env, "REST_TOKEN": TOKEN})


def test_a_secret_on_the_command_line_is_hidden_and_warned_of(certwright, plugin, service):
    rest = service()
    result = issue(certwright, plugin, "-vv", "--rest-url", rest.url, "--rest-token", TOKEN)
    assert '"--rest-token" is a secret and is not saved' in result.stderr
    assert TOKEN not in result.output + logs(certwright)
    assert TOKEN not in read(certwright.renewal_file("rest.example.test"))


def test_the_command_line_wins_over_the_environment(certwright, plugin, service):
    rest = service()
    issue(certwright, plugin, "--rest-url", rest.url,
          env={"REST_URL": "http://127.0.0.1:1", "REST_TOKEN": TOKEN})


def test_a_required_option_that_is_missing_is_named(certwright, plugin):
    result = issue(certwright, plugin, status=None)
    assert result.status != 0
    assert 'the plugin "rest" needs a value for "--rest-url"' in result.stderr
    assert "REST_URL" in result.stderr
    assert not certwright.lineages()


def test_a_bad_value_in_the_environment_names_the_variable(certwright, tmp_path, service):
    folder = PluginFolder(tmp_path / "others")
    folder.compile("rest", PLUGIN.replace('"redirections", CW_OPTION_INTEGER, 0,\n'
                                          '\t\t\t\t\t\t\t   NULL',
                                          '"redirections", CW_OPTION_INTEGER, 0, "REST_TIMES"'),
                   MEMBERS)
    rest = service()
    result = issue(certwright, folder, env={"REST_URL": rest.url, "REST_TIMES": "many"},
                   status=None)
    assert result.status != 0
    assert '"REST_TIMES"' in result.stderr and "many" in result.stderr


def test_the_help_shows_what_an_option_needs(certwright, plugin):
    text = certwright.run("help", "rest", defaults=False, env=plugin.env).stdout
    text = " ".join(text.split())
    assert "Required. Environment variable: REST_URL." in text
    assert "Environment variable: REST_TOKEN." in text


def test_the_services_error_is_read_from_its_json(certwright, plugin, service):
    rest = service()
    result = issue(certwright, plugin, env={"REST_URL": rest.url, "REST_TOKEN": "another-one"},
                   status=1)
    assert "status 403, wrong token, served by rest-1" in result.stderr
    assert "another-one" not in result.output + logs(certwright)


@pytest.fixture
def others(tmp_path):
    """A CA that the system does not trust."""
    folder = tmp_path / "others-ca"
    folder.mkdir()
    return Authority(folder)


def test_a_plugins_own_ca_and_client_certificate(certwright, plugin, service, others, tmp_path):
    rest = service(files=others.issue("rest"), client_ca=others.ca_path)
    trusted = tmp_path / "ca.pem"
    trusted.write_text(read(others.ca_path))
    trusted.chmod(0o640)
    env = {"REST_URL": rest.url, "REST_TOKEN": TOKEN}
    result = issue(certwright, plugin, "--rest-ca", trusted, env=env, status=1)
    assert "127.0.0.1" in result.stderr
    client = tmp_path / "client.pem"
    client.touch(0o600)
    client.write_text("".join(map(read, others.issue("client", client=True))))
    issue(certwright, plugin, "--rest-ca", trusted, "--rest-client", client, env=env)
    assert "PRIVATE" not in logs(certwright)


def test_verification_does_not_depend_on_that_of_the_acme_server(certwright, plugin, service,
                                                                  others):
    rest = service(files=others.issue("rest"))
    result = issue(certwright, plugin, "--no-verify-ssl",
                   env={"REST_URL": rest.url, "REST_TOKEN": TOKEN}, status=1)
    assert f'the certificate of "127.0.0.1" (port {rest.port}) is not trusted' in result.stderr
    assert "--no-verify-ssl" not in result.stderr
    assert not rest.requests


@pytest.mark.parametrize("redirections", [0, 3])
def test_a_redirection_leads_no_secret_elsewhere(certwright, plugin, service, redirections):
    rest = service()
    target = rest.url.replace("127.0.0.1", "localhost")  # the same server, and another origin
    rest.answer = lambda handler: handler.reply(307, {}, Location=target + handler.path)
    result = issue(certwright, plugin, "--rest-redirections", redirections,
                   env={"REST_URL": rest.url, "REST_TOKEN": TOKEN}, status=1)
    if redirections == 0:
        assert "status 307, no reason, served by rest-1" in result.stderr
    else:
        assert f'"localhost" (port {rest.port}), to which the body' in result.stderr
    assert len(rest.requests) == 1


BUSY = r"""
#include <time.h>
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	(void)self;
	for (int i = 0; i < 15; i++) {
		struct timespec pause = {0, 200000000};
		nanosleep(&pause, NULL);
		SIGN;
	}
	for (size_t i = 0; i < count; i++)
		cw_host_fail_challenge(host, challenges[i], CW_E_UNSUPPORTED, NULL, "it was done");
	return CW_OK;
}
"""


@pytest.mark.parametrize("sign, said", [("cw_host_still_busy(host)", "it was done"),
                                        ("(void)0", "--plugin-timeout")])
def test_a_busy_plugin_says_so(certwright, tmp_path, sign, said):
    folder = PluginFolder(tmp_path / "plugins")
    folder.compile("busy", BUSY, SIGN=sign)
    result = certwright.run("certonly", "-a", "busy", "-d", "busy.example.test",
                            "--plugin-timeout", "1", env=folder.env, status=1)
    assert said in result.output
