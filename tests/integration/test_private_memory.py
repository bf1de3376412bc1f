"""What holds keys is closed to others before it has one."""

import os


def test_memory_is_private_before_the_first_key_is_opened(certwright):
    certwright.run("register")
    trace = os.path.join(certwright.folder, "trace")
    # A sanitizer cannot look for leaks in what is traced already.
    running = certwright.start(
        "update_account", "-m", "new@example.test", env={"ASAN_OPTIONS": "detect_leaks=0"},
        wrap=["strace", "-f", "-qq", "-e", "trace=openat,prctl,execve", "-o", trace])
    assert running.finish().status == 0
    with open(trace, encoding="utf-8") as file:
        lines = file.readlines()
    closed = [i for i, line in enumerate(lines) if "prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE" in line]
    opened = [i for i, line in enumerate(lines) if "private_key.json" in line]
    assert closed and opened
    assert closed[0] < opened[0]
    reopened = [line for line in lines if "PR_SET_DUMPABLE, SUID_DUMP_USER" in line]
    assert not reopened
