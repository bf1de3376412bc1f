"""The man page, as it is made by the build."""

import os
import re
import shutil
import subprocess

import pytest

from lib.certwright import plugin_path, program_path, top_folder


def build_folder():
    return os.path.dirname(program_path())


@pytest.fixture(scope="module")
def page():
    """The man page as a person reads it, without the lines being filled."""
    path = os.path.join(build_folder(), "docs", "certwright.8")
    if not os.path.exists(path) or not shutil.which("groff"):
        pytest.skip("no man page, or no groff")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-P-cbou", "-rLL=1000n", "-ww", path],
                          capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.replace("\u2010", "-")


@pytest.fixture(scope="module")
def built_plugins():
    names = [os.path.splitext(name)[0] for name in os.listdir(plugin_path(program_path()))
             if name.endswith(".so")]
    assert {"standalone", "webroot"} <= set(names)
    return sorted(names)


def test_it_has_the_options_of_every_plugin_of_the_build(page, built_plugins):
    for name in built_plugins:
        help_text = subprocess.run([program_path(), "help", name], capture_output=True, text=True,
                                   timeout=60, check=True, env={
                                       **os.environ,
                                       "CERTWRIGHT_PLUGIN_PATH": plugin_path(program_path())}).stdout
        for option in re.findall(rf"^  (?:-\w, )?(--{name}-[a-z0-9-]+)", help_text, re.M):
            entry = re.search(rf"^ +(?:-\w, )?{option}\b.*\n(.*)", page, re.M)
            assert entry, option
            assert "not installed" not in entry.group(1), entry.group(0)


def test_its_examples_can_be_copied(page):
    assert '--deploy-hook "systemctl reload nginx"' in page
    assert "-d '*.example.com'" in page
    assert "-c FILE replaces both" in page
    assert "\\-" not in page
    assert "$XDG_CONFIG_HOME/letsencrypt/cli.ini" in page and "(~/.config/" in page


def test_it_names_the_page_of_every_plugin(page, built_plugins):
    see_also = page[page.rindex("SEE ALSO"):]
    for name in built_plugins:
        assert f"certwright-{name}(8)" in see_also
        assert os.path.exists(os.path.join(top_folder(), "plugins", name, f"certwright-{name}.8"))
    assert "certwright-json(7)" in see_also
