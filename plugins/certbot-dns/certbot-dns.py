"""Runs authenticators of Certbot for the plugin certbot-dns of certwright.

    certbot-dns.py describe CERTBOT FILE...
    certbot-dns.py run CERTBOT NAME

CERTBOT is the program "certbot", or "". If it is a script, both commands go on with the
Python that it names, as its plugins are installed there.

describe prints one JSON object:

    {"depends": [[PATH, MTIME], ...],      nanoseconds as a string; "" if there is no such file
     "plugins": [{"name", "distribution", "version", "description", "dns_types", "ip_types",
                  "options": [{"name", "kind", "default", "metavar", "help", "choices"}]},
                 {"name", "distribution", "error"}]}

It is true as long as no file of "depends" changes: the FILEs and the folders with Python packages.

run reads requests from stdin and writes answers to stdout, each a JSON object on a line:

    {"do": "perform", "options": {NAME: VALUE}, "directories": {"config", "work", "logs"},
     "challenges": [{"type", "identifier", "token", "key_authorization", "validation", "location"}]}
    {"do": "cleanup"}

    {"challenge": INDEX, "error": TEXT or null}     for each challenge, as soon as it is known
    {"warning": TEXT}
    {"done": true}                                  ends the answers to a request

At the end of stdin it cleans up what was performed, and ends. It does so in a session of its own,
so it also cleans up if certwright is killed.
"""

import argparse
import importlib.metadata
import json
import logging
import os
import queue
import re
import select
import shutil
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

GROUP = "certbot.plugins"
# Certbot's own plugins: certwright has these itself, or they need more of Certbot.
NOT_FOR_US = {"certbot", "certbot-apache", "certbot-nginx"}
# Authenticators that keep all state in the object, so that several objects can work side by side.
CONCURRENT = {f"certbot-dns-{name}" for name in (
    "cloudflare", "digitalocean", "dnsimple", "dnsmadeeasy", "gehirn", "google", "linode",
    "luadns", "nsone", "ovh", "rfc2136", "route53", "sakuracloud")}
# What a plugin that sets any TXT record can do besides dns-01.
OTHER_RECORDS = ["dns-account-01", "dns-persist-01"]
# Authenticators that take the value of a record as it is in a zone file, where ";" begins a comment.
QUOTED = {"certbot-dns-rfc2136"}
THREADS = 8
TEXT_MAX = 1000          # characters of what a plugin says
WARNINGS_MAX = 50
DESCRIPTION_MAX = 65536  # bytes, for one plugin
DESCRIBE_SECONDS = 20    # for one plugin
LAST_CALL_SECONDS = 20   # for the calls under way when nobody is there any more
LAST_CLEANUP_SECONDS = 120


def use_pythons_of(certbot):
    """Goes on with the Python that the script CERTBOT names, unless it is this one."""
    path = shutil.which(certbot) if certbot else None
    if path is None:
        return
    try:
        with open(path, "rb") as script:
            first = script.readline(256)
    except OSError:
        return
    words = first[2:].split() if first.startswith(b"#!") else []
    python = os.fsdecode(words[0]) if words else ""
    if not os.path.basename(python).startswith("python") or not os.access(python, os.X_OK):
        return
    # Not the file that links lead to: a virtual environment is known by its link.
    if os.path.abspath(python) != os.path.abspath(sys.executable) \
            and os.environ.get("CERTWRIGHT_CERTBOT_PYTHON") != python:
        os.environ["CERTWRIGHT_CERTBOT_PYTHON"] = python
        try:
            os.execv(python, [python] + sys.argv)
        except OSError:
            pass  # it cannot run certbot either


def one_line(text):
    """TEXT on one line, which a provider's whole web page is not."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))
    return line if len(line) <= TEXT_MAX else line[:TEXT_MAX] + " ..."


def sentence(error):
    """What an exception says, on one line."""
    text = one_line(error)
    if isinstance(error, SystemExit):
        return f"the plugin tried to end the program (status {error.code})"
    if type(error).__module__.startswith("certbot.") and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def mtime(path):
    try:
        return str(os.stat(path).st_mtime_ns)
    except OSError:
        return ""


def name_of(distribution):
    """Its name in the one spelling that all packages' indexes use."""
    return re.sub("[-_.]+", "-", distribution.metadata["Name"] or "").lower()


def entry_points_of(distribution):
    try:
        if name_of(distribution) in NOT_FOR_US:
            return []
        return [entry for entry in distribution.entry_points if entry.group == GROUP]
    except Exception:  # pylint: disable=broad-except
        return []  # its files are damaged, and the others are not


def entry_points():
    """The entry points of all installed plugins, each with its distribution."""
    found = {}
    for distribution in importlib.metadata.distributions():
        for entry in entry_points_of(distribution):
            found.setdefault(entry.name, (entry, distribution))
    return found


