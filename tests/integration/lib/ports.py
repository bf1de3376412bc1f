"""Loopback ports that nobody else takes while a test uses them.

Ports come from below the range that the kernel hands to outgoing connections, because a port that
was free a moment ago may otherwise become some client's source port before the server that it is
meant for has bound it. A lock on a file per port keeps parallel test workers apart.
"""

import fcntl
import os
import random
import socket
import tempfile

LOWEST = 10240


def _folder():
    path = os.path.join(tempfile.gettempdir(), f"certwright-test-ports-{os.getuid()}")
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def _highest():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as stream:
            low = int(stream.read().split()[0])
    except OSError:
        low = 32768
    return low - 1 if low > LOWEST + 1000 else 65535


def _free(port):
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(family, kind) as probe:
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((address, port))
                except OSError:
                    return False
    return True


class Ports:
    """Hands out ports and keeps them reserved until release()."""

    def __init__(self):
        self._locks = []

    def take(self):
        for _ in range(2000):
            port = random.SystemRandom().randint(LOWEST, _highest())
            lock = open(os.path.join(_folder(), str(port)), "a", encoding="ascii")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                continue
            if _free(port):
                self._locks.append(lock)
                return port
            lock.close()
        raise RuntimeError("no free loopback port was found")

    def release(self):
        for lock in self._locks:
            lock.close()
        self._locks.clear()
