"""BIND: real name servers, with zones and keys in the test's folder."""

import fcntl
import os
import re
import socket
import subprocess
import tempfile

from .process import Server, start_retrying, wait_until

ZONE = """$TTL 60
@ IN SOA {server} admin.{zone}. 1 {refresh} 1 86400 60
{servers}
@ IN A 127.0.0.1
* IN A 127.0.0.1
{records}
"""

CONFIG = """
options {{
    directory "{folder}";
    {listen}
    pid-file "{folder}/named.pid";
    session-keyfile "{folder}/session.key";
    managed-keys-directory "{folder}";
    recursion {recursion};
    allow-query {{ any; }};
    allow-transfer {{ any; }};
    dnssec-validation no;
    empty-zones-enable no;
    notify {notify};
    ixfr-from-differences no;
    minimal-responses no;
}};
controls {{ }};
logging {{
    category default {{ default_stderr; }};
    category update {{ default_stderr; }};
    category update-security {{ default_stderr; }};
}};
{keys}
{zones}
"""


class Key:
    """A TSIG key, made by tsig-keygen."""

    def __init__(self, name="update-key", algorithm="hmac-sha256", secret=None):
        self.name, self.algorithm = name, algorithm
        text = subprocess.run(["tsig-keygen", "-a", algorithm, name], capture_output=True,
                              text=True, check=True, timeout=20).stdout
        self.secret = secret or re.search(r'secret "([^"]+)"', text).group(1)

    @property
    def config(self):
        return (f'key "{self.name}" {{ algorithm {self.algorithm}; '
                f'secret "{self.secret}"; }};')


