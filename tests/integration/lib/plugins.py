"""Plugins as strangers write them: compiled against the header alone, into a folder of their own."""

import os
import shutil
import subprocess

from lib.certwright import plugin_path, program_path, top_folder

FRAME = r"""
#include <certwright/plugin.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static const struct cw_host *host;
static const char *const types[] = {"http-01", NULL};
static const char *const *challenge_types(void *self, const char *type, const char *identifier)
{ (void)self; (void)type; (void)identifier; return types; }
static int open_plugin(const struct cw_host *given, void **self)
{ host = given; *self = NULL; return CW_OK; }
static int cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{ (void)self; (void)challenges; (void)count; AT_CLEANUP; return CW_OK; }
@functions@
static const struct cw_authenticator authenticator = {
	.size = sizeof(struct cw_authenticator), .challenge_types = challenge_types,
	.perform = perform, .cleanup = cleanup };
static const struct cw_plugin plugin = {
	.size = SIZE, .abi_major = MAJOR, .abi_minor = MINOR, .name = NAME, .version = "7.5",
	.description = "a stranger's plugin", .open = open_plugin, @members@
	.authenticator = &authenticator };
CW_EXPORT const struct cw_plugin *SYMBOL(void) { AT_ENTRY; return &plugin; }
"""

# What the frame lacks at the least.
IDLE = r"""
static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{ (void)self; (void)challenges; (void)count; return CW_E_UNSUPPORTED; }
"""


def without_plugin(name, folder):
    """The environment with a plugin folder FOLDER that has all but one of the built plugins."""
    shutil.copytree(plugin_path(program_path()), folder, ignore=lambda *_: [f"{name}.so"])
    return {"CERTWRIGHT_PLUGIN_PATH": str(folder)}


class PluginFolder:
    """A plugin folder beside the built plugins'."""

    def __init__(self, path):
        self.path = str(path)
        os.makedirs(self.path, mode=0o755)

    def compile(self, file_name, functions=IDLE, members="", **values):
        """Compiles an authenticator with perform() and more from FUNCTIONS, some of its MEMBERS, and
        macros that have other values."""
        macros = {"SIZE": "sizeof(struct cw_plugin)", "MAJOR": "CW_ABI_MAJOR",
                  "MINOR": "CW_ABI_MINOR", "NAME": f'"{file_name}"', "SYMBOL": "cw_plugin_entry",
                  "AT_ENTRY": "(void)0", "AT_CLEANUP": "(void)0"}
        macros.update(values)
        path = os.path.join(self.path, f"{file_name}.so")
        source = FRAME.replace("@functions@", functions).replace("@members@", members)
        subprocess.run(["gcc", "-shared", "-fPIC", "-std=gnu99", "-o", path,
                        "-I", os.path.join(top_folder(), "include")]
                       + [f"-D{k}={v}" for k, v in macros.items()] + ["-x", "c", "-"],
                       input=source.encode(), check=True, timeout=60)
        return path

    @property
    def env(self):
        """The environment in which they are found."""
        path = ":".join(p for p in (self.path, plugin_path(program_path())) if p)
        return {"CERTWRIGHT_PLUGIN_PATH": path}
