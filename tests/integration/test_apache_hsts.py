"""--auto-hsts: the max-age of Strict-Transport-Security grows over time, by renew."""

import re

import pytest

from lib.outcome import assert_failed
from lib.process import kill_all, wait_until
from lib.tools import read
from test_apache_install import SERVES, apache, host, site, tls  # noqa: F401  (fixtures)

STEPS = (60, 300, 900, 3600, 21600, 43200, 86400)
YEAR = 31536000
HEADER = "Strict-Transport-Security"


class Renewals:
    """Runs of renew, two days apart."""

    def __init__(self, site):  # noqa: F811
        self.site = site
        self.path = f"{site.certwright.config_dir}/renewal/site.conf"

    def two_days_pass(self):
        text = read(self.path)
        text = re.sub(r"(?m)^(\S+ = apache, \d+, )(\d+)$",
                      lambda found: found[1] + str(int(found[2]) - 172800), text)
        with open(self.path, "w", encoding="ascii") as stream:
            stream.write(text)

    def renew(self, *args, later=True, **options):
        if later:
            self.two_days_pass()
        return self.site.certwright.run("renew", "--https-port", self.site.apache.https_port, *args,
                                        **options)

    def are_recorded(self):
        return "hsts_steps" in read(self.path)


@pytest.fixture
def renewals(site, apache):  # noqa: F811
    apache.site(host("ServerAlias www.a.test\n" + SERVES))
    apache.start()
    site.obtain("a.test", "www.a.test").install()
    return Renewals(site)


def age(server):
    return server.header("a.test", HEADER)


def test_max_age_grows_step_by_step_and_is_a_year_after_a_renewal(site, apache, renewals):  # noqa: F811
    result = site.run("enhance", "--auto-hsts", json=True)
    assert result.json["installed"]["enhancements"] == ["auto-hsts"]
    assert age(apache) == "max-age=60"
    assert renewals.renew(later=False, json=True).json["hsts_steps"] == []
    assert age(apache) == "max-age=60"
    for step in STEPS[1:]:
        result = renewals.renew(json=True)
        assert result.json["hsts_steps"] == [{"name": "site", "installer": "apache", "max_age": step,
                                              "names": ["a.test", "www.a.test"]}]
        assert age(apache) == f"max-age={step}"
    renewals.renew()
    assert age(apache) == f"max-age={STEPS[-1]}" and renewals.are_recorded()
    # This one needs no time to pass.
    renewals.renew("--force-renewal", later=False)
    assert age(apache) == f"max-age={YEAR}" and not renewals.are_recorded()
    assert site.is_served("a.test")


@pytest.mark.full
def test_enhancing_again_keeps_the_step(site, apache, renewals):  # noqa: F811
    site.run("enhance", "--auto-hsts")
    renewals.renew()
    before = apache.snapshot(), read(renewals.path)
    result = site.run("enhance", "--auto-hsts", json=True)
    assert result.json["installed"]["unneeded_enhancements"] == ["auto-hsts"]
    assert (apache.snapshot(), read(renewals.path)) == before


@pytest.mark.full
def test_run_that_installs_begins_it_too(certwright, site, apache, renewals):  # noqa: F811
    site.rollback()
    site.install("--auto-hsts")
    assert age(apache) == "max-age=60" and renewals.are_recorded()


@pytest.mark.full
@pytest.mark.parametrize("option", ("--dry-run", "--disable-renew-updates"))
def test_no_step_is_taken(site, apache, renewals, option):  # noqa: F811
    site.run("enhance", "--auto-hsts")
    before = apache.snapshot()
    renewals.renew(option, "--server", site.certwright.ca.directory)
    assert apache.snapshot() == before
    renewals.renew()
    assert age(apache) == f"max-age={STEPS[1]}"


def change(server, old, new):
    for name in ("site.conf", "site-le-ssl.conf"):
        text = server.read(f"sites-available/{name}")
        server.write(f"sites-available/{name}", text.replace(old, new))


@pytest.mark.parametrize("old, new, words", (
    (f'\tHeader always set {HEADER} "max-age=60"\n', "", "does not send"),
    pytest.param("a.test", "b.test", "no virtual host", marks=pytest.mark.full)),
    ids=("header", "host"))
def test_it_ends_when_header_or_host_is_removed(site, apache, renewals, old, new, words):  # noqa: F811
    site.run("enhance", "--auto-hsts")
    change(apache, old, new)
    before = apache.snapshot()
    result = renewals.renew()
    assert "--auto-hsts ends for a.test, www.a.test" in result.stderr and words in result.stderr
    assert apache.snapshot() == before and not renewals.are_recorded()


@pytest.mark.full
def test_header_that_somebody_has_changed_stays(site, apache, renewals):  # noqa: F811
    site.run("enhance", "--auto-hsts")
    change(apache, "max-age=60", "max-age=60; includeSubDomains")
    before = apache.snapshot()
    renewals.renew()
    assert apache.snapshot() == before


@pytest.mark.full
def test_step_that_fails_is_taken_by_the_next_run(site, apache, renewals):  # noqa: F811
    site.run("enhance", "--auto-hsts")
    apache.write("conf-enabled/broken.conf", "Nonsense on\n")
    before = apache.snapshot()
    result = renewals.renew(status=1, json=True)
    assert_failed(result, "1 step of --auto-hsts", "Nonsense")
    assert apache.snapshot() == before
    apache.write("conf-enabled/broken.conf", "")
    renewals.renew(later=False)
    assert age(apache) == f"max-age={STEPS[1]}"


@pytest.mark.full
@pytest.mark.parametrize("end", (lambda running: running.kill(), kill_all), ids=("one", "all"))
def test_step_that_is_killed_is_complete_after_the_next_run(site, apache, renewals, end):  # noqa: F811
    site.run("enhance", "--auto-hsts")
    before = apache.snapshot()
    renewals.two_days_pass()
    running = site.certwright.start("renew", "--https-port", apache.https_port)
    wait_until(lambda: apache.snapshot() != before or running.process.poll() is not None,
               what="the step to be written")
    end(running)
    renewals.renew("--lock-timeout", "20", later=False)
    assert age(apache) == f"max-age={STEPS[1]}"
    assert f"apache, {STEPS[1]}, " in read(renewals.path)
    renewals.renew()
    assert age(apache) == f"max-age={STEPS[2]}"


@pytest.mark.full
def test_steps_go_with_the_certificate(site, renewals):  # noqa: F811
    site.run("enhance", "--auto-hsts")
    site.certwright.run("delete", "--cert-name", "site")
    assert "hsts" not in site.certwright.run("renew").stderr


@pytest.mark.full
def test_unreadable_record_is_told(site, apache, renewals):  # noqa: F811
    site.run("enhance", "--auto-hsts")
    text = read(renewals.path)
    with open(renewals.path, "w", encoding="ascii") as stream:
        stream.write(text.replace("apache, 60,", "apache, soon,"))
    result = renewals.renew(later=False)
    assert "site.conf" in result.stderr and "hsts_steps" in result.stderr
    assert age(apache) == "max-age=60"


def test_host_that_a_macro_makes_is_not_changed(site, apache):  # noqa: F811
    apache.site("<Macro M $name>\n" + tls(name="$name") + "</Macro>\nUse M a.test\n")
    apache.start()
    before = apache.snapshot()
    site.obtain("a.test")
    for option in ("--auto-hsts", "--hsts", "--uir", "--staple-ocsp"):
        assert_failed(site.run("enhance", option, status=1, json=True), "made by a macro")
    assert apache.snapshot() == before
