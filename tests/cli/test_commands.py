"""The other commands, as programs use them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import dbtls
from tests.known import KNOWN
from wizard.cli.terminal import Exit
from wizard.lab.certificates import identity_for

SSMS = (
    "A connection was successfully established with the server, but then an error occurred during the login process. "
    "(provider: SSL Provider, error: 0 - The certificate chain was issued by an authority that is not trusted.)"
)


def test_explain_has_the_keys_of_the_contract() -> None:
    """One JSON document with every key, whatever the text."""
    keys = {
        "schema",
        "symptom",
        "confidence",
        "engine",
        "client",
        "codes",
        "meaning",
        "likely_causes",
        "candidates",
    }
    for text in (SSMS, "nothing that anyone knows"):
        found = dbtls("explain", "--json", text).json
        assert set(found) >= keys
        assert found["schema"] == "dbtls/explain/1"
    found = dbtls("explain", "--json", SSMS).json
    assert (found["symptom"], found["engine"]) == ("chain-not-trusted", "sqlserver")
    assert "self-generated-certificate" in found["likely_causes"]  # type: ignore[operator]


@pytest.mark.parametrize("arguments", [["explain"], ["explain", "-"]])
def test_explain_reads_stdin(arguments: list[str]) -> None:
    """A log can be piped in."""
    assert "chain-not-trusted" in dbtls(*arguments, stdin=f"noise\n{SSMS}\nnoise").out


def chain(tmp_path: Path, scenario: str) -> tuple[Path, Path]:
    """Writes the chain and the root of a scenario and returns both files."""
    identity = identity_for(KNOWN.scenario(scenario))
    assert identity is not None
    certificate, root = tmp_path / "chain.der", tmp_path / "root.pem"
    certificate.write_bytes(identity.chain[0])
    root.write_bytes(identity.anchor_pem())
    return certificate, root


def test_inspect_trusts_what_is_in_order(tmp_path: Path) -> None:
    """Trusted for the name: exit status 0, no problems; for another name: 1 and the problem."""
    certificate, root = chain(tmp_path, "postgresql/healthy")
    good = dbtls("inspect", str(certificate), "--json", "--ca-file", str(root), "--server-name", "localhost")
    assert (good.status, good.json["trusted"], good.json["problems"]) == (Exit.FINE, True, [])
    bad = dbtls(
        "inspect", str(certificate), "--json", "--ca-file", str(root), "--server-name", "other.example"
    )
    assert (bad.status, bad.json["trusted"], bad.json["problems"]) == (Exit.FAULT, False, ["name-mismatch"])


def test_inspect_without_the_root_does_not_trust(tmp_path: Path) -> None:
    """The same certificate is not trusted where its root is not given."""
    certificate, _ = chain(tmp_path, "postgresql/healthy")
    ran = dbtls("inspect", str(certificate), "--json", "--server-name", "localhost")
    assert (ran.status, ran.json["problems"]) == (Exit.FAULT, ["private-ca-not-trusted"])
    (shown,) = ran.json["certificates"]  # type: ignore[misc]
    keys = {
        "subject",
        "issuer",
        "sans",
        "not_before",
        "not_after",
        "sha1",
        "sha256",
        "key",
        "signature",
        "self_signed",
    }
    assert set(shown) >= keys  # type: ignore[has-type]


def test_inspect_judges_at_another_time(tmp_path: Path) -> None:
    """`--at` moves the clock."""
    certificate, root = chain(tmp_path, "postgresql/healthy")
    arguments = ["inspect", str(certificate), "--json", "--ca-file", str(root)]
    assert dbtls(*arguments).status == Exit.FINE
    assert dbtls(*arguments, "--at", "2090-01-01").json["problems"] == ["certificate-expired"]


def test_the_demo_walks_a_broken_sql_server() -> None:
    """Symptom, questions with who answered, certificate, verdict and all three tiers, in plain text."""
    ran = dbtls("demo", stdin=None)
    assert ran.status == Exit.FINE
    for words in (
        "chain-not-trusted",
        "TRAIL",
        "(probed",
        "SSL_Self_Signed_Fallback",
        "self-generated-certificate, confirmed",
        "Permanent",
        "Intermediate",
        "Bypass",
        "TrustServerCertificate",
        "confirm",
    ):
        assert words in ran.out, words


def test_the_lab_lists_and_serves() -> None:
    """`lab serve` prints one JSON line when it listens, and ends when it is interrupted."""
    listed = json.loads(dbtls("lab", "list", "--json").out)
    assert {one["scenario"] for one in listed} == {scenario.id for scenario in KNOWN.scenarios}
    process = subprocess.Popen(
        [sys.executable, "-m", "wizard", "lab", "serve", "mysql/certificate-expired"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=dict(os.environ),
    )
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    assert set(line) >= {"scenario", "engine", "host", "port", "server_name", "ca_file", "expect"}
    found = dbtls(
        "check", f"mysql://{line['host']}:{line['port']}", "--json", "--ca-file", line["ca_file"]
    ).json
    assert found["verdict"]["cause"] == line["expect"]["cause"]  # type: ignore[index]
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert (rest, process.returncode) == ("", Exit.INTERRUPTED)


def test_fix_fills_in_the_target() -> None:
    """The commands hold the name of the server; without a target they hold marked placeholders."""
    filled = dbtls("fix", "name-mismatch", "sqlserver://sql01.corp.example", "--json").json
    empty = dbtls("fix", "name-mismatch", "--json").json
    assert "sql01.corp.example" in json.dumps(filled["fixes"])
    assert "sql01.corp.example" not in json.dumps([fix["steps"] for fix in empty["fixes"]])  # type: ignore[attr-defined]
    assert any(fix["missing"] for fix in empty["fixes"])  # type: ignore[attr-defined]


def test_fix_keeps_to_a_platform_and_a_client() -> None:
    """`--platform` leaves out other operating systems, `--client` other clients; both keep what fits all."""
    arguments = ["fix", "private-ca-not-trusted", "sqlserver://sql01", "--json"]
    every = {fix["id"] for fix in dbtls(*arguments).json["fixes"]}  # type: ignore[attr-defined]
    debian = {fix["id"] for fix in dbtls(*arguments, "--platform", "debian").json["fixes"]}  # type: ignore[attr-defined]
    odbc = {fix["id"] for fix in dbtls(*arguments, "--client", "odbc-18").json["fixes"]}  # type: ignore[attr-defined]
    assert "trust-debian" in debian
    assert "trust-windows" in every - debian
    assert "odbc-trust-server-certificate" in odbc
    assert "ssms-trust-server-certificate" in every - odbc


def test_json_stays_json_in_ascii() -> None:
    """A stdout that knows no Unicode gets the same document."""
    text = "“The target principal name is incorrect” …"
    plain = dbtls("explain", "--json", text, PYTHONIOENCODING="ascii")
    assert plain.json == dbtls("explain", "--json", text).json


def test_an_unknown_text_still_gets_its_questions() -> None:
    """A text that nobody knows says nothing, so the questions of a case without a text are open."""
    from wizard.diagnosis.walk import Ask, answered, next_step, probed
    from wizard.model.case import Case
    from wizard.model.evidence import Evidence

    probes = [fact.probe for fact in KNOWN.facts if fact.probe]
    case = probed(answered(Case(), Evidence("symptom", "ambiguous", "error-text")), *probes)
    assert isinstance(next_step(case, KNOWN), Ask)


def test_the_knowledge_is_drawn(tmp_path: Path) -> None:
    """`knowledge graph` prints Mermaid and writes SVG."""
    assert dbtls("knowledge", "graph").out.startswith("flowchart TD")
    drawing = tmp_path / "tree.svg"
    assert dbtls("knowledge", "graph", "--format", "svg", "--output", str(drawing)).status == Exit.FINE
    assert drawing.read_text(encoding="utf-8").startswith("<svg")


def test_without_a_terminal_the_bare_command_checks() -> None:
    """`dbtls TARGET` is `dbtls check TARGET` where nobody can look at a screen."""
    ran = dbtls("mysql://127.0.0.1:1", stdin=None)
    assert ran.status == Exit.UNREACHABLE
    assert "port-closed" in ran.out


def test_an_interrupt_ends_at_once_and_quietly() -> None:
    """Ctrl+C during a probe of a server that never answers: status 130, no traceback."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"postgresql://127.0.0.1:{server.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "wizard", "check", target, "--timeout", "60"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=dict(os.environ),
        )
        client, _ = server.accept()
        with client:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert process.returncode == Exit.INTERRUPTED
    assert out == ""
    assert "Traceback" not in err


def test_a_way_to_find_out_can_be_saved_as_a_script() -> None:
    """With a platform the command alone is on stdout, for the server of the case; the explanation goes to stderr."""
    ran = dbtls("howto", "certificate.made_by", "sqlserver://db01:1444", "--platform", "windows")
    assert ran.status == 0
    assert ran.out.rstrip().endswith("Look('db01', 1444)")
    assert "SSL_Self_Signed_Fallback" in ran.err
    every = dbtls("howto", "certificate.made_by", "sqlserver://db01")
    assert "sp_readerrorlog" in every.out


def test_a_way_to_find_out_exists_or_is_refused() -> None:
    """An unknown fact, or one that nobody can look up by a command, is a mistake of one sentence."""
    assert "There is no fact" in dbtls("howto", "certificate.madeby").err
    assert dbtls("howto", "names.used").status == 2
