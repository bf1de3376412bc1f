"""Debian's Apache with a server root of the test's own, on loopback."""

import hashlib
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile

from .process import is_gone, wait_until

MODULES = "/usr/lib/apache2/modules"
AVAILABLE = "/etc/apache2/mods-available"
# What a2enmod enables with mod_ssl, and what the plugin enables besides.
SSL = "ssl socache_shmcb setenvif mime rewrite headers".split()
USUAL = ("mpm_event authn_core authn_file authz_core authz_host authz_user auth_basic access_compat "
         "alias dir mime env setenvif autoindex negotiation status filter deflate headers rewrite "
         "substitute socache_shmcb ssl proxy proxy_http proxy_fcgi proxy_ajp proxy_wstunnel "
         "slotmem_shm lbmethod_byrequests proxy_balancer dav dav_fs vhost_alias macro").split()

MAIN = """\
# a configuration of the tests
DefaultRuntimeDir ${APACHE_RUN_DIR}
PidFile ${APACHE_PID_FILE}
ErrorLog ${APACHE_LOG_DIR}/error.log
LogLevel notice
User ${APACHE_RUN_USER}
Group ${APACHE_RUN_GROUP}
KeepAlive On
ServerName main.test
<IfModule mpm_event_module>
	StartServers 1
	ServerLimit 4
	ThreadsPerChild 8
	MaxRequestWorkers 32
	MinSpareThreads 1
	MaxSpareThreads 32
</IfModule>
IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
<IfModule mod_mime.c>
	TypesConfig /dev/null
</IfModule>
Include ports.conf
<Directory />
	AllowOverride None
	Require all denied
</Directory>
IncludeOptional conf-enabled/*.conf
IncludeOptional sites-enabled/*.conf
"""

ENVIRONMENT = """\
unset HOME
export APACHE_RUN_USER=www-data APACHE_RUN_GROUP=www-data
export APACHE_RUN_DIR={folder}/run
export APACHE_PID_FILE=$APACHE_RUN_DIR/apache2.pid
export APACHE_LOCK_DIR={folder}/lock APACHE_LOG_DIR={folder}/log
export MODULES={modules} ROOT={root}
export LANG=C
"""


def divide(text):
    """A fixture: its own text, the modules that it needs, and {name: text} of its further files."""
    parts = re.split(rb"(?m)^## file (\S+)\n", text)
    needed = re.search(rb"(?m)^# modules: (.*)$", parts[0])
    return (parts[0], needed.group(1).decode().split() if needed else [],
            {name.decode(): part for name, part in zip(parts[1::2], parts[2::2])})


