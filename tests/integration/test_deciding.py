"""What a request means where there is a certificate already: as Certbot decides it, with questions on
a terminal, and without anybody to ask an error that names the option."""

import os

import pytest

from lib.certwright import read_only
from lib.outcome import assert_failed
from lib.terminal import on_terminal
from lib.tools import command, key_text, names_of, read, snapshot

A, B, C = "a.example.test", "b.example.test", "c.example.test"


def names(*all_names):
    return [word for n in all_names for word in ("-d", n)]


def version(certwright, name):
    return int(os.path.basename(os.readlink(certwright.live(name, "cert")))[4:-4])


def action(result):
    [certificate] = result.json["certificates"]
    return certificate["action"]


def key_of(certwright, name):
    text = key_text(certwright.live(name, "privkey"))
    for line in text.splitlines():
        if "ASN1 OID" in line:
            return line.split()[-1]
    return text.split("Private-Key: (", 1)[1].split(" bit")[0]



def test_the_same_names_are_kept_until_they_are_due(certwright):
    certwright.certonly(A, B)
    assert action(certwright.certonly(B, A, json=True)) == "kept"
    assert action(certwright.certonly(B, A, args=["--keep"], json=True)) == "kept"
    assert action(certwright.certonly(A, B, args=["--force-renewal"], json=True)) == "renewed"
    assert version(certwright, A) == 2


def test_more_names_need_expand(certwright):
    certwright.certonly(A)
    result = certwright.certonly(A, B, json=True, status=2)
    assert_failed(result, A, "--expand")
    assert action(certwright.certonly(A, B, args=["--expand"], json=True)) == "renewed"
    assert names_of(certwright.live(A, "cert")) == [A, B]
    assert certwright.lineages() == [A]


def test_fewer_or_other_names_are_another_certificate(certwright):
    certwright.certonly(A, B)
    assert action(certwright.certonly(A, json=True)) == "issued"
    assert action(certwright.certonly(A, C, args=["--expand"], json=True)) == "renewed"
    assert certwright.lineages() == [A, f"{A}-0001"]
    assert names_of(certwright.live(f"{A}-0001", "cert")) == [A, C]


def test_duplicate_makes_a_second_one(certwright):
    certwright.certonly(A)
    certwright.certonly(A, args=["--duplicate"])
    certwright.certonly(A, args=["--duplicate"])
    assert certwright.lineages() == [A, f"{A}-0001", f"{A}-0002"]


@pytest.mark.parametrize("where", ["renewal", "live", "archive"])
def test_a_name_that_anything_has_is_not_taken(certwright, where):
    certwright.certonly(B)
    path = os.path.join(certwright.config_dir, where, A + (".conf" if where == "renewal" else ""))
    if where == "renewal":
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("[renewalparams]\n")
    else:
        os.mkdir(path)
    certwright.certonly(A)
    assert f"{A}-0001" in certwright.lineages()


@pytest.mark.parametrize("wanted", [[B], [A, B], [B, C]], ids=["other", "more", "none left"])
@pytest.mark.parametrize("option", [[], ["--renew-with-new-domains"]],
                         ids=["implied", "given"])
def test_without_a_terminal_a_cert_name_gets_the_names_given(certwright, wanted, option):
    certwright.certonly(A, args=["--cert-name", "mine"])
    result = certwright.certonly(*wanted, args=["--cert-name", "mine", *option], json=True)
    assert action(result) == "renewed"
    assert names_of(certwright.live("mine", "cert")) == wanted
    assert certwright.lineages() == ["mine"]


def test_names_that_a_cert_name_has_already_change_nothing(certwright):
    certwright.certonly(A, B, args=["--cert-name", "mine"])
    result = certwright.certonly(B, A, args=["--cert-name", "mine"], json=True)
    assert action(result) == "kept"


def test_a_cert_name_alone_renews_its_names(certwright):
    certwright.certonly(A, B, args=["--cert-name", "mine"])
    result = certwright.certonly(args=["--cert-name", "mine", "--force-renewal"], json=True)
    assert action(result) == "renewed"
    assert names_of(certwright.live("mine", "cert")) == [A, B]


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "x" * 300])
def test_a_cert_name_that_is_none_is_refused(certwright, name):
    result = certwright.certonly(A, args=["--cert-name", name], json=True, status=1)
    assert_failed(result, "name")
    assert certwright.lineages() == []


def test_a_wildcard_cannot_be_left_out(certwright):
    assert_failed(certwright.certonly("*.w.example.test", A, args=["--allow-subset-of-names"],
                                      json=True, status=2), "--allow-subset-of-names", "*.w")



def test_the_key_type_stays_unless_it_is_asked_for(certwright):
    certwright.certonly(A, args=["--key-type", "rsa"])
    certwright.certonly(A, args=["--force-renewal"])
    assert key_of(certwright, A) == "2048"
    assert "key_type = rsa" in read(certwright.renewal_file(A))
    certwright.certonly(A, B, args=["--expand"])
    assert key_of(certwright, A) == "2048"