class Bind:
    """A named on ADDRESS and a free port (or PORT).

    zones: {"example.test": ["www IN A 127.0.0.9", ...]}; policy: what is in the zones' update-policy
    (None: the key may change anything). secondary_of: the Bind whose zones it copies, asking for
    changes every second, or with lag="ever" not at all. servers: names and addresses of the zones'
    name servers. recursion: answers for an alias hold what it is an alias of, in another zone
    too.
    """

    def __init__(self, ports, folder, zones, key=None, address="127.0.0.1", port=None,
                 policy=None, secondary_of=None, lag=None, servers=None, recursion=False):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.key = key or Key()
        self.dns_address = address
        self._ports, self._fixed_port = ports, port
        self.zones = list(zones)
        self._policy, self._primary, self._lag = policy, secondary_of, lag
        self._recursion = recursion
        self._servers = servers or {"ns1": address}
        if not secondary_of:
            for zone, records in zones.items():
                self._write_zone(zone, records)
        self.server = start_retrying(self._start)

    @property
    def resolver(self):
        """For --dns-resolver."""
        address = f"[{self.dns_address}]" if ":" in self.dns_address else self.dns_address
        return f"{address}:{self.dns_port}"

    def _write_zone(self, zone, records):
        servers = "\n".join(
            f"@ IN NS {name}\n{name} IN {'AAAA' if ':' in address else 'A'} {address}"
            for name, address in self._servers.items())
        with open(os.path.join(self.folder, f"{zone}.zone"), "w", encoding="ascii") as stream:
            stream.write(ZONE.format(zone=zone, server=next(iter(self._servers)),
                                     refresh=1 if self._lag != "ever" else 86400,
                                     servers=servers, records="\n".join(records)))

    def _zone_config(self, zone):
        if self._primary:
            poll = ("min-refresh-time 1; max-refresh-time 1;" if self._lag != "ever"
                    else "min-refresh-time 86400;")
            return (f'zone "{zone}" {{ type secondary; file "{zone}.copy"; {poll} '
                    f"primaries port {self._primary.dns_port} {{ {self._primary.dns_address}; }}; "
                    "};")
        update = (f"update-policy {{ {self._policy} }};" if self._policy
                  else f'allow-update {{ key "{self.key.name}"; }};')
        return (f'zone "{zone}" {{ type primary; file "{zone}.zone"; {update} }};')

    def _listen(self):
        here = f"port {self.dns_port} {{ {self.dns_address}; }};"
        if ":" in self.dns_address:
            return f"listen-on {{ none; }}; listen-on-v6 {here}"
        return f"listen-on {here} listen-on-v6 {{ none; }};"

    def _start(self):
        self.dns_port = self._fixed_port or self._ports.take()
        path = os.path.join(self.folder, "named.conf")
        with open(path, "w", encoding="ascii") as stream:
            stream.write(CONFIG.format(
                folder=self.folder, listen=self._listen(), notify="no",
                recursion="yes" if self._recursion else "no",
                keys=self.key.config,
                zones="\n".join(self._zone_config(zone) for zone in self.zones)))
        return Server("named", ["named", "-g", "-n", "1", "-c", path], self.folder,
                      ready=lambda: all(self.ask(zone, "SOA") for zone in self.zones))

    def ask(self, name, kind):
        """What the server says itself: the lines of dig +short."""
        done = subprocess.run(
            ["dig", "+short", "+norecurse", "+tries=1", "+time=2", "-p", str(self.dns_port),
             f"@{self.dns_address}", name, kind],
            capture_output=True, text=True, check=False, timeout=20)
        if done.returncode != 0:
            return []
        return [line for line in done.stdout.splitlines() if line and not line.startswith(";")]

    def texts(self, name):
        """The values of the TXT records of NAME."""
        return sorted(line.strip('"') for line in self.ask(name, "TXT") if line.startswith('"'))

    def added(self, name):
        """How many TXT records were ever added to NAME."""
        return self.server.log_text().count(f"adding an RR at '{name}' TXT")

    def challenge_records(self, zone):
        """The names of all TXT records in a zone."""
        done = subprocess.run(
            ["dig", "+noall", "+answer", "-p", str(self.dns_port), f"@{self.dns_address}", zone,
             "AXFR"], capture_output=True, text=True, check=True, timeout=20)
        return sorted(line.split()[0].rstrip(".") for line in done.stdout.splitlines()
                      if "\tTXT\t" in line)

    def nsupdate_commands(self):
        """What nsupdate has to be told before it can update this server."""
        return (f"server {self.dns_address} {self.dns_port}\n"
                f"key {self.key.algorithm}:{self.key.name} {self.key.secret}\n")

    def update(self, *lines):
        """Changes a zone as another user of it would: "add www.example.test. 60 A 127.0.0.2"."""
        subprocess.run(["nsupdate", "-v"], check=True, timeout=20, text=True,
                       input=self.nsupdate_commands()
                       + "".join(f"update {line}\n" for line in lines) + "send\n")

    def credentials(self, path, mode=0o600, **changes):
        """Writes the file that Certbot's dns-rfc2136 plugin reads; a change to None leaves out."""
        values = {"server": self.dns_address, "port": self.dns_port, "name": f"{self.key.name}.",
                  "secret": self.key.secret, "algorithm": self.key.algorithm.upper()}
        values.update(changes)
        path = str(path)
        with open(path, "w", encoding="ascii") as stream:
            stream.write("# made by a test\n")
            stream.writelines(f"dns_rfc2136_{name} = {value}\n"
                              for name, value in values.items() if value is not None)
        os.chmod(path, mode)
        return path

    def log_text(self):
        return self.server.log_text()

    def log_tail(self, lines=40):
        return self.server.log_tail(lines)

    def stop(self):
        self.server.stop()


def hold_port_53(seconds=300):
    """A lock on port 53 of ::1, which only one test can use at a time: name servers have no other
    port in the DNS. None when somebody else, or nobody, can use it."""
    if os.geteuid() != 0:
        return None
    lock = open(os.path.join(tempfile.gettempdir(), f"certwright-test-port-53-{os.getuid()}"), "a",
                encoding="ascii")
    try:
        wait_until(lambda: _try_lock(lock), seconds, "port 53")
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("::1", 53))
    except OSError:
        lock.close()
        return None
    return lock


def _try_lock(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
