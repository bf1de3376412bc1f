#!/usr/bin/python3
"""Executes a program as on a kernel before Linux 5.13: the system calls of Landlock are not there.

    old_kernel.py PROGRAM [ARGUMENT...]
"""

import ctypes
import errno
import os
import struct
import sys

LANDLOCK = range(444, 447)
NO_NEW_PRIVS, SECCOMP, FILTER_MODE = 38, 22, 2
LOAD, AT_LEAST, ABOVE, RETURN = 0x20, 0x35, 0x25, 0x06
ALLOW, FAIL = 0x7fff0000, 0x00050000


def launcher():
    """The words to put before a program's own."""
    return ["/usr/bin/python3", "-IS", os.path.abspath(__file__)]


def forget_landlock():
    """Installs a filter of system calls that answers ENOSYS to these three."""
    code = [(LOAD, 0, 0, 0), (AT_LEAST, 0, 2, LANDLOCK[0]), (ABOVE, 1, 0, LANDLOCK[-1]),
            (RETURN, 0, 0, FAIL | errno.ENOSYS), (RETURN, 0, 0, ALLOW)]
    data = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    program = struct.pack("HL", len(code), ctypes.addressof(data))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(SECCOMP, FILTER_MODE, program) != 0:
        raise OSError(ctypes.get_errno(), "cannot install the filter")


if __name__ == "__main__":
    forget_landlock()
    os.execvp(sys.argv[1], sys.argv[1:])
