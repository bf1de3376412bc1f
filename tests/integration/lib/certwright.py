"""Runs the built program, as a person or a timer would."""

import atexit
import contextlib
import functools
import glob
import json
import os
import shlex
import shutil
import subprocess
import tempfile

TIME_LIMIT = 120
TRUST_VARIABLES = {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}


def top_folder():
    return os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def program_path():
    """The program that CERTWRIGHT names, else the one of the default build folders."""
    named = os.environ.get("CERTWRIGHT")
    top = top_folder()
    candidates = [named] if named else [os.path.join(top, "build", "certwright"),
                                        os.path.join(top, "certwright")]
    for path in candidates:
        if os.path.isfile(path):
            return os.path.abspath(path)
    raise FileNotFoundError(f"certwright is not built: there is none of {candidates}; "
                            "run scripts/check, or name the program in CERTWRIGHT")


def real_program(path):
    """The program and environment without libtool's wrapper script, whose start would be measured
    and traced in the program's place."""
    with open(path, "rb") as stream:
        if stream.read(2) != b"#!":
            return path, {}
    folder = os.path.join(os.path.dirname(path), ".libs")
    name = os.path.basename(path)
    found = [p for p in (os.path.join(folder, f"lt-{name}"), os.path.join(folder, name))
             if os.path.isfile(p)]
    if not found:
        return path, {}
    newest = max(found, key=os.path.getmtime)
    return newest, {"LD_LIBRARY_PATH": folder}


def built_tool(name):
    """A program of tests/tools in the build that is tested, and its environment; as real_program()."""
    path = os.path.join(os.path.dirname(program_path()), "tests", "tools", name)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{path} is not built: run scripts/check")
    return real_program(path)


@functools.lru_cache(maxsize=None)
def plugin_path(program):
    """CERTWRIGHT_PLUGIN_PATH for an uninstalled build, else "".

    libtool leaves modules beside libraries that are none, so they are copied to a folder that
    holds nothing else; one of root's or our own that nobody else can write to.
    """
    named = os.environ.get("CERTWRIGHT_PLUGIN_PATH")
    if named:
        return named
    built = os.path.join(os.path.dirname(program), ".libs")
    names = os.listdir(os.path.join(top_folder(), "plugins"))
    modules = [path for path in (os.path.join(built, f"{name}.so") for name in names)
               if os.path.isfile(path)]
    if not modules:
        return ""
    folder = tempfile.mkdtemp(prefix="certwright-plugins-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for path in modules + [os.path.join(os.path.dirname(program), name)
                           for name in ("apache-environment.sh", "certbot-dns.py",
                                        "dns-exec-acme.sh")]:
        shutil.copy(path, folder)
    return folder


@functools.lru_cache(maxsize=None)
def cache_folder():
    """For what the program learned of Certbot's plugins: one for all tests of this process."""
    folder = tempfile.mkdtemp(prefix="certwright-cache-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.lru_cache(maxsize=None)
def json_schema():
    """The schema that is installed, of which certwright-json(7) tells."""
    import jsonschema  # here, as the benchmarks do without

    with open(os.path.join(top_folder(), "docs", "certwright-json.schema.json"),
              encoding="utf-8") as stream:
        schema = json.load(stream)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_json(document):
    """Fails where DOCUMENT, the object of --json, is not what is documented."""
    faults = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
              for e in json_schema().iter_errors(document)]
    assert not faults, "not as docs/certwright-json.schema.json says:\n" + "\n".join(faults)


class Result:
    """How a run ended. json: the object on stdout, when there was --json; that it is one, and as its
    schema says, is checked for every run of every test."""

    def __init__(self, argv, status, stdout, stderr):
        self.argv, self.status, self.stdout, self.stderr = argv, status, stdout, stderr
        self.json = None
        print(f"$ {shlex.join(argv)}\n[exit status {status}]\n"
              f"--- stdout ---\n{stdout}\n--- stderr ---\n{stderr}")
        if "--json" in argv:
            self.json = json.loads(stdout)
            check_json(self.json)

    @property
    def output(self):
        return self.stdout + self.stderr

    @property
    def certificates(self):
        return {c["name"]: c for c in self.json["certificates"]}


