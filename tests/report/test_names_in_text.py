"""Names in the words of drivers, servers and people: each is hidden, and nothing else is."""

from __future__ import annotations

import pytest

from wizard.report.names_in_text import Texts
from wizard.report.stand_ins import StandIns

NAMES = ("kudu", "okapi", "tapir", "civet")


def redacted(text: str) -> str:
    """Returns a text as a redacted report shows it that holds nothing else."""
    texts = Texts(StandIns((), ()), names=True, home=None)
    texts.all_read()
    texts.shown(text)
    texts.all_read()
    return texts.shown(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Can't connect to MySQL server on 'kudu' (111)",
            "Can't connect to MySQL server on 'server-1' (111)",
        ),
        ("MySQL server on 'kudu01:3306' (111)", "MySQL server on 'server-1:3306' (111)"),
        (
            "x509: certificate is valid for kudu, okapi, tapir02, not civet",
            "x509: certificate is valid for server-1, server-2, server-3, not server-4",
        ),
        ("altnames: Host: kudu. is not in the cert's altnames: DNS:okapi", None),
        ("No subject alternative DNS name matching kudu found.", None),
        ("java.net.UnknownHostException: kudu", None),
        ("The hostname kudu01 could not be verified", None),
        ("Could not connect to kudu01", None),
        ("to server kudu01 failed", None),
        ('connection to server at "kudu" (10.9.8.7), port 5432 failed', None),
        ("The SPN is MSSQLSvc/kudu:1433", "The SPN is MSSQLSvc/server-1:1433"),
        ("The account KUDU01$ has no right", "The account server-1$ has no right"),
        ("TNS kudu:1521", None),
        ("Server=x;failover partner=kudu;hostNameInCertificate=okapi", None),
        ("Server Name: KUDU01", None),
        ("PGHOST=kudu DB_HOST=okapi", "PGHOST=server-1 DB_HOST=server-2"),
        ("MYSQL_HOST: kudu01", None),
        ('{"host": "kudu"}', '{"host": "server-1"}'),
        ("EXEC sp_addlinkedserver @server=N'KUDU'", "EXEC sp_addlinkedserver @server=N'server-1'"),
        ("psql --host=kudu -U civet", "psql --host=server-1 -U user-1"),
        ("psql -h kudu -U civet", "psql -h server-1 -U user-1"),
        ("sqlcmd -S kudu -U civet -C", "sqlcmd -S server-1 -U user-1 -C"),
        ("mysql -hkudu -uciv", None),
        ("psql -Ucivet -h kudu", "psql -Uuser-1 -h server-1"),
        ("Invoke-Sqlcmd -ServerInstance KUDU -Query 1", "Invoke-Sqlcmd -ServerInstance server-1 -Query 1"),
        ("civet@kudu:~$ psql", "user-1@server-1:~$ psql"),
        ("[civet@kudu ~]$ psql", "[user-1@server-1 ~]$ psql"),
        ("the adapter 00:1b:44:11:3a:b7", "the adapter adapter-1"),
        ("Application Name=kuduapp;Encrypt=True", "Application Name=application-1;Encrypt=True"),
    ],
)
def test_a_name_is_hidden_where_it_usually_stands(text: str, expected: str | None) -> None:
    """Also one without a dot, which nothing but its place tells from a word."""
    shown = redacted(text)
    assert not [name for name in NAMES if name in shown.lower()]
    assert expected in (None, shown)


@pytest.mark.parametrize(
    "text",
    [
        "could not connect to server: Connection refused",
        "server certificate does not match host name",
        "SSL error: certificate verify failed",
        "error:0A000086:SSL routines::certificate verify failed",
        "ssl/statem/statem_clnt.c:1889:",
        "connection to server at the host is not possible",
        "The server was not found or was not accessible.",
        "The certificate's CN name does not match the passed value.",
        "The host is not reachable; the server is not configured for TLS",
        "sslmode=verify-full sslrootcert=system",
        "Driver=ODBC Driver 18 for SQL Server;Encrypt=strict;",
        "Named Pipes Provider: Could not open a connection to SQL Server [53].",
        "line:1234 spid51",
        "openssl x509 -h",
        "Invoke-WebRequest -UseBasicParsing",
        "$PGHOST and ${PATH}",
    ],
)
def test_the_words_around_it_stay(text: str) -> None:
    """What tells the fault is no name."""
    assert redacted(text) == text
