"""What was built for an older version of the plugin interface works with today's core, and the header
stays compatible with the older ones."""

import os
import shutil
import subprocess

import pytest

from lib.certwright import top_folder
from lib.plugins import PluginFolder

OLD = os.path.join(top_folder(), "tests", "abi", "1.0")
TODAY = os.path.join(top_folder(), "include", "certwright", "plugin.h")
TOOL = os.path.join(top_folder(), "tests", "tools", "abi-compatible")
NAME = "life.example.test"

COMPILERS = {"c": ["gcc", "-std=c99", "-x", "c"], "c++": ["g++", "-std=c++11", "-x", "c++"]}


@pytest.mark.parametrize("language", COMPILERS)
def test_plugin_of_1_0_issues_installs_renews_and_rolls_back(pebble, start, tmp_path, language):
    folder = PluginFolder(tmp_path / "plugins")
    subprocess.run([*COMPILERS[language], "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-shared",
                    "-fPIC", "-I", OLD, '-DLIFE_NAME="life"', "-o",
                    os.path.join(folder.path, "life.so"),
                    os.path.join(top_folder(), "tests", "abi", "life.c")], check=True, timeout=60)
    root, target = tmp_path / "www", tmp_path / "server.pem"
    challenges = root / ".well-known" / "acme-challenge"
    challenges.mkdir(parents=True)
    target.write_text("as it was\n", encoding="ascii")
    start.web(pebble.http_port, lambda name: str(root))
    certwright = start.certwright(pebble)

    def live():
        with open(certwright.live(NAME), encoding="ascii") as stream:
            return stream.read()

    certwright.run("run", "-a", "life", "-i", "life", "--life-challenges", challenges,
                   "--life-target", target, "--no-redirect", "-d", NAME, env=folder.env)
    first = live()
    assert target.read_text(encoding="ascii") == first
    assert not os.listdir(challenges)

    certwright.run("renew", "--force-renewal", env=folder.env)
    assert live() != first
    assert target.read_text(encoding="ascii") == live()

    certwright.run("rollback", "--checkpoints", "2", "-i", "life", env=folder.env)
    assert target.read_text(encoding="ascii") == "as it was\n"


def compare(new):
    return subprocess.run([TOOL, os.path.join(OLD, "certwright", "plugin.h"), new], check=False,
                          timeout=120, capture_output=True, text=True)


needs_abidiff = pytest.mark.skipif(shutil.which("abidiff") is None,
                                   reason="abidiff (abigail-tools) is not installed")


@needs_abidiff
def test_header_is_compatible_with_1_0():
    done = compare(TODAY)
    assert done.returncode == 0, done.stdout + done.stderr


CHANGES = {
    "fields_of_one_type_change_places": (
        "	int (*reload)(void *self);", "	int (*cw_swap)(void *self);",
        "	int (*reread)(void *self);", "	int (*reload)(void *self);",
        "	int (*cw_swap)(void *self);", "	int (*reread)(void *self);"),
    "a_field_is_removed": ("	int (*save)(void *self, const char *title);", ""),
    "a_field_is_inserted": ("	const char *metavar;", "	const char *more; const char *metavar;"),
    "a_field_gets_another_type": ("	int wildcard;", "	long wildcard;"),
    "a_service_takes_another_parameter": (
        "	void (*secret)(const struct cw_host *host, const char *text);",
        "	void (*secret)(const struct cw_host *host, const char *text, int more);"),
    "a_value_changes": ("	CW_OPTION_PATH = 3,", "	CW_OPTION_PATH = 9,"),
}


@needs_abidiff
@pytest.mark.parametrize("change", CHANGES)
def test_incompatible_change_of_the_header_is_found(tmp_path, change):
    with open(TODAY, encoding="utf-8") as stream:
        text = stream.read()
    words = CHANGES[change]
    for before, after in zip(words[::2], words[1::2]):
        assert before in text
        text = text.replace(before, after, 1)
    changed = tmp_path / "plugin.h"
    changed.write_text(text, encoding="utf-8")
    done = compare(changed)
    assert done.returncode == 1
    assert "only append" in done.stdout, done.stdout + done.stderr


@needs_abidiff
def test_fields_and_values_that_are_appended_are_compatible(tmp_path):
    with open(TODAY, encoding="utf-8") as stream:
        text = stream.read()
    text = text.replace("	CW_OPTION_MAP = 6 ", "	CW_OPTION_MAP = 6, CW_OPTION_MORE = 7 ", 1)
    end = text.index("};", text.index("struct cw_installer {"))
    text = text[:end] + "	int (*more)(void *self);\n" + text[end:]
    changed = tmp_path / "plugin.h"
    changed.write_text(text, encoding="utf-8")
    done = compare(changed)
    assert done.returncode == 0, done.stdout + done.stderr
