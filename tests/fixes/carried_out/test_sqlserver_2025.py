"""The T-SQL of the recipes for SQL Server 2025: its queries are run on tables of the same columns, by SQLite.

No SQL Server is to be had here. sqlglot translates the queries, so that what they find and what they write is seen.
"""

from __future__ import annotations

import re
import sqlite3

import pytest
import sqlglot
from sqlglot import exp

from tests.fixes.carried_out.carrying import FIXES, rendered
from wizard.fixes.render import RenderedFix, RenderedStep, example_values, render_fix

OF_2025 = [
    fix
    for fix in FIXES.values()
    if fix.client == "linked-server-2025"
    or fix.id.startswith(("agent-job-", "replication-", "log-shipping-"))
]
SERVERS = """
CREATE TABLE sys.servers (server_id, name, product, provider, data_source, provider_string, catalog, is_linked,
  is_distributor, is_publisher, is_subscriber);
CREATE TABLE sys.linked_logins (server_id, local_principal_id, uses_self_credential, remote_name);
CREATE TABLE sys.server_principals (principal_id, name);
INSERT INTO sys.servers VALUES
  (0, 'SELF', 'SQL Server', 'MSOLEDBSQL', 'SELF', NULL, NULL, 0, 0, 0, 0),
  (1, 'OLD', 'SQL Server', 'SQLNCLI', 'old.corp.example', NULL, NULL, 1, 0, 0, 0),
  (2, 'O''Brien', '', 'MSOLEDBSQL', 'sql02\\SALES', 'Application Name=it''s;', 'Sales', 1, 0, 0, 0),
  (3, 'PLAIN', '', 'MSOLEDBSQL', 'plain.corp.example', 'Encrypt=Optional;', NULL, 1, 0, 0, 0),
  (4, 'repl_distributor', '', 'MSOLEDBSQL', 'dist.corp.example,1444', NULL, NULL, 0, 1, 0, 0),
  (5, 'ORACLE', 'Oracle', 'OraOLEDB.Oracle', 'ora', NULL, NULL, 1, 0, 0, 0);
INSERT INTO sys.linked_logins VALUES (2, 0, 0, 'reader'), (2, 7, 1, NULL);
INSERT INTO sys.server_principals VALUES (7, 'CORP\\amy');
"""
MSDB = """
CREATE TABLE msdb.log_shipping_primary_databases (primary_database, monitor_server);
CREATE TABLE msdb.log_shipping_secondary (primary_database, monitor_server);
CREATE TABLE msdb.sysjobs (job_id, name);
CREATE TABLE msdb.sysjobsteps (job_id, step_id, step_name, subsystem, command);
INSERT INTO msdb.log_shipping_primary_databases VALUES ('Sales', 'SELF'), ('Stock', 'mon.corp.example');
INSERT INTO msdb.log_shipping_secondary VALUES ('Shop', 'mon.corp.example');
INSERT INTO msdb.sysjobs VALUES (1, 'Nightly export');
INSERT INTO msdb.sysjobsteps VALUES
  (1, 1, 'a', 'CmdExec', 'sqlcmd -S sql02 -s , -Q "SELECT 1"'),
  (1, 2, 'b', 'CmdExec', 'bcp Sales.dbo.T out t.txt -S sql02 -T'),
  (1, 3, 'c', 'PowerShell', 'Invoke-Sqlcmd -ServerInstance sql02'),
  (1, 4, 'd', 'TSQL', '-- sqlcmd is not called'),
  (1, 5, 'e', 'CmdExec', 'dir');
"""

Rows = list[tuple[object, ...]]


@pytest.fixture
def tables() -> sqlite3.Connection:
    """The catalog of an instance with linked servers, a remote distributor, a remote monitor and job steps."""
    connection = sqlite3.connect(":memory:")
    for name, script in (("sys", SERVERS), ("msdb", MSDB)):
        connection.execute(f"ATTACH ':memory:' AS {name}")
        connection.executescript(script)
    return connection


def answer(tables: sqlite3.Connection, query: str) -> Rows:
    """What a query finds. SQLite joins texts by ||, has no N'…' and no variables, and its schemas are databases."""
    query = query.replace("msdb.dbo.", "msdb.").replace("@@SERVERNAME", "'SELF'")

    tree = sqlglot.parse_one(query, dialect="tsql")
    for collated in list(tree.find_all(exp.Collate)):
        collated.replace(collated.this)
    for text in list(tree.find_all(exp.National)):
        text.replace(exp.Literal.string(text.this))
    while joined := tree.find(exp.Add):
        joined.replace(exp.DPipe(this=joined.this, expression=joined.expression))
    return tables.execute(tree.sql("sqlite")).fetchall()


def step(fix: RenderedFix, words: str) -> RenderedStep:
    """The one step whose title holds these words."""
    (found,) = [one for one in (*fix.steps, *fix.undo) if words in one.title]
    return found


def prepare(words: str) -> str:
    """A query of the recipe for before the upgrade."""
    return step(rendered("sqlserver-2025-prepare", linked_server="OLD"), words).text


def test_linked_servers_are_listed_with_what_will_happen_to_them(tables: sqlite3.Connection) -> None:
    """Those of SQL Server are listed, and those that leave out Encrypt are marked; others are not listed."""
    found = {row[1]: row[-1] for row in ((None, *one) for one in answer(tables, prepare("linked servers")))}
    assert found == {
        "OLD": "will demand a trusted certificate",
        "O'Brien": "will demand a trusted certificate",
        "PLAIN": "states how to encrypt",
    }


