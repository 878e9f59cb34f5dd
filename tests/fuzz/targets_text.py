"""What people type and paste: connection strings, output of commands, error texts."""

from __future__ import annotations

import functools
import json
import random
import re
import string
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import msgspec

from tests.fuzz.known import known
from tests.fuzz.target import Target, claim, safe, safe_throughout, settled, told
from wizard.diagnosis.match import Matcher
from wizard.diagnosis.pasted.read import read_output
from wizard.diagnosis.secrets import without_secrets
from wizard.diagnosis.target import ReadTarget, read_target
from wizard.errors import FileError, TargetError
from wizard.pki.read import read_certificates

_DATA = Path(__file__).parents[1] / "data"
_AT = datetime(2026, 11, 21, tzinfo=UTC)
_HOST = re.compile(r"[\w.:-]{1,253}")


def _text(data: bytes) -> str:
    """Returns the bytes as a program gets them from its arguments: what is not UTF-8 becomes lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def _braced(secret: str) -> str:
    return "{" + secret.replace("}", "}}") + "}"


def _escaped(secret: str) -> str:
    return "'" + re.sub(r"(['\\])", r"\\\1", secret) + "'"


def _doubled(secret: str) -> str:
    return '"' + secret.replace('"', '""') + '"'


def _percent(secret: str) -> str:
    return quote(secret, safe="", errors="surrogateescape")


_WRITTEN: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("Server=db01,1433;User Id=app;Password=%s;Encrypt=True", _doubled),
    ("Driver={ODBC Driver 18 for SQL Server};Server=db01;UID=app;PWD=%s;Encrypt=yes", _braced),
    (
        "Provider=MSOLEDBSQL19;Data Source=db01;User ID=app;Password=%s;Use Encryption for Data=Mandatory",
        _doubled,
    ),
    ("jdbc:sqlserver://db01:1433;user=app;password=%s;encrypt=true", _braced),
    ("host=db01 user=app password=%s sslmode=require", _escaped),
    ("postgresql://app:%s@db01/shop?sslmode=require", _percent),
    ("mysql+pymysql://app:%s@db01:3306/shop", _percent),
    ("jdbc:postgresql://db01/shop?user=app&password=%s&sslmode=require", _percent),
    ("Host=db01;Username=app;Password=%s;SSL Mode=Require", _doubled),
)
"""How each dialect carries a password of any characters."""


def check_connection_string(data: bytes) -> None:
    """Reads a target of any form; and one that carries these bytes as its password, by the rules of its dialect."""
    text = _text(data)
    read = _read(text)
    if read is not None:
        claim(
            _HOST.fullmatch(read.target.host) is not None, "a host has the characters of a name or an address"
        )
        safe_throughout(read.target)
        claim(read == _read(f"  {text}\n"), "blanks around a target change nothing")
    secret = text[1:61]
    written, spelling = _WRITTEN[len(data) % len(_WRITTEN)]
    if len(secret.strip()) < 4 or "\0" in secret:
        return
    held = _read(written % spelling(secret))
    claim(held is not None, "a target with a quoted password is understood")
    if held is not None:
        claim(held.target.host == "db01", "a password does not become a host")
        claim(held.dropped_secret, "a password is noticed")
        other = _read(written % spelling("another one"))
        claim(secret not in repr(held) or secret in repr(other), "a password does not stay")


def _read(text: str) -> ReadTarget | None:
    try:
        read = read_target(text)
    except TargetError as error:
        told(error)
        claim(error.__cause__ is None, "no error carries another one's text")
        return None
    settled(read)
    return read


def check_pasted(data: bytes) -> None:
    """Reads the output of any command."""
    text = data.decode("utf-8", "replace")
    output = read_output(text, server_name="db01.corp.example", at=_AT)
    if output is None:
        return
    settled(output)
    safe(output.kind)
    for one in output.evidence:
        safe_throughout(one)
        msgspec.json.encode(one)
    if "\r" not in text:
        again = read_output(text.replace("\n", "\r\n"), server_name="db01.corp.example", at=_AT)
        claim(again == output, "line ends of Windows change nothing")
    for pem in output.pem:
        try:
            read_certificates(pem.encode(), name="pasted")
        except FileError as error:
            told(error)


@functools.cache
def _matcher() -> Matcher:
    return Matcher(known())


_SHAPES = (
    "Password=%s;",
    "Server=db01;User Id=app;Pwd=%s;Encrypt=True",
    'password="%s"',
    "connecting to postgresql://app:%s@db01:5432/shop failed",
    "PGPASSWORD=%s psql -h db01",
    "mysql -h db01 -u app -p%s shop",
    "sqlcmd -S db01 -U app -P %s",
    "tool --password=%s --host db01",
    "app:%s@tcp(db01:3306)/shop",
    '{"user": "app", "password": "%s"}',
    "Authorization: Bearer %s",
    "jdbc:sqlserver://db01;user=app;password=%s;encrypt=true",
    "host=db01 user=app password=%s sslmode=require",
    "DB_PASSWORD=%s",
)
"""What every reader of error texts must blank, whatever stands around it."""
_OPENS_OR_ENDS = re.compile(r"""["'`{}\\&<>=:@]""")


