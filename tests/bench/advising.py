"""A CA with renewal information (RFC 9773), which Pebble 2.4 lacks: nginx before a Pebble."""

import datetime
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

from lib.process import Server, tls_answers  # noqa: E402

DAY = datetime.timedelta(days=1)

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log {access_log};
    keepalive_requests 10000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream pebble {{ server 127.0.0.1:{pebble}; keepalive 128; }}
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_protocols TLSv1.3;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location = /dir {{ default_type application/json; return 200 '{directory}'; }}
        location /renewal-info/ {{
            default_type application/json;
            add_header Retry-After 21600;
            return 200 '{answer}';
        }}
        location / {{
            proxy_pass https://pebble;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host localhost:{public_port};
        }}
    }}
}}
"""


class Advising:
    """nginx before Pebble, with renewal information that says "not yet"."""

    def __init__(self, ports, folder, authority, pebble, public_port=None, access_log="off"):
        """PUBLIC_PORT: of what stands before it and is what clients shall know."""
        os.makedirs(folder)
        self.pebble, self.port = pebble, ports.take()
        self.http_port = pebble.http_port
        self.public_port = public_port or self.port
        base = f"https://localhost:{self.public_port}"
        directory = {"newNonce": f"{base}/nonce-plz", "newAccount": f"{base}/sign-me-up",
                     "newOrder": f"{base}/order-plz", "revokeCert": f"{base}/revoke-cert",
                     "keyChange": f"{base}/rollover-account-key",
                     "renewalInfo": f"{base}/renewal-info", "meta": {}}
        now = datetime.datetime.utcnow()
        answer = {"suggestedWindow": {"start": (now + 20 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ"),
                                      "end": (now + 22 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")}}
        certificate, key = authority.issue("nginx")
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(NGINX.format(folder=folder, pebble=pebble.port, port=self.port,
                                      public_port=self.public_port,
                                      access_log=access_log, certificate=certificate, key=key,
                                      directory=json.dumps(directory),
                                      answer=json.dumps(answer)))
        self.server = Server("nginx", ["nginx", "-c", path, "-p", folder], folder,
                             ready=lambda: tls_answers(self.port))
        self.directory = f"{base}/dir"

    def stop(self):
        self.server.stop()
