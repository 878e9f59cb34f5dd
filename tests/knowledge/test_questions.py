"""What a person is asked: plain questions, plain answers, and commands that show which answer is right."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
import sqlglot
import tree_sitter
import tree_sitter_powershell

from tests.known import KNOWN
from wizard.lab.server import LabServer, serve
from wizard.model.knowledge import FactEntry, HowTo, ScenarioEntry
from wizard.model.target import Engine
from wizard.wire.tds import ENCRYPT_OFF, TdsPrelogin

SCRIPTED = "certificate.made_by"
"""The fact whose how-to for SQL Server on Windows holds the script."""

PLACEHOLDERS = {"SERVER", "PORT", "NAME", "INSTANCE"}
CAPITALS = {  # capitals in commands that are no placeholders
    *("CRL", "DHE", "DNS", "HKLM", "PGSSL", "SECLEVEL", "SOFTWARE", "SQL", "SSL", "TLS"),
    *("APPDATA", "ASCII", "MSSQL", "SQLBROWSER"),
}
SQL_DIALECTS = {"tsql": "tsql", "mysql": "mysql", "postgresql": "postgres"}


def used_facts() -> set[str]:
    """The facts that a node branches on or that a sign of a cause names."""
    signs = (condition.fact for cause in KNOWN.causes for sign in cause.signs for condition in sign.all)
    return {*(node.fact for node in KNOWN.nodes), *signs}


def engines_of(fact: FactEntry) -> set[Engine]:
    """The databases that a fact concerns: those of the faults that it is a sign of."""
    faults = [
        cause
        for cause in KNOWN.causes
        if cause.severity != "none"
        and any(condition.fact == fact.id for sign in cause.signs for condition in sign.all)
    ]
    return {engine for cause in faults for engine in cause.engines}


ASKED = tuple(fact for fact in KNOWN.facts if fact.question is not None)
EVERY = tuple((fact, how) for fact in ASKED for how in fact.how_to)
every_fact = pytest.mark.parametrize("fact", ASKED, ids=lambda fact: fact.id)
every_how = pytest.mark.parametrize(
    ("fact", "how"),
    EVERY,
    ids=[f"{fact.id}-{'-'.join(how.engines) or 'all'}-{how.platform}-{how.shell}" for fact, how in EVERY],
)


def script() -> HowTo:
    """The how-to that speaks PRELOGIN before TLS."""
    return next(how for how in KNOWN.fact(SCRIPTED).how_to if how.shell == "powershell")


def fill(text: str) -> str:
    """The command for a case."""
    return text.replace("SERVER", "db.example").replace("PORT", "1433")


def is_powershell(text: str) -> bool:
    """Says whether the grammar of PowerShell finds no error."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    return not parser.parse(text.encode()).root_node.has_error


def is_sh(text: str) -> bool:
    """Says whether bash finds no error in the syntax."""
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    return done.returncode == 0


def test_whatever_the_tree_uses_can_be_asked() -> None:
    """Every fact of a node or of a sign has a question."""
    asked = {fact.id for fact in ASKED}
    assert used_facts() - asked == set()


@every_fact
def test_a_question_is_one(fact: FactEntry) -> None:
    """It ends with a question mark, and its answers are words, not ids."""
    assert fact.question is not None
    assert fact.question.endswith("?")
    assert fact.choices or fact.type == "text"
    assert all(choice.label[0].isupper() or " " in choice.label for choice in fact.choices)
    assert len({choice.label for choice in fact.choices}) == len(fact.choices)


@every_fact
def test_each_database_has_a_way_to_find_out(fact: FactEntry) -> None:
    """Where a fact concerns a database, there is a command for it."""
    covered = {engine for how in fact.how_to for engine in how.engines}
    assert any(not how.engines for how in fact.how_to) or engines_of(fact) <= covered
    assert fact.how_to


@every_how
def test_a_how_to_says_what_to_look_for(fact: FactEntry, how: HowTo) -> None:
    """The sentence is not left to do, and ends as one."""
    assert "see the output" not in how.look_for.lower()
    assert how.look_for.endswith((".", "?"))
    assert set(how.sources) <= {source.id for source in KNOWN.sources}


@every_how
def test_a_command_holds_no_unknown_placeholder(fact: FactEntry, how: HowTo) -> None:
    """SERVER, PORT, NAME and INSTANCE are filled in; nothing else has to be."""
    assert not re.search(r"<[a-z]|\{\{|/path/|your[-_]|YOUR|example\.|\bXX", how.text)
    if how.shell in ("sh", "cmd", "powershell") and how is not script():
        words = set(re.findall(r"(?<![A-Za-z$])[A-Z]{3,}(?![A-Za-z])", how.text))
        assert words - PLACEHOLDERS - CAPITALS == set()


@every_how
def test_a_command_is_valid_in_its_shell(fact: FactEntry, how: HowTo) -> None:
    """bash, the grammar of PowerShell or the parser of the database's SQL takes it."""
    filled = fill(how.text)
    match how.shell:
        case "sh":
            assert is_sh(filled)
        case "powershell":
            assert is_powershell(filled)
        case "tsql" | "mysql" | "postgresql":
            if not re.match(r"(SHOW|EXEC) ", filled):
                assert sqlglot.parse(filled, dialect=SQL_DIALECTS[how.shell])
        case _:
            assert how.shell in ("cmd", "screen")


@pytest.mark.parametrize("text", ["if then", "openssl 'x", "a | | b"])
def test_the_check_of_sh_finds_errors(text: str) -> None:
    """What bash refuses is not valid."""
    assert not is_sh(text)


@pytest.mark.parametrize("text", ["if ($x {", "Get-Item 'x", "foreach ($a in) {}"])
def test_the_check_of_powershell_finds_errors(text: str) -> None:
    """What PowerShell refuses is not valid."""
    assert not is_powershell(text)


