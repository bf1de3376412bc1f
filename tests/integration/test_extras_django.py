"""The plugin django of extras/, with a Django application that publishes challenges."""

import os
import stat
import time
import urllib.error
import urllib.request
import uuid

import jwt
import pytest

from lib.account import challenge_again
from lib.djangosite import DjangoSite
from lib.process import kill_all, wait_until
from lib.terminal import on_terminal
from lib.tools import command, names_of, read

# curl takes all names below "localhost" for this machine.
ONE, TWO = "one.app.localhost", "two.app.localhost"


@pytest.fixture
def site(start, pebble):
    return DjangoSite(start, pebble.http_port)


@pytest.fixture
def certwright(installed_certwright):
    return installed_certwright


def arguments(*names, user="publisher", plugin="django"):
    return ["-a", plugin, "--django-username", user, "--django-public-ip-logging-ok",
            *(word for name in names or [ONE] for word in ("-d", name))]


def key_path(certwright, name, folder="django"):
    return os.path.join(certwright.config_dir, folder,
                        f"certbot_django_id_rsa_{name.replace('.', '')}")


@pytest.fixture
def key(certwright, site, tmp_path):
    """Gives the key of ONE to the application; returns the path of its private half."""
    path = key_path(certwright, ONE)
    os.makedirs(os.path.dirname(path), mode=0o700)
    command("openssl", "genrsa", "-out", path, "2048")
    os.chmod(path, 0o600)
    public = tmp_path / "one.pub"
    command("openssl", "pkey", "-in", path, "-pubout", "-out", public)
    site.add_key(public)
    return path


