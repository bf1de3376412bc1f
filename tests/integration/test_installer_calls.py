"""The order of an installer's calls: the table in the plugin author's guide against the core."""

import os
import re

import pytest

from lib import installer
from lib.certwright import top_folder
from lib.outcome import assert_failed
from lib.tools import read

ONE, TWO = "one.example.test", "two.example.test"


@pytest.fixture(scope="session")
def tester_env(tmp_path_factory):
    return installer.build(tmp_path_factory.mktemp("plugins"))


class Traced:
    """The tests' installer, which writes down its calls."""

    def __init__(self, certwright, folder, env, name="tester"):
        self.certwright, self.folder, self.name = certwright, folder, name
        self.tester = installer.Tester(folder, env, name)
        self.trace = str(folder / "trace")
        self.secret = str(folder / "secret")
        self.undone = str(folder / "undone")

    def run(self, verb, *args, status=0, **options):
        return self.certwright.run(verb, *(re.sub("^--tester-(?!old-)", f"--{self.name}-", str(a))
                                           for a in args),
                                   env=self.tester.env, status=status, **options)

    def install(self, *args, verb="run", names=(ONE, TWO), **options):
        how = ["-a", "standalone"] if verb == "run" else []
        return self.run(verb, *how, *self.tester.options, "--tester-trace", self.trace,
                        "--no-redirect", *(w for n in names for w in ("-d", n)), *args, **options)

    def forget(self):
        if os.path.exists(self.trace):
            os.unlink(self.trace)
        self.tester.forget_calls()

    def calls(self):
        return read(self.trace).split() if os.path.exists(self.trace) else []


@pytest.fixture
def traced(certwright, tmp_path, tester_env):
    return Traced(certwright, tmp_path, tester_env)


def installed(traced, *args, **options):
    traced.install(*args, **options)
    traced.forget()


def two_lineages(traced):
    for name in (ONE, TWO):
        traced.install(names=(name,))
    traced.forget()


def run_new(traced):
    traced.install()


def install(traced):
    traced.certwright.certonly(ONE, TWO)
    traced.install("--cert-name", ONE, verb="install")


def enhance(traced):
    installed(traced)
    traced.run("enhance", "--cert-name", ONE, "-i", "tester", "--hsts", "--tester-trace",
               traced.trace)


def run_enhanced(traced):
    traced.install("--hsts")


def renew(traced):
    two_lineages(traced)
    traced.run("renew", "--force-renewal")


def renew_old(traced):
    traced = Traced(traced.certwright, traced.folder, traced.tester.env, "tester-old")
    installed(traced)
    traced.run("renew", "--force-renewal")


def renew_without_updates(traced):
    two_lineages(traced)
    traced.run("renew", "--force-renewal", "--disable-renew-updates")


def renew_one_fails(traced):
    two_lineages(traced)
    traced.run("renew", "--force-renewal", "--tester-fail", f"renewed:{TWO}", status=1)


def next_renew(traced):
    installed(traced)
    traced.run("renew", "--force-renewal", "--tester-fail", "renewed", status=1)
    traced.forget()
    traced.run("renew", "--tester-fail", "nothing")


def failing(call, *more):
    def scenario(traced):
        traced.certwright.certonly(ONE)
        traced.install("--cert-name", ONE, "--tester-fail", call, *more, verb="install",
                       names=(ONE,), status=1)
    return scenario


def failing_undone(traced):
    failing("config_test", "--tester-undo", "this", "--tester-undone", traced.undone)(traced)
    assert read(traced.undone) == "this\n"


def killed(traced):
    traced.certwright.certonly(ONE)
    traced.install("--cert-name", ONE, "--tester-crash", "save", "--tester-undo", "this",
                   "--tester-undone", traced.undone, verb="install", names=(ONE,), status=1)
    assert read(traced.undone) == "this\n"
    assert traced.tester.text() == "as it was\n"


def next_installation(traced):
    traced.install("--tester-fail", "deploy", names=(ONE,), status=1)
    traced.forget()
    traced.run("renew", "--tester-fail", "nothing")


def rollback(traced):
    installed(traced, names=(ONE,))
    traced.run("rollback")
    assert traced.tester.text() == "as it was\n"


def rollback_undone(traced):
    installed(traced, "--tester-undo", "this", "--tester-undone", traced.undone, names=(ONE,))
    traced.run("rollback")
    assert read(traced.undone) == "this\n"


def rollback_secret(traced):
    installed(traced, "--tester-secret", traced.secret, names=(ONE,))
    traced.run("rollback")
    assert read(traced.secret) == ONE


def delete(traced):
    installed(traced)
    traced.run("delete", "--cert-name", ONE, "--remove-from-servers")


def delete_without(traced):
    installed(traced)
    traced.run("delete", "--cert-name", ONE)