class Running:
    """A run under way."""

    def __init__(self, owner, argv, env, wrap, pass_fds=()):
        self.owner, self.argv = owner, argv
        # Files, not pipes: nobody reads while it runs.
        self._out = tempfile.TemporaryFile()
        self._err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(wrap + argv, stdin=subprocess.DEVNULL, stdout=self._out,
                                        stderr=self._err, env=env, pass_fds=pass_fds)

    @property
    def pid(self):
        return self.process.pid

    @staticmethod
    def _text(stream):
        # The program writes at the position that it shares with this stream: that must not move.
        length = os.fstat(stream.fileno()).st_size
        return os.pread(stream.fileno(), length, 0).decode("utf-8", "replace")

    def stderr_so_far(self):
        return self._text(self._err)

    def kill(self):
        """kill -9, of the one process only."""
        self.process.kill()
        self.process.wait()
        print(f"$ {shlex.join(self.argv)}\n[killed by the test]\n{self._text(self._err)}")

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def finish(self, timeout=TIME_LIMIT):
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(
                f"{shlex.join(self.argv)} did not end in {timeout} s\n{self._text(self._out)}\n"
                f"{self._text(self._err)}") from None
        self.owner.check_sanitizers()
        return Result(self.argv, status, self._text(self._out), self._text(self._err))


