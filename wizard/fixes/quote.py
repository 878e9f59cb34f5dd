"""Quotes one value for one shell, so that whatever a server sent stays a value and never becomes a command.

Here are the rules of each target language and nothing else; the renderer applies them to every placeholder.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote as percent_encode

from wizard.errors import QuoteError
from wizard.model.knowledge import Shell

LONGEST = 4096
"""Characters; a longer value is refused, because no terminal line and no connection string needs it."""

# Controls (Cc), invisible and direction-changing characters (Cf), line and paragraph separators (Zl, Zp), and
# what is not a character at all: none of them can be read back by the person who is about to run the command.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})

_POWERSHELL_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
_PLAIN = re.compile(r"[A-Za-z0-9_.:,/\\-]+")
_PLAIN_FILE = re.compile(r"[A-Za-z0-9_.:/-]+")


def quote(value: str, shell: Shell) -> str:
    """Returns `value` as one literal of `shell`.

    Raises:
        QuoteError: the value holds a control, invisible or direction-changing character or is longer than
            `LONGEST`, or the shell has no way to write it that is right in all of its modes.
    """
    if len(value) > LONGEST:
        raise QuoteError(f"A value is longer than {LONGEST} characters.")
    for character in value:
        if unicodedata.category(character) in _REFUSED_CATEGORIES:
            raise QuoteError(f"A value holds the unprintable character U+{ord(character):04X}.")
    return _RULES[shell](value)


def _powershell(value: str) -> str:
    """Single quotes, doubled inside.

    PowerShell takes the typographic quotes U+2018, U+2019, U+201A and U+201B for single quotes too, so they
    end a string as well (learn.microsoft.com about_Quoting_Rules; PowerShell source, CharTraits `IsSingleQuote`).
    """
    return "'" + _POWERSHELL_QUOTES.sub(r"\1\1", value) + "'"


def _cmd(value: str) -> str:
    """Double quotes, where the value needs them; a backslash before the closing quote is doubled.

    `%NAME%` and, with delayed expansion, `!NAME!` are replaced inside of quotes too, and a quote cannot be
    escaped for all programs (learn.microsoft.com windows-commands `cmd`; C runtime, "Parsing C command-line
    arguments").
    """
    if found := re.search('["%!]', value):
        raise QuoteError(f"cmd has no safe way to write {found[0]}.")
    if _PLAIN_FILE.fullmatch(value.replace("\\", "/")) and not value.endswith("\\"):
        return value
    trailing = len(value) - len(value.rstrip("\\"))
    return '"' + value + "\\" * trailing + '"'


def _sh(value: str) -> str:
    """Single quotes, where the value needs them (POSIX.1-2024, Shell Command Language 2.2.2).

    Also around a leading =, which POSIX takes for itself: zsh puts a program's path in the place of `=name` (zshexpn,
    "`=' expansion"), and on a Mac that is where the lines are pasted.
    """
    if re.fullmatch(r"(?!=)[A-Za-z0-9_.:,/@+=-]+", value):
        return value
    return "'" + value.replace("'", "'\"'\"'") + "'"


def _tsql(value: str) -> str:
    """N'…' with the quote doubled; a backslash means itself (learn.microsoft.com T-SQL "Constants")."""
    return "N'" + value.replace("'", "''") + "'"


def _mysql(value: str) -> str:
    """'…' with the quote doubled; a backslash is refused.

    A backslash escapes by default and means itself under NO_BACKSLASH_ESCAPES, so no literal with one is
    right in both modes (dev.mysql.com refman 8.4 "String Literals"). File names can have / on Windows too.
    """
    if "\\" in value:
        raise QuoteError("A backslash in a MySQL string means different things in different SQL modes.")
    return "'" + value.replace("'", "''") + "'"


def _postgresql(value: str) -> str:
    """'…' with the quote doubled; E'…' where there is a backslash, which is also doubled.

    A plain literal takes a backslash for itself only under standard_conforming_strings; the E form is the
    same in both settings (postgresql.org "String Constants"; libpq's PQescapeLiteral does likewise).
    """
    doubled = value.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in value else f"'{doubled}'"


def _ini(value: str) -> str:
    """Bare when plain; else "…" with backslash escapes, as MySQL and MariaDB read option files.

    Without quotes a # starts a comment and outer blanks are dropped (dev.mysql.com refman 8.4 "Using Option
    Files"; mariadb.com "Configuring MariaDB with Option Files").
    """
    if _PLAIN_FILE.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _pg_conf(value: str) -> str:
    """'…' with the quote and the backslash doubled.

    postgresql.org "Setting Parameters"; backslash escapes are read by `DeescapeQuotedString` of the server.
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _python(value: str) -> str:
    """An ASCII string literal (docs.python.org `ascii`)."""
    return ascii(value)


def _code(value: str) -> str:
    """An ASCII string literal as JSON has it (RFC 8259 section 7).

    JavaScript, Java and C# read it alike (ECMA-262 12.9.4; JLS 3.10.5; C# 6.4.5.6), and so does the JSON form of a
    Dockerfile's instructions.
    """
    return json.dumps(value)


def _yaml(value: str) -> str:
    """A double-quoted scalar with the signs as they are: YAML does not join surrogates (YAML 1.2.2 section 5.7)."""
    return json.dumps(value, ensure_ascii=False)


def _go(value: str) -> str:
    """An interpreted string literal in ASCII; Go knows no surrogates (go.dev/ref/spec, "String literals")."""
    return _escaped(value, lambda code: f"\\U{code:08x}")


def _rust(value: str) -> str:
    r"""A string literal in ASCII, with \u{…} (Rust reference, "String literals")."""
    return _escaped(value, lambda code: f"\\u{{{code:x}}}")


def _escaped(value: str, escape: Callable[[int], str]) -> str:
    plain = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isascii() else escape(ord(one)) for one in plain) + '"'


