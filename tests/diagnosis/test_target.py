"""What a person types or pastes becomes a target without credentials."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.diagnosis.target import ReadTarget, read_target
from wizard.errors import TargetError


def short(read: ReadTarget) -> tuple[str, str | None, str | None]:
    """Returns engine://host:port|instance, dialect and client of what was read."""
    target = read.target
    return f"{target.engine} {target.host} {target.port} {target.instance}", read.dialect, read.client


URLS = [
    ("sqlserver://sql01", "sqlserver sql01 1433 None"),
    ("sqlserver://sql01.corp.example:14330", "sqlserver sql01.corp.example 14330 None"),
    ("SQLServer://sql01/PAYROLL", "sqlserver sql01 None PAYROLL"),
    (r"sqlserver://sql01\PAYROLL", "sqlserver sql01 None PAYROLL"),
    ("sqlserver://sa:p%40ss@sql01/PAYROLL?database=x", "sqlserver sql01 None PAYROLL"),
    ("sqlserver://sql01:1433/master", "sqlserver sql01 1433 None"),
    ("sqlserver://sql01:1434;database=x;user=sa;password={p@s;s/}", "sqlserver sql01 1434 None"),
    ("mssql://sa:pw@sql01/orders", "sqlserver sql01 1433 None"),
    ("mssql://sql01/PAYROLL", "sqlserver sql01 None PAYROLL"),
    ("mysql://db", "mysql db 3306 None"),
    ("mysql://root:p@w@db:3307/shop?ssl-mode=REQUIRED", "mysql db 3307 None"),
    ("mariadb://db/", "mariadb db 3306 None"),
    ("postgresql://db", "postgresql db 5432 None"),
    ("postgres://u:p@db:5433/app?sslmode=require", "postgresql db 5433 None"),
    ("postgresql://u@db1:5433,db2:5434/app", "postgresql db1 5433 None"),
    ("postgresql:///app?host=db&port=5433", "postgresql db 5433 None"),
    ("postgresql://[2001:db8::1]:5433/app", "postgresql 2001:db8::1 5433 None"),
    ("sqlserver://[2001:db8::1]", "sqlserver 2001:db8::1 1433 None"),
    ("postgresql://bücher.example", "postgresql bücher.example 5432 None"),
    ("mysql://xn--bcher-kva.example.", "mysql xn--bcher-kva.example. 3306 None"),
    ("mysql://db/?user=me@corp", "mysql db 3306 None"),
]


GO = [
    ("app:pw@tcp(db01:3307)/shop?tls=skip-verify", "mysql db01 3307 None"),
    ("tcp(db01)/", "mysql db01 3306 None"),
    ("app:p@w:x/y@tcp([2001:db8::1]:3306)/shop", "mysql 2001:db8::1 3306 None"),
    ('APP_DSN="app@tcp4(db01:3306)/shop"', "mysql db01 3306 None"),
]


@pytest.mark.parametrize(("text", "expected"), GO)
def test_go_sql_driver(text: str, expected: str) -> None:
    """The DSN of go-sql-driver gives host and port, and tells its client."""
    assert short(read_target(text)) == (expected, "go", "go-sql-driver")


def test_odbc_takes_the_first_of_a_repeated_key_and_others_the_last() -> None:
    """The driver 18 goes by the first `Encrypt`; what others get is left to their own rule."""
    twice = "Server=sql01;Encrypt=no;encrypt=yes"
    assert read_target(f"Driver={{ODBC Driver 18 for SQL Server}};{twice}").options == (("Encrypt", "no"),)
    assert read_target(twice).options == (("Encrypt", "no"), ("encrypt", "yes"))


def test_a_dsn_inside_of_a_password_is_none() -> None:
    """A list of keys and values stays one, and a Unix socket is refused."""
    assert read_target("Server=tcp:sql01;Password=a@tcp(b)/c;Encrypt=yes").target.host == "sql01"
    assert read_target("host=db01 password=a:b@tcp(b)/c").target.host == "db01"
    with pytest.raises(TargetError):
        read_target("app:pw@unix(/run/mysql.sock)/shop")


