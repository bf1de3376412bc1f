"""Dovecot with a configuration of its own, which has IMAP over TLS alone."""

import os
import shutil
import tempfile

from lib.peer import shown_serial
from lib.process import Server, tls_answers
from lib.tools import command, read

# What Dovecot 2.3 and 2.4 have under different names.
SETTINGS = {
    "2.3": """# Dovecot 2.3
ssl_cert = <{folder}/own.crt
ssl_key = <{folder}/own.key
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=dovecot gid=dovecot home={folder}
}}
""",
    "2.4": """# Dovecot 2.4
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
ssl_server_cert_file = {folder}/own.crt
ssl_server_key_file = {folder}/own.key
passdb static {{
  passdb_static_password = secret
}}
userdb static {{
  fields {{
    uid = dovecot
    gid = dovecot
    home = {folder}
  }}
}}
""",
}

CONFIG = """base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = required
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
{include}
"""


def version():
    """2.3 or 2.4, as text."""
    return command("dovecot", "--version").stdout[:3]


class Dovecot:
    """Listens on port; its own certificate is self-signed."""

    def __init__(self, start, include="!include conf.d/*.conf"):
        # Dovecot's users must reach it, unlike the folders of pytest.
        self.folder = tempfile.mkdtemp(prefix="certwright-dovecot-")
        os.chmod(self.folder, 0o711)
        self.port = start.ports.take()
        etc = os.path.join(self.folder, "etc")
        self.config = os.path.join(etc, "dovecot.conf")
        self.conf_d = os.path.join(etc, "conf.d")
        os.makedirs(self.conf_d)
        os.mkdir(os.path.join(self.folder, "run"))
        own = os.path.join(self.folder, "own")
        command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=own",
                "-days", "2", "-keyout", f"{own}.key", "-out", f"{own}.crt")
        for path, text in ((self.config, (SETTINGS[version()] + CONFIG).format(
                               folder=self.folder, port=self.port, include=include)),
                           (os.path.join(self.conf_d, "10-own.conf"), "# made by a test\n")):
            with open(path, "w", encoding="ascii") as stream:
                stream.write(text)
        self.options = ["--dovecot-config-dir", etc]
        self.start()

    def start(self):
        self.server = Server("dovecot", ["dovecot", "-F", "-c", self.config], self.folder,
                             ready=lambda: tls_answers(self.port))

    def serial(self, name):
        return shown_serial(self.port, name)

    def log_tail(self):
        path = os.path.join(self.folder, "log")
        return read(path) if os.path.exists(path) else ""

    def remove(self):
        self.server.stop()
        shutil.rmtree(self.folder)
