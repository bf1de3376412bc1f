"""libcertwright in its host: sanitizers and valgrind, a host that is killed, that forks, bad programs."""

import ctypes
import errno
import glob
import json
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap

import pytest

from lib.certwright import Certwright, top_folder
from lib.library import ANSWER, QUESTION, Client, Failed, Options, environment, library, take
from lib.process import wait_until
from lib.tools import command, script
from lib.tokens import Tokens

LONE = {"request": "csr_new", "identifiers": ["a.example.test"]}


def build_host(folder, *flags):
    """The test host with the library's sources, compiled with FLAGS."""
    top = top_folder()
    sources = glob.glob(os.path.join(top, "library", "*.c"))
    path = str(folder / "library-host")
    command("gcc", "-std=c11", "-D_GNU_SOURCE", "-g", "-O1", "-pthread", "-Wall", "-Wextra", "-Werror",
            "-I", str(folder), "-I", top, "-I", os.path.join(top, "include"),
            '-DCW_BINDIR="/nonexistent/bin"', '-DCW_LIBDIR="/nonexistent/lib"',
            "-Wl,--wrap=malloc,--wrap=calloc", *flags, "-o", path,
            os.path.join(top, "tests", "tools", "library-host.c"), *sources)
    return path


def run_host(pebble, argv, **env):
    program, variables = environment({"SSL_CERT_FILE": pebble.ca_path, **env})
    variables["CERTWRIGHT_PROGRAM"] = program
    done = subprocess.run(argv, env=variables, capture_output=True, text=True, timeout=300,
                          check=False)
    assert done.returncode == 0 and done.stdout.endswith("done\n"), done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.h").write_text('#define PACKAGE_VERSION "test"\n')
    return tmp_path


# In the sanitized build the program is sanitized, too.
@pytest.mark.parametrize("sanitizer", ["thread", pytest.param("address,undefined",
                                                              marks=pytest.mark.smoke)])
def test_sanitizers_find_nothing(pebble, folder, sanitizer):
    host = build_host(folder, f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all")
    for how in ("threads", "shared", "memory"):
        run_host(pebble, [host, how, pebble.directory],
                 TSAN_OPTIONS="halt_on_error=1", ASAN_OPTIONS="detect_leaks=1")


@pytest.mark.full
@pytest.mark.parametrize("how", ["threads", "shared", "memory"])
def test_valgrind_finds_nothing(pebble, folder, how):
    host = build_host(folder)
    run_host(pebble, ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full",
                      "--show-leak-kinds=all", "--errors-for-leak-kinds=all", "--track-fds=yes",
                      "--trace-children=no", host, how, pebble.directory])