@pytest.mark.parametrize(("text", "expected"), URLS)
def test_url(text: str, expected: str) -> None:
    """A URL gives engine, host, port and instance."""
    assert short(read_target(text)) == (expected, "url", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"sql01\PAYROLL", "sqlserver sql01 None PAYROLL"),
        (r"sql01\\PAYROLL", "sqlserver sql01 None PAYROLL"),
        (r"sql01\PAYROLL,1440", "sqlserver sql01 1440 PAYROLL"),
        ("sql01,1440", "sqlserver sql01 1440 None"),
        ("tcp:sql01,1433", "sqlserver sql01 1433 None"),
        ("tcp:[2001:db8::1],1440", "sqlserver 2001:db8::1 1440 None"),
        (".", "sqlserver localhost 1433 None"),
        (r".\SQLEXPRESS", "sqlserver localhost None SQLEXPRESS"),
        ("(local)", "sqlserver localhost 1433 None"),
        (r"localhost\SQLEXPRESS", "sqlserver localhost None SQLEXPRESS"),
        ("sql01:1433", "sqlserver sql01 1433 None"),
        ("db:3306", "mysql db 3306 None"),
        ("db:5432", "postgresql db 5432 None"),
        ("[::1]:5432", "postgresql ::1 5432 None"),
    ],
)
def test_instance(text: str, expected: str) -> None:
    r"""`host\INSTANCE` and its relatives are SQL Server; a well-known port tells any engine."""
    assert short(read_target(text)) == (expected, "instance", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'Server=tcp:sql01.corp.example,1433;Database=x;User Id=sa;Password="a;b";Encrypt=True',
            "sqlserver sql01.corp.example 1433 None",
        ),
        (r"Data Source=sql01\PAYROLL;Integrated Security=True;", "sqlserver sql01 None PAYROLL"),
        ("Database=x;Address = 'sql01' ; PWD='it''s; =fine'", "sqlserver sql01 1433 None"),
        ('network address=sql01;pwd=a{b"c', "sqlserver sql01 1433 None"),
        ("Server=sql01,1440;Failover Partner=sql02", "sqlserver sql01 1440 None"),
        ("Server=::1,1440", "sqlserver ::1 1440 None"),
        ("Server=(local);Trusted_Connection=yes", "sqlserver localhost 1433 None"),
        ("Server=db;Port=3306;Uid=root;Pwd=x;SslMode=VerifyFull", "mysql db 3306 None"),
        ("Server=db;Uid=root;SslMode=Required", "mysql db 3306 None"),
        ("Server=db;Port=3310;Uid=root;Pwd=x", "mysql db 3310 None"),
        ("Server=db1,db2;Uid=root;SslMode=Preferred", "mysql db1 3306 None"),
        ("Host=db;Port=5432;Username=u;Password=a b;SSL Mode=Require", "postgresql db 5432 None"),
        ("Host=db1:5433,db2;Username=u", "postgresql db1 5433 None"),
        ("Server=db;Port=5433;User Id=u;SSL Mode=VerifyCA;Username=u", "postgresql db 5433 None"),
        ("Password=x;Host=db;Username=u", "postgresql db 5432 None"),
    ],
)
def test_ado_net(text: str, expected: str) -> None:
    """An ADO.NET string names the server under many keys; other keys tell which database it is."""
    assert short(read_target(text)) == (expected, "ado-net", None)


