"""pebble-challtestsrv: the DNS that Pebble asks, told what to answer over HTTP."""

import json
import urllib.request

from .process import Server, port_answers


class ChallTestSrv:
    """Every name is 127.0.0.1 until a test says otherwise; there is no IPv6 by default."""

    def __init__(self, ports, folder, http_port=None):
        self.dns_port = ports.take()
        self.resolver = f"127.0.0.1:{self.dns_port}"
        self.management_port = ports.take()
        self.server = Server("challtestsrv", [
            "pebble-challtestsrv",
            "-dns01", f"127.0.0.1:{self.dns_port}",
            "-management", f"127.0.0.1:{self.management_port}",
            "-http01", f"127.0.0.1:{http_port}" if http_port else "",
            "-https01", "", "-tlsalpn01", "",
            "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "",
        ], folder, ready=lambda: port_answers(self.management_port)
                             and port_answers(self.dns_port))

    def _post(self, command, **arguments):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.management_port}/{command}",
            data=json.dumps(arguments).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def set_default_ipv4(self, address):
        self._post("set-default-ipv4", ip=address)

    def set_default_ipv6(self, address):
        self._post("set-default-ipv6", ip=address)

    def add_a(self, host, *addresses):
        self._post("add-a", host=host, addresses=list(addresses))

    def clear_a(self, host):
        self._post("clear-a", host=host)

    def add_aaaa(self, host, *addresses):
        self._post("add-aaaa", host=host, addresses=list(addresses))

    def set_servfail(self, host):
        self._post("set-servfail", host=host)

    def clear_servfail(self, host):
        self._post("clear-servfail", host=host)

    def set_txt(self, host, value):
        self._post("set-txt", host=host, value=value)

    def clear_txt(self, host):
        self._post("clear-txt", host=host)

    def add_http01(self, token, content):
        self._post("add-http01", token=token, content=content)

    def stop(self):
        self.server.stop()