def parser_of(cls, name):
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    cls.inject_parser_options(parser, name)
    return parser


def configuration(namespace, directories):
    """What Certbot hands to a plugin as its configuration."""
    from certbot import configuration as certbot_configuration

    defaults = {
        "config_dir": directories["config"], "work_dir": directories["work"],
        "logs_dir": directories["logs"], "strict_permissions": False, "domains": [],
        "http01_port": 80, "http01_address": "", "https_port": 443, "verb": "certonly",
        "noninteractive_mode": True, "force_interactive": False, "quiet": False, "verbose_count": 0,
        "debug": False, "debug_challenges": False, "dry_run": False, "staging": False,
        "server": "", "email": None, "certname": None, "key_type": "ecdsa",
        "elliptic_curve": "secp256r1", "must_staple": False, "user_agent": None,
    }
    for key, value in defaults.items():
        if not hasattr(namespace, key):
            setattr(namespace, key, value)
    return certbot_configuration.NamespaceConfig(namespace)


def be_noninteractive():
    """Questions of the plugin fail instead of waiting for an answer; notices go to stderr."""
    try:
        from certbot._internal.display import obj
        obj.set_display(obj.NoninteractiveDisplay(sys.stderr))
    except (ImportError, AttributeError):
        pass  # another version of Certbot: stdin and stdout are no terminals, so it fails anyway


# describe


def kind_of(action):
    """The kind of the option that an argparse ACTION makes, or None."""
    if isinstance(action, argparse._StoreTrueAction):
        return "flag"
    if isinstance(action, argparse._AppendAction) or action.nargs not in (None, "?"):
        return "list" if action.nargs != 0 else None
    if action.type is int:
        return "integer"
    return "path" if action.dest.endswith("credentials") else "string"


def names_of(action, plugin):
    """The plugin's own names for an option, as certwright has them."""
    prefix = f"--{plugin}-"
    return [text[len(prefix):].replace("_", "-").lower() for text in action.option_strings
            if text.startswith(prefix)]


def option_of(action, plugin, parser):
    names = names_of(action, plugin)
    kind = kind_of(action)
    if not names or kind is None or action.help == argparse.SUPPRESS:
        return None
    text = action.help or "An option of Certbot's plugin."
    try:
        text = parser._get_formatter()._expand_help(action) if action.help else text
    except (KeyError, TypeError, ValueError):
        pass  # as it was written
    default = None if kind in ("flag", "list") or action.default in (None, argparse.SUPPRESS, "") \
        else str(action.default)
    metavar = action.metavar if isinstance(action.metavar, str) else None
    return {"name": names[0], "kind": kind, "default": default, "metavar": metavar,
            "help": " ".join(text.split()),
            "choices": [str(choice) for choice in action.choices] if action.choices else []}


def challenge_types(cls, name, parser):
    from acme import challenges
    from certbot.plugins import dns_common

    namespace = parser.parse_args([])
    folders = {"config": "/etc/letsencrypt", "work": "/var/lib/letsencrypt",
               "logs": "/var/log/letsencrypt"}
    plugin = cls(configuration(namespace, folders), name)
    known = (challenges.DNS01, challenges.HTTP01, challenges.TLSALPN01)
    types = [kind.typ for kind in plugin.get_chall_pref("example.com") if kind in known]
    if "dns-01" in types and issubclass(cls, dns_common.DNSAuthenticator):
        types += OTHER_RECORDS
    return types


def describe(entry, distribution):
    """The description of one plugin, or None if it is no authenticator."""
    cls = entry.load()
    if not (callable(getattr(cls, "perform", None)) and callable(getattr(cls, "cleanup", None))):
        return None
    parser = parser_of(cls, entry.name)
    options = [option_of(action, entry.name, parser) for action in parser._actions]
    # Of two that differ in the case of letters alone, the first.
    options = {option["name"]: option for option in reversed(options) if option is not None}
    return {
        "version": distribution.version or "0",
        "description": one_line(getattr(cls, "description", "") or entry.name).rstrip("."),
        "dns_types": challenge_types(cls, entry.name, parser), "ip_types": [],
        "options": list(reversed(options.values())),
    }


def describe_here(entry, distribution):
    try:
        return describe(entry, distribution)
    except BaseException as error:  # pylint: disable=broad-except
        return {"error": sentence(error)}


