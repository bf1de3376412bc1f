"""Certificates for tests that only need one, whoever it was obtained for."""

import os
import shutil
import tempfile

_folder = None
_saved = {}


def _fill(certwright, source):
    """Takes over what another certwright has obtained."""
    shutil.copytree(source, certwright.config_dir, symlinks=True)
    renewal = os.path.join(certwright.config_dir, "renewal")
    for name in os.listdir(renewal):
        path = os.path.join(renewal, name)
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        with open(os.path.join(source, "folder"), encoding="utf-8") as stream:
            text = text.replace(stream.read(), certwright.folder)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
    os.unlink(os.path.join(certwright.config_dir, "folder"))


def obtain_once(certwright, *names, lineage):
    """The certificate LINEAGE for NAMES. The CA is asked once; other tests get copies."""
    global _folder
    key = (certwright.ca.directory, names, lineage)
    new = not os.path.exists(certwright.config_dir)
    if new and key in _saved:
        _fill(certwright, _saved[key])
        return
    certwright.certonly(*names, args=("--cert-name", lineage))
    if not new:
        return
    _folder = _folder or tempfile.TemporaryDirectory(prefix="certwright-obtained-")
    _saved[key] = os.path.join(_folder.name, str(len(_saved)))
    shutil.copytree(certwright.config_dir, _saved[key], symlinks=True)
    with open(os.path.join(_saved[key], "folder"), "w", encoding="utf-8") as stream:
        stream.write(certwright.folder)