@pytest.mark.parametrize(
    ("text", "expected", "client"),
    [
        (
            "Driver={ODBC Driver 18 for SQL Server};Server=tcp:sql01,1440;UID=sa;PWD={p}};x};Encrypt=yes",
            "sqlserver sql01 1440 None",
            "odbc-18",
        ),
        (r"DRIVER=ODBC Driver 17 for SQL Server;SERVER=sql01\X", "sqlserver sql01 None X", "odbc-17"),
        ("Server=sql01;Driver=/opt/lib/libmsodbcsql-18.3.so.2.1", "sqlserver sql01 1433 None", "odbc-18"),
        ('Driver={SQL Server};Server=sql01;PWD="a', "sqlserver sql01 1433 None", None),
        ("Driver={SQL Server Native Client 11.0};Server=sql01", "sqlserver sql01 1433 None", None),
        ("Driver={FreeTDS};Server=sql01;Port=1440;TDS_Version=7.4", "sqlserver sql01 1440 None", "freetds"),
        ("Driver={MySQL ODBC 8.0 Unicode Driver};Server=db;Port=3307", "mysql db 3307 None", None),
        ("Driver={MariaDB ODBC 3.1 Driver};Server=db", "mariadb db 3306 None", None),
        ("Driver={PostgreSQL Unicode(x64)};Server=db;SSLmode=require", "postgresql db 5432 None", None),
        ("DSN=payroll;Server=sql01;UID=x", "sqlserver sql01 1433 None", None),
    ],
)
def test_odbc(text: str, expected: str, client: str | None) -> None:
    """The driver of an ODBC string tells the database and, for Microsoft's drivers, the client."""
    assert short(read_target(text)) == (expected, "odbc", client)


@pytest.mark.parametrize(
    ("provider", "client"),
    [
        ("MSOLEDBSQL19", "oledb-19"),
        ("MSOLEDBSQL19.1", "oledb-19"),
        ("MSOLEDBSQL", "oledb-18"),
        ("MSOLEDBSQL.1", "oledb-18"),
        ("SQLNCLI11", None),
        ("SQLOLEDB", None),
    ],
)
def test_ole_db(provider: str, client: str | None) -> None:
    """The provider of an OLE DB string tells the client."""
    read = read_target(f"Provider={provider};Data Source=sql01,1440;User ID=sa;Password='a;b'")
    assert short(read) == ("sqlserver sql01 1440 None", "ole-db", client)
    assert read.dropped_secret


@pytest.mark.parametrize(
    ("text", "expected", "client"),
    [
        (r"jdbc:sqlserver://sql01\PAYROLL:1440;encrypt=true", "sqlserver sql01 1440 PAYROLL", "jdbc-13"),
        ("jdbc:sqlserver://sql01;", "sqlserver sql01 1433 None", "jdbc-13"),
        ("jdbc:sqlserver://sql01;instanceName=X;password={a;b}}}", "sqlserver sql01 None X", "jdbc-13"),
        ("jdbc:sqlserver://;serverName=sql01;portNumber=1440", "sqlserver sql01 1440 None", "jdbc-13"),
        ("jdbc:sqlserver://;serverName=2001:db8::1", "sqlserver 2001:db8::1 1433 None", "jdbc-13"),
        ("jdbc:sqlserver://h:1433;user=u;password=p@ss/w?d", "sqlserver h 1433 None", "jdbc-13"),
        ("jdbc:jtds:sqlserver://sql01:1440/x;ssl=require", "sqlserver sql01 1440 None", "jtds"),
        ("jdbc:jtds:sqlserver://sql01/x;instance=PAY", "sqlserver sql01 None PAY", "jtds"),
        ("jdbc:mysql://db:3307/x?sslMode=VERIFY_CA&password=p@w", "mysql db 3307 None", "connector-j"),
        ("jdbc:mysql:loadbalance://db1:3307,db2/x", "mysql db1 3307 None", "connector-j"),
        ("jdbc:mysql://address=(host=db)(port=3307)(user=u)/x", "mysql db 3307 None", "connector-j"),
        ("jdbc:mariadb:sequential://db1,db2/x", "mariadb db1 3306 None", "mariadb-connector-j"),
        ("jdbc:postgresql://db1:5433,db2/x?sslmode=verify-full", "postgresql db1 5433 None", "pgjdbc"),
    ],
)
def test_jdbc(text: str, expected: str, client: str) -> None:
    """The sub-protocol of a JDBC URL tells database and client."""
    assert short(read_target(text)) == (expected, "jdbc", client)


