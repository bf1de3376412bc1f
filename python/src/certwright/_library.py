"""The C library: finding it, and connections to the programs that it starts."""

from __future__ import annotations

import ctypes
import errno
import functools
import json
import os
import threading
from typing import Any, Mapping

from ._errors import LibraryError, error_of, failure

SONAME = "libcertwright.so.1"

NOTE, QUESTION, ANSWER = 1, 2, 3


class _Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("program", ctypes.c_char_p),
                ("environment", ctypes.POINTER(ctypes.c_char_p))]


# Texts are void pointers here: ctypes would turn a char pointer into bytes and lose what
# cw_free() needs.
_TEXT = ctypes.POINTER(ctypes.c_void_p)
_PROTOTYPES: Mapping[str, tuple[Any, list[Any]]] = {
    "cw_version": (ctypes.c_char_p, []),
    "cw_client_new": (ctypes.c_int, [ctypes.POINTER(_Options), _TEXT, _TEXT]),
    "cw_client_free": (None, [ctypes.c_void_p]),
    "cw_call_start": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p]),
    "cw_client_fd": (ctypes.c_int, [ctypes.c_void_p]),
    "cw_client_next_event": (ctypes.c_int, [ctypes.c_void_p, _TEXT]),
    "cw_client_reply": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p]),
    "cw_client_cancel": (None, [ctypes.c_void_p]),
    "cw_free": (None, [ctypes.c_void_p]),
}


@functools.lru_cache(maxsize=None)
def library() -> Any:
    """The library: CERTWRIGHT_LIBRARY, or the installed one.

    Raises:
        LibraryError: it cannot be loaded.
    """
    path = os.environ.get("CERTWRIGHT_LIBRARY") or SONAME
    try:
        loaded = ctypes.CDLL(path, use_errno=True)
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(loaded, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise LibraryError({
            "status": "not-found", "message": f"cannot load the library {path}: {error}",
            "hint": "install certwright and run ldconfig, or put the path of "
                    f"{SONAME} into CERTWRIGHT_LIBRARY"}) from error
    return loaded


def library_version() -> str:
    """The version of the C library, such as "0.1.0"."""
    return str(library().cw_version().decode())


def _take(text: ctypes.c_void_p) -> Any:
    """The JSON of a text of the library, which is overwritten and released."""
    try:
        return json.loads(ctypes.string_at(text.value or 0))
    finally:
        library().cw_free(text)


def _block(environment: Mapping[str, str]) -> Any:
    words = [os.fsencode(f"{name}={value}") for name, value in environment.items()]
    return (ctypes.c_char_p * (len(words) + 1))(*words, None)


class Connection:
    """One program that was started, and its socket.

    A call is begun with begin() and must be ended with end(). close() may come from another thread:
    it cancels a call in progress, and end() then releases the connection.
    """

    def __init__(self, program: str | os.PathLike[str] | None = None,
                 environment: Mapping[str, str] | None = None) -> None:
        self._handle: int | None = None
        self._lock = threading.Lock()
        self._calling = self._closing = False
        self._library = library()
        options = _Options(size=ctypes.sizeof(_Options))
        if program is not None:
            options.program = os.fsencode(program)
        if environment is not None:
            options.environment = _block(environment)
        handle, answer = ctypes.c_void_p(), ctypes.c_void_p()
        if self._library.cw_client_new(options, handle, answer) != 0:
            if not answer:
                raise MemoryError
            told = _take(answer)
            raise error_of(told.get("error"), told)
        self._handle = handle.value

    def __del__(self) -> None:
        if self._handle is not None:
            self._calling = False
            self.close()

    @property
    def closed(self) -> bool:
        """Whether it can make no more calls."""
        return self._handle is None or self._closing

    def fileno(self) -> int:
        """The descriptor to wait for: readable when next_event() may have something."""
        return int(self._library.cw_client_fd(self._handle))

    def begin(self, request: Mapping[str, Any]) -> None:
        """Sends a request.

        Raises:
            Error: a call is in progress, or the connection is closed.
        """
        try:
            text = json.dumps(request, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise failure("usage", f"the request cannot be written as JSON: {error}") from error
        with self._lock:
            if self.closed:
                raise failure("invalid", "the client is closed", "make another client")
            if self._calling:
                raise failure("busy", "a call of this client is in progress",
                              "wait for its end, or use another client")
            if self._library.cw_call_start(self._handle, text) != 0:
                if ctypes.get_errno() == errno.ECHILD:
                    raise failure("invalid", "the client was made before fork(), in another "
                                  "process", "make another client")
                raise MemoryError
            self._calling = True

    def next_event(self) -> tuple[int, dict[str, Any]] | None:
        """The next event of the call and its kind, without waiting; None: nothing at present."""
        event = ctypes.c_void_p()
        kind = self._library.cw_client_next_event(self._handle, event)
        if kind < 0 and ctypes.get_errno() == errno.EPIPE:
            raise failure("io", "the connection to the program is closed", "make another client")
        if kind < 0:
            raise MemoryError
        return (kind, _take(event)) if kind else None

    def reply(self, reply: Mapping[str, Any]) -> None:
        """Replies to a question or a challenge. If it cannot be sent, the call's answer tells why."""
        text = json.dumps(reply).encode()
        if self._library.cw_client_reply(self._handle, text) != 0:
            number = ctypes.get_errno()
            if number == errno.ENOMEM:
                raise MemoryError

    def end(self) -> None:
        """Ends the call."""
        with self._lock:
            self._calling = False
            if self._closing:
                self._free()

    def close(self) -> None:
        """Ends the program, and cancels the call in progress. May be called twice."""
        with self._lock:
            self._closing = True
            if not self._calling:
                self._free()
            else:
                self._library.cw_client_cancel(self._handle)

    def _free(self) -> None:
        handle, self._handle = self._handle, None
        self._library.cw_client_free(handle)
