"""The server blocks that get a certificate are those that Debian's certbot chooses, in a corpus of
configurations after well-known applications and in those of the other tests; where they are not,
here is why."""

import glob
import importlib.machinery
import importlib.util
import os
import shutil

import pytest

from lib.certwright import plugin_path, program_path, top_folder
from test_nginx import CASES as CHALLENGE_CASES
from test_nginx_install import CASES as INSTALL_CASES

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")

ABSENT = "in-no-block.example.net"

# Each is said in certwright-nginx(8), "DIFFERENCES FROM CERTBOT".
UNREAD = "certbot cannot read the file and passes it by"
UNMARKED = "the default serves no site of its own, but is not marked default_server"
OTHERS = "certbot takes the certificate from the other names of the wildcard"
EXPLAINED = {
    ("comments_everywhere", "com.example.com"): UNREAD,
    ("comments_everywhere", "www.com.example.com"): UNREAD,
    ("challenge_latin1", "a.test"): UNREAD,
    ("latin1_bytes", "latin.example.com"): UNREAD,
    ("lua_balancer", "lb.lua.example.com"): UNREAD,
    ("lua_content", "lua.example.com"): UNREAD,
    ("maps", "map.example.com"): UNREAD,
    ("challenge_quoted_words", "a.test"): "certbot does not know quoted names of directives",
    ("empty_blocks", ABSENT): UNMARKED,
    ("listen_forms", ABSENT): UNMARKED,
    ("install_unnamed", ABSENT): UNMARKED,
    ("matrix_synapse", ABSENT): "certbot copies a default of another port than those for sites",
    ("server_name_regex", ABSENT): "certbot's regular expressions have no (?<name>...)",
    ("challenge_returns_first", "a.test"): "a redirect to https is no site: it would be a circle",
    ("challenge_if_returns", "a.test"): "a redirect to https is no site: it would be a circle",
    ("install_exact_beside_wildcard_with_tls", "a.w.test"): OTHERS,
    ("install_exact_beside_wildcard_with_tls", "below.w.test"): OTHERS,
    ("install_own_parameters", "a.test"): "certbot refuses a block with TLS parameters of its own",
}


@pytest.fixture(scope="module")
def tool():
    path = os.path.join(top_folder(), "tests/tools/nginx-blocks")
    loader = importlib.machinery.SourceFileLoader("nginx_blocks", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def corpus(tool, tmp_path_factory):
    """The fixtures, and the cases of the tests as whole configurations."""
    folder = tmp_path_factory.mktemp("corpus")
    for kind, cases in (("challenge", CHALLENGE_CASES), ("install", INSTALL_CASES)):
        for name, (text, _) in cases.items():
            for mark, value in (("@http@", "80"), ("@https@", "443"), ("@other@", "8080"),
                                ("@folder@/old", "tls/server"), ("@folder@/rsa", "tls/server"),
                                ("@folder@", str(folder)),
                                ("include snippets/tls.conf;",
                                 "ssl_certificate tls/server.pem; "
                                 "ssl_certificate_key tls/server.key;")):
                text = text.replace(mark, value)
            (folder / f"{kind}_{name}.conf").write_bytes(
                f"events {{ }}\nhttp {{\n{text}\n}}\n".encode("latin-1"))
    return sorted(glob.glob(os.path.join(tool.FIXTURES, "*.conf"))) + \
        sorted(glob.glob(str(folder / "*.conf")))


def test_the_same_blocks_are_chosen_as_by_certbot(request, tool, corpus, monkeypatch):
    """In all of the corpus with --full, else in an eighth of it, as certbot is slow."""
    full = request.config.getoption("--full")
    corpus = corpus if full else corpus[::8]
    cases = {os.path.basename(path).removesuffix(".conf") for path in corpus}
    found, differ, refused = 0, {}, []
    monkeypatch.setenv("CERTWRIGHT_PLUGIN_PATH", plugin_path(program_path()))
    with tool.bench(program_path()) as bench:
        for path in corpus:
            case = os.path.basename(path).removesuffix(".conf")
            for name, _, ours, theirs in bench.compare(path):
                found += 1
                if ours.refused:
                    refused.append((case, name, ours.refused))
                if ours != theirs:
                    differ[case, name] = f"certwright: {ours}; certbot: {theirs}"
    for key, words in differ.items():
        print(key, words)
    assert found > (200 if full else 20)
    assert not refused
    assert set(differ) == {key for key in EXPLAINED if key[0] in cases}


@pytest.mark.parametrize("version, listens, directive", [
    ("1.9.4", "listen 443 ssl;", False),
    ("1.22.1", "listen 443 ssl http2;", False),
    ("1.25.0", "listen 443 ssl http2;", False),
    ("1.25.1", "listen 443 ssl;", True),
])
def test_http2_is_written_as_the_version_of_nginx_knows_it(tool, tmp_path, monkeypatch, version,
                                                           listens, directive):
    fixture = tmp_path / "site.conf"
    fixture.write_text("events { }\nhttp {\n    server {\n        listen 80;\n"
                       "        server_name a.test;\n    }\n}\n", encoding="ascii")
    monkeypatch.setenv("CERTWRIGHT_PLUGIN_PATH", plugin_path(program_path()))
    with tool.bench(program_path()) as bench:
        root = bench.copy(str(fixture), strict=False)
        ctl = os.path.join(root, "ctl")
        with open(ctl, encoding="ascii") as stream:
            text = stream.read()
        with open(ctl, "w", encoding="ascii") as stream:
            stream.write(text.replace("| sed ", f"| sed 's#nginx/[0-9.]*#nginx/{version}#' | sed "))
        status, output = bench.ours(root, "a.test")
        assert status == 0, output
        with open(os.path.join(root, "nginx.conf"), encoding="ascii") as stream:
            text = stream.read()
    assert listens in text
    assert ("http2 on;" in text) == directive