@pytest.mark.parametrize(
    ("text", "expected", "name"),
    [
        (r"host=db port=5433 password='a b\'c' sslmode=verify-full", "postgresql db 5433 None", "db"),
        ("host=db", "postgresql db 5432 None", "db"),
        ("host = db1,db2 port = 5433,5434", "postgresql db1 5433 None", "db1"),
        ("host=db hostaddr=192.0.2.7", "postgresql 192.0.2.7 5432 None", "db"),
        ("hostaddr=192.0.2.7 user=u", "postgresql 192.0.2.7 5432 None", "192.0.2.7"),
        ("password=a;b host=db", "postgresql db 5432 None", "db"),
        ("password='x;host=evil' host=db", "postgresql db 5432 None", "db"),
        ("password='x://y' host=db", "postgresql db 5432 None", "db"),
    ],
)
def test_libpq(text: str, expected: str, name: str) -> None:
    """With `hostaddr` libpq connects to the address and verifies the host."""
    read = read_target(text)
    assert short(read) == (expected, "libpq", "libpq")
    assert read.target.server_name == name


@pytest.mark.parametrize(
    ("text", "expected", "client"),
    [
        ("mysql+pymysql://u:p@db/x?ssl_ca=/ca.pem", "mysql db 3306 None", "pymysql"),
        ("mysql+mysqlconnector://db", "mysql db 3306 None", "mysql-connector-python"),
        ("mysql+mysqldb://db", "mysql db 3306 None", "mysqlclient"),
        ("mariadb+pymysql://db", "mariadb db 3306 None", "pymysql"),
        ("mysql+aiomysql://db", "mysql db 3306 None", None),
        ("postgresql+psycopg://db", "postgresql db 5432 None", "psycopg"),
        ("postgresql+psycopg2://db:5433/x", "postgresql db 5433 None", "psycopg"),
        ("postgresql+asyncpg://db?ssl=require", "postgresql db 5432 None", "asyncpg"),
        ("postgresql+pg8000://db", "postgresql db 5432 None", "pg8000"),
        ("mssql+pymssql://u:p@sql01:1440/x", "sqlserver sql01 1440 None", "pymssql"),
        (r"mssql+pyodbc://u:p@sql01\PAY/x", "sqlserver sql01 None PAY", "odbc-18"),
        (
            "mssql+pyodbc://sql01/x?driver=ODBC+Driver+17+for+SQL+Server",
            "sqlserver sql01 1433 None",
            "odbc-17",
        ),
        ("mssql+pyodbc://sql01/x?driver=FreeTDS", "sqlserver sql01 1433 None", "freetds"),
        (
            "mssql+pyodbc:///?odbc_connect=Driver%3D%7BODBC+Driver+17+for+SQL+Server%7D%3BServer%3Dsql01%2C1440",
            "sqlserver sql01 1440 None",
            "odbc-17",
        ),
    ],
)
def test_sqlalchemy(text: str, expected: str, client: str | None) -> None:
    """The driver behind the plus sign tells the client; `odbc_connect` holds a whole ODBC string."""
    assert short(read_target(text)) == (expected, "sqlalchemy", client)


@pytest.mark.parametrize(
    "text",
    [
        "DATABASE_URL=postgresql://u:p@db/x",
        "export DATABASE_URL='postgresql://u:p@db/x'",
        "  `postgresql://db`\n",
        'url: "jdbc:postgresql://db/x"',
        "spring.datasource.url=jdbc:postgresql://db/x",
        'DB_CONNECTION_STRING="Host=db;Username=u";',
        "PG_DSN=host=db user=u",
        "'host=db'",
    ],
)
def test_wrapped(text: str) -> None:
    """An assignment before the target, quotes and blanks around it do not matter."""
    assert str(read_target(text).target) == "postgresql://db:5432"


