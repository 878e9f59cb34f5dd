"""Pasted texts lose their passwords here, before anything else reads, shows or stores them.

Every reading of a text marks what it takes for a secret, and all that any of them marked is blanked: the dialect of
a fragment in the middle of an error text is not known. Repeats are bounded or without backtracking (possessive).
"""

from __future__ import annotations

import re

BLANK = "***"
"""What stands in place of a secret."""

_SECRET_NAME = re.compile(
    r"""(?ix) (?P<name> password | passwd | passphrase | pwd | secret | token | api_?key | (?<![a-z])pass
            | kennwort | wachtwoord | senha | contrase[n\u00f1]a | parola
            | \u043f\u0430\u0440\u043e\u043b\u044c | \u5bc6\u7801 | \u30d1\u30b9\u30ef\u30fc\u30c9 )
    \w{0,24}+ ["']? [ \t]{0,3} (?: (?P<equals> ={1,2} | %3D | => ) | : ) [ \t]{0,3}+"""
)
_USER_NAME = re.compile(r"(?i)(?<!\w)(?:user[ _]?id|uid|user[ _]?name|user|login) {0,3}(?:=|%3D) {0,3}")
_MYSQL_SAYS = re.compile(r"(?i)(?:YES|NO)\b")  # "using password: YES" is no password

_QUOTED_VALUES = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\{(?:[^}]|\}\}){0,2000}+\}",
        r'"(?:[^"]|""){0,2000}+"',
        r"'(?:[^']|''){0,2000}+'",
        r'"(?:[^"\\]|\\.){0,2000}+"',
        r"'(?:[^'\\]|\\.){0,2000}+'",
        r'(?:\\"(?:(?!\\").){0,2000}+\\")++',  # inside of a string literal
        r"(?:&quot;(?:(?!&quot;).){0,2000}+&quot;)++",  # inside of XML
        r"""\{(?=\S)(?:[^}\r\n]|\}\}){0,2000}+(?=[\r\n]|\Z)""",  # from here on: never closed, as where a log is cut
        r"""(["'])(?=\S)(?:(?!\1)[^\r\n]|\1\1){0,2000}+(?=[\r\n]|\Z)""",
        r"""(["'])(?=\S)(?:(?!\1)[^\\\r\n]|\\.?){0,2000}+(?=[\r\n]|\Z)""",
    )
)
_ENTITY = r"&(?:amp|quot|apos|lt|gt|\#\w{1,6});"
_UP_TO_SEMICOLON = re.compile(rf"(?:{_ENTITY}|(?!(?:\s{{1,4}}|&)[\w.-]{{1,40}}\s?=)[^;\r\n]){{0,2000}}+(?=;)")
_UP_TO_BLANK = re.compile(rf"(?:{_ENTITY}|\\.|(?!&[\w.-]{{1,40}}=)[^\s;])*+")
_GIVEN_BACK = "\"'`,.:)]"
_BEFORE_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-."

_SHELL_WORD = r"""(?:'[^']{0,2000}+'|"(?:[^"\\]|\\.){0,2000}+"|["'][^\r\n]*+|\\.|[^\s"'])++"""
_WHOLE = (
    re.compile(
        r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z)", re.DOTALL
    ),
    # A JSON web token; with what it is glued to, so that each run of its letters is looked at once.
    re.compile(r"(?<![\w-])(?=[\w-]*\beyJ[\w-])[\w-]++\.[\w.-]+"),
    re.compile(r"(?i)(?<=\bbearer )\S+"),
    re.compile(r"(?i)(?<=\bodbc_connect=)[^&\s]+"),
)
_WORDS = (
    re.compile(
        rf"\b(?:PGPASSWORD|MYSQL_PWD|SQLCMDPASSWORD|[A-Z]\w{{0,30}}_(?:PASSWORD|PWD))=(?P<secret>{_SHELL_WORD})"
    ),
    re.compile(
        rf"(?i)(?<!\S)--?(?:password|passwd|accesstoken|token)(?:=|[ \t]{{1,5}}+(?!-))(?P<secret>{_SHELL_WORD})"
    ),
    # Accounts in SQL, of each database.
    re.compile(
        r"(?i)\b(?:USER|ROLE|TO|FOR)\b[^;\r\n]{1,120}?\bIDENTIFIED\s+(?:(?:WITH|VIA)\s+\S{1,40}\s+)?(?:BY|AS|USING)\s+"
        r"(?:PASSWORD\s+)?(?P<secret>'[^'\r\n]{0,2000}+'|\"[^\"\r\n]{0,2000}+\")"
    ),
    re.compile(r"(?i)\bPASSWORD(?:\s{1,3}|\()(?P<secret>'[^'\r\n]{0,2000}+')"),
    # Settings of .NET, the objects that carry a login, and Oracle's user/password@.
    re.compile(
        r"""(?i)\b(?:key|name)=["'][^"'\r\n]{0,60}?(?:password|passwd|pwd|secret|token)[^"'\r\n]{0,60}["']"""
        r"""\s{1,9}+value=(?P<secret>"[^"]{0,2000}+"|'[^']{0,2000}+')"""
    ),
    re.compile(
        r"""(?i)Credential\([^,()\r\n]{1,200},\s{0,9}+(?P<secret>"[^"\r\n]{1,2000}+"|'[^'\r\n]{1,2000}+')"""
    ),
    re.compile(r"(?i)\bjdbc:oracle:\w+:(?P<secret>[^\s/@]{1,200}/[^\s@]{1,2000})@"),
    # In prose only what no word looks like: "the password is expired" is evidence.
    re.compile(
        r"(?i)\b(?:password|passphrase|pwd) (?:is|was):? (?P<secret>(?=\S{0,200}[\d!#$%&*+=?@^~])\S{2,2000})"
    ),
)
_AUTHORITY = re.compile(r"(://|(?<=[A-Za-z]{2}):/)")
"""Before the authority of a URL; one slash is what a path makes of two."""
_GO_NETWORK = re.compile(r"@(?:tcp[46]?|unix)\(")
_GO_USER = re.compile(r"(?<!\S)[^\s:@]{0,200}+:(?=\S)")
_IN_COMMAND = (
    (re.compile(r"(?i)\b(?:mysql|mariadb)"), re.compile(rf"(?<=\s)-p(?P<secret>{_SHELL_WORD})")),
    (
        re.compile(r"(?i)\b(?:sqlcmd|bcp|osql|tsql)\b"),
        re.compile(rf"(?<=\s)-P[ \t]{{0,5}}+(?P<secret>{_SHELL_WORD})"),
    ),
)