def check_error_text(data: bytes) -> None:
    """Recognises an error text, and blanks the passwords in it."""
    text = _text(data)
    match = _matcher().match(text)
    settled(match)
    safe(match.words, *match.codes)
    claim(0 < match.confidence <= 1, "a confidence is between 0 and 1")
    msgspec.json.encode(match)
    again = _matcher().match(text.replace(" ", "\n"))
    claim(again.symptom == match.symptom, "where lines break does not change the symptom")
    _blanked(data, text)


def _blanked(data: bytes, text: str) -> None:
    without_secrets(text)
    dice = random.Random(zlib.crc32(data))  # noqa: S311 - no secret, the same for the same bytes
    secret = "q7Z" + "".join(dice.choices(string.ascii_letters + string.digits, k=dice.randint(4, 20)))
    around = _OPENS_OR_ENDS.sub(" ", text)
    middle = len(around) // 2
    shape = _SHAPES[len(data) % len(_SHAPES)] % secret
    blanked = without_secrets(f"{around[:middle]}\n{shape}\n{around[middle:]}")
    claim(secret not in blanked, f"a password is blanked: {shape.replace(secret, '…')}")


def _connection_seeds() -> list[bytes]:
    return [
        *((written % spelling("S3cr;t'\"}")).encode() for written, spelling in _WRITTEN),
        rb"sqlserver://db01/SALES",
        rb"tcp:db01\SALES,1433",
        rb"(localdb)\MSSQLLocalDB",
        rb"np:\\db01\pipe\sql\query",
        b"mysql://[2001:db8::1]:3306/shop?ssl-mode=VERIFY_IDENTITY",
        b"app:pw@tcp(db01:3306)/shop?tls=skip-verify",
        b"jdbc:mysql://address=(host=db01)(port=3306)/shop?sslMode=REQUIRED",
        b"jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=db01)(PORT=2484)))",
        b"sqlserver://db01:1433;database=shop;user=sa;password={a;b}}c};encrypt=DANGER_PLAINTEXT",
        b"mssql+pyodbc:///?odbc_connect=Driver%3D%7BODBC+Driver+18%7D%3BServer%3Ddb01%3BPWD%3Dx",
        b'export DATABASE_URL="postgres://app:pw@db01,db02:5433/shop?host=db03"',
        b"host=/var/run/postgresql dbname=shop",
        "mysql://bücher.example".encode(),
        b"Server=.;Integrated Security=SSPI;HostNameInCertificate=*.example.com",
    ]


def _pasted_seeds() -> list[bytes]:
    return [file.read_bytes()[:6000] for file in sorted(_DATA.joinpath("outputs").glob("*.txt"))]


def _error_seeds() -> list[bytes]:
    lines = _DATA.joinpath("errors.jsonl").read_text("utf-8").splitlines()
    texts = [str(json.loads(line)["text"]).encode()[:1500] for line in lines]
    return [*texts, *((shape % "S3cret-pw").encode() for shape in _SHAPES)]


TARGETS = (
    Target(
        "connection-string",
        "a target as it is typed or pasted",
        check_connection_string,
        _connection_seeds,
        (
            b"Server=", b"Data Source=", b"Password=", b"PWD={", b"}}", b"Driver={", b"Provider=", b"host=",
            b"hostaddr=", b"jdbc:sqlserver://", b"jdbc:postgresql://", b"jdbc:jtds:sqlserver://", b"postgresql://",
            b"mysql+pymysql://", b"mssql+pyodbc://", b"odbc_connect=", b"@tcp(", b"address=(host=", b"(localdb)",
            b"Encrypt=", b"sslmode=", b"HostNameInCertificate=", b"xn--", b"%40", b"\xef\xbb\xbf",
        ),
        1500,
    ),
    Target(
        "pasted-output",
        "the pasted output of a command",
        check_pasted,
        _pasted_seeds,
        (
            b"-----BEGIN CERTIFICATE-----\n", b"subject=", b"issuer=", b"Verify return code: ", b"notAfter=",
            b"| ssl-cert: Subject: ", b"Not valid after:", b"CertContext[0][0]", b"NotAfter", b"Ssl_cipher",
            b"SSL connection (protocol: ", b"TcpTestSucceeded", b"Address: ", b"Error: 26014", b"\x1b[31m", b"\n> ",
        ),
        6000,
    ),
    Target(
        "error-text",
        "a pasted error text",
        check_error_text,
        _error_seeds,
        (
            b"certificate verify failed", b"Caused by: ", b"0x80090325", b"SSL Provider: ", b"\\u0027", b"&quot;",
            b"password=", b"PWD=", b"Bearer ", b"-----BEGIN PRIVATE KEY-----", b"eyJ", b"@tcp(", b" -p", b"\x1b[0m",
        ),
        2000,
    ),
)  # fmt: skip
