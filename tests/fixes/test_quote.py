"""Quoting: a hostile value stays one value, read back by the target language's own rules."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import unquote

import psycopg.conninfo
import pytest
import sqlglot
import tree_sitter
import tree_sitter_powershell
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from wizard.errors import QuoteError
from wizard.fixes.quote import LONGEST, quote
from wizard.model.knowledge import Shell

REFUSED: tuple[Literal["Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"], ...] = (
    "Cc",
    "Cf",
    "Cn",
    "Co",
    "Cs",
    "Zl",
    "Zp",
)
SHELLS: tuple[Shell, ...] = get_args(Shell)

HOSTILE = (
    "$(id)",
    "`id`",
    "'; DROP TABLE x; --",
    '" & calc & "',
    "\u2019; calc; \u2018",
    "a\\",
    "\\' or 1=1 -- ",
    "}};Pwd={x",
    "x;TrustServerCertificate=yes",
    "%PATH%",
    "!x!",
    " # not a comment",
    "<file",
    "'",
    '"',
    "''",
    "\\\\",
    "-rf",
    "sql01.corp.example,1433",
    "C:\\certs\\corp root.cer",
    "müller & søn",
    "{{ 7 * 7 }}",
)

printable = st.text(
    st.characters(exclude_categories=REFUSED) | st.sampled_from(list("'\"\\;{}=$`%!&|<>()# \u2018\u2019")),
    min_size=1,
    max_size=40,
)
hostile = st.sampled_from(HOSTILE) | printable
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(hostile)
def test_sh_words_survive_shlex(value: str) -> None:
    """A POSIX shell word splits back into the one value."""
    assert shlex.split(quote(value, "sh")) == [value]


@pytest.mark.parametrize("program", ["sh", "dash", "bash"])
@settings(max_examples=20, deadline=None)
@given(hostile)
def test_sh_words_survive_a_real_shell(program: str, value: str) -> None:
    """A real shell prints exactly the value, and runs nothing."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run(
        [path, "-c", f"printf '<%s>' {quote(value, 'sh')}"], capture_output=True, check=True, text=True
    )
    assert done.stdout == f"<{value}>"


def powershell_strings(text: str) -> list[str]:
    """Returns the single-quoted strings of a script; fails where the grammar finds an error."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    source = text.encode()
    root = parser.parse(source).root_node
    assert not root.has_error, text
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if node.type == "verbatim_string_characters":
            found.append(source[node.start_byte : node.end_byte].decode())
        waiting.extend(node.children)
    return found


def read_powershell(literal: str) -> str:
    """Reads a literal as PowerShell's tokenizer does, for which all five quotes are one and the same."""
    quotes = "'\u2018\u2019\u201a\u201b"
    assert literal[0] in quotes
    value, index = "", 1
    while True:
        character = literal[index]
        if character in quotes:
            if index + 1 == len(literal):
                return value
            assert literal[index + 1] in quotes, "the string ends early"
            index += 1
        value += literal[index - 1] if character in quotes else character
        index += 1


@few
@given(hostile)
def test_powershell_strings_survive_the_grammar(value: str) -> None:
    """The script parses, holds one string, and that string reads back as the value."""
    literal = quote(value, "powershell")
    assert powershell_strings(f"Write-Output {literal}") == [literal]
    assert read_powershell(literal) == value


def test_powershell_doubles_typographic_quotes() -> None:
    """Each of the four typographic quotes is doubled, because each would end the string."""
    assert quote("a\u2018b\u2019c\u201ad\u201be'", "powershell") == (
        "'a\u2018\u2018b\u2019\u2019c\u201a\u201ad\u201b\u201be'''"
    )