def describe_apart(entry, distribution):
    """The same in a child, which the plugin's code can end or keep busy."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(2, 1)
        text = json.dumps(describe_here(entry, distribution))
        if len(text) > DESCRIPTION_MAX:
            text = json.dumps({"error": "its description is too long"})
        with os.fdopen(writer, "w", encoding="utf-8") as out:
            out.write(text)
        os._exit(0)
    os.close(writer)
    text = b""
    end = time.monotonic() + DESCRIBE_SECONDS
    while True:
        if not select.select([reader], [], [], max(0, end - time.monotonic()))[0]:
            text = json.dumps({"error": f"it did not load within {DESCRIBE_SECONDS} seconds"})
            break
        part = os.read(reader, 65536)
        if not part:
            break
        text += part
    os.close(reader)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        return json.loads(text)
    except ValueError:
        return {"error": "it ended the program when it was loaded"}


def describe_all(files):
    depends = [[path, mtime(path)] for path in
               files + [sys.executable] + sys.path]
    found = entry_points()
    plugins = []
    if found:
        try:
            import certbot.plugins.dns_common  # noqa: F401  what nearly all need, loaded once
        except ImportError:
            pass  # each says so
    for name, (entry, distribution) in sorted(found.items()):
        description = describe_apart(entry, distribution)
        if description is not None:
            plugins.append({"name": name, "distribution": name_of(distribution), **description})
    json.dump({"depends": depends, "plugins": plugins}, sys.stdout)


# run


def replace_by_nothing(*descriptors):
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nothing, descriptor)
    os.close(nothing)


def print_to_nobody():
    """If nobody reads what the plugin prints any more, it does not fail when it prints."""
    output = select.poll()
    output.register(2, 0)  # only that the other end is gone
    if output.poll(0):
        replace_by_nothing(1, 2)


class Answers:
    """Writes the answers. What the plugin itself prints goes to stderr."""

    def __init__(self):
        self.out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self.lock = threading.Lock()
        os.dup2(2, 1)

    def put(self, **answer):
        with self.lock:
            try:
                self.out.write(json.dumps(answer) + "\n")
                self.out.flush()
            except OSError:
                pass  # nobody is there any more; the cleanup goes on


class Warnings(logging.Handler):
    """Passes on what the plugin warns of, once. certwright looks at the modes of files itself."""

    def __init__(self, answers):
        super().__init__(logging.WARNING)
        self.answers = answers
        self.said = set()

    def emit(self, record):
        try:
            text = one_line(record.getMessage())
        except Exception:  # pylint: disable=broad-except
            text = one_line(record.msg)  # its arguments do not fit
        if text.startswith("Unsafe permissions on") or text in self.said \
                or len(self.said) >= WARNINGS_MAX:
            return
        self.said.add(text)
        self.answers.put(warning=text)


class Challenge:
    """A challenge as Certbot hands it to plugins, but made without the account's key."""

    def __init__(self, given, quoted):
        from acme import challenges

        base = {"http-01": challenges.HTTP01, "tls-alpn-01": challenges.TLSALPN01}.get(
            given["type"], challenges.DNS01)
        response = base.response_cls(key_authorization=given["key_authorization"])
        self.stays = given["type"] == "dns-persist-01"
        validation = f'"{given["validation"]}"' if self.stays and quoted else given["validation"]
        made = type(base.__name__, (base,), {
            "__slots__": (),
            "validation": lambda self, *_, **__: validation,
            "response": lambda self, *_, **__: response,
            "response_and_validation": lambda self, *_, **__: (response, validation),
            "validation_domain_name": lambda self, *_, **__: given["location"],
            "key_authorization": lambda self, *_, **__: given["key_authorization"],
        })
        self.chall = self.challb = made(token=decode(given["token"]))
        self.domain = given["identifier"]
        self.account_key = None

    def __getattr__(self, name):
        return getattr(self.chall, name)


def decode(text):
    import josepy

    return josepy.decode_b64jose(text)


