"""Real clients inside of a root of their own, each with nothing but the roots that its system gives it."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixes.carried_out.carrying import Root, scratch_root
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.running import RunningServer

CONNECTED = "connected"
PYMYSQL = """
import ssl, sys, pymysql
host, port, user, password = sys.argv[1:]
try:
    pymysql.connect(host=host, port=int(port), user=user, password=password, ssl=ssl.create_default_context())
    print("connected")
except Exception as error:
    print(error)
"""
HOOK = "/etc/ca-certificates/update.d/jks-keystore"


@contextmanager
def client_root(place: Path) -> Iterator[Root]:
    """A root for clients: without the hook for Java, which takes seconds and has tests of its own."""
    with scratch_root(place) as root:
        root.file(HOOK).unlink(missing_ok=True)
        # update-ca-certificates takes the longer the more roots there are; some recipes have to keep more than fifty.
        settings = root.file("/etc/ca-certificates.conf")
        if settings.exists():
            settings.write_text("".join(settings.read_text().splitlines(keepends=True)[-70:]))
        root.write("/opt/client.py", PYMYSQL)
        yield root


def with_pymysql(
    root: Root, server: RunningServer, host: str = "localhost", environment: Mapping[str, str] | None = None
) -> str:
    """What PyMySQL says with Python's default context: `connected`, or its error."""
    words = [sys.executable, "/opt/client.py", host, str(server.port), server.user, server.password]
    return root.run(shlex.join(words), environment=environment).stdout.strip()


def with_openssl(root: Root, server: RunningServer, host: str = "localhost") -> str:
    """What OpenSSL says of PostgreSQL's certificate with the roots of its system: `connected`, or its error."""
    words = ["openssl", "s_client", "-starttls", "postgres", "-connect", f"{host}:{server.port}"]
    words += ["-verify_hostname", host, "-verify_return_error"]
    done = root.run(f"{shlex.join(words)} < /dev/null", check=False)
    return CONNECTED if done.returncode == 0 and "Verify return code: 0 (ok)" in done.stdout else done.stdout


def fails(root: Root, text: str) -> str:
    """Carries a step out whose own check has to fail, as a terminal would; returns what it says."""
    done = root.run(text, check=False, shell=("bash",))
    assert done.returncode != 0
    return done.stdout


def left_out() -> tuple[Certificate, bytes]:
    """What a server presents that leaves its intermediate out, and the file that mends it: intermediate and root."""
    whole = make_certificate(intermediate=True)
    end = b"-----END CERTIFICATE-----\n"
    leaf, intermediate = (part + end for part in whole.chain.split(end)[:2])
    return Certificate(leaf, whole.key, whole.anchor), intermediate + whole.anchor


def tree(root: Root, *folders: str) -> dict[str, bytes]:
    """The files below these folders of the root, with their bytes; of a link, where it leads."""
    found: dict[str, bytes] = {}
    for folder in folders:
        for path in sorted(root.file(folder).rglob("*")):
            if path.is_symlink():
                found[str(path)] = str(path.readlink()).encode()
            elif path.is_file():
                found[str(path)] = path.read_bytes()
    return found


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skips a test where one of these programs is missing."""
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")