def test_a_key_type_needs_the_cert_name_too(certwright):
    certwright.certonly(A)
    for more in ([], ["--force-renewal"]):
        result = certwright.certonly(A, args=["--key-type", "rsa", *more], json=True, status=2)
        assert_failed(result, "ecdsa", "rsa", f"--cert-name {A}")
    result = certwright.certonly(A, args=["--key-type", "rsa", "--cert-name", A], json=True)
    assert action(result) == "renewed"
    assert key_of(certwright, A) == "2048"
    text = read(certwright.renewal_file(A))
    assert "key_type = rsa" in text and "elliptic_curve" not in text


def test_size_and_curve_change_at_the_next_renewal(certwright):
    certwright.certonly(A)
    result = certwright.certonly(A, args=["--elliptic-curve", "secp384r1"], json=True)
    assert action(result) == "kept"
    assert "--force-renewal" in result.stderr
    certwright.certonly(A, args=["--elliptic-curve", "secp384r1", "--force-renewal"])
    assert key_of(certwright, A) == "secp384r1"
    certwright.run("renew", "--force-renewal")
    assert key_of(certwright, A) == "secp384r1"
    certwright.run("renew", "--force-renewal", "--key-type", "rsa", "--rsa-key-size", "3072")
    assert key_of(certwright, A) == "3072"
    text = read(certwright.renewal_file(A))
    assert "elliptic_curve" not in text and "rsa_key_size = 3072" in text
    certwright.run("renew", "--force-renewal", "--key-type", "ecdsa")
    assert key_of(certwright, A) == "prime256v1"
    assert "rsa_key_size" not in read(certwright.renewal_file(A))


@pytest.mark.parametrize("options, word", [
    (["--elliptic-curve", "secp384r1"], "--elliptic-curve"),
    (["--key-type", "rsa", "--cert-name", A], "--key-type")])
def test_a_key_that_is_reused_cannot_be_changed(certwright, options, word):
    certwright.certonly(A, args=["--reuse-key"])
    first = read(certwright.live(A, "privkey"))
    result = certwright.certonly(A, args=["--force-renewal", *options], json=True, status=2)
    assert_failed(result, word, "--new-key", "--no-reuse-key")
    assert version(certwright, A) == 1
    certwright.certonly(A, args=["--force-renewal", "--reuse-key"])
    assert read(certwright.live(A, "privkey")) == first
    certwright.certonly(A, args=["--force-renewal", "--reuse-key", "--new-key", *options])
    second = read(certwright.live(A, "privkey"))
    assert second != first
    certwright.run("renew", "--force-renewal")
    assert read(certwright.live(A, "privkey")) == second
    certwright.run("renew", "--force-renewal", "--no-reuse-key")
    assert read(certwright.live(A, "privkey")) != second


@pytest.mark.parametrize("options, word", [
    (["--elliptic-curve", "secp384r1"], "--elliptic-curve"),
    (["--key-type", "rsa"], "--key-type")])
def test_renew_does_not_change_a_key_that_is_reused_either(certwright, options, word):
    certwright.certonly(A, args=["--reuse-key"])
    key = read(certwright.live(A, "privkey"))
    result = certwright.json("renew", "--force-renewal", *options, status=1)
    assert_failed(result, word, "--new-key", "--no-reuse-key")
    assert read(certwright.live(A, "privkey")) == key and version(certwright, A) == 1
    certwright.run("renew", "--force-renewal", "--new-key", *options)
    assert key_of(certwright, A) == {"rsa": "2048"}.get(options[1], options[1])



def test_a_real_certificate_is_not_replaced_by_one_of_a_test_ca(certwright, pebble):
    certwright.certonly(A)
    staging = pebble.directory.replace("/dir", "/dir?staging")
    before = snapshot(certwright.config_dir)
    result = certwright.certonly(A, args=["--force-renewal"], server=staging, json=True, status=2)
    assert_failed(result, A, "--break-my-certs")
    assert snapshot(certwright.config_dir) == before
    certwright.certonly(A, args=["--force-renewal", "--break-my-certs"], server=staging)
    assert version(certwright, A) == 2



def certonly_there(certwright, *args):
    return on_terminal(certwright, "certonly", "--standalone", *args)


@pytest.mark.parametrize("answer, there", [("1", 1), ("2", 2)])
def test_the_user_is_asked_whether_to_keep_or_renew(certwright, answer, there):
    certwright.certonly(A)
    terminal = certonly_there(certwright, *names(A))
    terminal.answer("Keep the existing.*Renew and replace.*: ", answer)
    terminal.finish()
    assert version(certwright, A) == there


