"""The CA in an image: the lines for the Dockerfile are carried out as a build would."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import CONNECTED, client_root, left_out, with_pymysql
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.thorough import one_of_each

# The image is the root itself. A build begins with a clean store, then does what COPY, RUN and ENV say, each in its
# JSON form; `docker run` starts its entry point in the root.
DOCKER = """
import json, os, pathlib, shutil, subprocess, sys
words = sys.argv[1:]
if words[0] == "run":
    at = words.index("--entrypoint")
    sys.exit(subprocess.run([words[at + 1], *words[at + 3:]]).returncode)
folder = pathlib.Path(words[-1])
for anchors in ("/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors"):
    shutil.rmtree(anchors, ignore_errors=True)
    os.makedirs(anchors)
shutil.rmtree("/etc/ssl/certs")
shutil.copytree("/opt/clean", "/etc/ssl/certs", symlinks=True)
shutil.copy("/opt/clean/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
for line in (folder / "Dockerfile").read_text().splitlines():
    name, _, rest = line.partition(" ")
    if name == "COPY":
        source, target = json.loads(rest)
        shutil.copy(folder / source, target)
    elif name == "RUN":
        subprocess.run(json.loads(rest), check=True)
    elif name == "ENV":
        key, _, value = rest.partition("=")
        json.loads(value)
    elif name not in ("FROM", "USER"):
        sys.exit("unknown instruction " + name)
"""
UPDATE = """#!/bin/sh
cat /opt/clean/ca-certificates.crt /etc/pki/ca-trust/source/anchors/* > /etc/pki/tls/certs/ca-bundle.crt
"""
FROM = "FROM example\n"
NAMES = (
    "trust-container-debian",
    "trust-container-debian-certificate",
    "trust-container-alpine",
    "trust-container-alpine-certificate",
    "trust-container-redhat",
    "trust-container-redhat-certificate",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """An image with the clean store of the system, in which update-ca-trust is a stand-in (it needs p11-kit)."""
    with client_root(tmp_path_factory.mktemp("image") / "root") as made:
        made.write("/opt/docker.py", DOCKER)
        made.write("/usr/local/bin/docker", f'#!/bin/sh\nexec {sys.executable} /opt/docker.py "$@"\n', 0o755)
        made.write("/usr/local/bin/update-ca-trust", UPDATE, 0o755)
        made.run("mkdir -p /etc/pki/tls/certs && update-ca-certificates --fresh")
        made.run("cp -a /etc/ssl/certs /opt/clean && mkdir '/opt/the shop'")
        yield made


@carries_out(*NAMES)
@pytest.mark.parametrize("name", one_of_each(NAMES, lambda name: name.removesuffix("-certificate")))
def test_an_image_trusts_the_ca(root: Root, mariadb_server: Mariadb, name: str) -> None:
    """A client of the image connects verified after the build, and neither before it nor after the undo."""
    made = make_certificate()
    file = made.anchor
    if name.endswith("-certificate"):
        made, file = left_out()
    root.write("/tmp/a ca.pem", file)
    dockerfile = root.write("/opt/the shop/Dockerfile", FROM)
    # Debian's OpenSSL reads the folder of single files, Red Hat's the bundle.
    redhat = {"SSL_CERT_FILE": "/etc/pki/tls/certs/ca-bundle.crt", "SSL_CERT_DIR": "/nowhere"}
    environment = redhat if "redhat" in name else {}
    fix = rendered(name, ca_file="/tmp/a ca.pem", build_folder="/opt/the shop", image="shop:latest")
    place, write, build = fix.steps
    with mariadb_server(made) as server:
        root.run("docker build '/opt/the shop'")
        assert "certificate verify failed" in with_pymysql(root, server, environment=environment)
        root.step(place)
        done = root.run(build.text, check=False, shell=("bash",))
        assert "The CA is not in the image" in done.stdout
        assert done.returncode != 0
        dockerfile.write_text(FROM + write.text + "\n")
        for _ in range(2):
            assert "The CA is in the image" in root.step(build)
            assert with_pymysql(root, server, environment=environment) == CONNECTED
        dockerfile.write_text(FROM)
        root.steps(fix.undo)
        assert "certificate verify failed" in with_pymysql(root, server, environment=environment)
    assert not root.file("/opt/the shop/database-ca.crt").exists()
