"""The folders, programs and options of other distributions, in trees made after their packages, with
Debian's Apache."""

import os
import subprocess

import pytest

from lib.apache import MAIN, MODULES, Apache
from lib.certwright import program_path
from lib.outcome import assert_failed
from lib.tools import command
from test_apache import host
from test_apache_install import SERVES, Site

TOOL = os.path.join(os.path.dirname(program_path()), "tests/tools/apache-hosts")
SITE = "<VirtualHost *:@http@>\n\tServerName a.test\n\tDocumentRoot ${SITES}/www\n" \
       "\t<Location />\n\t\tRequire all granted\n\t</Location>\n</VirtualHost>\n"
# os-release, server root, main file, its includes, the file of the site and the text around it,
# Apache's program, the file with its environment and what is there.
LAYOUTS = {
    "fedora": ("fedora", "etc/httpd", "conf/httpd.conf", "IncludeOptional conf.d/*.conf",
               "conf.d/site.conf", "<IfDefine SITES_ON>\n%s</IfDefine>\n",
               "httpd", "etc/sysconfig/httpd", 'OPTIONS="-D SITES_ON"\nSITES=@folder@\n'),
    "rhel": ('"centos"', "etc/httpd", "conf/httpd.conf", "IncludeOptional conf.d/*.conf",
             "conf.d/site.conf", "%s", "httpd", "etc/sysconfig/httpd", "SITES=@folder@\n"),
    "suse": ("opensuse-leap", "etc/apache2", "httpd.conf",
             "Include sysconfig.d/include.conf\nIncludeOptional vhosts.d/*.conf",
             "vhosts.d/site.conf", "<IfDefine SITES_ON>\n%s</IfDefine>\n", "start_apache2",
             "etc/sysconfig/apache2",
             'APACHE_SERVER_FLAGS="SSL SITES_ON"\nSITES="@folder@"\n'),
    "arch": ("arch", "etc/httpd", "conf/httpd.conf", "Include conf/extra/httpd-vhosts.conf",
             "conf/extra/httpd-vhosts.conf", "Define SITES @folder@\n%s", "httpd", None, ""),
    "alpine": ("alpine", "etc/apache2", "httpd.conf", "IncludeOptional conf.d/*.conf",
               "conf.d/site.conf", "<IfDefine SITES_ON>\n%s</IfDefine>\n", "httpd",
               "etc/conf.d/apache2", 'HTTPD_OPTS="-D SITES_ON"\nexport SITES="@folder@"\n'),
    "gentoo": ("gentoo", "etc/apache2", "httpd.conf",
               "Include modules.d/*.conf\nInclude vhosts.d/*.conf", "vhosts.d/00_site.conf",
               "<IfDefine DEFAULT_VHOST>\n%s</IfDefine>\n", "apache2", "etc/conf.d/apache2",
               'APACHE2_OPTS="-D DEFAULT_VHOST -D INFO -D SSL"\nSITES="@folder@"\n'),
    "macos": ("macos", "etc/apache2", "httpd.conf", "Include other/*.conf", "other/site.conf",
              "%s", "httpd", "usr/sbin/envvars", "SITES=@folder@\nexport SITES\n"),
}
EVERYDAY = ("fedora", "suse")
# SUSE's program loads the modules of the environment file, and turns its words into -D. It may run
# twice at once, so it replaces the file as a whole.
STARTS = """\
#!/bin/sh
. @folder@/etc/sysconfig/apache2
for flag in $APACHE_SERVER_FLAGS; do flags="$flags -D$flag"; done
for module in $APACHE_MODULES; do
	echo "LoadModule ${module}_module @modules@/mod_$module.so"
done > @folder@/loadmodule.$$ && mv @folder@/loadmodule.$$ @folder@/loadmodule.conf
exec /usr/sbin/apache2 -DSYSCONFIG $flags -C "Include @folder@/loadmodule.conf" "$@"
"""
# Of some systems: the control script takes no arguments for Apache.
REFUSES = "#!/bin/sh\necho \"passing arguments with apachectl is no longer supported\" >&2\nexit 1\n"