def without_secrets(text: str) -> str:
    """Returns a pasted text with `***` for every password, token and private key that can be recognised.

    Knows connection strings of every form, URLs, environment variables and command lines anywhere in prose. Where
    a password comes with a user name in the same text, the name goes too. In doubt it takes more than the secret.
    """
    spans = [found.span() for pattern in _WHOLE for found in pattern.finditer(text)]
    spans += [found.span("secret") for pattern in _WORDS for found in pattern.finditer(text)]
    spans += _in_commands(text) + _in_urls(text) + _in_dsns(text)
    named = _named(text, _SECRET_NAME)
    spans += named + (_named(text, _USER_NAME) if named else [])
    pieces: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if start >= done:
            pieces += [text[done:start], BLANK]
        done = max(done, end)
    return "".join(pieces) + text[done:]


def _named(text: str, name: re.Pattern[str]) -> list[tuple[int, int]]:
    spans = []
    found = name.search(text)
    while found:
        end = found.end()
        if not _is_prose(found, text):
            end = _value_end(text, found.start(), found.end())
            if end > found.end():
                spans.append((found.end(), end))
        found = name.search(text, end)
    return spans


def _is_prose(found: re.Match[str], text: str) -> bool:
    """Returns whether a colon behind the name is that of a sentence rather than of JSON or YAML."""
    groups = found.groupdict()
    if groups.get("equals") or "name" not in groups:
        return False
    token = groups["name"].lower() == "token" and text[found.end() : found.end() + 1] not in ('"', "'")
    return token or _MYSQL_SAYS.match(text, found.end()) is not None


def _value_end(text: str, name: int, start: int) -> int:
    """Returns where the value ends by the reading that takes most: the dialect is not known here."""
    quoted = max((found.end() for p in _QUOTED_VALUES if (found := p.match(text, start))), default=start)
    # An unquoted value may hold blanks only in a list with semicolons, so only behind one.
    before = text[max(0, name - 40) : name].rstrip(_BEFORE_NAME)
    listed = before[-1:] in tuple(";\"'`\r\n") if before else name <= 40
    found = (_UP_TO_SEMICOLON.match(text, start) if listed else None) or _UP_TO_BLANK.match(text, start)
    bare = found.end() if found else start
    while bare > start and text[bare - 1] in _GIVEN_BACK:
        bare -= 1
    return bare if text[quoted:bare].strip(_GIVEN_BACK + "}") else quoted


def _in_urls(text: str) -> list[tuple[int, int]]:
    spans = []
    for word in re.finditer(r"\S+", text):
        before, *rest = _AUTHORITY.split(word[0])
        at = word.start() + len(before)
        for begun, part in zip(rest[::2], rest[1::2], strict=True):
            at += len(begun)
            info, sign, _ = part.rpartition("@")
            # JDBC for SQL Server has properties instead of user information.
            if (
                sign
                and not before.lower().endswith(":sqlserver")
                and (":" in info or not re.search("[/?#]", info))
            ):
                spans.append((at, at + len(info)))
            at += len(part)
            before = part
    return spans


def _in_dsns(text: str) -> list[tuple[int, int]]:
    """go-sql-driver's `user:password@tcp(host:port)`, where the password may hold blanks and the same characters."""
    spans = []
    at = 0
    for line in text.splitlines(keepends=True):
        networks = [found.start() for found in _GO_NETWORK.finditer(line)]
        if networks:
            user = _GO_USER.search(line, 0, networks[-1])
            start = user.start() if user else line.rfind(" ", 0, networks[-1]) + 1
            spans.append((at + start, at + networks[-1]))
        at += len(line)
    return spans


def _in_commands(text: str) -> list[tuple[int, int]]:
    spans = []
    at = 0
    for line in text.splitlines(keepends=True):
        for program, option in _IN_COMMAND:
            if start := program.search(line):
                for found in option.finditer(line, start.end()):
                    spans.append((at + found.start("secret"), at + found.end("secret")))
        at += len(line)
    return spans