@few
@given(hostile)
def test_cmd_words_are_one_argument(value: str) -> None:
    """A word is one argument of the C runtime without active characters, or it is refused."""
    if re.search('["%!]', value):
        with pytest.raises(QuoteError):
            quote(value, "cmd")
        return
    word = quote(value, "cmd")
    if word.startswith('"'):
        inner = word[1:-1]
        body = inner.rstrip("\\")
        slashes = len(inner) - len(body)
        assert word.endswith('"')
        assert slashes % 2 == 0, "the closing quote would be escaped"
        assert body + "\\" * (slashes // 2) == value
    else:
        assert word == value
        assert re.fullmatch(r"[A-Za-z0-9_.:,/\\-]+", word)


def sql_literal(sql: str, dialect: str) -> str:
    """Returns the one string of `SELECT <literal>`; fails where it is anything else."""
    (statement,) = sqlglot.parse(sql, dialect=dialect)
    assert isinstance(statement, exp.Select)
    (selected,) = statement.expressions
    if isinstance(selected, exp.National | exp.ByteString):
        return str(selected.this)
    assert isinstance(selected, exp.Literal)
    assert selected.is_string
    return str(selected.this)


@few
@given(hostile)
def test_tsql_literals_survive_a_parser(value: str) -> None:
    """T-SQL reads one national string with the value."""
    assert sql_literal(f"SELECT {quote(value, 'tsql')}", "tsql") == value


@few
@given(hostile)
def test_mysql_literals_survive_a_parser(value: str) -> None:
    """MySQL reads one string with the value; a backslash, which depends on the SQL mode, is refused."""
    if "\\" in value:
        with pytest.raises(QuoteError):
            quote(value, "mysql")
    else:
        assert sql_literal(f"SELECT {quote(value, 'mysql')}", "mysql") == value


def read_postgresql(literal: str) -> str:
    """Reads a literal by the manual's rules: '' is a quote, and in the E form a backslash takes the next one."""
    escapes = literal.startswith("E")
    body = literal.removeprefix("E")
    assert body[0] == body[-1] == "'"
    value, rest = "", body[1:-1]
    while rest:
        if rest.startswith("''") or (escapes and rest.startswith("\\")):
            value, rest = value + rest[1], rest[2:]
        else:
            assert rest[0] != "'", "the string ends early"
            value, rest = value + rest[0], rest[1:]
    return value


@few
@given(hostile)
def test_postgresql_literals_survive_a_parser(value: str) -> None:
    """PostgreSQL reads one string with the value, whatever standard_conforming_strings says."""
    literal = quote(value, "postgresql")
    assert read_postgresql(literal) == value
    if "\\" in value:
        assert literal.startswith("E'")
        (statement,) = sqlglot.parse(f"SELECT {literal}", dialect="postgres")
        assert isinstance(statement, exp.Select)
        assert len(statement.expressions) == 1
    else:
        assert sql_literal(f"SELECT {literal}", "postgres") == value


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile)
def test_option_file_values_survive_mysqls_own_reader(tmp_path: Path, value: str) -> None:
    """my_print_defaults reads back exactly the value from an option file."""
    program = shutil.which("my_print_defaults")
    if program is None:
        pytest.skip("my_print_defaults is not installed")
    file = tmp_path / "my.cnf"
    file.write_text(f"[client]\nssl_ca = {quote(value, 'ini')}\n", encoding="utf-8")
    done = subprocess.run(
        [program, f"--defaults-file={file}", "client"], capture_output=True, check=True, encoding="utf-8"
    )
    assert done.stdout == f"--ssl_ca={value}\n"


@few
@given(hostile)
def test_postgresql_conf_values_read_back(value: str) -> None:
    """A value of postgresql.conf reads back by the server's rules for quotes and backslashes."""
    assert read_postgresql("E" + quote(value, "pg-conf")) == value


@few
@given(hostile)
def test_python_literals_evaluate_to_the_value(value: str) -> None:
    """A Python literal evaluates to the value and is ASCII."""
    literal = quote(value, "python")
    assert ast.literal_eval(literal) == value
    assert literal.isascii()


def read_ado_net(text: str) -> dict[str, str]:
    """Reads an ADO.NET connection string by the documented grammar: key=value or key="va""lue", then ;."""
    found: dict[str, str] = {}
    while text:
        key, _, text = text.partition("=")
        if text.startswith('"'):
            value, index = "", 1
            while text[index] != '"' or text[index : index + 2] == '""':
                value += text[index]
                index += 2 if text[index] == '"' else 1
            text = text[index + 1 :]
            assert text[:1] in ("", ";")
            text = text[1:]
        else:
            value, _, text = text.partition(";")
            value = value.strip()
        found[key.strip()] = value
    return found


