"""The plugin loader as seen from outside: what is listed, and what is skipped with a sentence."""

import os
import shutil

import pytest

from lib.plugins import IDLE, PluginFolder


@pytest.fixture
def folder(tmp_path):
    """An empty plugin folder."""
    return PluginFolder(tmp_path / "plugins")


def listed(result):
    return {p["name"]: p for p in result.json["plugins"]}


def test_lists_what_is_found(certwright):
    plugins = listed(certwright.json("plugins"))
    for name in ("standalone", "webroot"):
        plugin = plugins[name]
        assert os.path.isfile(plugin["path"])
        assert plugin["abi"] == "1.1"
        assert plugin["version"]
        assert plugin["roles"] == ["authenticator"]
        assert "http-01" in plugin["challenge_types"]
    assert plugins["null"]["roles"] == ["installer"]
    text = certwright.run("plugins").stdout
    for word in ("standalone", "webroot", "null", "http-01", plugins["webroot"]["path"]):
        assert word in text


@pytest.mark.parametrize("option, there, absent", [("--authenticators", "webroot", "null"),
                                                   ("--installers", "null", "webroot")])
def test_roles_can_be_chosen(certwright, option, there, absent):
    plugins = listed(certwright.json("plugins", option))
    assert there in plugins and absent not in plugins


@pytest.mark.parametrize("options", [["--init"], ["--prepare"], ["--init", "--prepare"]])
def test_init_and_prepare(certwright, options):
    result = certwright.json("plugins", *options)
    assert "standalone" in listed(result)
    if "--prepare" in options:
        assert listed(result)["standalone"]["prepared"] is True


def test_a_strangers_plugin_is_found(certwright, folder):
    path = folder.compile("stranger")
    plugin = listed(certwright.json("plugins", env=folder.env))["stranger"]
    assert plugin["path"] == path
    assert plugin["version"] == "7.5"
    assert plugin["description"] == "a stranger's plugin"


def spoil_symbol(folder):
    folder.compile("stranger", SYMBOL="another_name")


def spoil_newer_major(folder):
    folder.compile("stranger", MAJOR="2")


def spoil_older_major(folder):
    folder.compile("stranger", MAJOR="0")


def spoil_size(folder):
    folder.compile("stranger", SIZE="8")


def spoil_name(folder):
    folder.compile("stranger", NAME='"somebody-else"')


def spoil_file(folder):
    with open(os.path.join(folder.path, "stranger.so"), "w", encoding="ascii") as stream:
        stream.write("no shared object\n")


def spoil_architecture(folder):
    """The same module for a machine of another kind, as its header says."""
    with open(folder.compile("stranger"), "r+b") as stream:
        stream.seek(18)
        machine = int.from_bytes(stream.read(2), "little")
        stream.seek(18)
        stream.write((183 if machine != 183 else 62).to_bytes(2, "little"))


OPTION = """static const struct cw_plugin_option option = {
	.size = sizeof(struct cw_plugin_option), .name = "path", .kind = CW_OPTION_PATH,
	.help = "A path." };
static const struct cw_plugin_option *const options[] = {&option, @more@ NULL};
"""


def spoil_options(folder):
    folder.compile("stranger", IDLE + OPTION.replace("@more@", "&option,"), ".options = options,")


def spoil_writable_module(folder):
    os.chmod(folder.compile("stranger"), 0o666)


def spoil_writable_folder(folder):
    folder.compile("stranger")
    os.chmod(folder.path, 0o777)


@pytest.mark.parametrize("spoil, words", [
    (spoil_symbol, ["cw_plugin_entry"]), (spoil_newer_major, ["2.1", "1.1"]),
    (spoil_older_major, ["0.1", "1.1"]), (spoil_size, []), (spoil_name, ["somebody-else"]),
    (spoil_file, []), (spoil_architecture, ["stranger.so"]), (spoil_options, ["occurs twice"]),
    (spoil_writable_module, ["writ"]),
    (spoil_writable_folder, ["writ"])])
def test_a_bad_plugin_is_skipped_with_a_sentence(certwright, folder, spoil, words):
    spoil(folder)
    result = certwright.json("plugins", env=folder.env)
    assert "stranger" not in listed(result)
    assert "standalone" in listed(result)
    told = result.stderr + str(result.json.get("refused"))
    assert folder.path in told
    for word in words:
        assert word in told
    # And the command goes on, also where the plugin is not what it is about.
    certwright.certonly("goes-on.example.test", env=folder.env)


