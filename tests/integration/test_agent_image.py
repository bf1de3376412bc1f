"""The container image: the steps of its Dockerfile in folders that debootstrap made, and its
process as process 1 of a namespace, as the image's user."""

import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from lib.certwright import program_path, top_folder
from lib.dockerfile import Image, instructions
from lib.process import wait_until
from lib.tools import command, read

DOCKERFILE = os.path.join(top_folder(), "packaging", "docker", "Dockerfile")


def test_the_image_has_what_the_build_needs():
    """The list of packages in scripts/lib.sh, but for the tests' own."""
    text = command("bash", "-c", f". {top_folder()}/scripts/lib.sh; "
                                 'echo "${cw_build_packages[@]}"').stdout
    step = next(rest for word, rest in instructions(DOCKERFILE) if word == "RUN")
    assert set(text.split()) - {"libcmocka-dev"} == set(
        re.findall(r"(?<=\s)[a-z][a-z0-9.+-]+", step.partition("recommends")[2]))


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("only root can use chroot")
    base = os.path.join(os.path.dirname(program_path()), "image-base")
    command("bash", "-c", f". {top_folder()}/scripts/lib.sh; . {top_folder()}/scripts/chroot.sh; "
                          f"make_chroot bookworm {base}", timeout=900)
    shutil.copy("/etc/resolv.conf", f"{base}/etc/resolv.conf")
    folder = tmp_path_factory.mktemp("image")
    source = folder / "source"
    command("bash", "-c", f"mkdir {source}; cd {top_folder()}; git ls-files -z | "
                          f"xargs -0 tar -c | tar -x -C {source}")
    yield Image(DOCKERFILE, str(source), {"debian:12-slim": base}, str(folder))
    shutil.rmtree(folder)


def low_port():
    for port in range(600, 1024):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no low port is free")


@pytest.mark.full
def test_environment_alone_gives_a_certificate_to_the_images_user(image, start):
    pebble = start.pebble(http_port=low_port())
    trusted = f"{image.folder}/usr/local/share/ca-certificates/test.crt"
    shutil.copy(pebble.ca_path, trusted)
    image.run(["update-ca-certificates"])
    variables = [f"CERTWRIGHT_{name}={value}" for name, value in {
        "DOMAINS": "a.test", "SERVER": pebble.directory, "HTTP_01_PORT": pebble.http_port}.items()]
    user = image.noted["USER"]

    script = ('mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && '
              f'exec chroot --userspec={user} "$0" env -i PATH=/usr/bin:/bin "$@"')

    def argv(words):
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script,
                image.folder, *words]

    agent = subprocess.Popen(argv([*variables, *image.exec_form("ENTRYPOINT"),
                                   *image.exec_form("CMD")]),
                             stderr=subprocess.PIPE, text=True)
    live = f"{image.folder}/etc/letsencrypt/live/a.test"
    check = image.exec_form("HEALTHCHECK")
    try:
        wait_until(lambda: os.path.isdir(live) and subprocess.run(
            argv(check), capture_output=True, check=False).returncode == 0, 60,
            "the health check")
        assert open(f"{live}/origin", encoding="ascii").readline() == "acme\n"
        assert os.stat(f"{live}/fullchain.pem").st_uid == int(
            image.run(["id", "-u", user]))
    finally:
        # unshare itself ignores the signal.
        os.kill(int(read(f"/proc/{agent.pid}/task/{agent.pid}/children")), signal.SIGTERM)
        print(agent.communicate(timeout=15)[1])
    assert agent.returncode == 0
    assert image.noted["STOPSIGNAL"] == "SIGTERM"
