"""The virtual hosts that the apache plugin sees are those of Apache's own "apache2ctl -S"."""

import glob
import os
import re

import pytest

from lib.apache import Apache
from lib.certwright import program_path, top_folder
from lib.tools import command, read

FIXTURES = sorted(glob.glob(os.path.join(top_folder(), "plugins/apache/fixtures/*.conf")))
# What is written in a way of its own; of the others, which are like what applications document, a
# quarter is enough for every day.
FORMS = ("address_forms conditions continuation cpanel crlf default_and_star environment includes latin1 "
         "listen_forms macro_hosts macro_inside many_aliases mass_by_address mass_vhost_alias "
         "nested_conditions no_hosts no_names odd_spacing order_of_modules perl_section plesk "
         "same_file_twice server_name_twice tls_common tls_of_the_server two_certificates").split()
TOOL = os.path.join(os.path.dirname(program_path()), "tests/tools/apache-hosts")


@pytest.fixture
def apache():
    server = Apache()
    yield server
    server.stop()


def seen_by_plugin(apache):
    """Of every address the hosts in order: (place, names)."""
    found = {}
    for line in command(TOOL, apache.root).stdout.splitlines():
        place, addresses, _, names = line.split("\t")
        for address in dict.fromkeys(addresses.split(",")):
            found.setdefault(address, []).append((place, names.split(",")))
    return found


def place_of(words):
    used = re.findall(r'used on line (\d+) of "([^"]+)"', words)
    return f"{used[-1][1]}:{used[-1][0]}" if used else words.strip("()")


def seen_by_apache(apache):
    """The same; the names are None where Apache does not show them all."""
    found, address = {}, None
    for line in apache.ctl("-t", "-D", "DUMP_VHOSTS").stdout.splitlines():
        if line.startswith("ServerRoot"):
            break
        alone = re.fullmatch(r"(\S+:\S+)\s+(\S+) (\(.*\))", line)
        several = re.fullmatch(r"(\S+:\S+)\s+is a NameVirtualHost", line)
        host = re.fullmatch(r"\s+port \S+ namevhost (\S+) (\(.*\))", line)
        alias = re.fullmatch(r"\s+(?:wild )?alias (.*)", line)
        if alone:
            found[alone.group(1)] = [(place_of(alone.group(3)), alone.group(2), None)]
        elif several:
            address = several.group(1)
            found[address] = []
        elif host:
            found[address].append((place_of(host.group(2)), host.group(1), []))
        elif alias:
            found[address][-1][2].append(alias.group(1))
    return found


def assert_same(apache):
    addresses = seen_by_plugin(apache)
    if addresses:
        # Apache shows the aliases of hosts that are not alone at an address.
        apache.site(f"<VirtualHost {' '.join(addresses)}>\nServerName last.test\n</VirtualHost>\n",
                    "zz.conf")
    theirs, ours = seen_by_apache(apache), seen_by_plugin(apache)
    assert sorted(ours) == sorted(theirs)
    for address, hosts in theirs.items():
        assert [host[0] for host in ours[address]] == [host[0] for host in hosts], address
        for (_, names), (place, name, aliases) in zip(ours[address], hosts):
            if names[0]:
                assert names[0] == name, place
            if aliases is not None:
                assert sorted(names[1:]) == sorted(aliases), place


@pytest.mark.parametrize("path", [
    pytest.param(path, id=name, marks=[] if name in FORMS or i % 4 == 0 else [pytest.mark.full])
    for i, path in enumerate(FIXTURES) for name in [os.path.basename(path)[:-5]]])
def test_same_hosts_as_apache(apache, path):
    apache.fixture(read(path, "rb"))
    assert_same(apache)


def test_sites_that_are_not_enabled_do_not_exist(apache):
    apache.site("<VirtualHost *:80>\nServerName a.test\n</VirtualHost>\n")
    apache.write("sites-available/other.conf",
                 "<VirtualHost *:80>\nServerName a.test\n</VirtualHost>\n")
    assert_same(apache)
    assert [place for place, _ in seen_by_plugin(apache)["*:80"]] == [
        f"{apache.root}/sites-enabled/{name}.conf:1" for name in ("site", "zz")]


def test_tls_is_told_from_plain(apache):
    apache.fixture(read(os.path.join(top_folder(), "plugins/apache/fixtures/listen_forms.conf"),
                        "rb"))
    lines = command(TOOL, apache.root).stdout.splitlines()
    assert [line.split("\t")[2:] for line in lines] == [
        ["tls", "implied.example"], ["plain", "no-certificate.example"], ["plain", "plain.example"]]


BAD = {
    "unknown": ("<VirtualHost *:80>\nNonsense on\n</VirtualHost>\n",
                ["Apache rejects its configuration", "Invalid command 'Nonsense'", "site.conf"]),
    "unbalanced": ("<VirtualHost *:80>\n", ["was not closed", "site.conf:1"]),
    "missing": ("Include nowhere.conf\n", ["nowhere.conf"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_configuration_is_said_in_apaches_words(apache, case):
    text, words = BAD[case]
    apache.site(text)
    said = command(TOOL, apache.root, status=1).stderr
    assert all(word in said for word in words) and len(said.splitlines()) == 1, said
