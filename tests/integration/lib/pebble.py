"""Pebble: Let's Encrypt's small ACME server, on free loopback ports with a certificate of ours."""

import json
import os
import ssl
import urllib.request

from .challtestsrv import ChallTestSrv
from .process import Server, port_answers, start_retrying, tls_answers

KIND = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0",
        "PEBBLE_AUTHZREUSE": os.environ.get("PEBBLE_AUTHZREUSE", "0")}
# Pebble's own defaults, but for its wait of up to 15 s before a validation.
UNKIND = {"PEBBLE_VA_SLEEPTIME": "3", "PEBBLE_WFE_NONCEREJECT": "15", "PEBBLE_AUTHZREUSE": "50"}
MODES = {"kind": KIND, "unkind": UNKIND}

# Not secrets: made for these tests, of 64 and 72 bytes. HS512 needs 64 (RFC 7518 section 3.2).
EAB_KEYS = {
    "kid-1": "bWFkZSBmb3IgdGhlc2UgdGVzdHMsIG5vIHNlY3JldCBhdCBhbGwsIHNpeHR5LWZvdXIgYnl0ZXMgb2YgdGV4dC4",
    "kid-2": "bWFkZSBmb3IgdGhlc2UgdGVzdHMsIG5vIHNlY3JldCBlaXRoZXIsIG9mIHNldmVudHktdHdvIGJ5dGVzIG9mIHRleHQsIGFs",
}


class Pebble:
    """An ACME server and the DNS it asks.

    directory: the URL of the ACME directory; ca_path: what a client must trust to talk to it;
    http_port: where it looks for http-01 answers; dns: the ChallTestSrv.
    """

    def __init__(self, ports, folder, authority, mode="kind", eab=False, alternate_roots=0,
                 chain_length=1, env=None, strict=False, dns=None, ocsp_url="",
                 http_port=None, tls_port=None):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.ca_path = authority.ca_path
        self.mode = mode
        self.env = dict(MODES[mode])
        if alternate_roots:
            self.env["PEBBLE_ALTERNATE_ROOTS"] = str(alternate_roots)
        if chain_length != 1:
            self.env["PEBBLE_CHAIN_LENGTH"] = str(chain_length)
        self.env.update(env or {})
        self.eab = eab
        self.strict = strict
        self.ocsp_url = ocsp_url
        self._ports = ports
        self._certificate, self._key = authority.issue("pebble")
        # A DNS server of the test's own (a lib.bind.Bind) is stopped by who started it.
        self._own_dns = dns is None
        self.dns = dns or start_retrying(lambda: ChallTestSrv(ports, self.folder))
        try:
            self.http_port = http_port or ports.take()
            self.tls_port = tls_port or ports.take()
            self.server = start_retrying(self._start)
        except Exception:
            self._stop_dns()
            raise

    def _start(self):
        self.port = self._ports.take()
        self.management_port = self._ports.take()
        config = {"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management_port}",
            "certificate": self._certificate,
            "privateKey": self._key,
            "httpPort": self.http_port,
            "tlsPort": self.tls_port,
            "ocspResponderURL": self.ocsp_url,
            "externalAccountBindingRequired": self.eab,
            "externalAccountMACKeys": EAB_KEYS if self.eab else {},
        }}
        path = os.path.join(self.folder, "pebble.json")
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(config, stream, indent=2)
        argv = ["pebble", "-config", path, "-dnsserver", self.dns.resolver]
        if self.strict:
            argv.append("-strict")
        return Server("pebble", argv, self.folder, env=self.env,
                      ready=lambda: tls_answers(self.port) and port_answers(self.management_port))

    @property
    def directory(self):
        return f"https://localhost:{self.port}/dir"

    def management(self, path):
        """The body of a management page: "/roots/0", "/cert-status-by-serial/..."."""
        context = ssl.create_default_context(cafile=self.ca_path)
        url = f"https://localhost:{self.management_port}{path}"
        with urllib.request.urlopen(url, context=context, timeout=10) as answer:
            return answer.read()

    def root(self, index=0):
        """Writes the root certificate number INDEX to a file; returns its path."""
        path = os.path.join(self.folder, f"root{index}.pem")
        with open(path, "wb") as stream:
            stream.write(self.management(f"/roots/{index}"))
        return path

    def requests(self, method, path_part):
        """How many requests of METHOD to a path with PATH_PART Pebble has logged."""
        return sum(1 for line in self.server.log_text().splitlines()
                   if f" {method} " in line and path_part in line)

    def log_tail(self, lines=60):
        return (f"--- pebble ---\n{self.server.log_tail(lines)}\n"
                f"--- {self.dns.server.name} ---\n{self.dns.server.log_tail(lines // 3)}")

    def _stop_dns(self):
        if self._own_dns:
            self.dns.stop()

    def stop(self):
        self.server.stop()
        self._stop_dns()