def test_server_name() -> None:
    """The server name is the host, unless it is given, there or by HostNameInCertificate."""
    text = "Server=sql01;HostNameInCertificate=sql.example"
    read = read_target(text)
    assert (read.target.host, read.target.server_name) == ("sql01", "sql.example")
    assert read_target("Server=sql01;HostNameInCertificate=*.example").target.server_name == "sql01"
    assert read_target(text, server_name="sql02").target.server_name == "sql02"
    assert read.options == (("HostNameInCertificate", "sql.example"),)
    assert read_target(text, server_name="[2001:db8::1]").target.server_name == "2001:db8::1"
    with pytest.raises(TargetError):
        read_target(text, server_name="")


def test_options() -> None:
    """Only the options that concern TLS are kept, in their own spelling, without their passwords."""
    read = read_target(
        "jdbc:sqlserver://h;encrypt=strict;trustStore=/a b.jks;trustStorePassword=x;user=sa;applicationName=ssl"
    )
    assert read.options == (("encrypt", "strict"), ("trustStore", "/a b.jks"))
    assert read.dropped_secret
    read = read_target("postgresql://db?sslrootcert=%2Fca+x.pem&sslpassword=x&connect_timeout=1")
    assert read.options == (("sslrootcert", "/ca+x.pem"),)
    assert read_target(
        "Server=h;Column Encryption Setting=Enabled;Trust Server Certificate=False"
    ).options == (("Trust Server Certificate", "False"),)
    assert (
        read_target("mysql://db?trustCertificateKeyStoreUrl=http://u:p%40h/x").options[0][1]
        == "http://***@h/x"
    )


@pytest.mark.parametrize(
    ("text", "dropped"),
    [
        ("Server=h;User Id=sa", True),
        ("Server=h;Password=", False),
        ("Server=h;AccessToken=x", True),
        ("mysql://u@h", True),
        ("mysql://h?password=x", True),
        ("mysql://h", False),
        ("Server=h;Integrated Security=True", False),
        ("mssql+pyodbc:///?odbc_connect=Driver%3DFreeTDS%3BServer%3Dh%3BPWD%3Dx", True),
    ],
)
def test_dropped_secret(text: str, dropped: bool) -> None:
    """It is told whether a user, a password or a token was in the text."""
    assert read_target(text).dropped_secret is dropped


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no target"),
        ("' '", "no target"),
        ("x" * 10_001, "longer"),
        ("sql01", "which database"),
        ("localhost", "which database"),
        ("db:9999", "which database"),
        ("oracle://h", "oracle is no URL"),
        ("jdbc:oracle:thin:@h", "jdbc:oracle is no URL"),
        ("jdbc:jtds:sybase://h", "no URL"),
        ("jdbc:postgresql:app", "No server"),
        ("mysql://", "No server"),
        ("mysql:///x", "No server"),
        ("Database=x;Encrypt=yes", "No server"),
        ("user=u dbname=x", "No server"),
        ("DSN=payroll;UID=x", "No server"),
        ("jdbc:sqlserver://", "No server"),
        ("mysql://h:x", "not a number"),
        ("mysql://h:-1", "not a number"),
        ("mysql://h:٣٣", "not a number"),
        ("mysql://h:0", "out of range"),
        ("mysql://h:65536", "out of range"),
        ("sql01,99999999999999999999", "out of range"),
        ("mysql://a b", "not a name"),
        ("mysql://a$(id)", "not a name"),
        ("mysql://a;id", "not a name"),
        ("mysql://a%00b", "not a name"),
        ("mysql://a%0Ab", "not a name"),
        ("mysql://-oProxy", "not a name"),
        ("mysql://a.-b", "not a name"),
        ("mysql://a..b", "not a name"),
        ("mysql://" + "a" * 64, "not a name"),
        ("mysql://" + "ab." * 90 + "x", "not a name"),
        ("mysql://a\u202eb", "not a name"),
        ("mysql://a⑴b", "not a name"),
        ("mysql://" + "ü" * 64, "not a name"),
        ("postgresql://[fe80::1%25eth0]", "not a name"),
        ("postgresql://[1::2::3]", "not a name"),
        ("postgresql://[db]", "brackets"),
        ("postgresql://[::1", "not a name"),
        ("Server=$(id);Encrypt=yes", "not a name"),
        ("sql01\\PAY ROLL", "instance name"),
        ("sql01\\$(id)", "instance name"),
        ("sqlserver://sql01/a/b", "instance name"),
        ('Server=h;Password="a;b', "quote"),
        ("Server=h;Password='a", "quote"),
        ("Driver={FreeTDS;Server=h", "brace"),
        ("jdbc:sqlserver://h;password={a", "brace"),
        ("host=h password='a", "quote"),
        ("host=h password", "equals sign"),
        ("Driver={Oracle};Server=h", "driver"),
        ("Provider=OraOLEDB;Data Source=h", "provider"),
        ("Server=h;Port=5555;User Id=x", "MySQL or for PostgreSQL"),
        ("mysql://u:a/b@h", "ends it early"),
        ("mysql://u:1?b@h", "ends it early"),
        ("mysql://u:1#b@h", "ends it early"),
        ("jdbc:sqlserver://u:p@h", "cannot be read"),
        (r"np:\\.\pipe\sql\query", "named pipe"),
        (r"\\sql01\pipe\sql\query", "named pipe"),
        ("Server=lpc:sql01", "shared memory"),
        (r"(localdb)\MSSQLLocalDB", "LocalDB"),
        (r"Server=(LocalDB)\v11", "LocalDB"),
        ("host=/var/run/postgresql dbname=x", "Unix socket"),
        ("postgresql://%2Fvar%2Frun/x", "Unix socket"),
        ("postgresql:///x?host=/tmp", "Unix socket"),
        ("mysql+pymysql://localhost/x?unix_socket=/tmp/s", "Unix socket"),
        ("mysql -h db --ssl-mode=REQUIRED", "No server"),
    ],
)
def test_refused(text: str, words: str) -> None:
    """What is no target is refused in one sentence with a hint, and without another error inside."""
    with pytest.raises(TargetError, match=words) as raised:
        read_target(text)
    assert raised.value.hint
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "near"),
    [("postgre://h", "postgres://"), ("mysq://h", "mysql://"), ("jdbc:postgres://h", "jdbc:postgresql://")],
)
def test_nearest_scheme(text: str, near: str) -> None:
    """A mistyped scheme gets the nearest one as a suggestion."""
    with pytest.raises(TargetError) as raised:
        read_target(text)
    assert f"Did you mean {near}?" in (raised.value.hint or "")


