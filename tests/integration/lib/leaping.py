"""A clock that leaps over what nobody would do anything in (tests/tools/leaping-clock.c), and a CA
that lives by it.

The CA stands before a Pebble that finds every challenge valid, and gives its certificates the dates
of that clock, by signing them anew. So it also answers when they are to be renewed (RFC 9773), and
can be down for some time.
"""

import base64
import datetime
import json
import mmap
import os
import re
import struct
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .issuer import Issuer
from .rogue_ca import RogueCa, answer, html_error
from .certwright import top_folder

FORMAT = struct.Struct("=qqqqq")
DAY = datetime.timedelta(days=1)
SECOND = 10 ** 9
CERTIFICATE = re.compile(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.S)


class LeapingClock:
    """environment: what a process needs that lives by it. leaps: a word of the arguments of the one
    whose waits it leaps over, as far as run() has allowed."""

    def __init__(self, folder, leaps="agent"):
        library = os.path.join(folder, "leaping-clock.so")
        source = os.path.join(top_folder(), "tests", "tools", "leaping-clock.c")
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
        path = os.path.join(folder, "clock")
        with open(path, "wb") as stream:
            stream.write(bytes(FORMAT.size))
        with open(path, "r+b") as stream:
            self._memory = mmap.mmap(stream.fileno(), FORMAT.size)
        self.environment = {"LD_PRELOAD": library, "CW_CLOCK": path, "CW_CLOCK_LEAPS": leaps}
        self.begin = self.now()

    def _read(self):
        return FORMAT.unpack(self._memory[:])

    def now(self):
        """In UTC, without a zone."""
        ahead, _, _, _, was_set = self._read()
        return datetime.datetime.utcnow() + datetime.timedelta(microseconds=(ahead + was_set) // 1000)

    def set(self, **time):
        """Sets the time of day by TIME (as for timedelta), as date(1) would; other clocks go on."""
        moved = int(datetime.timedelta(**time).total_seconds()) * SECOND
        self._memory[32:40] = struct.pack("=q", self._read()[4] + moved)

    def run(self, agent, **time):
        """Lets the time TIME (as for timedelta) pass, and waits until AGENT (lib.agent.Agent) has
        done what it does meanwhile."""
        end = int((self.now() + datetime.timedelta(**time)).replace(
            tzinfo=datetime.timezone.utc).timestamp()) * SECOND
        self._memory[8:16] = struct.pack("=q", end)
        agent.wait(lambda: self._read()[3] == end, f"the agent's sleep after {time}", 900)

    @property
    def returns(self):
        """How often the process that leaps came back from poll()."""
        return self._read()[2]


class TimedCa(RogueCa):
    """days: how long its certificates are valid. issued: of each, (names, begin, end). ask_again:
    the Retry-After of its renewal information, in seconds; None: it has none. is_down: a function of
    the time. AUTHORITY must sign for as long as the clock goes."""

    def __init__(self, ports, authority, folder, pebble, clock, days):
        os.makedirs(folder, exist_ok=True)
        self.clock, self.days = clock, days
        self.issued, self.ask_again = [], None
        self.is_down = lambda now: False
        self._signed = {}  # serial -> PEM of the certificate that is given for it
        self._windows = {}  # serial -> (begin, end)
        self._issuer = Issuer(folder, days=4000)
        super().__init__(ports, authority, pebble)
        self.ca_path = authority.ca_path

    def handle(self, exchange):
        if self.is_down(self.clock.now()):
            self.requests.append(exchange.request)
            html_error(503)(exchange)
        elif exchange.request.path.startswith("/renewal-info/") and self.ask_again is not None:
            self._advise(exchange)
        else:
            super().handle(exchange)

    def ask(self, request):
        given = super().ask(request)
        if request.kind == "directory" and self.ask_again is not None:
            body = given.json()
            body["renewalInfo"] = self.directory.replace("/dir", "/renewal-info")
            given.set_json(body)
        elif request.kind == "certificate" and given.status == 200:
            given.body = self._date(given.body)
        elif given.status in (200, 201) and b'"expires"' in given.body:
            body = given.json()
            body["expires"] = f"{self.clock.now() + DAY:%Y-%m-%dT%H:%M:%SZ}"
            given.set_json(body)
        return given

    def _date(self, chain):
        leaf = x509.load_pem_x509_certificate(CERTIFICATE.findall(chain)[0])
        if leaf.serial_number not in self._signed:
            now = self.clock.now()
            names = leaf.extensions.get_extension_for_class(
                x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
            dated = self._issuer.issue(names[0], leaf.public_key(), 0, self.days, names=names,
                                       now=now)
            begin, end = dated.not_valid_before, dated.not_valid_after
            self.issued.append((sorted(names), begin, end))
            self._windows[dated.serial_number] = (begin + (end - begin) * 2 / 3,
                                                  begin + (end - begin) * 5 / 6)
            self._signed[leaf.serial_number] = b"".join(
                c.public_bytes(serialization.Encoding.PEM)
                for c in (dated, self._issuer.certificate))
        return self._signed[leaf.serial_number]

    def _advise(self, exchange):
        number = exchange.request.path.rpartition(".")[2]
        padded = number + "=" * (-len(number) % 4)
        serial = int.from_bytes(base64.urlsafe_b64decode(padded), "big")
        self.requests.append(exchange.request)
        begin, end = self._windows[serial]
        answer(200, json.dumps({"suggestedWindow": {
            "start": f"{begin:%Y-%m-%dT%H:%M:%SZ}", "end": f"{end:%Y-%m-%dT%H:%M:%SZ}"}}),
            {"Retry-After": str(self.ask_again)})(exchange)