class Image(Apache):
    """A whole system in a folder."""

    def __init__(self, layout, *ports):
        super().__init__(*ports)
        system, root, main, include, site, around, program, environment, text = LAYOUTS[layout]
        modules = [os.path.join(self.root, "mods-enabled", name)
                   for name in sorted(os.listdir(f"{self.root}/mods-enabled"))]
        load = "".join(open(path, encoding="ascii").read() for path in modules)
        self.root, self.main = os.path.join(self.folder, root), main
        self.environment = {"APACHE_RUN_USER": "www-data", "APACHE_RUN_GROUP": "www-data",
                            "APACHE_RUN_DIR": f"{self.folder}/run",
                            "APACHE_PID_FILE": f"{self.folder}/run/apache2.pid",
                            "APACHE_LOG_DIR": f"{self.folder}/log"}
        conf = MAIN.replace("IncludeOptional sites-enabled/*.conf", include)
        for name in ("mods-enabled/*.load", "mods-enabled/*.conf", "conf-enabled/*.conf"):
            conf = conf.replace(f"IncludeOptional {name}\n", "")
        for name, value in self.environment.items():
            conf = conf.replace(f"${{{name}}}", value)
        if system.startswith("opensuse"):
            words = [os.path.basename(path).removesuffix(".load") for path in modules]
            text, load = text + f'APACHE_MODULES="{" ".join(words)}"\n', ""
        self.write(main, load + conf.replace("Include ports.conf", "Listen @http@"))
        self.site_path = self.write(site, around % SITE)
        if "sysconfig.d" in include:
            self.write("sysconfig.d/include.conf", "# no further files\n")
        if "modules.d" in include:
            self.write("modules.d/00_default_settings.conf", "<IfDefine INFO>\nTimeout 60\n"
                                                             "</IfDefine>\n")
        self.write(f"{self.folder}/etc/os-release", f"NAME=x\nID={system}\n")
        if environment:
            self.write(f"{self.folder}/{environment}", text)
        self.programs = os.path.join(self.folder, "programs")
        os.mkdir(self.programs)
        if program == "start_apache2":
            self.script(program, STARTS.replace("@modules@", MODULES))
        else:
            os.symlink("/usr/sbin/apache2", f"{self.programs}/{program}")
        for name in ("apachectl", "apache2ctl"):
            self.script(name, REFUSES)

    def script(self, name, text):
        self.write(f"{self.programs}/{name}", text)
        os.chmod(f"{self.programs}/{name}", 0o755)

    def env(self):
        return {"PATH": f"{self.programs}:{os.environ['PATH']}"}


@pytest.fixture
def image(start):
    made = []

    def make(layout):
        made.append(Image(layout, start.ports.take(), start.ports.take(), start.ports.take()))
        return made[0]
    yield make
    for one in made:
        one.stop()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hosts_are_found(image, layout):
    system = image(layout)
    done = subprocess.run([TOOL, system.root], env={**os.environ, **system.env()}, check=True,
                          capture_output=True, text=True)
    place, *rest = done.stdout.rstrip("\n").split("\t")
    assert place.startswith(f"{system.site_path}:")
    assert rest == [f"*:{system.http_port}", "plain", "a.test"]


@pytest.mark.parametrize("layout", [
    pytest.param(name, marks=[] if name in EVERYDAY else [pytest.mark.full]) for name in LAYOUTS])
def test_certificate_is_installed_and_rolled_back(certwright, image, layout):
    """Apache is started with the options of its environment file."""
    system = image(layout)
    before = system.snapshot()
    site = Site(system, certwright).obtain("a.test")
    words = ("--apache-handle-modules", "False", "--http-01-port", system.http_port)
    site.install(*words, env=system.env())
    assert site.is_served("a.test")
    assert system.get("a.test", tls=True)[2] == "the site\n"
    certwright.run("rollback", "--apache", "--apache-server-root", system.root, "--http-01-port",
                   system.http_port, env=system.env())
    assert system.snapshot() == before


def hosts(system):
    return command(TOOL, system.root, env={**os.environ, **system.env()}).stdout


@pytest.mark.parametrize("lines", [
    "Environment=OPTIONS=-DSITES_ON SITES=/srv",
    pytest.param('Environment="OPTIONS=-D X -D SITES_ON" SITES=/srv', marks=pytest.mark.full),
    pytest.param("EnvironmentFile=-@folder@/etc/more", marks=pytest.mark.full),
    pytest.param("EnvironmentFile=-/nowhere\nEnvironment=A=$(false) B=x;y\n"
                 "Environment=OPTIONS=-DSITES_ON", marks=pytest.mark.full)])
def test_options_of_a_drop_in_of_systemd(image, lines):
    """Fedora's unit has no environment file any more."""
    system = image("fedora")
    os.unlink(f"{system.folder}/etc/sysconfig/httpd")
    system.write(f"{system.folder}/etc/more", "OPTIONS=-DSITES_ON\n")
    system.write(f"{system.folder}/etc/systemd/system/httpd.service.d/override.conf",
                 f"[Service]\n{lines}\n")
    assert hosts(system).endswith("\tplain\ta.test\n")