@pytest.mark.parametrize("answer, status, has", [("y", 0, [A, B]), ("n", 1, [A])])
def test_the_user_is_asked_whether_to_expand(certwright, answer, status, has):
    certwright.certonly(A)
    terminal = certonly_there(certwright, *names(A, B))
    terminal.expect(rf"some of these names.*Names now: +{A}\n.*New names: +{A}, {B}\n")
    terminal.answer(r"Continue.*\(", answer)
    terminal.finish(status)
    assert names_of(certwright.live(A, "cert")) == has


@pytest.mark.parametrize("answer, status, has", [("y", 0, [B]), ("n", 1, [A])])
def test_the_user_is_asked_about_other_names(certwright, answer, status, has):
    certwright.certonly(A)
    terminal = certonly_there(certwright, "--cert-name", A, *names(B))
    terminal.answer(r"change the names.*\(", answer)
    terminal.finish(status)
    assert names_of(certwright.live(A, "cert")) == has


@pytest.mark.parametrize("answer, status, key", [("y", 0, "2048"), ("n", 2, "prime256v1")])
def test_the_user_is_asked_about_another_key_type(certwright, answer, status, key):
    certwright.certonly(A)
    terminal = certonly_there(certwright, *names(A), "--key-type", "rsa")
    terminal.answer(r"is of type ecdsa.*rsa", answer)
    terminal.finish(status)
    assert key_of(certwright, A) == key


def test_names_are_asked_for(certwright):
    terminal = certonly_there(certwright)
    terminal.answer("Domain names.*: ", "not..aname")
    terminal.answer("Domain names.*: ", f"{A}, {B}")
    terminal.finish()
    assert names_of(certwright.live(A, "cert")) == [A, B]


def test_the_authenticator_is_asked_for(certwright):
    terminal = on_terminal(certwright, "certonly", *names(A))
    listed = terminal.expect(r"How do you want to prove(.*)Number, or c to cancel").group(1)
    [number] = [line.split(":")[0] for line in listed.splitlines() if "(standalone)" in line]
    terminal.type(number)
    terminal.finish()
    assert "authenticator = standalone" in read(certwright.renewal_file(A))


def test_challenges_can_be_looked_at_before_the_ca_does(certwright, pebble):
    terminal = certonly_there(certwright, *names(A), "--debug-challenges")
    value = terminal.expect(r"http-01 for a\.example\.test: (\S+)").group(1)
    terminal.expect("Press Enter")
    token = value.split(".")[0]
    served = command("curl", "-sf", "--noproxy", "*",
                     f"http://127.0.0.1:{pebble.http_port}/.well-known/acme-challenge/{token}").stdout
    assert served == value
    terminal.type("")
    terminal.finish()
    assert certwright.lineages() == [A]


def test_without_a_terminal_debugging_does_not_wait(certwright):
    result = certwright.certonly(A, args=["--debug-challenges"])
    assert "http-01 for a.example.test" in result.output


def test_cancelling_changes_nothing(certwright):
    certwright.certonly(A)
    before = snapshot(certwright.config_dir)
    terminal = certonly_there(certwright, *names(A))
    terminal.answer("Number, or c to cancel: ", "c")
    terminal.finish(1)
    assert snapshot(certwright.config_dir) == before


def orders(pebble):
    return pebble.requests("POST", "/order-plz")


@pytest.mark.parametrize("where", ["live", "archive"])
def test_left_over_folders_are_told_before_the_ca_is_asked(certwright, pebble, where):
    certwright.certonly(B)
    path = os.path.join(certwright.config_dir, where, "mine")
    os.mkdir(path)
    before = orders(pebble)
    result = certwright.certonly(A, args=["--cert-name", "mine"], json=True, status=1)
    assert_failed(result, path, "--cert-name")
    assert orders(pebble) == before
    os.rmdir(path)
    certwright.certonly(A, args=["--cert-name", "mine"])


@pytest.mark.parametrize("verb", ["certonly", "renew", "reconfigure"])
def test_a_hook_that_cannot_be_saved_is_told_before_the_ca_is_asked(certwright, pebble, verb):
    hook = "true '''a''' \"\"\"b\"\"\""
    certwright.certonly(A)
    before = orders(pebble)
    if verb == "certonly":
        result = certwright.certonly(B, args=["--deploy-hook", hook], json=True, status=1)
    else:
        what = ["--force-renewal"] if verb == "renew" else ["--cert-name", A]
        result = certwright.json(verb, *what, "--deploy-hook", hook, status=1)
    assert_failed(result, "renew_hook", "hook")
    assert orders(pebble) == before
    assert certwright.lineages() == [A]


def test_folders_that_cannot_be_written_to_are_told_before_the_ca_is_asked(certwright, pebble):
    certwright.certonly(A)
    archive = os.path.join(certwright.config_dir, "archive")
    before = orders(pebble)
    with read_only(archive) as wrap:
        result = certwright.json("renew", "--force-renewal", wrap=wrap, status=1)
        assert_failed(result, archive)
        result = certwright.certonly(B, json=True, wrap=wrap, status=1)
        assert_failed(result, archive)
    assert orders(pebble) == before