def _ado_net(value: str) -> str:
    """Bare when plain; else "…" with the double quote doubled.

    learn.microsoft.com `SqlConnection.ConnectionString` and "Connection String Syntax", which ADO.NET shares
    with OLE DB initialization strings.
    """
    return value if _PLAIN.fullmatch(value) else '"' + value.replace('"', '""') + '"'


def _braces(value: str) -> str:
    """Bare when plain; else {…} with the closing brace doubled.

    ODBC: learn.microsoft.com `SQLDriverConnect` and "DSN and connection string keywords". JDBC, from driver
    8.4: learn.microsoft.com "Building the connection URL".
    """
    return value if _PLAIN.fullmatch(value) else "{" + value.replace("}", "}}") + "}"


def _jdbc_mysql(value: str) -> str:
    """Percent-encoded UTF-8 for a URL query; / and : stay (RFC 3986 3.4; Connector/J "URL Syntax")."""
    return percent_encode(value, safe="/:")


def _url(value: str) -> str:
    """Percent-encoded UTF-8 for any part of a URL; an IPv6 address in brackets (RFC 3986 sections 2.1, 3.2.2)."""
    if ":" in value and re.fullmatch(r"[0-9A-Fa-f:.]+", value):
        return f"[{value}]"
    return percent_encode(value, safe="/")


def _libpq(value: str) -> str:
    r"""Bare when plain; else '…' with \' and \\ (PG-CONN, "Keyword/Value Connection Strings")."""
    if re.fullmatch(r"[A-Za-z0-9_.:,/%@+*-]+", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _screen(value: str) -> str:
    """Plain text for a person: outer and repeated blanks are dropped, nothing is quoted."""
    return " ".join(value.split())


_RULES: dict[Shell, Callable[[str], str]] = {
    "powershell": _powershell,
    "cmd": _cmd,
    "sh": _sh,
    "tsql": _tsql,
    "mysql": _mysql,
    "postgresql": _postgresql,
    "ini": _ini,
    "pg-conf": _pg_conf,
    "python": _python,
    "javascript": _code,
    "go": _go,
    "java": _code,
    "csharp": _code,
    "rust": _rust,
    "dockerfile": _code,
    "yaml": _yaml,
    "ado-net": _ado_net,
    "odbc": _braces,
    "ole-db": _ado_net,
    "jdbc-sqlserver": _braces,
    "jdbc-mysql": _jdbc_mysql,
    "url": _url,
    "libpq": _libpq,
    "screen": _screen,
}