def test_the_example_serves_the_challenge_from_its_own_loop(pebble, installed, tmp_path):
    folder = os.path.join(installed.prefix, "share", "doc", "certwright", "examples")
    env = {"PKG_CONFIG_PATH": os.path.join(installed.prefix, "lib", "pkgconfig")}
    flags = subprocess.run(["pkg-config", "--define-prefix", "--cflags", "--libs", "certwright",
                            "json-c"], env={**os.environ, **env}, capture_output=True, text=True,
                           check=True).stdout.split()
    program = str(tmp_path / "serve-http")
    command("gcc", "-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O2", "-o", program,
            os.path.join(folder, "serve-http.c"), *flags)
    variables = {k: v for k, v in os.environ.items() if k != "CERTWRIGHT_PROGRAM"}
    variables.update(LD_LIBRARY_PATH=os.path.join(installed.prefix, "lib"),
                     SSL_CERT_FILE=pebble.ca_path)
    done = subprocess.run([program, "c.example.test", str(pebble.http_port), pebble.directory],
                          env=variables, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "BEGIN PRIVATE KEY" in done.stdout and done.stdout.count("BEGIN CERTIFICATE") == 2
    # The program was found from the library's own place.
    assert "requesting a certificate" in done.stderr


HOST = """
    import os, sys
    sys.path.insert(0, {tests!r})
    from lib.library import Client, QUESTION
    import json
    client = Client(env={{"SSL_CERT_FILE": {ca!r}}})
    client.start(json.loads({request!r}))
    kind, event = client.next()
    while kind != QUESTION:
        kind, event = client.next()
    {before}
    print("asked", flush=True)
    import time
    time.sleep(600)
"""


def processes_of(folder):
    """The processes of certwright that have FOLDER's log open, or serve."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as stream:
                line = stream.read()
            with open(os.path.join(os.path.dirname(path), "environ"), "rb") as stream:
                marked = f"MARK={folder}".encode() in stream.read()
        except OSError:
            continue
        if b"certwright" in line and b"python" not in line and marked:
            found.append(line)
    return found


@pytest.mark.parametrize("before", ["pass", "os.fork() or __import__('time').sleep(600)"],
                         ids=["alone", "with-a-child"])
def test_a_host_that_is_killed_ends_the_program_which_cleans_up(pebble, tmp_path, before):
    certwright = Certwright(tmp_path, pebble)
    request = {"verb": "certonly", "options": {
        "server": pebble.directory, "domain": "k.example.test", "authenticator": "host",
        "agree-tos": True, "register-unsafely-without-email": True,
        **dict(zip(("config-dir", "work-dir", "logs-dir"), certwright.directories()[1::2]))}}
    text = textwrap.dedent(HOST).format(tests=os.path.dirname(os.path.abspath(__file__)),
                                        ca=pebble.ca_path, request=json.dumps(request),
                                        before=before)
    host = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE,
                            start_new_session=True, env={**os.environ, "MARK": str(tmp_path)})
    try:
        assert host.stdout.readline() == b"asked\n"
        assert processes_of(tmp_path)
        host.kill()
        host.wait()
        wait_until(lambda: not processes_of(tmp_path), 30, "the end of the program")
        # Its locks are free, and what it left is in order.
        assert certwright.json("certificates").json["certificates"] == []
        result = certwright.json("certonly", "--standalone", "-d", "k.example.test")
        assert result.json["ok"]
        assert "interrupted" in certwright.log_text()
    finally:
        if before != "pass":  # its group has the child
            os.killpg(host.pid, signal.SIGKILL)
        host.kill()


def test_a_process_of_the_program_that_is_killed_is_an_error_and_the_client_goes_on(pebble, tmp_path):
    with Client(pebble, env={"MARK": str(tmp_path)}) as client:
        client.start({"verb": "certonly", "store": "memory", "options": {
            "server": pebble.directory, "domain": "p.example.test", "authenticator": "host",
            "agree-tos": True, "register-unsafely-without-email": True}})
        kind, event = client.next()
        while kind != QUESTION:
            kind, event = client.next()
        serving = children_that_serve(tmp_path)
        newest = max(serving, key=started)
        os.kill(newest, signal.SIGKILL)
        while kind != ANSWER:
            kind, event = client.next()
        assert "was ended by signal 9" in event["error"]["message"]
        assert client.call(LONE)["ok"]
        # Now all of it, once the process of the last call has ended.
        wait_until(lambda: len(children_that_serve(tmp_path)) == 1, what="the end of the call")
        [last] = children_that_serve(tmp_path)
        os.kill(last, signal.SIGKILL)
        answer = client.call(LONE)
        assert "the connection to the program" in answer["error"]["message"]
        assert client.call(LONE)["error"]["status"] == "io"


def children_that_serve(folder):
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as stream:
                serves = b"--serve-fd" in stream.read()
            with open(os.path.join(os.path.dirname(path), "environ"), "rb") as stream:
                marked = f"MARK={folder}".encode() in stream.read()
        except OSError:
            continue
        if serves and marked:
            found.append(int(path.split("/")[2]))
    return found


def started(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
        return int(stream.read().rsplit(")", 1)[1].split()[19]), pid


def wait_for_end(client):
    poll = select.poll()
    poll.register(client.lib.cw_client_fd(client.client), select.POLLRDHUP)
    assert poll.poll(60000), "the program does not close the connection"


def test_a_message_that_is_cut_off_ends_the_connection(tmp_path):
    """The host takes nothing for too long; what it was sent of the answer is no answer."""
    program, _ = environment({})
    narrow = script(tmp_path / "certwright", f"""exec {sys.executable} -c '
import os, socket, sys
end = socket.socket(fileno=3)
end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
end.detach()
os.execv("{program}", sys.argv)' "$@"
""")
    with Client(program=narrow) as client:
        client.start({"verb": "help", "arguments": ["all"], "answer_timeout": 1})
        wait_for_end(client)
        kind, event = client.next()
        assert kind == ANSWER and "is closed" in event["error"]["message"]


def test_a_call_that_is_cancelled_at_once_says_so():
    """Not that its process was killed."""
    for _ in range(30):
        with Client() as client:
            client.start({"verb": "help"})
            client.cancel()
            kind, event = client.next()
            while kind != ANSWER:
                kind, event = client.next()
            assert event["ok"] or event["error"]["status"] == "cancelled", event["error"]


def test_a_program_that_ends_between_calls_is_told_once():
    with Client() as client:
        assert client.call(LONE)["ok"]
        client.cancel()
        wait_for_end(client)
        event = ctypes.POINTER(ctypes.c_char)()
        assert client.lib.cw_client_next_event(client.client, ctypes.byref(event)) == -1
        assert ctypes.get_errno() == errno.EPIPE and not event


def frame(document):
    text = json.dumps(document).encode()
    return b"L" + len(text).to_bytes(4, "big") + text


def read_frame(end):
    head = end.recv(5, socket.MSG_WAITALL)
    return head[:1], end.recv(int.from_bytes(head[1:], "big"), socket.MSG_WAITALL)


def test_the_beginning_of_the_next_request_is_left_where_it_is():
    program, variables = environment({})
    ours, theirs = socket.socketpair()
    ours.settimeout(30)
    with subprocess.Popen([program, "--serve-fd", str(theirs.fileno())], env=variables,
                          pass_fds=[theirs.fileno()]):
        theirs.close()
        assert read_frame(ours)[0] == b"H"
        request = frame(LONE)
        for part in (request + request[:20], request[20:]):
            ours.sendall(part)
            assert read_frame(ours)[0] == b"A"
        ours.close()


def test_a_fork_of_the_host_cannot_use_its_clients(pebble):
    with Client(pebble) as client:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                answer = ctypes.POINTER(ctypes.c_char)()
                library().cw_call(client.client, b'{"verb": "certificates"}',
                                  ctypes.byref(answer))
                os.write(writing, ctypes.cast(answer, ctypes.c_char_p).value)
                library().cw_client_cancel(client.client)
                library().cw_client_free(client.client)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            assert b"of which this one is a fork" in stream.read()
        # The host itself is not concerned.
        assert client.call(LONE)["ok"]


@pytest.mark.parametrize("program, status, said", [
    ("/nonexistent/certwright", "not-found", "cannot start the program /nonexistent/certwright"),
    ("/etc/passwd", "permission", "cannot start the program /etc/passwd"),
    ("/bin/true", "unsupported", "it is older, or is not certwright"),
    ("printf 'H\\0\\0\\0\\0079 9.9.9' >&3; sleep 5", "unsupported",
     "(version 9.9.9) is newer than this library"),
    ("printf 'H\\0\\0\\0\\0070 0.0.9' >&3; sleep 5", "unsupported",
     "(version 0.0.9) is older than this library"),
    ("printf 'H\\377\\377\\377\\377' >&3; sleep 5", "unsupported", "does not answer this library"),
])
def test_programs_that_do_not_fit(tmp_path, program, status, said):
    if not program.startswith("/"):
        program = script(tmp_path / "certwright", f"#!/bin/sh\n{program}\n")
    with pytest.raises(Failed) as caught:
        Client(program=str(program))
    [answer] = caught.value.args
    assert answer["error"]["status"] == status and said in answer["error"]["message"]
    assert status == "invalid" or answer["error"]["hint"]


def test_options_end_where_their_size_says(monkeypatch):
    """A host can be older than the library, or forget the size."""
    lib, client = library(), ctypes.c_void_p()
    program, _ = environment({})
    for size, said in ((8, None), (16, "/nonexistent"), (0, "size of the options is missing")):
        options = Options(size, b"/nonexistent", None)
        monkeypatch.setenv("CERTWRIGHT_PROGRAM", program)
        answer = ctypes.POINTER(ctypes.c_char)()
        status = lib.cw_client_new(ctypes.byref(options), ctypes.byref(client),
                                   ctypes.byref(answer))
        assert (status == 0) == (said is None)
        assert said is None or said in take(answer)["error"]["message"]
        lib.cw_client_free(client)


def test_a_program_that_breaks_the_protocol(tmp_path):
    program = script(tmp_path / "certwright",
                     "#!/bin/sh\nprintf 'H\\0\\0\\0\\0071 0.1.0' >&3\n"
                     "exec 4<&3\n(head -c 20 <&4 >/dev/null; printf 'Xnonsense' >&4) &\n")
    with Client(program=str(program)) as client:
        assert "sent what is not a message" in client.call(LONE)["error"]["message"]


@pytest.mark.parametrize("words", [[], ["x"], ["0"], ["9"]])
def test_a_person_is_told_that_the_option_is_for_the_library(words):
    program, variables = environment({})
    done = subprocess.run([program, "--serve-fd", *words], env=variables, capture_output=True,
                          stdin=subprocess.DEVNULL, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "--serve-fd is for the library" in done.stderr


def test_bad_requests(pebble):
    with Client(pebble) as client:
        for text, said in ((b"", "the request"), (b"{", "the request"), (b"[]", "not a JSON object"),
                           (b"{}", 'either "verb" or "request"'),
                           (b'{"verb": "nix"}', 'there is no verb "nix"'),
                           (b'{"request": "nix"}', 'there is no request "nix"'),
                           (b'{"verb": "certificates", "x": 1}', 'unknown member "x"'),
                           (b'{"verb": "certificates", "csr": "x"}', '"store": "memory"'),
                           (b'{"verb": "certificates", "store": "memory"}', "only certonly"),
                           (b'{"verb": "certificates", "options": {"-x": 1}}', "not the name of an"),
                           (b'{"verb": "certificates", "options": {"nix": 1}}', "nix"),
                           (b'{"verb": "certificates", "options": {"d": {}}}', "wrong type"),
                           (b'{"verb": "certificates", "arguments": ["x"]}', "takes no"),
                           (b'{"verb": "certificates", "answer_timeout": 0}', "from 1 to 86400"),
                           (b'{"verb": "certificates", "environment": {"A": 1}}', "not a string"),
                           (b'{"verb":"\xff"}', "the request"),
                           (b'{"verb": "' + b"x" * (4 << 20) + b'"}', "the request is too large")):
            answer = client.call(text, checked=False)
            assert not answer["ok"] and said in answer["error"]["message"], answer["error"]
            assert answer["exit_status"] == (1 if b"xxxx" in text else 2)
        assert client.call(LONE)["ok"]
        # A reply that is no reply fails what waits for one; one that nobody waits for is dropped.
        assert client.lib.cw_client_reply(client.client, b'{"id": 1, "ready": true}') == 0
        client.start({"verb": "certonly", "store": "memory", "options": {
            "server": pebble.directory, "domain": "r.example.test", "authenticator": "host",
            "agree-tos": True, "register-unsafely-without-email": True}})
        kind, event = client.next()
        while kind != ANSWER:
            if kind == QUESTION:
                assert client.lib.cw_client_reply(client.client, b"nonsense") == 0
            kind, event = client.next()
        assert "the reply" in event["error"]["message"]


def test_nobody_sees_the_keys_of_a_request(pebble):
    tokens = Tokens(pebble.http_port)
    lines = []

    def publish(event):
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as stream:
                    lines.append(stream.read())
            except OSError:
                pass
        return tokens.publish(event)

    try:
        with Client(pebble) as client:
            key = client.call(LONE)["csr"]["key"]
            request = {"verb": "certonly", "store": "memory", "key": key, "options": {
                "server": pebble.directory, "domain": "a.example.test", "authenticator": "host",
                "agree-tos": True, "register-unsafely-without-email": True, "verbose": True},
                "environment": {"TOKEN": "a-secret-token"}}
            answer, notes = client.run(request, publish)
            bound = {"eab-hmac-key": "c2VjcmV0LXNlY3JldA", "eab-kid": "kid"}
            _, more = client.run({**request, "options": {**request["options"], **bound}}, publish)
        assert lines and notes
        text = str(notes) + str(more) + str(lines)
        for secret in (key.splitlines()[1], "c2VjcmV0LXNlY3JldA", "a-secret-token",
                       answer["account"]["key"].splitlines()[1]):
            assert secret not in text
    finally:
        tokens.stop()