def read_braced(text: str) -> dict[str, str]:
    """Reads an ODBC connection string by the documented grammar: key=value or key={va}}lue}, then ;."""
    found: dict[str, str] = {}
    while text:
        key, _, text = text.partition("=")
        if text.startswith("{"):
            value, index = "", 1
            while text[index] != "}" or text[index : index + 2] == "}}":
                value += text[index]
                index += 2 if text[index] == "}" else 1
            text = text[index + 1 :]
            assert text[:1] in ("", ";")
            text = text[1:]
        else:
            value, _, text = text.partition(";")
            value = value.strip()
        found[key.strip()] = value
    return found


@few
@given(hostile)
def test_connection_strings_keep_their_keys(value: str) -> None:
    """No value adds, removes or changes a key of an ADO.NET, OLE DB, ODBC or JDBC connection string."""
    for shell, read in (
        ("ado-net", read_ado_net),
        ("ole-db", read_ado_net),
        ("odbc", read_braced),
        ("jdbc-sqlserver", read_braced),
    ):
        text = f"Server={quote(value, shell)};Encrypt=yes"  # type: ignore[arg-type]
        assert read(text) == {"Server": value, "Encrypt": "yes"}


@few
@given(hostile)
def test_libpq_values_survive_libpq(value: str) -> None:
    """The library itself reads back the value and no other keyword."""
    text = f"host={quote(value, 'libpq')} sslmode=verify-full"
    assert psycopg.conninfo.conninfo_to_dict(text) == {"host": value, "sslmode": "verify-full"}


@few
@given(hostile)
def test_url_values_are_percent_encoded(value: str) -> None:
    """A value of a JDBC URL decodes to itself and holds no character that ends it."""
    encoded = quote(value, "jdbc-mysql")
    assert unquote(encoded) == value
    assert re.fullmatch(r"[A-Za-z0-9_.~%/:-]+", encoded)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "value",
    [
        "a\nb",
        "a\rb",
        "a\0b",
        "\x1b[2J",
        "\x9b2J",
        "a\u202eb",
        "a\u200bb",
        "a\u2028b",
        "a\tb",
        "\ud800",
        "a" * (LONGEST + 1),
    ],
    ids=[
        "newline",
        "return",
        "nul",
        "escape",
        "c1",
        "bidi",
        "zero-width",
        "line",
        "tab",
        "surrogate",
        "long",
    ],
)
def test_unprintable_values_are_refused(shell: Shell, value: str) -> None:
    """Controls, invisible characters and endless values are refused in every shell, without repeating them."""
    with pytest.raises(QuoteError) as caught:
        quote(value, shell)
    assert value not in caught.value.message


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_has_a_rule(shell: Shell) -> None:
    """A plain host name passes through every shell and can be read in the result."""
    assert "sql01.corp.example" in quote("sql01.corp.example", shell)


@pytest.mark.parametrize(
    "shell", ["sh", "ado-net", "odbc", "ole-db", "jdbc-sqlserver", "jdbc-mysql", "libpq", "ini"]
)
def test_plain_names_stay_bare_where_customary(shell: Shell) -> None:
    """A host name needs no quotes in a shell word or a connection string."""
    assert quote("sql01.corp.example", shell) == "sql01.corp.example"


@pytest.mark.parametrize("shell", ["powershell", "tsql", "mysql", "postgresql", "pg-conf", "python"])
def test_plain_names_are_quoted_where_a_bare_word_means_something_else(shell: Shell) -> None:
    """PowerShell, SQL, Python and postgresql.conf always get quotes."""
    assert quote("sql01.corp.example", shell).endswith("'sql01.corp.example'")


def test_the_refused_categories_cover_what_can_hide() -> None:
    """The characters that reorder or hide text are of the refused categories."""
    assert {unicodedata.category(character) for character in "\u202a\u202e\u2066\u200b\ufeff\u00ad"} <= set(
        REFUSED
    )
