"""The installed tree as the author of a plugin finds it, and what holds for all plugins of extras/."""

import os
import re

import pytest

from lib.installed import plugin_folders
from lib.tools import command, read

PLUGINS = [os.path.basename(folder) for folder in plugin_folders()]


def pkg_config(installed, *arguments):
    return command("pkg-config", "--define-prefix", *arguments, "certwright-plugin",
                   env={"PKG_CONFIG_PATH": os.path.join(installed.prefix, "lib", "pkgconfig")}
                   ).stdout.strip()


def test_pkg_config_tells_what_a_plugin_needs_and_names_no_library(installed):
    header = read(os.path.join(installed.prefix, "include", "certwright", "plugin.h"))
    version = [re.search(rf"^#define CW_ABI_{part} (\d+)$", header, re.M).group(1)
               for part in ("MAJOR", "MINOR")]
    assert pkg_config(installed, "--variable=abi_version") == ".".join(version)
    assert pkg_config(installed, "--variable=plugindir") == installed.plugin_path
    assert pkg_config(installed, "--cflags") == f"-I{installed.prefix}/include"
    assert pkg_config(installed, "--libs") == ""


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_is_listed_and_its_man_page_has_its_options(installed, installed_certwright, name):
    listed = {one["name"]: one for one in installed_certwright.json("plugins").json["plugins"]}
    assert listed[name].get("error") is None
    text = command(installed_certwright.program, "help", name,
                   env=installed_certwright.environment()).stdout
    options = set(re.findall(rf"^ +(--{name}-[a-z0-9-]+)", text, re.M))
    assert options
    page = installed.page(name)
    assert all(option in page for option in options), options


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_shows_one_symbol_and_links_to_nothing_of_ours(installed, name):
    path = os.path.join(installed.plugin_path, f"{name}.so")
    symbols = command("nm", "-D", "--defined-only", "--format=posix", path).stdout.split("\n")
    assert [line.split()[0] for line in symbols if line] == ["cw_plugin_entry"]
    assert "certwright" not in command("ldd", path).stdout.replace(path, "")