class Certwright:
    """The program with directories of its own below FOLDER, and CA as its server.

    CA is anything with directory, ca_path and http_port: a Pebble or a RogueCa. INSTALLED: the
    lib.installed.Installed whose program it is, instead of the build's.
    """

    def __init__(self, folder, ca, installed=None):
        if installed:
            self.program, self._program_env = installed.program, {}
            self.plugin_path = installed.plugin_path
        else:
            self.program, self._program_env = real_program(program_path())
            self.plugin_path = plugin_path(program_path())
        self.folder = str(folder)
        self.ca = ca
        self.config_dir = os.path.join(self.folder, "etc")
        self.work_dir = os.path.join(self.folder, "var")
        self.logs_dir = os.path.join(self.folder, "log")
        self._running = []

    def environment(self, extra=None):
        env = {k: v for k, v in os.environ.items()
               if not k.lower().endswith("_proxy") and not k.startswith("CERTBOT_")
               and k not in TRUST_VARIABLES}
        env.update(self._program_env)
        env["SSL_CERT_FILE"] = self.ca.ca_path
        # An administrator's own cli.ini must not change what a test sees.
        env["XDG_CONFIG_HOME"] = os.path.join(self.folder, "xdg")
        env["CERTWRIGHT_CACHE_DIR"] = cache_folder()
        if self.plugin_path:
            env["CERTWRIGHT_PLUGIN_PATH"] = self.plugin_path
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            log = f"log_path={self.folder}/sanitizer"
            env[name] = f"{env[name]}:{log}" if env.get(name) else log
        for name, value in (extra or {}).items():
            if value is None:
                env.pop(name, None)
            else:
                env[name] = value
        return env

    def directories(self):
        return ["--config-dir", self.config_dir, "--work-dir", self.work_dir,
                "--logs-dir", self.logs_dir]

    def arguments(self, verb, *args, json=False, server=None, defaults=True):
        """VERB with ARGS and everything that a run in a test needs."""
        argv = [self.program, verb, *map(str, args)]
        if defaults:
            argv += self.directories()
            # renew takes server and port from the renewal files: given here they would be saved.
            if verb == "renew":
                argv += ["--no-random-sleep-on-renew"]
            else:
                argv += ["--server", server or self.ca.directory, "--agree-tos",
                         "--register-unsafely-without-email"]
                if "--http-01-port" not in argv:
                    argv += ["--http-01-port", str(self.ca.http_port)]
            argv += ["-n"]
        return argv + (["--json"] if json else [])

    def start(self, verb, *args, json=False, env=None, wrap=(), **options):
        running = Running(self, self.arguments(verb, *args, json=json, **options),
                          self.environment(env), list(wrap))
        self._running.append(running)
        return running

    def start_argv(self, argv, env=None, wrap=(), pass_fds=()):
        """Starts any command line."""
        running = Running(self, list(argv), self.environment(env), list(wrap), pass_fds)
        self._running.append(running)
        return running

    def run(self, verb, *args, status=0, timeout=TIME_LIMIT, **options):
        """Runs to the end; the exit status must be STATUS (None: any)."""
        result = self.start(verb, *args, **options).finish(timeout)
        if status is not None:
            assert result.status == status, (
                f"exit status {result.status} instead of {status}:\n{result.output}")
        return result

    def json(self, verb, *args, **options):
        return self.run(verb, *args, json=True, **options)

    def certonly(self, *names, args=(), **options):
        """certonly --standalone for NAMES."""
        domains = [word for name in names for word in ("-d", name)]
        return self.run("certonly", "--standalone", *domains, *args, **options)

    def stop(self):
        for running in self._running:
            running.stop()

    def live(self, name, kind="fullchain"):
        return os.path.join(self.config_dir, "live", name, f"{kind}.pem")

    def renewal_file(self, name):
        return os.path.join(self.config_dir, "renewal", f"{name}.conf")

    def forget_cas(self):
        """Removes what earlier runs learned of CAs: their directories and nonces."""
        shutil.rmtree(os.path.join(self.work_dir, "certwright", "directory"), ignore_errors=True)

    def lineages(self):
        folder = os.path.join(self.config_dir, "renewal")
        return sorted(n[:-5] for n in os.listdir(folder) if n.endswith(".conf")) \
            if os.path.isdir(folder) else []

    def account_files(self):
        """The private_key.json files of all accounts."""
        return glob.glob(os.path.join(self.config_dir, "accounts", "**", "private_key.json"),
                         recursive=True)

    def take_account_of(self, other):
        """The one of OTHER's directory is put beside the one that is here, as an administrator would
        who joins two directories; returns the ids of both."""
        [here], [there] = self.account_files(), other.account_files()
        mine, theirs = (os.path.dirname(path) for path in (here, there))
        os.rename(theirs, os.path.join(os.path.dirname(mine), os.path.basename(theirs)))
        return os.path.basename(mine), os.path.basename(theirs)

    def log_text(self):
        """All log files together."""
        text = ""
        for path in sorted(glob.glob(os.path.join(self.logs_dir, "*"))):
            with open(path, encoding="utf-8", errors="replace") as stream:
                text += stream.read()
        return text

    def check_sanitizers(self):
        for path in glob.glob(os.path.join(self.folder, "sanitizer.*")):
            with open(path, encoding="utf-8", errors="replace") as stream:
                raise AssertionError(f"a sanitizer reports:\n{stream.read()}")

    def log_tail(self, lines=60):
        return "\n".join(self.log_text().splitlines()[-lines:])


@contextlib.contextmanager
def read_only(folder):
    """Makes FOLDER read-only for a program: yields the words to put before its command.

    Root is not stopped by permissions, so for root it is a read-only mount that only the program
    sees; for others the permissions are changed meanwhile.
    """
    folder = str(folder)
    if os.geteuid() == 0:
        script = ('mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"')
        yield [shutil.which("unshare"), "-m", "sh", "-c", script, folder]
        return
    modes = {}
    for where, _, _ in os.walk(folder):
        modes[where] = os.stat(where).st_mode & 0o7777
    for where, mode in modes.items():
        os.chmod(where, mode & ~0o222)
    try:
        yield []
    finally:
        for where, mode in modes.items():
            os.chmod(where, mode)
