"""Certificates for clients of MySQL and MariaDB, issued and trusted as the recipes say, on a real MariaDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.mariadb_root import MariadbRoot, debian_mariadb
from tests.fixes.carried_out.mysql_stand_in import with_mysql
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.running import USER
from tests.thorough import one_of_each

CA = "/opt/admin/anchor.pem"
OTHER = "/etc/mysql/tls/clients.pem"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, mariadb_server: Mariadb) -> Iterator[MariadbRoot]:
    """The server that the tests of this file share."""
    with debian_mariadb(tmp_path_factory.mktemp("clients") / "root", mariadb_server) as server:
        server.sql(f"ALTER USER {USER} REQUIRE X509")
        yield with_mysql(server)


@pytest.fixture
def server(made: MariadbRoot) -> MariadbRoot:
    """The same, trusting another CA for clients; nothing is left of other tests."""
    made.root.run("rm -rf ~/client-tls ~/db-tls /etc/mysql/mariadb.conf.d/zz* /var/lib/mysql/client-ca*")
    certificate = make_certificate()
    made.write(CA, certificate.anchor)
    made.write(OTHER, certificate.anchor)
    made.present(certificate, f"ssl_ca = {OTHER}")
    return with_mysql(made)


def with_certificate(server: MariadbRoot) -> str:
    """How a client fares with the certificate and key in ~/client-tls."""
    place = server.root.file("/opt/admin/client-tls")
    return server.attempt(CA, cert=str(place / "client.crt"), key=str(place / "client.key"))


@carries_out("mariadb-own-client-ca", "mysql-own-client-ca")
@pytest.mark.parametrize("engine", one_of_each(["mysql", "mariadb"]))
def test_a_ca_for_clients(server: MariadbRoot, engine: str) -> None:
    """With a certificate of the new CA the account logs in, and no more after the undo; the first CA stays trusted."""
    fix = rendered(f"{engine}-own-client-ca", database_user=USER)
    request, sign, trust = [step for step in fix.steps if step.shell == "sh"]
    assert "Access denied" in server.attempt(CA)
    unsigned = server.root.run(sign.text, check=False)
    assert unsigned.returncode == 1
    for _ in range(2):
        server.root.step(request)
        server.root.run("cp ~/client-tls/client.csr ~/db-tls/")
        server.root.steps((sign, trust))
        server.root.run("cp ~/db-tls/client.crt ~/client-tls/")
        assert with_certificate(server) == "verified"
    assert "already" in server.root.step(trust)
    assert server.attempt(CA) != "verified"
    trusted = server.root.file("/var/lib/mysql/client-ca.pem").read_bytes()
    assert trusted.count(b"BEGIN CERTIFICATE") == 2
    for secret in ("/opt/admin/client-tls/client.key", "/opt/admin/db-tls/client-ca/root.key"):
        assert server.root.file(secret).stat().st_mode & 0o777 == 0o600
    for _ in range(2):
        server.root.steps(fix.undo)
    assert with_certificate(server) != "verified"
    assert not server.root.file("/var/lib/mysql/client-ca.pem").exists()


@carries_out("mysql-issue-client-certificate")
def test_a_certificate_of_the_ca_that_is_trusted(server: MariadbRoot) -> None:
    """The CA signs the request, and the account logs in; one for servers is refused before it is used."""
    fix = rendered("mysql-issue-client-certificate", database_user=USER)
    assert f"{USER}\t%\tX509" in server.sql(fix.steps[0].text)
    _, request, match = [step for step in fix.steps if step.shell != "screen"]
    server.root.step(request)
    sign = "openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 -extfile ext"
    server.root.run(
        "cd ~/client-tls\n"
        "openssl req -x509 -newkey rsa:2048 -nodes -days 9 -keyout ca.key -out ca.crt -subj /CN=Clients\n"
        f"echo extendedKeyUsage=serverAuth > ext\n{sign} -out client.crt"
    )
    refused = server.root.run(match.text, check=False)
    assert refused.returncode == 1
    assert "will refuse" in refused.stdout
    server.root.run(f"cd ~/client-tls\necho extendedKeyUsage=clientAuth > ext\n{sign} -out client.crt")
    server.root.step(match)
    server.write(OTHER, server.root.file("/opt/admin/client-tls/ca.crt").read_bytes())
    server.sql("FLUSH SSL")
    assert with_certificate(server) == "verified"
    server.root.steps(fix.undo)
    assert not server.root.file("/opt/admin/client-tls").exists()
