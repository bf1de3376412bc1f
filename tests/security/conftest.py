"""The fixtures of tests/integration; the program is that of a build with --enable-test-holes."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from integration.conftest import *  # noqa: E402,F401,F403  (the path is set just above)
