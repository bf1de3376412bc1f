"""Postfix with a queue and a configuration of its own; smtpd runs in a chroot."""

import os
import shutil
import tempfile

from lib.peer import shown_serial
from lib.process import Server, port_answers
from lib.tools import command, read

MASTER = "/usr/lib/postfix/sbin/master"

MAIN_CF = """# made by a test
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
meta_directory = /etc/postfix
myhostname = mail.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
smtpd_tls_cert_file = {folder}/own.crt

# A comment, and a parameter that goes on.
smtpd_tls_key_file =
    {folder}/own.key
smtpd_tls_security_level = {level}
"""

MASTER_CF = """127.0.0.1:{port} inet n - y - - smtpd
tlsmgr unix - - y 1000? 1 tlsmgr
anvil unix - - y - 1 anvil
rewrite unix - - y - - trivial-rewrite
cleanup unix n - y - 0 cleanup
qmgr unix n - n 300 1 qmgr
pickup unix n - y 60 1 pickup
postlog unix-dgram n - n - 1 postlogd
proxymap unix - - n - - proxymap
"""


class Postfix:
    """Listens on port; its own certificate is self-signed."""

    def __init__(self, start, level="may"):
        # The user postfix must reach it, unlike the folders of pytest.
        self.folder = tempfile.mkdtemp(prefix="certwright-postfix-")
        os.chmod(self.folder, 0o711)
        self.port = start.ports.take()
        self.config_dir = os.path.join(self.folder, "etc")
        self.main_cf = os.path.join(self.config_dir, "main.cf")
        for name in ("etc", "queue", "data"):
            os.mkdir(os.path.join(self.folder, name))
        shutil.chown(os.path.join(self.folder, "data"), "postfix")
        own = os.path.join(self.folder, "own")
        command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=own",
                "-days", "2", "-keyout", f"{own}.key", "-out", f"{own}.crt")
        for name, text in (("main.cf", MAIN_CF), ("master.cf", MASTER_CF)):
            with open(os.path.join(self.config_dir, name), "w", encoding="ascii") as stream:
                stream.write(text.format(folder=self.folder, port=self.port, level=level))
        self.options = ["--postfix-config-dir", self.config_dir]
        self.start()

    def start(self):
        command("postfix", "-c", self.config_dir, "check")
        self.server = Server("postfix", [MASTER, "-c", self.config_dir, "-d"], self.folder,
                             ready=lambda: port_answers(self.port))

    def setting(self, name):
        """What Postfix itself reads from main.cf."""
        return command("postconf", "-c", self.config_dir, "-h", name).stdout.strip()

    def serial(self, name):
        return shown_serial(self.port, name, smtp=True)

    def log_tail(self):
        path = os.path.join(self.folder, "log")
        return read(path) if os.path.exists(path) else ""

    def remove(self):
        self.server.stop()
        shutil.rmtree(self.folder)
