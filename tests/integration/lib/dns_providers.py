"""DNS providers: an HTTPS proxy that ends the TLS of their APIs and answers as their documentation
says. What clients write goes into a BIND, so that validation is real.

Cloudflare API v4, DigitalOcean API v2, Gandi LiveDNS v5, OVH API 1.0, Amazon Route 53 (2013-04-01).
"""

import http.server
import json
import re
import socket
import ssl
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

HOSTS = ["api.cloudflare.com", "api.digitalocean.com", "api.gandi.net", "eu.api.ovh.com",
         "route53.amazonaws.com"]


class Answer(Exception):
    """What the API answers instead: STATUS and BODY (JSON, or text as it is)."""

    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


class Providers:
    """proxy: for HTTPS_PROXY. requests: (host, method, path) of each. fail(): answers with what it
    is given from now on; added: called when a record was added; answering: nothing is answered while
    it is cleared."""

    def __init__(self, authority, bind):
        self.bind = bind
        self.requests, self.headers = [], []
        self.records = {}  # id -> (name, value)
        self.answering = threading.Event()
        self.answering.set()
        self.failure = self.added = None
        self.busy = self.most_busy = 0
        self._lock = threading.Lock()
        certificate, key = authority.issue("providers", names=HOSTS)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.proxy = f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self, ca_path):
        """For the program; the ACME server is reached directly."""
        return {"HTTPS_PROXY": self.proxy, "NO_PROXY": "localhost,127.0.0.1",
                "REQUESTS_CA_BUNDLE": ca_path, "AWS_CA_BUNDLE": ca_path}

    def fail(self, status, body, when=lambda method, path: True):
        self.failure = (when, Answer(status, body))

    def stop(self):
        self.answering.set()
        self._server.shutdown()
        self._server.server_close()

    def zone_of(self, name):
        for zone in self.bind.zones:
            if name == zone or name.endswith("." + zone):
                return zone
        return None

    def add(self, name, value):
        name, value = name.rstrip("."), value.strip('"')
        with self._lock:
            self.bind.update(f'add {name}. 60 TXT "{value}"')
            number = len(self.records) + 1
            self.records[number] = (name, value)
        if self.added:
            self.added()
        return number

    def remove(self, number):
        with self._lock:
            name, value = self.records.pop(number, (None, None))
            self.records[number] = (None, None)  # the number is not used again
            if name is not None:
                self.bind.update(f'delete {name}. TXT "{value}"')

    def find(self, name, value=None):
        name = name.rstrip(".")
        return [number for number, (known, text) in list(self.records.items())
                if known == name and (value is None or text == value.strip('"'))]

    def answer(self, host, method, path, query, body, headers):
        with self._lock:
            self.requests.append((host, method, path))
            self.headers.append(headers)
            self.busy += 1
            self.most_busy = max(self.busy, self.most_busy)
        try:
            self.answering.wait()
            if self.failure and self.failure[0](method, path):
                raise self.failure[1]
            return APIS[host](self, method, path, query, body)
        finally:
            with self._lock:
                self.busy -= 1


def cloudflare(providers, method, path, query, body):
    def result(value):
        return {"success": True, "errors": [], "messages": [], "result": value}

    if path == "/client/v4/zones":
        name = query["name"]
        return result([{"id": name.replace(".", "-"), "name": name}]
                      if name in providers.bind.zones else [])
    number = path.rpartition("/")[2]
    if method == "POST":
        return result({"id": str(providers.add(body["name"], body["content"]))})
    if method == "GET":
        return result([{"id": str(found)}
                       for found in providers.find(query["name"], query.get("content"))])
    providers.remove(int(number))
    return result({"id": number})


def digitalocean(providers, method, path, query, body):
    del query
    parts = path.strip("/").split("/")[1:]
    if len(parts) == 1:
        zones = providers.bind.zones
        return {"domains": [{"name": zone, "ttl": 60, "zone_file": ""} for zone in zones],
                "links": {}, "meta": {"total": len(zones)}}
    zone = parts[1]
    if method == "POST":
        number = providers.add(f"{body['name']}.{zone}", body["data"])
        return {"domain_record": {"id": number, "type": "TXT", "name": body["name"],
                                  "data": body["data"]}}
    if method == "GET":
        found = [{"id": number, "type": "TXT", "name": name[:-len(zone) - 1], "data": value}
                 for number, (name, value) in list(providers.records.items())
                 if name is not None and name.endswith("." + zone)]
        return {"domain_records": found, "links": {}, "meta": {"total": len(found)}}
    providers.remove(int(parts[3]))
    raise Answer(204, "")