def test_module_that_a_define_of_the_options_loads_is_loaded_there(image):
    system = image("fedora")
    system.write("conf.d/a.conf", "<IfModule !info_module>\n" + host("", name="before.test") +
                 "</IfModule>\n<IfDefine SITES_ON>\n"
                 f"LoadModule info_module {MODULES}/mod_info.so\n</IfDefine>\n"
                 "<IfModule info_module>\n" + host("", name="after.test") + "</IfModule>\n")
    names = [line.split("\t")[-1] for line in hosts(system).splitlines()]
    assert names == ["before.test", "after.test", "a.test"]


def test_environment_for_systemd_is_data(image):
    """Values have the rules of systemd.exec(5), and nothing in them is run."""
    system = image("fedora")
    trap = f"{system.folder}/was-run"
    system.write(f"{system.folder}/etc/sysconfig/httpd",
                 f"A=$(touch {trap})\nB=x `touch {trap}`; touch {trap}\nWHO=a\\\n.te\\st  \n"
                 f"touch {trap}\n# B=y\nexport X=1\nA.B=1\n")
    system.write(f"{system.folder}/etc/more", "  SITES = /s r v\nQUOTED=\"-D SITES_ON\"'&' \n")
    system.write(f"{system.folder}/etc/systemd/system/httpd.service.d/override.conf",
                 f"[Service]\n; x\nEnvironmentFile=-{system.folder}/etc/more\n"
                 f"Environment='C=$(touch {trap})' \"OPTIONS=-D SITES_ON\" \\\n D=100%% WHO=no\n"
                 f"EnvironmentFile=/nowhere;touch {trap}\nEnvironment=E=*\n"
                 "[Unit]\nEnvironment=OPTIONS=-DNOTHING\n")
    system.write("conf.d/site.conf", "<IfDefine SITES_ON>\n" + host("", name="${WHO}") +
                 "</IfDefine>\n" + "".join(
                     host("", name=f"{name}.test\n\tServerAlias \"${{{name}}}\"")
                     for name in ("A", "B", "C", "D", "E", "SITES", "QUOTED")))
    names = hosts(system).split("\n")
    assert not os.path.exists(trap)
    assert [line.split("\t")[-1] for line in names if line] == [
        "a.test", f"A.test,$(touch {trap})", f"B.test,x `touch {trap}`; touch {trap}",
        f"C.test,$(touch {trap})", "D.test,100%", "E.test,*", "SITES.test,/s r v",
        "QUOTED.test,-D SITES_ON&"]


def test_a_script_that_others_can_change_is_not_run(start):
    server = Apache(start.ports.take())
    try:
        server.site(host(SERVES))
        os.chmod(f"{server.root}/envvars", 0o666)
        done = subprocess.run([TOOL, server.root], check=False, capture_output=True, text=True)
        assert done.returncode != 0 and done.stdout == ""
        assert f'other users can change "{server.root}/envvars"' in done.stderr
        os.chmod(f"{server.root}/envvars", 0o644)
        assert command(TOOL, server.root).stdout
    finally:
        server.stop()


@pytest.mark.parametrize("layout, line", [
    ("alpine", "CONFIGFILE=@folder@/etc/apache2/other.conf"),
    *(pytest.param(*case, marks=pytest.mark.full) for case in (
        ("alpine", "HTTPD_OPTS='-D X -f other.conf'"), ("gentoo", "CONFIGFILE=other.conf"),
        ("suse", "APACHE_HTTPD_CONF=other.conf"), ("fedora", "OPTIONS='-f other.conf -D X'")))])
def test_main_file_that_the_service_has(image, layout, line):
    system = image(layout)
    path = f"{system.folder}/{LAYOUTS[layout][7]}"
    with open(path, "a", encoding="ascii") as stream:
        stream.write(system.fill(line) + "\n")
    system.write("other.conf", system.read(system.main) + host("", name="other.test"))
    assert hosts(system).endswith("\tplain\tother.test\n")


def test_options_of_debian(start):
    server = Apache(start.ports.take())
    try:
        server.write("envvars", server.read("envvars") +
                     'export APACHE_ARGUMENTS="-D SITES_ON -D WHERE=http"\n')
        server.site("<IfDefine SITES_ON>\n" + host(SERVES, name="${WHERE}.test") +
                    "</IfDefine>\n<IfDefine !SITES_ON>\n" + host(SERVES) + "</IfDefine>\n")
        assert command(TOOL, server.root).stdout.endswith("\tplain\thttp.test\n")
    finally:
        server.stop()


def test_program_that_is_missing_is_said(certwright, image):
    system = image("fedora")
    site = Site(system, certwright).obtain("a.test")
    result = site.install("--apache-bin", "/nowhere/httpd", "--apache-ctl", "/nowhere/ctl",
                          "--http-01-port", system.http_port, status=1, json=True)
    assert_failed(result, "/nowhere/ctl")
