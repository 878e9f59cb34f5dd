"""Wrong input: one clear line, a hint, exit status 2, never a traceback."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from tests.cli.command import Ran, dbtls
from tests.pki.authority import make
from wizard.cli.terminal import Exit


def refused(ran: Ran) -> str:
    """Checks how every refusal looks, and returns its words."""
    assert ran.status == Exit.USAGE, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert "bug" not in ran.err
    assert 1 <= len(ran.err.strip().splitlines()) <= 4
    return ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "oracle://db01"], "oracle"),
        (["check", "postgres//db01"], ""),
        (["check", "postgresql://db01:99999"], "port"),
        (["check", "postgresql://db01:abc"], "port"),
        (["check", "sqlserver://"], ""),
        (["check", "Server=db01;Password='unclosed"], ""),
        (["check"], "nothing to examine"),
        (["check", "mysql://db01", "--answer", "tls.ofered=true"], "did you mean 'tls.offered'?"),
        (["check", "mysql://db01", "--answer", "tls.offered=perhaps"], "true, false or unknown"),
        (["check", "mysql://db01", "--answer", "trust.status=great"], "no such value"),
        (["check", "mysql://db01", "--answer", "tls.offered"], "FACT=VALUE"),
        (["check", "mysql://db01", "--client", "odbc-81"], "odbc-18"),
        (["check", "mysql://db01", "--at", "yesterday"], "2026-12-31"),
        (["check", "mysql://db01", "--timeout", "-1"], "timeout"),
        (["check", "mysql://db01", "--timeout", "nan"], "timeout"),
        (["check", "mysql://db01", "--ca-file", "/dev/zero"], "not a regular file"),
        (["check", "mysql://db01", "--at", "9999-12-31T23:59:59-10:00"], "2026-12-31"),
        (["check", "mysql://db01", "--nonsense"], "--nonsense"),
        (["fix", "certificate-expird"], "did you mean 'certificate-expired'?"),
        (["fix", "self-generated-certificate", "postgresql://db01"], "does not exist on postgresql"),
        (["lab", "serve", "sqlserver/certificate-expird"], "did you mean 'sqlserver/certificate-expired'?"),
        (["inspect"], "FILES"),
        (["howto"], "Try: dbtls howto --help"),
        (["host=h", "sslmode=require"], "Try: dbtls --help"),
        (["lab", "serve"], "Try: dbtls lab serve --help"),
        (["explain", ""], "no error text"),
        (["nonsense"], ""),
        ([], "nothing to examine"),
    ],
)
def test_bad_arguments_are_refused(arguments: list[str], words: str) -> None:
    """Each wrong argument is named, with what to do instead."""
    assert words.lower() in refused(dbtls(*arguments, stdin=None)).lower()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\x03", "certificate"),
        (b"just text", "certificate"),
        (b"<html><body>Sign in</body></html>", "certificate"),
        (b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "certificate"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "key"),
    ],
)
def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    """The sentence says what is wrong with the file, for `inspect` and for `--ca-file` alike."""
    file = tmp_path / "some.pem"
    file.write_bytes(content)
    assert words in refused(dbtls("inspect", str(file))).lower()
    assert words in refused(dbtls("check", "mysql://127.0.0.1:1", "--ca-file", str(file))).lower()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there, and a folder in its place."""
    for path in (tmp_path / "missing.pem", tmp_path):
        refused(dbtls("inspect", str(path)))
        refused(dbtls("check", "mysql://127.0.0.1:1", "--ca-file", str(path)))


def test_invalid_knowledge_is_refused_with_file_and_line(tmp_path: Path) -> None:
    """`knowledge check` prints each problem as file:line on stdout and exits 2; a good folder exits 0."""
    (tmp_path / "causes").mkdir()
    (tmp_path / "causes" / "x.yaml").write_text("- id: x\n  titel: X\n", encoding="utf-8")
    ran = dbtls("knowledge", "check", "--folder", str(tmp_path))
    assert ran.status == Exit.USAGE
    assert ran.out.startswith("causes/x.yaml:1: ")
    assert dbtls("knowledge", "check").status == Exit.FINE


def test_a_client_of_another_database_is_refused() -> None:
    """A client that cannot speak with the target is a mistake; MySQL and MariaDB share their clients."""
    wrong = dbtls("check", "sqlserver://db1", "--no-probe", "--client", "psycopg")
    assert wrong.status == 2
    assert "does not speak" in wrong.err
    right = dbtls("check", "mariadb://db1", "--no-probe", "--client", "connector-j")
    assert right.status == 4


@pytest.mark.parametrize(
    "command", [["explain", "-"], ["check", "--no-probe", "--error", "-"], ["check", "-"]]
)
def test_a_stdin_without_an_end_is_refused(command: list[str]) -> None:
    """What never ends is read no further than to the limit; what ends before is read whole."""
    words = "certificate verify failed\n" * 100_000
    assert "stdin is larger than 2 MB" in refused(dbtls(*command, stdin=words))
    assert dbtls("explain", "-", stdin=words[:100_000]).status == Exit.FINE


def test_a_password_comes_from_stdin_where_nobody_can_be_asked(tmp_path: Path) -> None:
    """The right one opens the file; a wrong one, none and a closed stdin do not."""
    made = make("sql01", key=ec.generate_private_key(ec.SECP256R1()))
    file = tmp_path / "server.pfx"
    certificate = x509.load_der_x509_certificate(made.der)
    sealed = BestAvailableEncryption(b"open sesame")
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"sql01", None, certificate, None, sealed))
    opened = dbtls("inspect", str(file), "--password", "-", stdin="open sesame\n")
    assert "CN=sql01" in opened.out
    for typed in ("open\n", "", None):
        assert "does not open" in refused(dbtls("inspect", str(file), "--password", "-", stdin=typed))


@pytest.mark.parametrize(
    "command",
    [
        ["inspect"],
        ["check", "sqlserver://h", "--no-probe", "--paste"],
        ["check", "sqlserver://h", "--ca-file"],
        ["check", "sqlserver://h", "--no-probe", "--report"],
        ["clients", "--client", "odbc-18", "--targets"],
        ["fix", "name-mismatch", "sqlserver://h", "--make-certificate"],
        ["knowledge", "check", "--folder"],
    ],
)
def test_a_url_in_place_of_a_file_keeps_its_password(command: list[str], tmp_path: Path) -> None:
    """A path makes one slash of two, so that it no longer looks like a URL."""
    ran = dbtls(*command, "postgresql://u:c4n4ry@h/x.md")
    assert ran.status == Exit.USAGE
    assert "c4n4ry" not in ran.out + ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize(
    ("command", "status"), [("--version", 2), ("--help", 2), ("explain x", 2), ("check nonsense://x", 2)]
)
def test_a_full_disk_is_no_fault_of_a_server(command: str, status: int) -> None:
    """The status says that the result was not written, also where stderr is full; with room it is another."""
    run = f"exec {shlex.quote(sys.executable)} -m wizard {command}"
    for full in (">/dev/full", ">/dev/full 2>&1"):
        assert subprocess.run(["sh", "-c", f"{run} {full}"], check=False, timeout=60).returncode == status
    if not command.startswith("check"):
        assert subprocess.run(["sh", "-c", f"{run} >/dev/null"], check=False, timeout=60).returncode == 0
