"""The folders of other ACME clients: made by Debian's programs, or after their documentation.

Each class has the name that --from takes, and path, what to import. make(names) obtains a certificate
with the real program; webroot is a folder that a web server serves at Pebble's http port.
"""

import json
import os
import shutil

from cryptography.hazmat.primitives import serialization

from .account import private_key
from .tools import command, read, script

SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


class Client:
    """FOLDER is made; PEBBLE is its CA."""

    def __init__(self, folder, pebble, webroot):
        self.path = str(folder)
        self.pebble, self.webroot = pebble, str(webroot)
        self.tokens = os.path.join(self.webroot, ".well-known", "acme-challenge")
        os.makedirs(self.path)
        os.makedirs(self.tokens, exist_ok=True)

    def run(self, *argv, **options):
        env = {"LEGO_CA_CERTIFICATES": self.pebble.ca_path, "SSL_CERT_FILE": self.pebble.ca_path,
               "CURL_CA_BUNDLE": self.pebble.ca_path}
        return command(*argv, env=env, **options)

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(path, mode)
        return path


class Lego(Client):
    """It needs the http port for itself."""

    name = "lego"

    def make(self, *names, key_type="ec256"):
        self.run("lego", "--accept-tos", "--email", "admin@example.test", "--server",
                 self.pebble.directory, "--path", self.path, "--http", "--http.port",
                 f":{self.pebble.http_port}", "--key-type", key_type,
                 *[w for name in names for w in ("-d", name)], "run")


class Uacme(Client):
    """It trusts the system's certificates only, so it gets other ones."""

    name = "uacme"

    def make(self, *names):
        hook = script(os.path.join(os.path.dirname(self.path), "uacme-hook.sh"),
                      '[ "$2" = http-01 ] || exit 1\n[ "$1" = begin ] || exit 0\n'
                      f'printf %s "$5" > "{self.tokens}/$4"\n')
        words = ["uacme", "-y", "-t", "EC", "-c", self.path, "-a", self.pebble.directory, "-h",
                 hook]
        bind = f"mount --bind '{self.pebble.ca_path}' {SYSTEM_BUNDLE} && exec \"$@\""
        for last in (["new"], ["issue", *names]):
            self.run("unshare", "-m", "sh", "-c", bind, "sh", *words, *last)


class Dehydrated(Client):
    """Its hook, if any, is asked about everything that happens."""

    name = "dehydrated"

    def configure(self, more=""):
        return self.write("config", f'CA="{self.pebble.directory}"\nBASEDIR="{self.path}"\n'
                          f'WELLKNOWN="{self.tokens}"  # below the web root\n'
                          f"KEY_ALGO=prime256v1\nACCOUNT_KEYSIZE=2048\n{more}")

    def make(self, *names, more=""):
        config = self.configure(more)
        self.write("domains.txt", " ".join(names) + "\n")
        self.run("dehydrated", "-f", config, "--register", "--accept-terms")
        self.run("dehydrated", "-f", config, "-c")


class Acmetool(Client):
    """Its own test of a challenge is off, because the names exist in Pebble's DNS alone."""

    name = "acmetool"

    def make(self, *names):
        self.write("conf/target", f"request:\n  provider: {self.pebble.directory}\n  key:\n"
                   f"    type: ecdsa\n  challenge:\n    webroot-paths:\n    - {self.tokens}\n"
                   "    http-self-test: false\n")
        responses = self.write("conf/responses", '"acme-enter-email": "admin@example.test"\n'
                               '"acme-agreement:data:text/plain,Do%20what%20thou%20wilt": true\n')
        hooks = os.path.join(os.path.dirname(self.path), "acmetool-hooks")
        os.makedirs(hooks, exist_ok=True)
        self.run("acmetool", "--batch", "--state", self.path, "--hooks", hooks, "--response-file",
                 responses, "want", *names)


class Written(Client):
    """A folder written by the test, with the account and the certificate of ORIGIN, a Certwright
    that has one of each."""

    def __init__(self, folder, pebble, webroot, origin, name):
        super().__init__(folder, pebble, webroot)
        self.domain = name
        [key] = origin.account_files()
        self.account = json.loads(read(os.path.join(os.path.dirname(key), "regr.json")))
        self.account_key = private_key(json.loads(read(key))).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption()).decode()
        self.parts = {kind: read(origin.live(name, kind))
                      for kind in ("cert", "chain", "fullchain", "privkey")}


class AcmeSh(Written):
    """https://github.com/acmesh-official/acme.sh: DOMAIN_ecc/, ca/HOST/PATH/."""

    name = "acme.sh"

    def make(self, settings, ecc=True):
        folder = f"{self.domain}_ecc" if ecc else self.domain
        directory = self.pebble.directory
        place = directory.split("://")[1].replace(f":{self.pebble.port}", "")
        self.write("account.conf", "LOG_FILE='/dev/null'\n#LOG_LEVEL=1\nUPGRADE_HASH='0'\n")
        self.write(f"ca/{place}/account.key", self.account_key)
        self.write(f"ca/{place}/account.json", json.dumps(self.account["body"]))
        self.write(f"ca/{place}/ca.conf", f"ACCOUNT_URL='{self.account['uri']}'\nCA_KEY_HASH='x'\n")
        for name, kind in ((f"{self.domain}.cer", "cert"), ("ca.cer", "chain"),
                           ("fullchain.cer", "fullchain"), (f"{self.domain}.key", "privkey")):
            self.write(f"{folder}/{name}", self.parts[kind])
        lines = {"Le_Domain": self.domain, "Le_Alt": "no", "Le_API": directory,
                 "Le_Keylength": "ec-256", **settings}
        return self.write(f"{folder}/{self.domain}.conf",
                          "".join(f"{k}='{v}'\n" for k, v in lines.items()))


class Getssl(Written):
    """https://github.com/srvrco/getssl: getssl.cfg for all, DOMAIN/getssl.cfg for one."""

    name = "getssl"

    def make(self, more=""):
        self.write("account.key", self.account_key)
        self.write("getssl.cfg", f'# For all.\nCA="{self.pebble.directory}"\n'
                   'ACCOUNT_KEY="$WORKING_DIR/account.key"\nACCOUNT_EMAIL="admin@example.test"\n')
        for name, kind in ((f"{self.domain}.crt", "cert"), ("chain.crt", "chain"),
                           ("fullchain.crt", "fullchain"), (f"{self.domain}.key", "privkey")):
            self.write(f"{self.domain}/{name}", self.parts[kind])
        return self.write(f"{self.domain}/getssl.cfg",
                          f"SANS=\"\"\nACL=('{self.tokens}'\n     'ftp:user:pass:host:/x')\n"
                          f"USE_SINGLE_ACL=\"true\"\n{more}")


class CertbotTarball:
    """The configuration directory of ORIGIN, a Certwright."""

    name = "certbot-tarball"

    def __init__(self, folder, origin):
        top = os.path.join(str(folder), "letsencrypt")
        shutil.copytree(origin.config_dir, top, symlinks=True)
        self.path = os.path.join(str(folder), "le.tar.gz")
        command("tar", "-C", folder, "-czf", self.path, "letsencrypt")