def gandi(providers, method, path, query, body):
    del query
    parts = path.split("/")[4:]
    zone = parts[0]
    if zone not in providers.bind.zones:
        raise Answer(404, {"code": 404, "message": "Unknown domain", "object": "HTTPNotFound"})
    if len(parts) == 1:
        return {"fqdn": zone}
    name = f"{parts[2]}.{zone}"
    present = [providers.records[number][1] for number in providers.find(name)]
    if method == "GET":
        if not present:
            raise Answer(404, {"code": 404, "message": "Can't find the DNS record"})
        return {"rrset_name": parts[2], "rrset_type": "TXT",
                "rrset_values": [f'"{value}"' for value in present]}
    wanted = [value.strip('"') for value in body["rrset_values"]]
    for number in providers.find(name):
        if providers.records[number][1] not in wanted:
            providers.remove(number)
    for value in wanted:
        if value not in present:
            providers.add(name, value)
    raise Answer(201, {"message": "DNS Record Created"})


def ovh(providers, method, path, query, body):
    if path == "/1.0/auth/time":
        return int(time.time())
    parts = path.split("/")[4:]
    if parts in ([], [""]):
        return providers.bind.zones
    zone, rest = parts[0], parts[1:]
    if rest == ["status"]:
        return {"isDeployed": True}
    if rest == ["refresh"]:
        return None
    if rest == ["record"] and method == "POST":
        return {"id": providers.add(f"{body['subDomain']}.{zone}", body["target"])}
    if rest == ["record"]:
        return providers.find(f"{query['subDomain']}.{zone}")
    number = int(rest[1])
    if method == "DELETE":
        providers.remove(number)
        return None
    name, value = providers.records[number]
    return {"id": number, "fieldType": "TXT", "subDomain": name[:-len(zone) - 1], "ttl": 60,
            "target": value, "zone": zone}


NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"


def route53(providers, method, path, query, body):
    del query
    if path.endswith("/hostedzone") and method == "GET":
        zones = "".join(f"<HostedZone><Id>/hostedzone/{zone}</Id><Name>{zone}.</Name>"
                        "<CallerReference>test</CallerReference>"
                        "<Config><PrivateZone>false</PrivateZone></Config></HostedZone>"
                        for zone in providers.bind.zones)
        return (f'<ListHostedZonesResponse xmlns="{NAMESPACE}"><HostedZones>{zones}</HostedZones>'
                "<IsTruncated>false</IsTruncated><MaxItems>100</MaxItems>"
                "</ListHostedZonesResponse>")
    if method == "POST":
        for change in ElementTree.fromstring(body).iter(f"{{{NAMESPACE}}}Change"):
            action = change.find(f"{{{NAMESPACE}}}Action").text
            [name] = [item.text for item in change.iter(f"{{{NAMESPACE}}}Name")]
            values = [item.text.strip('"') for item in change.iter(f"{{{NAMESPACE}}}Value")]
            for number in providers.find(name):
                if action == "DELETE" or providers.records[number][1] not in values:
                    providers.remove(number)
            for value in values if action != "DELETE" else []:
                if not providers.find(name, value):
                    providers.add(name, value)
        answer = "ChangeResourceRecordSetsResponse"
    else:
        answer = "GetChangeResponse"
    return (f'<{answer} xmlns="{NAMESPACE}"><ChangeInfo><Id>/change/C1</Id><Status>INSYNC</Status>'
            "<SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo>"
            f"</{answer}>")


APIS = dict(zip(HOSTS, [cloudflare, digitalocean, gandi, ovh, route53]))


def _handler(providers):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        host = None

        def log_message(self, *_):
            pass

        def do_CONNECT(self):
            self.send_response_only(200, "Connection established")
            self.end_headers()
            try:
                connection = providers.context.wrap_socket(self.connection, server_side=True)
                inner = _handler(providers)
                inner.host = self.path.rpartition(":")[0]
                inner(connection, self.client_address, self.server)
            except (OSError, ssl.SSLError):
                pass
            self.close_connection = True

        def _serve(self):
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw[:1] in (b"{", b"[") else raw
            status = 200
            try:
                answer = providers.answer(self.host, self.command, url.path, query, body,
                                          dict(self.headers))
            except Answer as other:
                status, answer = other.status, other.body
            self._send(status, answer)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def _send(self, status, answer):
            text = answer if isinstance(answer, str) else json.dumps(answer)
            data = text.encode()
            kind = "text/xml" if re.match(r"<\w+ xmlns", text) else \
                "text/html" if text.startswith("<") else "application/json"
            try:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if status != 204:
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(data)
            except (OSError, socket.timeout):
                self.close_connection = True

    return Handler
