"""The agent as a service: signals, the control socket, the service manager, a container."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from lib.agent import Agent
from lib.killing import *  # noqa: F401,F403
from lib.process import children, is_gone, wait_until
from lib.rogue_ca import hang  # noqa: F401
from lib.tools import read