def refused(site, authorization, method="POST", path="/.well-known/challenges/"):
    """What the application says to a request that it does not let in."""
    request = urllib.request.Request(
        site.url(path), method=method, data=b'{"challenge": "x", "response": "y"}',
        headers={"Authorization": authorization, "Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    return caught.value.read().decode()


def test_the_first_run_prints_the_public_key_and_waits(certwright, site):
    terminal = on_terminal(certwright, "certonly", *arguments(plugin="certbot-django:auth"))
    printed = terminal.expect(r'-----BEGIN PUBLIC KEY-----\n.*?-----END PUBLIC KEY-----\n').group()
    path = key_path(certwright, ONE)
    assert read(f"{path}.pub") == printed == command("openssl", "pkey", "-in", path,
                                                     "-pubout").stdout
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert not site.authorizations()
    site.add_key(f"{path}.pub")
    terminal.answer("press Enter", "")
    terminal.finish()
    assert names_of(certwright.live(ONE)) == [ONE]
    assert [method for method, _ in site.authorizations()] == ["POST", "DELETE"]
    assert not site.published()
    saved = read(certwright.renewal_file(ONE))
    assert "authenticator = django\n" in saved and "django_username = publisher\n" in saved
    challenge_again(certwright)
    certwright.run("renew", "--force-renewal")
    assert len(site.authorizations()) == 4


def test_without_a_user_to_ask_the_first_run_fails_with_instructions(certwright, site):
    stderr = certwright.run("certonly", *arguments(ONE, TWO), status=1).stderr
    assert not site.authorizations()
    for name in (ONE, TWO):
        path = f"{key_path(certwright, name)}.pub"
        assert f'which the application of "{name}" does not know' in stderr
        assert f'give the user "publisher" the public key "{path}"' in stderr
        site.add_key(path)
    assert read(f"{key_path(certwright, ONE)}.pub") != read(f"{key_path(certwright, TWO)}.pub")
    certwright.run("certonly", *arguments(ONE, TWO))
    assert names_of(certwright.live(ONE)) == [ONE, TWO]


@pytest.mark.usefixtures("key")
def test_a_renewal_file_of_certbot_selects_the_plugin(certwright, site):
    certwright.run("certonly", *arguments())
    path = certwright.renewal_file(ONE)
    text = read(path).replace("authenticator = django\n", "authenticator = certbot-django:auth\n")
    assert "certbot-django:auth" in text
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    challenge_again(certwright)
    certwright.run("renew", "--force-renewal")
    assert len(site.authorizations()) == 4


def test_requests_are_signed_for_a_user_once_and_now(certwright, site, key):
    certwright.run("certonly", *arguments())
    tokens = [value.split()[1] for _, value in site.authorizations()]
    claims = [jwt.decode(token, read(f"{key}.pub"), algorithms=["RS256"]) for token in tokens]
    assert all(set(one) == {"username", "time", "nonce"} for one in claims)
    assert len({one["nonce"] for one in claims}) == 2
    assert all(abs(time.time() - one["time"]) < 120 for one in claims)
    # The application refuses a token that it has seen, an old one, and one of another key.
    assert "the nonce was used before" in refused(site, f"JWT {tokens[0]}")

    def signed(signer, **changes):
        whole = {"username": "publisher", "time": int(time.time()), "nonce": uuid.uuid4().hex}
        return f"JWT {jwt.encode({**whole, **changes}, signer, algorithm='RS256')}"

    assert "the time of the token is wrong" in refused(
        site, signed(read(key), time=int(time.time()) - 3600))
    other = command("openssl", "genrsa", "2048").stdout
    assert "no key of the user verifies the token" in refused(site, signed(other))


@pytest.mark.parametrize("user, words", [
    ("nobody", "there is no such user"),
    ("reader", "You do not have permission to perform this action."),
])
def test_a_wrong_user_is_refused_and_the_hint_names_the_key(certwright, site, key, tmp_path, user,
                                                            words):
    site.add_key(tmp_path / "one.pub", "reader")
    stderr = certwright.run("certonly", *arguments(user=user), status=1).stderr
    assert f'the application answered POST "http://{ONE}:{site.port}/.well-known/challenges/"' \
        in stderr
    assert words in stderr
    assert f'public key "{key}.pub"' in stderr
    assert not site.published()


def test_a_key_that_the_application_lacks_is_refused(certwright, site, key):
    os.unlink(os.path.join(site.folder, "keys", "publisher", "one.pub"))
    stderr = certwright.run("certonly", *arguments(), status=1).stderr
    assert "no key of the user verifies the token" in stderr
    assert f'public key "{key}.pub"' in stderr


@pytest.mark.usefixtures("key")
def test_one_name_that_fails_does_not_fail_the_other(certwright, site):
    certwright.run("certonly", *arguments(ONE, TWO), "--allow-subset-of-names")
    assert names_of(certwright.live(ONE)) == [ONE]
    assert not site.published()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_have_access_to_is_refused(certwright, site, key, mode):
    os.chmod(key, mode)
    stderr = certwright.run("certonly", *arguments(), status=1).stderr
    assert f'other users have access to the key "{key}"' in stderr
    assert not site.authorizations()


def test_a_folder_of_keys_that_others_can_write_to_is_refused(certwright, site, key):
    os.chmod(os.path.dirname(key), 0o777)
    stderr = certwright.run("certonly", *arguments(), status=1).stderr
    assert "other users can write to the folder of keys" in stderr
    assert not site.authorizations()


@pytest.mark.parametrize("text", ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n", None])
def test_a_key_that_is_not_an_rsa_key_is_refused(certwright, site, key, text):
    if text is None:
        text = command("openssl", "genpkey", "-algorithm", "ed25519").stdout
    with open(key, "w", encoding="ascii") as stream:
        stream.write(text)
    stderr = certwright.run("certonly", *arguments(), status=1).stderr
    assert f'"{key}" has no RSA key' in stderr
    assert not site.authorizations()


def test_the_keys_of_certbot_in_a_folder_of_the_user_s_are_used(certwright, site, tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    path = folder / "certbot_django_id_rsa_oneapplocalhost"
    # As Python's cryptography writes it for certbot-django.
    command("openssl", "genrsa", "-traditional", "-out", path, "2048")
    os.chmod(path, 0o600)
    command("openssl", "pkey", "-in", path, "-pubout", "-out", tmp_path / "one.pub")
    site.add_key(tmp_path / "one.pub")
    certwright.run("certonly", *arguments(), "--django-key-directory", folder)
    assert not os.path.exists(os.path.join(certwright.config_dir, "django"))


@pytest.mark.usefixtures("key")
def test_an_application_that_breaks_costs_the_name_and_is_asked_to_remove(certwright, site):
    site.break_requests("POST")
    result = certwright.json("certonly", *arguments(), status=1)
    assert "with status 500" in str(result.json)
    assert [method for method, _ in site.authorizations()] == ["POST", "DELETE"]
    assert not certwright.lineages()


@pytest.mark.usefixtures("key")
def test_a_challenge_that_could_not_be_removed_is_removed_by_the_next_run(certwright, site):
    site.break_requests("DELETE")
    result = certwright.run("certonly", *arguments())
    assert "answered DELETE" in result.stderr and "with status 500" in result.stderr
    assert len(site.published()) == 1
    site.break_requests("")
    certwright.run("renew")
    assert not site.published()


@pytest.mark.usefixtures("key")
def test_an_application_that_is_down_is_named(certwright, site):
    site.server.stop()
    stderr = certwright.run("certonly", *arguments(), status=1).stderr
    assert ONE in stderr and "connect" in stderr.lower()


@pytest.mark.usefixtures("key")
def test_what_a_killed_run_published_is_removed_by_the_next_run(certwright, site):
    site.hold()
    run = certwright.start("certonly", *arguments())
    wait_until(site.published, 60, "the challenge")
    kill_all(run)
    assert len(site.published()) == 1
    site.go_on()
    certwright.run("renew")
    assert not site.published()


def test_the_username_is_required(certwright):
    stderr = certwright.run("certonly", "-a", "django", "-d", ONE, status=None).stderr
    assert 'needs a value for "--django-username"' in stderr