class Runner:
    """One plugin and the challenges that it has performed."""

    def __init__(self, name, answers):
        self.name = name
        self.answers = answers
        self.performed = []            # (plugin object, challenge)
        self.over = threading.Event()  # the cleanup is due: no more records are set
        self.failed = set()            # the ids of those plugin objects that could not perform one

    def load(self, request):
        from certbot.plugins import dns_common

        entry, distribution = entry_points()[self.name]
        cls = entry.load()
        parser = parser_of(cls, self.name)
        namespace = parser.parse_args([])
        for action in parser._actions:
            for name in names_of(action, self.name):
                value = request["options"].get(name)
                if value is not None:
                    setattr(namespace, action.dest, convert(action, value))
        # The waiting is certwright's.
        wait = f"{self.name}-propagation-seconds".replace("-", "_")
        if hasattr(namespace, wait):
            setattr(namespace, wait, 0)
        config = configuration(namespace, request["directories"])
        # One with a perform of its own, such as dns-route53's, sets all records and then waits once.
        one_by_one = (issubclass(cls, dns_common.DNSAuthenticator)
                      and cls.perform is dns_common.DNSAuthenticator.perform)
        name = name_of(distribution)
        return ((lambda: self.make(cls, config)), one_by_one, one_by_one and name in CONCURRENT,
                name in QUOTED)

    def make(self, cls, config):
        plugin = cls(config, self.name)
        plugin.prepare()
        return plugin

    def perform_together(self, plugin, indexed):
        """INDEXED: pairs of an index and its challenge."""
        self.performed += [(plugin, challenge) for _, challenge in indexed]
        problem = None
        try:
            responses = plugin.perform([challenge for _, challenge in indexed])
        except BaseException as error:  # pylint: disable=broad-except
            problem, responses = sentence(error), []
        for position, (index, _) in enumerate(indexed):
            error = problem
            if error is None and (position >= len(responses) or not responses[position]):
                error = "the plugin did not say why"
            self.answers.put(challenge=index, error=error)
            if error is not None:
                self.failed.add(id(plugin))

    def perform_each(self, make, indexed):
        try:
            plugin = make()
        except BaseException as error:  # pylint: disable=broad-except
            for index, _ in indexed:
                self.answers.put(challenge=index, error=sentence(error))
            return
        for pair in indexed:
            if not self.over.is_set():
                self.perform_together(plugin, [pair])

    def perform(self, request):
        make, one_by_one, concurrent, quoted = self.load(request)
        challenges = list(enumerate(Challenge(given, quoted) for given in request["challenges"]))
        if not one_by_one:
            self.perform_together(make(), challenges)
            return
        # The records of one name belong to one object, which may have to write them together.
        groups = [[] for _ in range(min(THREADS, len(challenges)) if concurrent else 1)]
        places = {}
        for index, challenge in challenges:
            place = places.setdefault(challenge.validation_domain_name(), len(places))
            groups[place % len(groups)].append((index, challenge))
        with ThreadPoolExecutor(len(groups)) as pool:
            list(pool.map(lambda group: self.perform_each(make, group), groups))

    def cleanup(self):
        print_to_nobody()
        performed, self.performed = self.performed, []
        plugins = {id(plugin): plugin for plugin, _ in performed}
        for key, plugin in plugins.items():
            theirs = [challenge for owner, challenge in performed
                      if id(owner) == key and not challenge.stays]
            try:
                if theirs:
                    plugin.cleanup(theirs)
            except BaseException as error:  # pylint: disable=broad-except
                # What could not be made cannot be removed, which was said already.
                if key not in self.failed:
                    self.answers.put(warning="the records may still be there: " + sentence(error))

    def serve(self, request):
        try:
            if request["do"] == "cleanup":
                self.cleanup()
            else:
                self.perform(request)
        except BaseException as error:  # pylint: disable=broad-except
            for index in range(len(request.get("challenges", []))):
                self.answers.put(challenge=index, error=sentence(error))
        self.answers.put(done=True)


def convert(action, value):
    """VALUE as argparse would have made it from the command line."""
    if isinstance(value, list):
        return [convert(action, item) for item in value]
    return action.type(value) if callable(action.type) and isinstance(value, str) else value


def take_stdin():
    """The file with the requests, which programs that the plugin runs do not get."""
    requests = os.fdopen(os.dup(0), "rb")
    replace_by_nothing(0)
    return requests


def read_requests(lines, requests, runner):
    try:
        for line in lines:
            request = json.loads(line)
            if request["do"] == "cleanup":
                runner.over.set()
            requests.put(request)
    except OSError:
        pass  # the other end is gone, and had not read all answers
    runner.over.set()
    requests.put(None)
    # The end of the process is the end of this thread. If the plugin hangs in one call, the other
    # records are cleaned up here; if it hangs in that, too, it is over.
    signal.alarm(LAST_CLEANUP_SECONDS)
    time.sleep(LAST_CALL_SECONDS)
    runner.cleanup()
    os._exit(1)


def run(name):
    answers = Answers()
    # systemd ends all processes of a service at once. This one ends when its stdin does.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    os.setsid()
    logging.getLogger().addHandler(Warnings(answers))
    be_noninteractive()
    requests = queue.Queue()
    runner = Runner(name, answers)
    threading.Thread(target=read_requests, args=(take_stdin(), requests, runner),
                     daemon=True).start()
    for request in iter(requests.get, None):
        runner.serve(request)
    runner.cleanup()


def main():
    command, certbot = sys.argv[1:3]
    use_pythons_of(certbot)
    # The folder of this file has plugins of certwright, no packages of Python.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if path and os.path.abspath(path) != here]
    if command == "describe":
        describe_all(sys.argv[3:])
    else:
        run(sys.argv[3])
    sys.stdout.flush()
    # What a plugin left running does not keep this process here.
    os._exit(0)


if __name__ == "__main__":
    main()
