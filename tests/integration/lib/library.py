"""libcertwright, called as its hosts call it. Every request, event, reply and answer is held against
the schema."""

import ctypes
import functools
import json
import os
import select
import threading

from .certwright import json_schema, plugin_path, program_path, real_program, top_folder

NONE, NOTE, QUESTION, ANSWER = range(4)
TIME_LIMIT = 60
VALIDATING = threading.Lock()  # a validator is not for two threads at once


@functools.lru_cache(maxsize=None)
def validator(part):
    import jsonschema  # here, as the benchmarks do without

    with open(os.path.join(top_folder(), "docs", "certwright-library.schema.json"),
              encoding="utf-8") as stream:
        schema = json.load(stream)
    jsonschema.Draft202012Validator.check_schema(schema)
    schemas = {one["$id"]: one for one in (schema, json_schema().schema)}
    wanted = {"$ref": f"{schema['$id']}#/$defs/{part}"}
    try:
        import referencing
    except ImportError:  # before Debian 13
        resolver = jsonschema.RefResolver(schema["$id"], schema, store=schemas)
        return jsonschema.Draft202012Validator(wanted, resolver=resolver)
    registry = referencing.Registry().with_resources(
        (name, referencing.Resource.from_contents(one)) for name, one in schemas.items())
    return jsonschema.Draft202012Validator(wanted, registry=registry)


def check(part, document):
    with VALIDATING:
        faults = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
                  for e in validator(part).iter_errors(document)]
    assert not faults, (f"not a {part} as docs/certwright-library.schema.json says:\n"
                        + "\n".join(faults) + f"\n{document}")
    return document


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("program", ctypes.c_char_p),
                ("environment", ctypes.POINTER(ctypes.c_char_p))]


def library_path():
    return os.path.join(os.path.dirname(program_path()), ".libs", "libcertwright.so")


@functools.lru_cache(maxsize=None)
def library():
    found = ctypes.CDLL(library_path(), use_errno=True)
    text = ctypes.POINTER(ctypes.c_char)
    found.cw_version.restype = ctypes.c_char_p
    found.cw_client_new.argtypes = [ctypes.POINTER(Options), ctypes.POINTER(ctypes.c_void_p),
                                    ctypes.POINTER(text)]
    found.cw_client_free.argtypes = [ctypes.c_void_p]
    found.cw_client_free.restype = None
    found.cw_call.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(text)]
    found.cw_call_start.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    found.cw_client_fd.argtypes = [ctypes.c_void_p]
    found.cw_client_next_event.argtypes = [ctypes.c_void_p, ctypes.POINTER(text)]
    found.cw_client_reply.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    found.cw_client_cancel.argtypes = [ctypes.c_void_p]
    found.cw_client_cancel.restype = None
    found.cw_free.argtypes = [text]
    found.cw_free.restype = None
    return found


def take(text):
    """The JSON of a text of the library, which is released."""
    if not text:
        return None
    document = json.loads(ctypes.cast(text, ctypes.c_char_p).value)
    library().cw_free(text)
    return document


class Failed(Exception):
    """cw_client_new() failed with this answer."""


def environment(extra):
    """What the program needs to find its plugins and to trust pebble."""
    program, more = real_program(program_path())
    env = {**os.environ, **more, "CERTWRIGHT_PLUGIN_PATH": plugin_path(program_path()), **extra}
    return program, {name: value for name, value in env.items() if value is not None}


class Client:
    def __init__(self, ca=None, program=None, env=None):
        self.lib = library()
        found, variables = environment({"SSL_CERT_FILE": ca.ca_path if ca else None, **(env or {})})
        values = [f"{k}={v}".encode() for k, v in variables.items()] + [None]
        self._environment = (ctypes.c_char_p * len(values))(*values)
        options = Options(ctypes.sizeof(Options), (program or found).encode(),
                          ctypes.cast(self._environment, ctypes.POINTER(ctypes.c_char_p)))
        self.client, answer = ctypes.c_void_p(), ctypes.POINTER(ctypes.c_char)()
        if self.lib.cw_client_new(ctypes.byref(options), ctypes.byref(self.client),
                                  ctypes.byref(answer)) != 0:
            raise Failed(check("answer", take(answer)))
        assert not answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.free()

    def free(self):
        self.lib.cw_client_free(self.client)
        self.client = None

    def call(self, request, checked=True):
        """The answer, without events."""
        if checked:
            check("request", request)
        answer = ctypes.POINTER(ctypes.c_char)()
        text = request if isinstance(request, bytes) else json.dumps(request).encode()
        status = self.lib.cw_call(self.client, text, ctypes.byref(answer))
        document = check("answer", take(answer))
        assert (status == 0) == document["ok"]
        return document

    def start(self, request):
        assert self.lib.cw_call_start(self.client, json.dumps(request).encode()) == 0

    def next(self, limit=TIME_LIMIT):
        """The next event, waiting for it: its kind and its document."""
        while True:
            event = ctypes.POINTER(ctypes.c_char)()
            kind = self.lib.cw_client_next_event(self.client, ctypes.byref(event))
            assert kind >= 0
            if kind != NONE:
                return kind, check("answer" if kind == ANSWER else "event", take(event))
            ready, _, _ = select.select([self.lib.cw_client_fd(self.client)], [], [], limit)
            assert ready, "the program says nothing"

    def reply(self, document):
        check("reply", document)
        return self.lib.cw_client_reply(self.client, json.dumps(document).encode())

    def run(self, request, on_question=None):
        """The answer and all notes; ON_QUESTION gives the reply to a question's event."""
        self.start(check("request", request))
        notes = []
        while True:
            kind, event = self.next()
            if kind == ANSWER:
                return event, notes
            if kind == NOTE:
                notes.append(event)
            else:
                reply = on_question(event)
                if reply is not None:
                    self.reply({"id": event["id"], **reply})

    def cancel(self):
        self.lib.cw_client_cancel(self.client)