class Apache:
    """A server root in a folder that Apache's user can enter, and the Apache that runs with it."""

    def __init__(self, http_port=80, https_port=443, other_port=8080, modules=USUAL):
        # pytest's own folders are closed to Apache's user.
        self.folder = tempfile.mkdtemp(prefix="certwright-apache-")
        os.chmod(self.folder, 0o755)
        self.root = os.path.join(self.folder, "etc")
        self.http_port, self.https_port, self.other_port = http_port, https_port, other_port
        for name in ("etc/sites-enabled", "etc/sites-available", "etc/mods-enabled",
                     "etc/conf-enabled", "run/socks", "lock", "log", "www", "state"):
            os.makedirs(os.path.join(self.folder, name))
        for name in ("run/socks", "lock"):
            shutil.chown(os.path.join(self.folder, name), "www-data")
        os.mkdir(os.path.join(self.root, "mods-available"))
        for name in SSL:
            self.make_available(name)
        self.write("apache2.conf", MAIN)
        self.write("envvars", ENVIRONMENT.format(folder=self.folder, modules=MODULES,
                                                 root=self.root))
        self.write("ports.conf", "Listen @http@\n<IfModule ssl_module>\n\tListen @https@\n"
                                 "</IfModule>\n")
        for name in modules:
            self.enable(name)
        self.make_certificate("old")
        with open(os.path.join(self.folder, "www/index.html"), "w", encoding="ascii") as stream:
            stream.write("the site\n")

    def make_available(self, name):
        for end in ("load", "conf"):
            if os.path.exists(f"{AVAILABLE}/{name}.{end}"):
                shutil.copy2(f"{AVAILABLE}/{name}.{end}", f"{self.root}/mods-available")

    def enable(self, name):
        self.make_available(name)
        link = os.path.join(self.root, "mods-enabled", f"{name}.load")
        if not os.path.lexists(link):
            os.symlink(f"../mods-available/{name}.load", link)

    def fill(self, text):
        """TEXT with @http@, @https@, @other@, @folder@ and @old@ replaced."""
        for name, value in (("http", self.http_port), ("https", self.https_port),
                            ("other", self.other_port), ("folder", self.folder),
                            ("old", f"SSLCertificateFile {self.folder}/old.pem\n"
                                    f"SSLCertificateKeyFile {self.folder}/old.key")):
            text = text.replace(f"@{name}@", str(value))
        return text

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(self.fill(text).encode() if isinstance(text, str) else text)
        return path

    def read(self, name):
        with open(os.path.join(self.root, name), "rb") as stream:
            return stream.read().decode("latin-1")

    def site(self, text, name="site.conf"):
        """An enabled site, as Debian has them."""
        path = self.write(f"sites-available/{name}", text)
        link = os.path.join(self.root, "sites-enabled", name)
        if not os.path.lexists(link):
            os.symlink(f"../sites-available/{name}", link)
        return path

    def fixture(self, text, name="site.conf"):
        """A configuration of the corpus, with this server's ports."""
        for port, own in ((80, self.http_port), (443, self.https_port), (8080, self.other_port)):
            text = re.sub(rb"(?<=:|\s)%d(?=[\s>\"'])" % port, str(own).encode(), text)
        text = re.sub(rb"/etc/ssl/old", os.path.join(self.folder, "old").encode(), text)
        text, modules, files = divide(text)
        for module in modules:
            self.enable(module)
        for path, part in files.items():
            self.write(path, part)
        return self.site(text, name)

    def make_certificate(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                        "-keyout", f"{self.folder}/{name}.key", "-out", f"{self.folder}/{name}.pem"],
                       check=True, stderr=subprocess.DEVNULL)

    def ctl(self, *words, status=0):
        done = subprocess.run(["apache2ctl", "-d", self.root, *words],
                              env={**os.environ, "APACHE_CONFDIR": self.root},
                              capture_output=True, text=True, check=False)
        assert status is None or done.returncode == status, done.stdout + done.stderr
        return done

    def pid(self):
        try:
            with open(os.path.join(self.folder, "run/apache2.pid"), encoding="ascii") as stream:
                return int(stream.read())
        except (OSError, ValueError):
            return None

    def start(self):
        self.ctl("-k", "start")
        wait_until(self.pid, what="Apache's pid file")
        return self

    def stop(self):
        pid = self.pid()
        if pid is not None and not is_gone(pid):
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: is_gone(pid), what="Apache to end")
        shutil.rmtree(self.folder)

    def snapshot(self):
        """Everything below the configuration folder: contents, modes, links, owners."""
        found = {}
        for where, folders, files in os.walk(self.root):
            for name in folders + files:
                path = os.path.join(where, name)
                status = os.lstat(path)
                if name == ".certbot.lock":
                    continue
                what = os.readlink(path) if stat.S_ISLNK(status.st_mode) else None
                if stat.S_ISREG(status.st_mode):
                    with open(path, "rb") as stream:
                        what = hashlib.sha256(stream.read()).hexdigest()
                found[os.path.relpath(path, self.root)] = (what, status.st_mode, status.st_uid,
                                                           status.st_gid)
        return found

    def get(self, host, path="/", port=None, address="127.0.0.1", tls=False):
        """(status, Location, body)"""
        connection = http.client.HTTPConnection(
            address, port or (self.https_port if tls else self.http_port), timeout=10)
        if tls:
            connection.connect()
            connection.sock = ssl._create_unverified_context().wrap_socket(
                connection.sock, server_hostname=host)
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, answer.getheader("Location"), body

    def header(self, host, name):
        """What is sent by TLS before the body."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.https_port, timeout=10,
                                                 context=ssl._create_unverified_context())
        connection.request("GET", "/", headers={"Host": host})
        answer = connection.getresponse()
        connection.close()
        return answer.getheader(name)

    def served(self, name, address="127.0.0.1", port=None):
        """The certificate, in DER, that a TLS client that asks for NAME gets."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection((address, port or self.https_port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=name) as secure:
                return secure.getpeercert(True)

    def log_tail(self, lines=40):
        path = os.path.join(self.folder, "log/error.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as stream:
            return "\n".join(stream.read().splitlines()[-lines:])