WORDS = st.one_of(
    st.sampled_from(
        ["sqlserver://", "jdbc:", "mysql:", "postgresql+psycopg://", "host=", "Server=", "Driver="]
    ),
    st.sampled_from(["Provider=", "odbc_connect=", "Password=", "(host=h)", "tcp:", "1433", "::1", "%40"]),
    st.sampled_from("{}'\"\\;,=&?/@#:[].% \n"),
)


@given(st.one_of(st.text(max_size=300), st.lists(st.one_of(WORDS, st.text(max_size=5))).map("".join)))
def test_any_text(text: str) -> None:
    """Any text is a target or a TargetError, and what is read holds only what a host may hold."""
    try:
        target = read_target(text).target
    except TargetError:
        return
    assert not set(target.host + target.server_name + (target.instance or "")) & set(
        " ;'\"`$()|&<>/\\\n@%{}"
    ) - {"$"}


@pytest.mark.parametrize(
    "part", ["a", ":", "=", ";", "'", "{", "}", "@", "a:", "x=", "(", "\\", " ", "://", "(host"]
)
@pytest.mark.parametrize(
    "start", ["", "mysql://", "jdbc:sqlserver://", "host=", "Server=", "Driver={", "mysql://("]
)
def test_long_text(start: str, part: str) -> None:
    """A long run of one kind is refused or read, without any pattern running wild."""
    try:
        read_target((start + part * 10_000)[:10_000])
    except TargetError as error:
        assert error.hint  # noqa: PT017 - what is refused differs
