"""Texts as the drivers' sources and documentation spell them: what they mean, and what they must not mean."""

from __future__ import annotations

import pytest

from tests.known import KNOWN
from wizard.diagnosis.match import Matcher

MATCHER = Matcher(KNOWN)

TEXTS = [
    (
        "not-tls",
        (
            "A network-related or instance-specific error occurred while establishing a connection to"
            " SQL Server. The server was not found or was not accessible. Verify that the instance "
            "name is correct and that SQL Server is configured to allow remote connections. "
            "(provider: Named Pipes Provider, error: 40 - Could not open a connection to SQL Server) "
            "(Microsoft SQL Server, Error: 53)"
        ),
    ),
    (
        "not-tls",
        (
            "A network-related or instance-specific error ... (provider: SQL Network Interfaces, "
            "error: 26 - Error Locating Server/Instance Specified)"
        ),
    ),
    (
        "not-tls",
        (
            "Connection Timeout Expired.  The timeout period elapsed while attempting to consume the "
            "pre-login handshake acknowledgement.  This could be because the pre-login handshake "
            "failed or the server was unable to respond back in time. The duration spent while "
            "attempting to connect to this server was - [Pre-Login] initialization=5; "
            "handshake=14995;"
        ),
    ),
    (
        "not-tls",
        (
            "System.Data.SqlClient.SqlException (0x80131904): Login failed for user 'sa'. at "
            "System.Data.SqlClient... ClientConnectionId:f7 Error Number:18456,State:1,Class:14 "
            "Encrypt=True;TrustServerCertificate=True"
        ),
    ),
    (
        "not-tls",
        (
            "Cannot open server 'x' requested by the login. Client with IP address '1.2.3.4' is not "
            "allowed to access the server. To enable access, use the Windows Azure Management Portal"
        ),
    ),
    (
        "not-tls",
        (
            "[Microsoft][ODBC Driver 17 for SQL Server]SSPI Provider: Server not found in Kerberos "
            "database (851968) (SQLDriverConnect)"
        ),
    ),
    (
        "not-tls",
        "SSPI Provider: No Kerberos credentials available (default cache: KEYRING:persistent:0)",
    ),
    (
        "not-tls",
        (
            "com.microsoft.sqlserver.jdbc.SQLServerException: The TCP/IP connection to the host db, "
            'port 1433 has failed. Error: "connect timed out. Verify the connection properties. Make '
            "sure that an instance of SQL Server is running on the host and accepting TCP/IP "
            "connections at the port. Make sure that TCP connections to the port are not blocked by a"
            ' firewall.".'
        ),
    ),
    (
        "not-tls",
        (
            "('01000', \"[01000] [unixODBC][Driver Manager]Can't open lib 'ODBC Driver 17 for SQL "
            "Server' : file not found (0) (SQLDriverConnect)\")"
        ),
    ),
    (
        "not-tls",
        (
            "pyodbc.InterfaceError: ('IM002', '[IM002] [Microsoft][ODBC Driver Manager] Data source "
            "name not found and no default driver specified (0) (SQLDriverConnect)')"
        ),
    ),
    (
        "not-tls",
        (
            "OperationalError: ('08001', '[08001] [Microsoft][ODBC Driver 18 for SQL Server]TCP "
            "Provider: Error code 0x2749 (10061) (SQLDriverConnect)') Login timeout expired A "
            "network-related or instance-specific error has occurred while establishing a connection "
            "to SQL Server."
        ),
    ),
    (
        "not-tls",
        "ConnectionError: Failed to connect to localhost:1433 in 15000ms",
    ),
    (
        "not-tls",
        "ConnectionError: Failed to connect to localhost:1433 - Could not connect (sequence)",
    ),
    (
        "not-tls",
        "ConnectionError: Failed to connect to sqlserver:1433 - getaddrinfo ENOTFOUND sqlserver",
    ),
    (
        "not-tls",
        "ConnectionError: Login failed for user 'sa'. code: 'ELOGIN'",
    ),
    (
        "not-tls",
        (
            "unable to open tcp connection with host 'localhost:1433': dial tcp [::1]:1433: "
            "connectex: No connection could be made because the target machine actively refused it."
        ),
    ),
    (
        "not-tls",
        "mssql: login error: Login failed for user 'sa'.",
    ),
    (
        "not-tls",
        (
            "ERROR 2002 (HY000): Can't connect to local MySQL server through socket "
            "'/var/run/mysqld/mysqld.sock' (2)"
        ),
    ),
    (
        "not-tls",
        "ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.5:3306' (110)",
    ),
    (
        "not-tls",
        "ERROR 2005 (HY000): Unknown MySQL server host 'db' (-2)",
    ),
    (
        "not-tls",
        "ERROR 1130 (HY000): Host '10.0.0.5' is not allowed to connect to this MySQL server",
    ),
    (
        "not-tls",
        "ERROR 1040 (HY000): Too many connections",
    ),
    (
        "not-tls",
        (
            "Error: ER_NOT_SUPPORTED_AUTH_MODE: Client does not support authentication protocol "
            "requested by server; consider upgrading MySQL client"
        ),
    ),
    (
        "not-tls",
        (
            "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure\n\nThe "
            "last packet sent successfully to the server was 0 milliseconds ago. The driver has not "
            "received any packets from the server.\n        at x\nCaused by: java.net.ConnectException:"
            " Connection refused (Connection refused)"
        ),
    ),
    (
        "not-tls",
        "Unable to connect to any of the specified MySQL hosts.",
    ),
    (
        "not-tls",
        (
            'psycopg2.OperationalError: connection to server at "localhost" (::1), port 5432 failed: '
            'FATAL:  password authentication failed for user "postgres" connection to server at '
            '"localhost" (::1), port 5432 failed: FATAL:  no pg_hba.conf entry for host "::1", user '
            '"postgres", database "x", no encryption'
        ),
    ),
    (
        "not-tls",
        'FATAL: no pg_hba.conf entry for host "1.2.3.4", user "a", database "b", SSL encryption',
    ),
    (
        "not-tls",
        'FATAL:  no pg_hba.conf entry for host "[local]", user "a", database "b"',
    ),
    (
        "not-tls",
        (
            "could not connect to server: Connection timed out (0x0000274C/10060) Is the server "
            'running on host "x" and accepting TCP/IP connections on port 5432?'
        ),
    ),
    (
        "not-tls",
        "FATAL: remaining connection slots are reserved for non-replication superuser connections",
    ),
    (
        "not-tls",
        (
            "Npgsql.NpgsqlException (0x80004005): Failed to connect to 127.0.0.1:5432 ---> "
            "System.Net.Sockets.SocketException (111): Connection refused"
        ),
    ),
    (
        "not-tls",
        ('Npgsql.PostgresException (0x80004005): 28P01: password authentication failed for user "postgres"'),
    ),
    (
        "not-tls",
        (
            "org.postgresql.util.PSQLException: Connection to localhost:5432 refused. Check that the "
            "hostname and port are correct and that the postmaster is accepting TCP/IP connections."
        ),
    ),
    (
        "not-tls",
        (
            "org.postgresql.util.PSQLException: The authentication type 10 is not supported. Check "
            "that you have configured the pg_hba.conf file to include the client's IP address or "
            "subnet"
        ),
    ),
    (
        "not-tls",
        "server closed the connection unexpectedly FATAL: the database system is starting up",
    ),
    (
        "not-tls",
        'Fehler bei der Anmeldung für den Benutzer "sa". (Microsoft SQL Server, Fehler: 18456)',
    ),
    (
        "not-tls",
        "用户 'sa' 登录失败。 (.Net SqlClient Data Provider)",
    ),
    (
        "not-tls",
        (
            "在与 SQL Server 建立连接时出现与网络相关的或特定于实例的错误。未找到或无法访问服务器。"
            "(provider: Named Pipes Provider, error: 40 - 无法打开到 SQL Server 的连接)"
        ),
    ),
    (
        "not-tls",
        (
            'OLE DB provider "SQLNCLI11" for linked server "X" returned message "Login timeout '
            'expired". Named Pipes Provider: Could not open a connection to SQL Server [53].'
        ),
    ),
    (
        "not-tls",
        "Access to the remote server is denied because no login-mapping exists.",
    ),
    (
        "not-tls",
        "Login failed for user 'NT AUTHORITY\\ANONYMOUS LOGON'.",
    ),
    (
        "not-tls",
        (
            "A transport-level error has occurred when receiving results from the server. (provider: "
            "TCP Provider, error: 0 - An existing connection was forcibly closed by the remote host.)"
        ),
    ),
    (
        "not-tls",
        (
            "mysql.connector.errors.DatabaseError: 2003 (HY000): Can't connect to MySQL server on "
            "'localhost:3306' (111)"
        ),
    ),
    (
        "not-tls",
        (
            "pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on 'localhost' "
            '([Errno 111] Connection refused)")'
        ),
    ),
    (
        "not-tls",
        (
            "RuntimeError: 'cryptography' package is required for sha256_password or "
            "caching_sha2_password auth methods"
        ),
    ),
    (
        "handshake-failed",
        (
            "A connection was successfully established with the server, but then an error occurred "
            "during the pre-login handshake. (provider: TCP Provider, error: 0 - An existing "
            "connection was forcibly closed by the remote host.) (Microsoft SQL Server, Error: 10054)"
        ),
    ),
    (
        "handshake-failed",
        (
            "A connection was successfully established with the server, but then an error occurred "
            "during the login process. (provider: SSL Provider, error: 0 - The client and server "
            "cannot communicate, because they do not possess a common algorithm.)"
        ),
    ),
    (
        "handshake-failed",
        "[DBNETLIB][ConnectionOpen (SECDoClientHandshake()).]SSL Security error.",
    ),
    (
        "ambiguous",
        (
            "A connection was successfully established with the server, but then an error occurred "
            "during the pre-login handshake. (provider: SSL Provider, error: 0 - )"
        ),
    ),
    (
        "ambiguous",
        (
            "A connection was successfully established with the server, but then an error occurred "
            "during the pre-login handshake. (provider: TCP Provider, error: 35 - An internal "
            "exception was caught)"
        ),
    ),
    (
        "chain-not-trusted",
        (
            "A connection was successfully established with the server, but then an error occurred "
            "during the pre-login handshake. (provider: TCP Provider, error: 35 - An internal "
            "exception was caught) ---> System.Security.Authentication.AuthenticationException: The "
            "remote certificate was rejected by the provided RemoteCertificateValidationCallback."
        ),
    ),
    (
        "name-mismatch",
        (
            "TITLE: Connect to Server Cannot connect to 10.0.0.5. ADDITIONAL INFORMATION: A "
            "connection was successfully established with the server, but then an error occurred "
            "during the login process. (provider: SSL Provider, error: 0 - The target principal name "
            "is incorrect.) (Microsoft SQL Server, Error: -2146893022)"
        ),
    ),
    (
        "handshake-failed",
        (
            "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake Caused by: "
            "java.io.EOFException: SSL peer shut down incorrectly"
        ),
    ),
    (
        "expired",
        (
            "Caused by: java.security.cert.CertificateExpiredException: NotAfter: Sat Nov 01 03:11:20"
            " UTC 2025 PKIX path validation failed: java.security.cert.CertPathValidatorException: "
            "validity check failed"
        ),
    ),
    (
        "handshake-failed",
        "SSLError: [SSL: UNSUPPORTED_PROTOCOL] unsupported protocol (_ssl.c:1007)",
    ),
    (
        "handshake-failed",
        (
            "The driver could not establish a secure connection to SQL Server by using Secure Sockets"
            ' Layer (SSL) encryption. Error: "SQL Server did not return a response. The connection '
            "has been closed. ClientConnectionId"
        ),
    ),
    (
        "handshake-failed",
        (
            "The driver could not establish a secure connection to SQL Server by using Secure Sockets"
            ' Layer (SSL) encryption. Error: "Connection reset ClientConnectionId:xx'
        ),
    ),
    (
        "weak-certificate",
        'Error: "Certificates do not conform to algorithm constraints"',
    ),
    (
        "client-certificate",
        "2024-01-01 LOG: could not accept SSL connection: peer did not return a certificate",
    ),
    (
        "handshake-failed",
        "LOG:  could not accept SSL connection: unsupported protocol",
    ),
    (
        "chain-not-trusted",
        "LOG:  could not accept SSL connection: sslv3 alert certificate unknown",
    ),
    (
        "tls-not-offered",
        (
            "Npgsql.NpgsqlException (0x80004005): SSL connection requested. No SSL enabled connection"
            " from this host is configured."
        ),
    ),
    (
        "tls-not-offered",
        (
            "mysql.connector.errors.InterfaceError: 2026 (HY000): SSL connection error: SSL is "
            "required but the server doesn't support it"
        ),
    ),
    (
        "tls-not-offered",
        (
            "java.sql.SQLNonTransientConnectionException: SSL Connection required, but not supported "
            "by server."
        ),
    ),
    (
        "tls-not-offered",
        "MySqlConnector.MySqlException: Server does not support SSL",
    ),
    (
        "tls-required",
        (
            "Database connection failed: Connections using insecure transport are prohibited while "
            "--require_secure_transport=ON."
        ),
    ),
    (
        "tls-required",
        (
            'error: no pg_hba.conf entry for host "1.2.3.4", user "u", database "d", no encryption '
            "code: '28000'"
        ),
    ),
    (
        "tls-required",
        "FATAL: kein pg_hba.conf-Eintrag für Host »1.2.3.4«, Benutzer »u«, Datenbank »d«, SSL aus",
    ),
    (
        "server-certificate-not-loaded",
        (
            "The server could not load the certificate it needs to initiate an SSL connection. It "
            "returned the following error: 0x8009030d. Check certificates to make sure they are "
            "valid."
        ),
    ),
    (
        "server-certificate-not-loaded",
        (
            "TDSSNIClient initialization failed with error 0x80092004, status code 0x1. Reason: "
            "Initialization failed with an infrastructure error. Check for previous errors. Cannot "
            "find object or property."
        ),
    ),
    (
        "server-certificate-not-loaded",
        'FATAL:  could not load server certificate file "server.crt": No such file or directory',
    ),
    (
        "wrong-usage",
        ("SSL: CERTIFICATE_VERIFY_FAILED certificate verify failed: unsupported certificate purpose"),
    ),
    (
        "malformed-certificate",
        "tls: failed to parse certificate from server: x509: negative serial number",
    ),
    (
        "chain-not-trusted",
        (
            "SSL Provider: The certificate chain was issued by an authority that is not trusted. "
            "Client unable to establish connection Login timeout expired"
        ),
    ),
    (
        "chain-not-trusted",
        "Msg -2146893019, Level 16, State 1, Line 0 SSL Provider: 證書鏈",
    ),
    (
        "incomplete-chain",
        "Certificate failed chain validation. Error(s): 'PartialChain'",
    ),
    (
        "name-mismatch",
        (
            "Certificate name mismatch. The provided 'DataSource' or 'HostNameInCertificate' does not"
            " match the name in the certificate."
        ),
    ),
    (
        "ca-file-unusable",
        ('OperationalError: (2026, "SSL connection error: SSL_CTX_set_default_verify_paths failed")'),
    ),
    (
        "ca-file-unusable",
        ("FileNotFoundError: [Errno 2] No such file or directory ssl_ctx.load_verify_locations(cafile"),
    ),
    (
        "handshake-failed",
        "SSL Provider: [error:0A000152:SSL routines::unsafe legacy renegotiation disabled]",
    ),
    (
        "handshake-failed",
        "SSL Provider: [error:0A0C0103:SSL routines::internal error]",
    ),
    (
        "handshake-failed",
        "ERROR 2026 (HY000): SSL connection error: tlsv1 alert protocol version",
    ),
    (
        "weak-certificate",
        "SSL Provider: [error:0A00018E:SSL routines::ca md too weak]",
    ),
    (
        "chain-not-trusted",
        "x509: certificate signed by unknown authority",
    ),
    (
        "chain-not-trusted",
        "x509: “SSL_Self_Signed_Fallback” certificate is not trusted",
    ),
    (
        "not-tls",
        'Connection failed: pq: password authentication failed for user "u" sslmode=require',
    ),
    (
        "not-tls",
        "Sequelize ConnectionRefusedError: connect ECONNREFUSED 127.0.0.1:5432",
    ),
    (
        "not-tls",
        'FATAL: database "x" does not exist',
    ),
    (
        "not-tls",
        (
            "CannotGetJdbcConnectionException: HikariPool-1 - Connection is not available, request "
            "timed out after 30000ms."
        ),
    ),
    (
        "handshake-failed",
        "error communicating with database: received fatal alert: HandshakeFailure",
    ),
    (
        "not-tls",
        "error communicating with database: Connection refused (os error 111)",
    ),
    (
        "ambiguous",
        "error",
    ),
]


@pytest.mark.parametrize(("symptom", "text"), TEXTS, ids=[text[:40] for _, text in TEXTS])
def test_driver_text_means_its_symptom(symptom: str, text: str) -> None:
    """Each text of a driver gets its symptom; those that are not about TLS say where to go."""
    found = MATCHER.match(text)
    assert found.symptom == symptom
    assert bool(found.go_to) == (symptom == "not-tls")
    assert bool(found.ask_for) == (symptom == "ambiguous")