def test_only_what_is_remote_is_listed(tables: sqlite3.Connection) -> None:
    """A distributor and monitors elsewhere are found; a monitor of the instance's own is not."""
    assert [row[0] for row in answer(tables, prepare("distributor on another"))] == ["repl_distributor"]
    assert answer(tables, prepare("monitor on another")) == [
        ("primary", "Stock", "mon.corp.example"),
        ("secondary", "Shop", "mon.corp.example"),
    ]


def test_job_steps_that_call_the_tools_are_listed(tables: sqlite3.Connection) -> None:
    """CmdExec and PowerShell steps with sqlcmd, bcp or Invoke-Sqlcmd are found, and no others."""
    assert [row[1] for row in answer(tables, prepare("steps of Agent jobs"))] == [1, 2, 3]


def test_each_server_to_check_is_listed_once(tables: sqlite3.Connection) -> None:
    """One target in a line, as `dbtls clients --targets` reads it; one without encryption is left out."""
    assert answer(tables, prepare("save the answer")) == [
        ("dist.corp.example,1444",),
        ("mon.corp.example",),
        ("old.corp.example",),
        ("sql02\\SALES",),
    ]


@pytest.mark.parametrize("name", ["O'Brien", "OLD"])
def test_the_kept_lines_make_the_linked_server_again(tables: sqlite3.Connection, name: str) -> None:
    """Its definition and logins are written as statements that parse, with every quote doubled."""
    fix = rendered(
        "linked-server-encrypt-optional", linked_server=name, data_source="sql02.corp.example", instance="x"
    )
    definition, _, _, logins = step(fix, "Keep its definition").text.split("UNION ALL\n")
    (made,) = answer(tables, definition.partition("\n")[2])
    line = str(made[0])
    assert sqlglot.parse(line, dialect="tsql")
    if name == "OLD":
        assert line == "EXEC sp_addlinkedserver @server = N'OLD', @srvproduct = N'SQL Server';"
        assert answer(tables, logins) == []
        return
    assert line == (
        "EXEC sp_addlinkedserver @server = N'O''Brien', @srvproduct = N'', @provider = N'MSOLEDBSQL', "
        "@datasrc = N'sql02\\SALES', @provstr = N'Application Name=it''s;', @catalog = N'Sales';"
    )
    mapped = [str(row[0]) for row in answer(tables, logins)]
    assert mapped == [
        (
            "EXEC sp_addlinkedsrvlogin @rmtsrvname = N'O''Brien', @useself = N'False', "
            "@rmtuser = N'reader', @rmtpassword = N'<password>';"
        ),
        "EXEC sp_addlinkedsrvlogin @rmtsrvname = N'O''Brien', @useself = N'True', @locallogin = N'CORP\\amy';",
    ]


@pytest.mark.parametrize(
    ("name", "number", "changed"),
    [
        ("agent-job-sqlcmd-trust-server-certificate", 1, 'sqlcmd -C -S sql02 -s , -Q "SELECT 1"'),
        ("agent-job-bcp-trust-server-certificate", 2, "bcp Sales.dbo.T out t.txt -u -S sql02 -T"),
        (
            "agent-job-sqlcmd-host-name-in-certificate",
            1,
            'sqlcmd -F sql02.corp.example -S sql02 -s , -Q "SELECT 1"',
        ),
    ],
)
def test_a_job_step_is_changed_once_and_back(
    tables: sqlite3.Connection, name: str, number: int, changed: str
) -> None:
    """The option comes in front of -S, twice makes no difference, and the undo gives the command of before."""
    values = {**example_values(FIXES[name]), "step_id": number, "presented_name": "sql02.corp.example"}
    fix = render_fix(FIXES[name], values)
    (before,) = tables.execute("SELECT command FROM msdb.sysjobsteps WHERE step_id = ?", (number,)).fetchone()

    def carry_out(one: RenderedStep) -> str:
        found = re.search(r"nvarchar\(max\) = \((.*?)\);\n", one.text, re.DOTALL)
        assert found, one.text
        ((command,),) = answer(tables, found[1])
        tables.execute("UPDATE msdb.sysjobsteps SET command = ? WHERE step_id = ?", (command, number))
        return str(command)

    change = next(one for one in fix.steps if "in front of -S" in one.title)
    assert [carry_out(change), carry_out(change)] == [changed, changed]
    assert [carry_out(fix.undo[0]), carry_out(fix.undo[0])] == [before, before]


@pytest.mark.parametrize("fix", OF_2025, ids=lambda fix: fix.id)
def test_what_a_provider_string_says_is_what_the_options_say(fix: object) -> None:
    """Each @provstr and each @monitor_connection_options is made of the fix's options, by which it is predicted."""
    entry = FIXES[fix.id]  # type: ignore[attr-defined]
    done = render_fix(entry, example_values(entry))
    said = [
        literal
        for one in done.steps
        if one.shell == "tsql" and "Keep its" not in one.title
        for literal in re.findall(r"@(?:provstr|monitor_connection_options) = N'([^']*)'", one.text)
    ]
    for text in said:
        parts = {part.lower() for part in text.split(";") if part}
        assert parts <= {option.lower() for option in done.options}, (text, done.options)
        assert parts


def test_a_foreign_name_stays_a_value() -> None:
    """The twin: quotes in names do not end a literal, so each statement keeps its parameters."""
    fix = rendered(
        "linked-server-encrypt-strict",
        linked_server="x'; DROP TABLE t; --",
        data_source="a'b",
        presented_name="sql01.corp.example",
    )
    make = step(fix, "with Strict").text
    statements = [one for one in sqlglot.parse(make, dialect="tsql") if one is not None]
    assert len(statements) == 2
    assert not any(one.find(exp.Drop) for one in statements)