def test_an_option_that_another_plugin_has_is_refused_and_both_are_named(certwright, folder):
    """--web-root-path would be an option of "web" and of "web-root"."""
    folder.compile("web", IDLE + OPTION.replace("@more@", "").replace(
        '"path"', '"root-path"'), ".options = options,")
    folder.compile("web-root", IDLE + OPTION.replace("@more@", ""), ".options = options,")
    result = certwright.json("plugins", "--init", env=folder.env)
    assert listed(result)["standalone"]["prepared"] is True
    assert listed(result)["web"]["prepared"] is True
    message = listed(result)["web-root"]["prepared"]["message"]
    assert "--web-root-path" in message and '"web-root"' in message and '"web"' in message
    result = certwright.json("certonly", "-a", "web", "-a", "web-root", "-d", "a.example.test",
                             "-d", "b.example.test", env=folder.env, status=None)
    assert result.status in (1, 2)
    assert "--web-root-path" in str(result.json["error"])
    certwright.certonly("goes-on.example.test", env=folder.env)


def test_a_bad_plugin_that_is_asked_for_is_an_error(certwright, folder):
    spoil_newer_major(folder)
    result = certwright.json("certonly", "-a", "stranger", "-d", "a.example.test", env=folder.env,
                             status=None)
    assert result.status in (1, 2)
    assert "2.1" in result.stdout and "1.1" in result.stdout


def test_a_strangers_plugin_is_selected_by_each_spelling(certwright, folder):
    folder.compile("stranger")
    for selection in (["-a", "stranger"], ["--stranger"], ["-a", "dist:stranger"]):
        result = certwright.json("certonly", *selection, "-d", "s.example.test", env=folder.env,
                                 status=1)
        assert "stranger" in str(result.json["error"]) + str(result.json["certificates"])


def test_only_what_is_needed_is_opened(certwright, folder, tmp_path):
    folder.compile("stranger")
    trace = str(tmp_path / "trace")
    certwright.certonly("lazy.example.test", env=folder.env, wrap=[
        "strace", "-f", "-qq", "-e", "trace=open,openat", "-o", trace])
    with open(trace, encoding="utf-8", errors="replace") as stream:
        text = stream.read()
    assert "standalone.so" in text
    assert "stranger.so" not in text
    assert "webroot.so" not in text


def test_a_plugin_copied_elsewhere_works_there(certwright, tmp_path):
    """A plugin links to nothing of ours, so its place does not matter."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    path = listed(certwright.json("plugins"))["standalone"]["path"]
    shutil.copy(os.path.realpath(path), elsewhere / "standalone.so")
    certwright.certonly("copied.example.test", env={"CERTWRIGHT_PLUGIN_PATH": str(elsewhere)})


@pytest.mark.parametrize("option", ["--webroot-path", "--webroot-map", "-w"])
def test_the_options_of_a_refused_plugin_say_that_it_is_refused(certwright, tmp_path, option):
    folder = tmp_path / "refused"
    folder.mkdir(mode=0o755)
    (folder / "webroot.so").write_bytes(b"no plugin")
    result = certwright.run("certonly", "-d", "x.example.test", option, "{}", status=2,
                            env={"CERTWRIGHT_PLUGIN_PATH": str(folder)})
    assert 'the plugin "webroot"' in result.stderr and "webroot.so" in result.stderr
    assert "there is no option" not in result.stderr


def test_the_options_of_a_strangers_plugin_that_is_refused_or_missing_name_it(certwright, tmp_path):
    folder = tmp_path / "refused"
    folder.mkdir(mode=0o755)
    (folder / "acme-foo.so").write_bytes(b"no plugin")
    env = {"CERTWRIGHT_PLUGIN_PATH": str(folder)}
    result = certwright.run("certonly", "-d", "x.example.test", "--acme-foo-key", "x", status=2, env=env)
    assert 'the plugin "acme-foo" of the option "--acme-foo-key" was not loaded' in result.stderr
    for words in (["-a", "bar", "--bar-key", "x"], ["--bar-key", "x", "--authenticator=dist:bar"]):
        result = certwright.run("certonly", "-d", "x.example.test", *words, status=2, env=env)
        assert 'the plugin "bar" of the option "--bar-key" was not loaded' in result.stderr
    result = certwright.run("certonly", "-d", "x.example.test", "--nothing-such", status=2, env=env)
    assert 'there is no option "--nothing-such"' in result.stderr
