"""No password survives, whichever dialect it is written in."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.diagnosis.connection_string import read_braced, read_quoted, read_spaced
from wizard.diagnosis.secrets import without_secrets
from wizard.diagnosis.target import read_target
from wizard.errors import TargetError

HEAD, TAIL = "CaNaRy1", "2yRaNaC"


def doubled(value: str, mark: str) -> str:
    """Returns the value in quotes of ADO.NET."""
    return mark + value.replace(mark, mark * 2) + mark


def braced(value: str) -> str:
    """Returns the value in braces of ODBC."""
    return "{" + value.replace("}", "}}") + "}"


def escaped(value: str) -> str:
    """Returns the value in quotes of libpq."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def sh(value: str) -> str:
    """Returns the value in quotes of a POSIX shell."""
    return "'" + value.replace("'", "'\\''") + "'"


DIALECTS: dict[str, Callable[[str], str]] = {
    "ado-net double": lambda p: f"Server=h;User Id=sa;Password={doubled(p, chr(34))};Encrypt=True",
    "ado-net single": lambda p: f"Password={doubled(p, chr(39))};Server=h;Encrypt=True",
    "npgsql": lambda p: f"Host=h;Username=u;Password={doubled(p, chr(34))};SSL Mode=Require",
    "mysql .net": lambda p: f"Server=h;Port=3306;Uid=root;Pwd={doubled(p, chr(39))};SslMode=Required",
    "odbc": lambda p: f"Driver={{FreeTDS}};Server=h;UID=sa;PWD={braced(p)};Encrypt=yes",
    "ole-db": lambda p: f"Provider=MSOLEDBSQL;Data Source=h;Password={doubled(p, chr(34))};Encrypt=yes",
    "access token": lambda p: f"Server=h;Access Token={doubled(p, chr(34))};Encrypt=yes",
    "jdbc sqlserver": lambda p: f"jdbc:sqlserver://h:1433;user=sa;password={braced(p)};encrypt=true",
    "jdbc trust store": lambda p: f"jdbc:sqlserver://h;trustStorePassword={braced(p)};encrypt=true",
    "jdbc mysql": lambda p: f"jdbc:mysql://h/x?user=u&password={quote(p, safe='')}&sslMode=REQUIRED",
    "jdbc mysql info": lambda p: f"jdbc:mysql://u:{quote(p, safe='')}@h/x?sslMode=REQUIRED",
    "jdbc postgresql": lambda p: f"jdbc:postgresql://h/x?password={quote(p, safe='')}&sslmode=require",
    "prisma": lambda p: f"sqlserver://h:1433;user=sa;password={braced(p)};encrypt=true",
    "libpq": lambda p: f"host=h user=u password={escaped(p)} sslmode=verify-full",
    "libpq first": lambda p: f"password={escaped(p)} host=h sslpassword={escaped(p)}",
    "url": lambda p: f"postgresql://u:{quote(p, safe='')}@h/x?sslmode=require",
    "go": lambda p: f"u:{p}@tcp(h:3306)/x?tls=skip-verify",
    "url user": lambda p: f"mysql://{quote(p, safe='')}@h/x",
    "sqlalchemy": lambda p: f"mysql+pymysql://u:{quote_plus(p)}@h:3306/x?ssl_ca=/ca.pem",
    "odbc_connect": lambda p: (
        "mssql+pyodbc:///?odbc_connect=" + quote_plus(f"Driver={{FreeTDS}};Server=h;UID=sa;PWD={braced(p)}")
    ),
}
SHELLS: dict[str, Callable[[str], str]] = {
    "environment": lambda p: f"PGPASSWORD={sh(p)} psql -h db",
    "mysql": lambda p: f"$ mysql -h db -u root -p{sh(p)} --ssl-mode=REQUIRED",
    "sqlcmd": lambda p: f"sqlcmd -S sql01 -U sa -P {sh(p)} -C",
    "long option": lambda p: f"mysqladmin --password={sh(p)} ping",
    "powershell": lambda p: f"Invoke-Sqlcmd -ServerInstance sql01 -Password {sh(p)} -Encrypt Mandatory",
}