def revoke(traced):
    installed(traced)
    traced.run("revoke", "--cert-name", ONE, "--delete-after-revoke", "--remove-from-servers")


SCENARIOS = {
    "`run`": run_new,
    "`install`": install,
    "`run --hsts`": run_enhanced,
    "`enhance --hsts`": enhance,
    "`renew`, two lineages": renew,
    "`renew`, the installer has no `renewed`": renew_old,
    "`renew --disable-renew-updates`": renew_without_updates,
    "`renew`, `renewed` fails for one of two lineages": renew_one_fails,
    "the next `renew`, after one that failed": next_renew,
    "`deploy` fails": failing("deploy"),
    "`save` fails": failing("save"),
    "`config_test` fails": failing("config_test"),
    "`reload` fails": failing("reload"),
    "`config_test` fails, after `checkpoint_plugin`": failing_undone,
    "killed in `save`, after `checkpoint_plugin`": killed,
    "the next `renew`, after `run` that failed to install": next_installation,
    "`rollback`": rollback,
    "`rollback`, after `checkpoint_plugin`": rollback_undone,
    "`rollback`, after a secret was written": rollback_secret,
    "`delete --remove-from-servers`": delete,
    "`delete`": delete_without,
    "`revoke --delete-after-revoke --remove-from-servers`": revoke,
}


def table():
    """{situation: calls} as the guide has it."""
    guide = read(os.path.join(top_folder(), "docs", "plugin-authors-guide.md"))
    chapter = guide.split("### The order of the calls")[1].split("\n#")[0]
    rows = [r.strip("|").split("|") for r in chapter.splitlines() if r.startswith("|")][2:]
    return {a.strip(): re.findall(r"`([a-z_]+)`", b) for a, b in rows}


def test_the_guide_has_all_situations_that_are_tested():
    assert list(table()) == list(SCENARIOS)


@pytest.mark.parametrize("situation", SCENARIOS)
def test_calls_come_in_the_order_that_the_guide_has(traced, situation):
    SCENARIOS[situation](traced)
    assert traced.calls() == table()[situation]


def test_a_value_is_kept_between_runs_and_deleted_with_the_lineage(traced):
    traced.install("--tester-count", "1", names=(ONE,))
    traced.run("renew", "--force-renewal")
    traced.run("renew", "--force-renewal")
    assert [f["state"] for f in traced.tester.facts()] == ["", "1", "2"]
    folder = os.path.join(traced.certwright.work_dir, "certwright", "state")
    path = os.path.join(folder, ONE, "tester.count")
    assert read(path) == "3" and os.stat(path).st_mode & 0o777 == 0o600
    assert os.stat(os.path.join(folder, ONE)).st_mode & 0o777 == 0o700
    traced.run("delete", "--cert-name", ONE)
    assert os.listdir(folder) == []


def test_what_is_kept_for_a_lineage_that_is_gone_goes_with_the_next_run(traced):
    traced.install("--tester-count", "1", names=(ONE,))
    os.unlink(traced.certwright.renewal_file(ONE))
    traced.run("renew")
    assert os.listdir(os.path.join(traced.certwright.work_dir, "certwright", "state")) == []


def test_an_option_that_deploy_sets_is_saved(traced):
    traced.certwright.certonly(ONE)
    traced.install("--cert-name", ONE, "--tester-choose", "this one", verb="install", names=())
    assert "tester_chosen = this one\n" in read(traced.certwright.renewal_file(ONE))
    traced.run("renew", "--force-renewal", "--tester-choose", "another")
    assert "tester_chosen = another\n" in read(traced.certwright.renewal_file(ONE))


def test_nothing_is_kept_for_files_of_no_lineage(traced):
    traced.certwright.certonly(TWO)
    result = traced.run("install", "-i", "tester", "--cert-path",
                        traced.certwright.live(TWO, "cert"), "--key-path",
                        traced.certwright.live(TWO, "privkey"), "--fullchain-path",
                        traced.certwright.live(TWO), "-d", TWO, "--no-redirect",
                        "--tester-count", "1", "--tester-target", traced.tester.target,
                        status=1, json=True)
    assert_failed(result, "state")


@pytest.mark.parametrize("how, call, status", [("fail", "reload", 1), ("crash", "reload", 1),
                                               ("fail", "nothing", 0)])
def test_an_installer_without_rights_undoes_what_failed(traced, how, call, status):
    traced.certwright.certonly(ONE)
    result = traced.run("install", "--cert-name", ONE, "-i", "tester", "--no-redirect",
                        "--tester-confined", "1", "--tester-undo", "this upload",
                        f"--tester-{how}", call, status=status)
    assert ('the tester undoes "this upload"' in result.stderr) == (status == 1)
    undo = os.path.join(traced.certwright.work_dir, "certwright", "undo")
    assert not os.path.isdir(undo) or os.listdir(undo) == []