def test_the_script_survives_indentation() -> None:
    """Its C# is a plain string: a here-string would not end where a terminal has indented the text."""
    text = script().text
    source = re.search(r"-TypeDefinition '\n(.*)\n}'\n", text, re.DOTALL)
    assert source
    assert "'" not in source[1]
    assert text.isascii()
    assert "@'" not in text
    assert is_powershell(re.sub("^", "      ", fill(text), flags=re.MULTILINE))


def test_other_questions_name_the_command_that_prints_the_script() -> None:
    """It stands in one place; the others say how to get it."""
    named = [how.text for _, how in EVERY if how.text.startswith("dbtls howto")]
    assert named
    assert all(text == f"dbtls howto {SCRIPTED} --platform windows" for text in named)


def test_the_script_sends_the_prelogin_of_the_probe() -> None:
    """Its request is, byte for byte, the one that the program sends ([MS-TDS] 2.2.6.5)."""
    sent = re.search(r'Send\(("1201[^)]*)\)', script().text)
    assert sent
    assert bytes.fromhex("".join(re.findall(r'"([0-9a-f]*)"', sent[1]))) == TdsPrelogin(ENCRYPT_OFF).start()


def test_the_suites_and_algorithms_of_the_script_are_whole() -> None:
    """Each constant of its ClientHello is a list of two bytes each (RFC 5246 section 7.4.1)."""
    text = script().text
    suites = re.search(r'ciphers = "([0-9a-f]+)"', text)
    algorithms = re.search(r'"000d" \+ Sized\(2, Sized\(2, "([0-9a-f]+)"', text)
    assert suites
    assert algorithms
    assert len(suites[1]) % 4 == len(algorithms[1]) % 4 == 0


# Mono compiles C# as Windows PowerShell 5.1 does. Nothing installs it for the tests; where it is, the script is run.
needs_mono = pytest.mark.skipif(
    not (shutil.which("mcs") and shutil.which("mono")), reason="Mono (mcs, mono) is not installed"
)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the compiled C# of the script, which takes a host and a port."""
    source = script().text.split("-TypeDefinition '\n", 1)[1].rsplit("}'\n", 1)[0] + "}\n"
    main = "Console.WriteLine(SqlServerTls.Look(words[0], int.Parse(words[1])));"
    home = tmp_path_factory.mktemp("script")
    code, built = home / "script.cs", home / "script.exe"
    code.write_text(
        source + f"public class Main1 {{ public static void Main(string[] words) {{ {main} }} }}\n",
        encoding="ascii",
    )
    command = ["mcs", "-langversion:5", "-warnaserror", str(code), f"-out:{built}"]
    subprocess.run(command, check=True, timeout=120, env={"PATH": os.environ.get("PATH", os.defpath)})
    return built


def look(program: Path, server: LabServer) -> str:
    """Returns what the script prints about a server."""
    done = subprocess.run(
        ["mono", str(program), server.host, str(server.port)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ.get("PATH", os.defpath)},
    )
    return done.stdout


def blocks(output: str) -> list[bytes]:
    """Returns the certificates of an output, DER."""
    found = re.findall(r"-----BEGIN.*?END CERTIFICATE-----", output, re.DOTALL)
    return [ssl.PEM_cert_to_DER_cert(block.replace("\r", "")) for block in found]


@needs_mono
@pytest.mark.parametrize(
    ("scenario", "sentences"),
    [
        (
            "sqlserver/self-generated-certificate",
            [
                "Encryption: offered, not demanded (PRELOGIN byte 0)",
                "Subject: CN=SSL_Self_Signed_Fallback",
                "Key: RSA 3072 bits",
                "SignatureAlgorithm: sha256RSA",
            ],
        ),
        (
            "sqlserver/healthy/forced-encryption",
            ["Encryption: demanded (PRELOGIN byte 3)", "TLS version: 1.2"],
        ),
        ("sqlserver/healthy", ["SQL Server version: 16.0.1000", "DNS Name=localhost", "Usage: "]),
        ("sqlserver/tls-not-offered", ["Encryption: not offered (PRELOGIN byte 2)"]),
        ("sqlserver/not-this-database", ["This is not SQL Server: its answer begins with byte 0x48."]),
        ("sqlserver/port-closed", ["No connection: ConnectionRefused"]),
    ],
)
def test_the_script_tells_what_a_server_shows(program: Path, scenario: str, sentences: list[str]) -> None:
    """Its words are those that the sentences beside the questions speak of."""
    with serve(KNOWN.scenario(scenario)) as server:
        said = look(program, server)
    assert [sentence for sentence in sentences if sentence not in said] == []


@needs_mono
def test_the_script_puts_a_chain_together(program: Path) -> None:
    """A chain of many packets arrives whole; the names prove that nothing is lost between them."""
    names = tuple(f"host{number}.corp.example" for number in range(300))
    entry = ScenarioEntry(
        id="sqlserver/healthy",
        title="A long chain",
        cause="healthy",
        engine="sqlserver",
        names=names,
        intermediate="sent",
    )
    with serve(entry) as server:
        said = look(program, server)
    assert len(blocks(said)) == 2
    assert all(f"DNS Name={name}" in said for name in names)


@needs_mono
def test_the_script_finds_a_server_that_takes_strict_only(program: Path) -> None:
    """Where PRELOGIN is refused it starts TLS at once."""
    entry = ScenarioEntry(
        id="sqlserver/healthy", title="Strict", cause="healthy", engine="sqlserver", policy="strict-only"
    )
    with serve(entry) as server:
        said = look(program, server)
    assert "only Encrypt=Strict" in said
    assert len(blocks(said)) == 1
