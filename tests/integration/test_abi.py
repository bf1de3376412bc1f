"""What was built for an older version of the plugin interface works with today's core, and the header
stays compatible with the older ones."""

import os
import re
import shlex
import shutil
import subprocess

import pytest

from lib.certwright import program_path, top_folder
from lib.plugins import PluginFolder

OLD = os.path.join(top_folder(), "tests", "abi", "1.0")
TODAY = os.path.join(top_folder(), "include", "certwright", "plugin.h")
TEMPLATES = os.path.join(top_folder(), "packaging", "plugin-templates")
TOOL = os.path.join(top_folder(), "tests", "tools", "abi-compatible")
NAME = "life.example.test"

needs_abidiff = pytest.mark.skipif(shutil.which("abidiff") is None,
                                   reason="abidiff (abigail-tools) is not installed")


class NoCa:
    ca_path = "/nonexistent"


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


# The last commit whose core has ABI 1.0.
CORE_1_0 = "1305a2f"


def build_core_1_0(folder):
    """Returns the program, and a folder with its plugins."""
    source, build, plugins = folder / "source", folder / "build", folder / "plugins"
    for path in (source, build, plugins):
        path.mkdir()
    subprocess.run(f"git -C {shlex.quote(top_folder())} archive {CORE_1_0} | tar x -C {source}",
                   shell=True, check=True)
    for argv in (["autoreconf", "-fi", str(source)], [str(source / "configure")],
                 ["make", f"-j{os.cpu_count()}"]):
        subprocess.run(argv, cwd=build, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=3600)
    shutil.copy(build / ".libs" / "standalone.so", plugins)
    return str(build / "certwright"), str(plugins)


def test_plugin_of_today_works_with_the_core_of_1_0(request, start, tmp_path):
    """It is loaded, obtains a certificate, and asks before it uses a service that is not there."""
    if not request.config.getoption("--full"):
        pytest.skip("it builds an older core: scripts/check --full")
    if not os.path.exists(os.path.join(top_folder(), ".git")):
        pytest.skip("the older core is in the repository, which is not here")
    program, plugins = build_core_1_0(tmp_path)
    today = start.certwright(NoCa())
    today.run("plugin", "new", "newer", "--both", "--to", tmp_path / "newer", defaults=False,
              env={"CERTWRIGHT_TEMPLATE_PATH": TEMPLATES})
    packages = tmp_path / "pkgconfig"
    packages.mkdir()
    (packages / "certwright-plugin.pc").write_text(
        f"Name: certwright-plugin\nDescription: today's header\nVersion: 1\nplugindir={plugins}\n"
        f"Cflags: -I{os.path.dirname(os.path.dirname(TODAY))}\n", encoding="ascii")
    done = subprocess.run(["make", "-C", str(tmp_path / "newer"), "check"], check=False,
                          env={**os.environ, "PKG_CONFIG_PATH": str(packages),
                               "CERTWRIGHT": program, "CERTWRIGHT_PLUGIN_PATH": plugins},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    output = done.stdout + done.stderr
    assert "ok: a certificate was obtained" in output, output
    assert "ok: it was renewed" in output, output
    assert 'this certwright does not have the service "put_file"' in output, output
    assert "install a newer certwright" in output, output


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


# The library. Programs that were built with 1.0 of its header work with every later one.
LIBRARY_OLD = os.path.join(top_folder(), "tests", "abi", "library-1.0", "certwright", "certwright.h")
LIBRARY_TODAY = os.path.join(top_folder(), "include", "certwright", "certwright.h")

LIBRARY_CHANGES = {
    "a_function_takes_another_parameter": (
        "int cw_client_reply(struct cw_client *client, const char *reply);",
        "int cw_client_reply(struct cw_client *client, const char *reply, int more);"),
    "a_function_is_removed": ("int cw_client_fd(const struct cw_client *client);", ""),
    "a_field_is_inserted": ("	const char *program;", "	int more; const char *program;"),
    "a_value_changes": ("CW_EVENT_ANSWER = 3", "CW_EVENT_ANSWER = 4"),
}


def compare_library(new):
    return subprocess.run([TOOL, LIBRARY_OLD, new], check=False, timeout=120, capture_output=True,
                          text=True)


@needs_abidiff
def test_the_library_is_compatible_with_1_0():
    done = compare_library(LIBRARY_TODAY)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_abidiff
@pytest.mark.parametrize("change", LIBRARY_CHANGES)
def test_incompatible_change_of_the_library_is_found(tmp_path, change):
    with open(LIBRARY_TODAY, encoding="utf-8") as stream:
        text = stream.read()
    before, after = LIBRARY_CHANGES[change]
    assert before in text
    changed = tmp_path / "certwright.h"
    changed.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert compare_library(changed).returncode == 1


def test_the_library_exports_what_its_header_declares_with_a_version():
    path = os.path.join(os.path.dirname(program_path()), ".libs", "libcertwright.so")
    listed = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True,
                            check=True).stdout.split("\n")
    exported = {line.split()[2] for line in listed if " T " in line}
    with open(LIBRARY_TODAY, encoding="utf-8") as stream:
        declared = set(re.findall(r"^[a-z][\w *]*?\b(cw_\w+)\(", stream.read(), re.M))
    assert exported == {f"{name}@@CERTWRIGHT_1" for name in declared}
    needed = subprocess.run(["readelf", "-d", path], capture_output=True, text=True,
                            check=True).stdout
    assert "[libcertwright.so.1]" in needed
    # It depends on the C library alone: a sanitized build has the sanitizers, too.
    assert not re.search(r"NEEDED.*\[lib(json|ssl|crypto|curl|ltdl)", needed)
