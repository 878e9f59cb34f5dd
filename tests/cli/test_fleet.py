"""`dbtls clients --targets`: one client and many servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from tests.cli.command import dbtls
from tests.known import KNOWN
from wizard.cli.terminal import Exit
from wizard.lab.server import LabServer, serve


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[LabServer, LabServer]]:
    """A SQL Server with a certificate of its own making, and one whose CA is private."""
    with ExitStack() as stack:
        names = ("sqlserver/self-generated-certificate", "sqlserver/healthy")
        first, second = (stack.enter_context(serve(KNOWN.scenario(name))) for name in names)
        yield first, second


def test_each_target_is_judged_by_its_own_certificate(
    servers: tuple[LabServer, LabServer], tmp_path: Path
) -> None:
    """The linked server that breaks is told from the one that does not; comments, doubles and blanks are left out."""
    bad, good = servers
    file = tmp_path / "targets.txt"
    lines = [
        f"localhost,{bad.port}",
        "# not this one",
        "",
        f"tcp:localhost,{good.port}",
        f"localhost,{bad.port}",
    ]
    file.write_text("\n".join(lines), encoding="utf-16")
    assert good.ca_file is not None
    trust = ("--ca-file", str(good.ca_file))
    ran = dbtls("clients", "--targets", str(file), "--client", "linked-server-2025", *trust, "--json")
    assert ran.status == Exit.FAULT, ran.err
    told = [msgspec.json.decode(line) for line in ran.out.splitlines()]
    assert [(one["line"], one["cause"], one["clients"][0]["connects"]) for one in told] == [
        (f"localhost,{bad.port}", "self-generated-certificate", False),
        (f"tcp:localhost,{good.port}", "healthy", True),
    ]
    file.write_text(f"localhost,{good.port}\n")
    alone = dbtls("clients", "--targets", str(file), "--client", "linked-server-2025", *trust)
    assert alone.status == Exit.FINE
    assert alone.out == f"✓ localhost,{good.port}: connects\n"


def test_a_line_that_is_no_server_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is told with its reason, without its control characters; the status says that something is not known."""
    file = tmp_path / "targets.txt"
    file.write_text("np:\\\\box\\pipe\x1b[31m\nlocalhost,1\n")
    ran = dbtls("clients", "--targets", str(file), "--client", "odbc-18")
    first, second, *_ = ran.out.splitlines()
    assert first.startswith("? np:")
    assert "\x1b" not in ran.out
    assert "port-closed" in second


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        ("", ("--client", "odbc-18")),
        ("sql01", ()),
        ("sql01", ("--client", "odbc-18", "--driver")),
        ("sql01", ("sqlserver://x", "--client", "odbc-18")),
        ("sql01", ("--client", "no-such-client")),
        (None, ("--client", "odbc-18")),
    ],
)
def test_what_makes_no_sense_is_refused(
    content: str | None, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """No target, no client, what does not go together, no file."""
    file = tmp_path / "targets.txt"
    if content is not None:
        file.write_text(content)
    ran = dbtls("clients", "--targets", str(file), *arguments)
    assert (ran.status, ran.out) == (Exit.USAGE, "")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_password_of_a_list_is_printed(form: tuple[str, ...], tmp_path: Path) -> None:
    """Connection strings, URLs and what is neither lose it; the server stays readable."""
    file = tmp_path / "targets.txt"
    lines = [
        "Server=127.0.0.1,1;Password=c4n4ry",
        "postgresql://u:c4n4ry@127.0.0.1:2",
        "u:c4n4ry@sql01",
        "Server=127.0.0.1,2;User Id=a@corp",
    ]
    file.write_text("\n".join(lines))
    ran = dbtls("clients", "--targets", str(file), "--client", "odbc-18", *form)
    assert "c4n4ry" not in ran.out + ran.err
    assert "Server=127.0.0.1,1;Password=***" in ran.out
    assert "***@127.0.0.1:2" in ran.out
    assert "***@sql01" in ran.out
    assert "Server=127.0.0.1,2;User Id=a@corp" in ran.out


def test_a_key_is_no_list_of_targets(tmp_path: Path) -> None:
    """None of its lines is asked or printed."""
    file = tmp_path / "server.key"
    file.write_text("-----BEGIN PRIVATE KEY-----\nc4n4ry\n-----END PRIVATE KEY-----\n")
    ran = dbtls("clients", "--targets", str(file), "--client", "odbc-18")
    assert (ran.status, ran.out) == (Exit.USAGE, "")
    assert "holds certificates or keys, not targets" in ran.err
    assert "c4n4ry" not in ran.err