# The ends are looked for, so a reading that stops too early or starts too late shows.
PASSWORDS = st.one_of(
    st.text(alphabet="ab'\"{}\\;=& @:/?#%,$()`*-P", max_size=12),
    st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=12),
).map(lambda middle: HEAD + middle + TAIL)


def leaks(text: str) -> bool:
    """Returns whether either end of the password is in the text."""
    return HEAD.lower() in text.lower() or TAIL.lower() in text.lower()


@given(password=PASSWORDS, dialect=st.sampled_from(sorted(DIALECTS)))
def test_no_password_is_read(password: str, dialect: str) -> None:
    """A quoted password is in no value of the result, and the server is still found."""
    read = read_target(DIALECTS[dialect](password))
    assert read.target.host == "h"
    assert read.dropped_secret
    assert not leaks(repr(read))


@given(password=PASSWORDS, dialect=st.sampled_from(sorted(DIALECTS)), cut=st.integers(0, 200))
def test_no_password_is_raised(password: str, dialect: str, cut: int) -> None:
    """The error about a string that is cut off anywhere holds no password, and no other error inside."""
    try:
        read_target(DIALECTS[dialect](password)[:cut])
    except TargetError as error:
        assert not leaks(f"{error!r}{error.message}{error.hint}{error.args}")  # noqa: PT017 - not all cuts fail
        assert error.__cause__ is None  # noqa: PT017
        assert error.__context__ is None  # noqa: PT017


@given(password=PASSWORDS, dialect=st.sampled_from(sorted(DIALECTS | SHELLS)), around=st.booleans())
def test_no_password_stays_in_a_text(password: str, dialect: str, around: bool) -> None:
    """A pasted text loses a password in any dialect, alone or inside of prose."""
    text = (DIALECTS | SHELLS)[dialect](password)
    if around:
        text = f"2026-11-21 ERROR cannot open {text}\nSSL error: certificate verify failed; see 'x'"
    blanked = without_secrets(text)
    assert not leaks(blanked)
    assert "***" in blanked


NAMED = sorted(
    name for name, dialect in DIALECTS.items() if re.search("password=|pwd=|token=", dialect(""), re.I)
)


