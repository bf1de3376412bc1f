"""Wheel and sdist, and what they say of the C library."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

import certwright
from certwright import _library

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MODULES = ["__init__", "_errors", "_lego", "_library", "_model", "_steps", "aio", "client", "order",
           "pylego"]

BUILD = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"


def version_in(path, pattern):
    with open(os.path.join(TOP, path), encoding="utf-8") as stream:
        return re.search(pattern, stream.read(), re.MULTILINE).group(1)


@pytest.mark.full
def test_wheel_and_sdist_are_built_and_the_wheel_works(tmp_path):
    folder = tmp_path / "python"
    shutil.copytree(os.path.join(TOP, "python"), folder,
                    ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "dist"))
    subprocess.run([sys.executable, "-c", BUILD], cwd=folder, check=True, timeout=120,
                   capture_output=True)
    [wheel], [sdist] = folder.glob("dist/*.whl"), folder.glob("dist/*.tar.gz")
    assert wheel.name == f"certwright-{version_in('configure.ac', VERSION)}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "installed")
    wanted = [f"certwright/{name}.py" for name in MODULES] + ["certwright/py.typed"]
    assert set(wanted) <= set(names) and not [name for name in names if "tests" in name]
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "src/certwright/py.typed"} <= inside
    done = subprocess.run(
        [sys.executable, "-c", "import certwright as c; print(c.__file__, c.library_version())"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")}, cwd=tmp_path,
        capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == [
        str(tmp_path / "installed" / "certwright" / "__init__.py"), certwright.library_version()]


VERSION = r"^AC_INIT\(\[certwright\], \[([0-9.]+)\]"


def test_the_versions_are_those_of_the_library():
    assert version_in("python/pyproject.toml", r'^version = "([^"]+)"') == \
        version_in("configure.ac", VERSION) == certwright.library_version()
    assert os.path.exists(os.path.join(os.path.dirname(os.environ["CERTWRIGHT_LIBRARY"]),
                                       _library.SONAME))


def test_the_examples_import_the_modules_that_they_use():
    with open(os.path.join(TOP, "docs", "python.md"), encoding="utf-8") as stream:
        text = stream.read()
    for block in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S):
        for module in re.findall(r"certwright\.(aio|pylego)\b", block):
            assert re.search(rf"^(import|from) certwright\.{module}\b", block, re.M), block
