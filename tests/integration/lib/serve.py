#!/usr/bin/python3
"""Runs Pebble and its DNS until standard input ends or SIGTERM comes; for scripts and for people.

Prints NAME=VALUE lines that a shell can read, ending with READY=1, once both answer.
"""

import argparse
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib.authority import Authority  # noqa: E402  (the path is set just above)
from lib.pebble import MODES, Pebble  # noqa: E402
from lib.ports import Ports  # noqa: E402


class Stop(Exception):
    """SIGTERM or SIGINT came."""


def stop(_signal, _frame):
    raise Stop


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", required=True, help="where files and logs go")
    parser.add_argument("--mode", choices=sorted(MODES), default="kind")
    parser.add_argument("--http-port", type=int, help="where it asks for http-01 (default: any)")
    parser.add_argument("--tls-port", type=int, help="where it asks for tls-alpn-01 (default: any)")
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    ports = Ports()
    pebble = None
    try:
        pebble = Pebble(ports, arguments.folder, Authority(arguments.folder), arguments.mode,
                        http_port=arguments.http_port, tls_port=arguments.tls_port)
        values = {"DIRECTORY": pebble.directory, "CA_FILE": pebble.ca_path,
                  "ROOT_FILE": pebble.root(), "HTTP_PORT": pebble.http_port,
                  "PEBBLE_PID": pebble.server.pid, "DNS_PID": pebble.dns.server.pid,
                  "DNS_PORT": pebble.dns.dns_port,
                  "DNS_MANAGEMENT_PORT": pebble.dns.management_port, "READY": 1}
        for name, value in values.items():
            print(f"{name}={value}")
        sys.stdout.flush()
        while sys.stdin.buffer.read(4096):
            pass
    except Stop:
        pass
    finally:
        if pebble:
            pebble.stop()
        ports.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
