"""Icecast with a configuration of its own, and what restarts it."""

import os
import shutil
import tempfile

from lib.peer import shown_serial
from lib.process import Server, tls_answers
from lib.tools import command, read, script

CONFIG = """<icecast>
    <limits><clients>10</clients><sources>2</sources></limits>
    <authentication>
        <source-password>of a test</source-password>
        <admin-user>admin</admin-user><admin-password>of a test</admin-password>
    </authentication>
    <hostname>localhost</hostname>
    <listen-socket>
        <port>{port}</port><bind-address>127.0.0.1</bind-address><ssl>1</ssl>
    </listen-socket>
    <paths>
        <basedir>{folder}</basedir><logdir>{folder}</logdir>
        <webroot>/usr/share/icecast2/web</webroot><adminroot>/usr/share/icecast2/admin</adminroot>
        <pidfile>{folder}/pid</pidfile>
        <!-- <ssl-certificate>/nonexistent/icecast.pem</ssl-certificate> -->
        <ssl-certificate>{certificate}</ssl-certificate>
    </paths>
    <logging><accesslog>-</accesslog><errorlog>-</errorlog><loglevel>3</loglevel></logging>
</icecast>
"""

# Starts Icecast again whenever it ends, as its unit's restart does.
KEEPER = """
trap 'trap - TERM; kill "$child"; wait; exit 0' TERM
while :; do
    setpriv --pdeathsig TERM --reuid icecast2 --regid icecast --clear-groups icecast2 -c "$1" &
    child=$!
    wait "$child"
done
"""

RESTART = """
pid=$(cat {folder}/pid) || exit 1
kill "$pid"
while [ "$(cat {folder}/pid 2>/dev/null || echo "$pid")" = "$pid" ]; do sleep 0.05; done
"""


class Icecast:
    """Listens on port; runs as the user icecast2. Its own certificate is self-signed."""

    def __init__(self, start):
        # The user icecast2 must reach it, unlike the folders of pytest.
        self.folder = tempfile.mkdtemp(prefix="certwright-icecast-")
        shutil.chown(self.folder, "root", "icecast")
        os.chmod(self.folder, 0o770)
        self.port = start.ports.take()
        os.mkdir(os.path.join(self.folder, "tls"))
        self.certificate = os.path.join(self.folder, "tls", "icecast.pem")
        self.config = os.path.join(self.folder, "icecast.xml")
        self._keeper = script(os.path.join(self.folder, "keeper"), KEEPER)
        restart = script(os.path.join(self.folder, "restart"), RESTART.format(folder=self.folder))
        with open(self.config, "w", encoding="ascii") as stream:
            stream.write(CONFIG.format(folder=self.folder, port=self.port,
                                       certificate=self.certificate))
        command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=own",
                "-days", "2", "-keyout", f"{self.certificate}.key", "-out", self.certificate)
        with open(self.certificate, "a", encoding="ascii") as stream:
            stream.write(read(f"{self.certificate}.key"))
        self.options = ["--icecast-config", self.config, "--icecast-restart-command", restart]
        self.start()

    def start(self):
        self.server = Server("icecast", [self._keeper, self.config], self.folder,
                             ready=lambda: tls_answers(self.port))

    def serial(self, name):
        return shown_serial(self.port, name)

    def log_tail(self):
        return self.server.log_tail()

    def remove(self):
        self.server.stop()
        shutil.rmtree(self.folder)
