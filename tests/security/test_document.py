"""docs/security.md names a test for each of its statements."""

import os
import re

from lib.certwright import top_folder
from lib.tools import read


def test_every_test_that_the_document_names_is_there():
    named = set(re.findall(r"`(test_\w+)`", read(os.path.join(top_folder(), "docs/security.md"))))
    assert len(named) > 20
    there = ""
    for folder in ["tests", "python/tests"]:
        for where, _, files in os.walk(os.path.join(top_folder(), folder)):
            there += "".join(read(os.path.join(where, name), "rb").decode("utf-8", "replace")
                             for name in files if name.startswith("test_") and
                             name.endswith((".c", ".py")))
    assert sorted(name for name in named if not re.search(rf"\b{name}\(", there)) == []