@given(password=PASSWORDS, dialect=st.sampled_from(NAMED), cut=st.integers(0, 200))
def test_no_password_stays_in_a_text_that_is_cut_off(password: str, dialect: str, cut: int) -> None:
    """A log that ends inside of the quotes loses the password too; a URL before its @ looks like host and port."""
    assert not leaks(without_secrets(DIALECTS[dialect](password)[:cut]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Server=h;User Id=sa;Password=a b c;Encrypt=yes", "Server=h;User Id=***;Password=***;Encrypt=yes"),
        ('"Server=h;Pwd=abc": timed out', '"Server=h;Pwd=***": timed out'),
        ("host=h user=u password=abc sslmode=require", "host=h user=*** password=*** sslmode=require"),
        ("postgresql://u:p@h:5432/x?sslmode=require", "postgresql://***@h:5432/x?sslmode=require"),
        ("postgresql://u:p/w@h/x", "postgresql://***@h/x"),
        ("jdbc:mysql://h/x?password=abc&sslMode=REQUIRED", "jdbc:mysql://h/x?password=***&sslMode=REQUIRED"),
        (
            "jdbc:sqlserver://h:1433;password=p@w;encrypt=true",
            "jdbc:sqlserver://h:1433;password=***;encrypt=true",
        ),
        ("root:pw@tcp(db:3306)/x?tls=true", "***@tcp(db:3306)/x?tls=true"),
        ("connect(host='h', password='a b', ssl=True)", "connect(host='h', password=***, ssl=True)"),
        ('{"user": "u", "password": "abc", "ssl": true}', '{"user": "u", "password": ***, "ssl": true}'),
        ("password: abc", "password: ***"),
        ('<add key="Password" value="abc"/>', '<add key="Password" value=***/>'),
        ("CREATE USER a IDENTIFIED BY 'abc'", "CREATE USER a IDENTIFIED BY ***"),
        ("ALTER USER a IDENTIFIED VIA x USING 'abc';", "ALTER USER a IDENTIFIED VIA x USING ***;"),
        ("ALTER ROLE a PASSWORD 'abc'", "ALTER ROLE a PASSWORD ***"),
        ("jdbc:oracle:thin:u/abc@h:1521", "jdbc:oracle:thin:***@h:1521"),
        ('new SqlCredential("sa", "abc")', 'new SqlCredential("sa", ***)'),
        ("the password is abc1!", "the password is ***"),
        ("senha=abc", "senha=***"),
        ("There is no file postgresql:/u:abc@h.", "There is no file postgresql:/***@h."),
        ('Server=h;Password="abc d;Encrypt=yes', "Server=h;Password=***"),
        ("Server=h;Password={abc;d\nnext", "Server=h;Password=***\nnext"),
        ('<add connectionString="Server=h;Password=a&amp;b;Encrypt=yes"/>', None),
        ("PGPASSWORD=abc psql -p 5432", "PGPASSWORD=*** psql -p 5432"),
        ("mysql -uroot -pabc -h db", "mysql -uroot -p*** -h db"),
        ("mysql -P 3306 -h db", "mysql -P 3306 -h db"),
        ("sqlcmd -S h -U sa -P abc -C", "sqlcmd -S h -U sa -P *** -C"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nx", "***\nx"),
    ],
)
def test_blanked(text: str, expected: str | None) -> None:
    """What stands around a secret stays readable."""
    blanked = without_secrets(text)
    assert "abc" not in blanked
    assert blanked == (expected or text.replace("a&amp;b", "***"))
    assert without_secrets(blanked) == blanked


@pytest.mark.parametrize(
    "text",
    [
        "Login failed for user 'sa'. Reason: Password did not match that for the login provided.",
        "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)",
        'FATAL: password authentication failed for user "app"',
        "psql -p 5432 -h db sslmode=require user=app",
        "openssl s_client -partial_chain -connect db:5432 -starttls postgres",
        "see https://learn.microsoft.com/sql/@x and https://example.com:443/a",
        "Unexpected token: ;",
        "The password is expired, and was not changed.",
        "A certificate identified by 'sql01' was not found",
        "C:/Users/a:b@c",
        "$ mysql -h db -p\nEnter password:\nERROR 2026 (HY000): SSL connection error",
        "The certificate chain was issued by an authority that is not trusted. (provider: SSL Provider, error: 0)",
    ],
)
def test_left_alone(text: str) -> None:
    """An error text without a secret stays as it is."""
    assert without_secrets(text) == text


@given(st.text())
def test_any_text_is_blanked_once(text: str) -> None:
    """A text without the names of secrets and without addresses stays as it is."""
    assert without_secrets(text.replace("=", "").replace(":", "").replace("@", "")).count(
        "***"
    ) == text.count("***")


@pytest.mark.parametrize(
    "part",
    ["password=", "password='", "password={ ", 'pwd="', "://", "://a:b@", "eyJ", " -p'", "a", " ", "pwd= a"],
)
def test_long_text_is_blanked(part: str) -> None:
    """A long text of one kind is blanked without any pattern running wild."""
    assert without_secrets("mysql " + part * (20_000 // len(part)))


@given(st.text())
def test_round_trip(value: str) -> None:
    """A value that is quoted by the rules of its dialect is read as it was."""
    assert read_quoted(f"a={doubled(value, chr(34))};b=c") == (("a", value), ("b", "c"))
    assert read_quoted(f"a={doubled(value, chr(39))}") == (("a", value),)
    assert read_braced(f"a={braced(value)};b=c") == (("a", value), ("b", "c"))
    assert read_spaced(f"a={escaped(value)} b=c") == (("a", value), ("b", "c"))
