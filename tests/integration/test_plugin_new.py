"""plugin new: a project for a plugin that builds and passes its own test as it is."""

import os
import shlex
import stat
import subprocess

import pytest

from lib.certwright import plugin_path, program_path, top_folder

TEMPLATES = os.path.join(top_folder(), "packaging", "plugin-templates")
ROLES = {"authenticator": ["authenticator"], "installer": ["installer"],
         "both": ["authenticator", "installer"]}
SOURCES = {"c": ["weather-vane.c"], "c++": ["weather-vane.cc"],
           "rust": ["weather-vane.rs", "certwright.rs"]}


class Kit:
    """Runs "certwright plugin", as an author who has installed certwright."""

    def __init__(self, certwright, folder):
        self.certwright, self.folder = certwright, folder
        self.to = os.path.join(str(folder), "project")

    def environment(self):
        return self.certwright.environment({"CERTWRIGHT_TEMPLATE_PATH": TEMPLATES})

    def run(self, *words, status=0, json=False):
        result = self.certwright.run("plugin", *words, status=status, defaults=False, json=json,
                                     env={"CERTWRIGHT_TEMPLATE_PATH": TEMPLATES})
        return result

    def new(self, *words, status=0, json=False):
        return self.run("new", "weather-vane", "--to", self.to, *words, status=status, json=json)

    def make(self, *targets):
        """make, with what pkg-config says of the tree that is tested."""
        program, env = self.certwright.program, self.environment()
        packages = os.path.join(str(self.folder), "pkgconfig")
        os.makedirs(packages, exist_ok=True)
        plugins = plugin_path(program_path())
        with open(os.path.join(packages, "certwright-plugin.pc"), "w", encoding="ascii") as stream:
            stream.write(f"prefix={self.folder}/prefix\nplugindir={plugins}\n"
                         "Name: certwright-plugin\nDescription: the tree that is tested\nVersion: 1\n"
                         f"Cflags: -I{shlex.quote(os.path.join(top_folder(), 'include'))}\n")
        env.update({"PKG_CONFIG_PATH": packages, "CERTWRIGHT": program})
        env.pop("SSL_CERT_FILE")
        done = subprocess.run(["make", "-C", self.to, *targets], env=env, timeout=300, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        print(done.stdout, done.stderr)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


class NoCa:
    ca_path = "/nonexistent"


@pytest.fixture
def kit(start, tmp_path):
    return Kit(start.certwright(NoCa()), tmp_path)


@pytest.mark.sample(2)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("language", SOURCES)
def test_new_project_builds_and_passes_its_own_test_unchanged(kit, language, role):
    result = kit.new(f"--{role}", "--language", language, json=True)
    assert result.json["created"] == {
        "name": "weather-vane", "folder": kit.to, "language": language, "roles": ROLES[role],
        "files": ["Makefile", "certwright-weather-vane.8", "tests/check.py", *SOURCES[language]]}
    output = kit.make("check")
    assert "warning" not in output
    assert "The plugin weather-vane works." in output


def test_new_project_can_be_installed(kit, tmp_path):
    kit.new("--both")
    kit.make("install", f"DESTDIR={tmp_path}/root")
    installed = [os.path.join(where, name) for where, _, names in os.walk(tmp_path / "root")
                 for name in names]
    assert sorted(os.path.basename(path) for path in installed) == [
        "certwright-weather-vane.8", "weather-vane.so"]
    assert all(stat.S_IMODE(os.stat(path).st_mode) == 0o644 for path in installed)


def test_empty_folder_is_used_as_it_is(kit):
    os.mkdir(kit.to, 0o700)
    before = os.stat(kit.to)
    result = kit.new("--authenticator")
    assert os.stat(kit.to).st_ino == before.st_ino
    assert "weather-vane.c" in os.listdir(kit.to)
    assert "make check" in result.stdout


def test_folder_with_a_file_is_refused_and_left_alone(kit):
    os.mkdir(kit.to)
    with open(os.path.join(kit.to, "mine"), "w", encoding="ascii"):
        pass
    result = kit.new("--authenticator", status=2)
    assert f'the folder "{kit.to}" is not empty' in result.stderr
    assert os.listdir(kit.to) == ["mine"]


@pytest.mark.parametrize("words, sentence", [
    (["new", "Bad_Name", "--authenticator"], '"Bad_Name" cannot be the name of a plugin'),
    (["new", "../up", "--authenticator"], '"../up" cannot be the name of a plugin'),
    (["new", "libvane", "--authenticator"], '"libvane" cannot be the name of a plugin'),
    (["new", "vane", "--both", "--language", "cobol"],
     'there are no templates for the language "cobol"'),
    (["new", "vane"], 'what the plugin "vane" is for was not said'),
    (["new", "--both"], "the name of the new plugin is missing"),
    (["new", "vane", "more", "--both"], 'unexpected argument "more"'),
    (["new", "vane", "--bogus"], 'the verb "plugin" has no option "--bogus"'),
    (["new", "vane", "--language"], 'the option "--language" needs a value'),
    (["old", "vane"], 'the verb "plugin" cannot do "old"'),
    ([], 'the verb "plugin" needs to know what to do'),
])
def test_mistake_is_one_sentence_and_nothing_is_written(kit, words, sentence):
    at = [words[0], "--to", kit.to, *words[1:]] if words else []
    result = kit.run(*at, status=2)
    assert sentence in result.stderr.splitlines()[0]
    # No folder, and nothing beside it.
    assert not [name for name in os.listdir(kit.folder) if name.startswith("project")]
    assert kit.run(*at, status=2, json=True).json["error"]["status"] == "usage"


def test_missing_folder_is_a_usage_error(kit):
    result = kit.run("new", "vane", "--both", status=2)
    assert 'the folder for the plugin "vane" is missing' in result.stderr


def test_nothing_is_left_where_a_template_cannot_be_read(kit, tmp_path):
    templates = tmp_path / "templates"
    subprocess.run(["cp", "-r", TEMPLATES, templates], check=True)
    with open(templates / "c" / "NAME.c.template", "a", encoding="ascii") as stream:
        stream.write("@if authenticator@\n")
    result = kit.certwright.run("plugin", "new", "vane", "--both", "--to", kit.to, status=1,
                                defaults=False,
                                env={"CERTWRIGHT_TEMPLATE_PATH": str(templates)})
    assert '"@end@" is missing' in result.stderr
    assert not [name for name in os.listdir(tmp_path) if name.startswith("project")]


def test_configuration_file_does_not_concern_it(kit, tmp_path):
    """An authenticator in cli.ini is not the --authenticator of "plugin new"."""
    os.makedirs(tmp_path / "certwright" / "xdg" / "letsencrypt", exist_ok=True)
    path = os.path.join(kit.certwright.folder, "xdg", "letsencrypt", "cli.ini")
    with open(path, "w", encoding="ascii") as stream:
        stream.write("no-such-key = 1\n")
    kit.new("--authenticator")


def test_help_and_completion_know_it(kit):
    text = kit.run("--help").stdout
    assert "certwright plugin new NAME --authenticator|--installer|--both --to DIR" in text
    assert "--language LANGUAGE" in text
