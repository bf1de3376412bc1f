"""--strict-permissions: the directories are ours, and others may do in them what they may in those
that certwright and Certbot make, and no more."""

import os

import pytest

from lib.outcome import assert_failed
from lib.tools import certbot, snapshot

NAME = "strict.example.test"
# Where each is, and the widest permissions it may have; whether Certbot looks at it, too.
FOLDERS = {"config": ("", 0o755, True), "accounts": ("accounts", 0o700, False),
           "renewal": ("renewal", 0o755, False), "live": ("live", 0o755, False),
           "archive": ("archive", 0o755, False), "hooks": ("renewal-hooks/pre", 0o755, True)}


@pytest.fixture
def made(certwright):
    certwright.certonly(NAME)
    return certwright


def renew(certwright, *args, **options):
    return certwright.json("renew", "--force-renewal", *args, **options)


def test_what_is_made_is_strict_enough(made):
    for program in (certbot, None, certbot):
        if program:
            certbot(made, "renew", "--force-renewal", "--strict-permissions",
                    "--no-random-sleep-on-renew")
        else:
            renew(made, "--strict-permissions")


def test_less_than_what_is_made_is_strict_enough(made):
    for path in (made.config_dir, made.work_dir):
        os.chmod(path, 0o700)
    renew(made, "--strict-permissions")


@pytest.mark.parametrize("wide", [0o775, 0o757, 0o777])
@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_others_may_not_write(made, folder, wide):
    path, mode, certbot_too = FOLDERS[folder]
    path = os.path.join(made.config_dir, path).rstrip("/")
    os.chmod(path, wide)
    before = snapshot(made.config_dir)
    result = renew(made, "--strict-permissions", status=1)
    assert_failed(result, f'"{path}"', f"{wide:o}", f"chmod {mode:o}", "--strict-permissions")
    if certbot_too:
        certbot(made, "renew", "--force-renewal", "--strict-permissions",
                "--no-random-sleep-on-renew", status=1)
    assert snapshot(made.config_dir) == before
    renew(made)


@pytest.mark.parametrize("which, mode", [("work_dir", 0o777), ("logs_dir", 0o755)])
def test_work_and_logs_too(made, which, mode):
    os.chmod(getattr(made, which), mode)
    assert_failed(renew(made, "--strict-permissions", status=1), getattr(made, which), f"{mode:o}")
    certbot(made, "renew", "--force-renewal", "--strict-permissions", "--no-random-sleep-on-renew",
            status=1)
    renew(made)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_nobody_else_owns_them(made, folder):
    path = os.path.join(made.config_dir, FOLDERS[folder][0]).rstrip("/")
    os.chown(path, 65534, -1)
    assert_failed(renew(made, "--strict-permissions", status=1), f'"{path}"', "another user")
    renew(made)
