"""Keys and certificates in files: the pair that belongs together is found, and a server can read what is converted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import client_root, fails, tree
from tests.fixes.carried_out.own_ca import Issued, issue


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """A server's machine."""
    with client_root(tmp_path_factory.mktemp("keys") / "root") as made:
        yield made


@pytest.fixture(scope="module")
def pair(root: Root) -> Issued:
    """A certificate with its key, and among older keys that very one and a locked one."""
    made = issue("db.example", is_ca=False)
    root.write("/etc/ssl/db/server.crt", made.pem)
    root.write("/etc/ssl/db/server.key", issue("other").key_pem, 0o600)
    root.write("/etc/ssl/db/older/the right.key", made.key_pem, 0o600)
    root.run(
        "openssl pkey -in '/etc/ssl/db/older/the right.key' -aes256 -passout pass:secret -out /etc/ssl/db/locked.key"
    )
    return made


@carries_out("server-find-matching-key")
def test_the_key_of_a_certificate_is_found(root: Root, pair: Issued) -> None:
    """Among other keys, one of them locked, the right one is named; without it the step fails."""
    values = {"certificate_file": "/etc/ssl/db/server.crt", "folder": "/etc/ssl/db"}
    before = tree(root, "/etc/ssl/db")
    wrong = rendered("server-find-matching-key", key_file="/etc/ssl/db/server.key", **values)
    assert "They do not belong together." in fails(root, wrong.steps[0].text)
    assert root.step(wrong.steps[1]) == "This one belongs to it: /etc/ssl/db/older/the right.key\n"
    right = rendered("server-find-matching-key", key_file="/etc/ssl/db/older/the right.key", **values)
    assert "They belong together." in root.step(right.steps[0])
    root.file("/etc/ssl/db/older/the right.key").rename(root.file("/tmp/gone.key"))
    assert "No key in this folder belongs to it" in fails(root, wrong.steps[1].text)
    root.file("/tmp/gone.key").rename(root.file("/etc/ssl/db/older/the right.key"))
    assert tree(root, "/etc/ssl/db") == before
    assert pair.pem in before.values()


@carries_out("server-convert-to-pem")
def test_a_locked_key_becomes_readable(root: Root, pair: Issued) -> None:
    """A DER certificate and a key with a passphrase become PEM without one, for the key's owner only."""
    root.run("openssl x509 -in /etc/ssl/db/server.crt -outform DER -out /etc/ssl/db/server.der")
    root.run("chown mail:mail /etc/ssl/db/locked.key")
    before = tree(root, "/etc/ssl/db")
    fix = rendered(
        "server-convert-to-pem",
        certificate_file="/etc/ssl/db/server.der",
        key_file="/etc/ssl/db/locked.key",
    )
    root.run(fix.steps[0].text, shell=("bash",), check=False)
    for _ in range(2):
        assert "db.example" in root.step(fix.steps[1])
        assert "belongs to the certificate" in root.step(fix.steps[2], typed="secret\n")
    key = root.file("/etc/ssl/db/locked.key.pem")
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.stat().st_uid == root.file("/etc/ssl/db/locked.key").stat().st_uid
    assert key.read_bytes() == pair.key_pem
    root.steps(fix.undo)
    assert tree(root, "/etc/ssl/db") == before
    root.step(fix.steps[1])
    done = root.run(fix.steps[2].text, check=False, shell=("bash",), typed="wrong\n")
    assert done.returncode != 0
    assert "Was the passphrase the right one?" in done.stdout
    root.steps(fix.undo)
