"""`--make-certificate` from the command to the verified connection, on all three databases."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.command import dbtls
from tests.fixes.carried_out.carrying import Root, carries_out
from tests.fixes.carried_out.mariadb_root import debian_mariadb, symptom
from tests.fixes.carried_out.postgresql_cluster import debian_cluster
from tests.fixes.carried_out.sqlserver_on_linux import admitted, sql_server
from tests.servers.mariadb import Mariadb

FILES = ("server.pem", "server.key")


def made(cause: str, target: str, fix: str, root: Root, place: Path) -> list[dict[str, str]]:
    """Makes a certificate for `localhost`, takes its files to the server, and returns the steps for it."""
    folder = place / "our-ca"
    ran = dbtls("fix", cause, target, "--make-certificate", str(folder), "--id", fix, "--json")
    assert ran.status == 0, ran.err
    for name in FILES:  # the files are at the same place on the server as the commands say
        root.file(str(folder)).mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / name, root.file(str(folder / name)))
    fixes = ran.json["fixes"]
    assert isinstance(fixes, list)
    assert [one["missing"] for one in fixes] == [[]]
    return [step for step in fixes[0]["steps"] if step["shell"] == "sh"]


def carry_out(root: Root, steps: list[dict[str, str]]) -> None:
    """Pastes each step."""
    for step in steps:
        root.run(step["text"], shell=("bash",))


@carries_out("postgresql-install-certificate-files")
def test_postgresql_is_given_a_made_certificate(tmp_path: Path) -> None:
    """A fresh server fails verification, shows the made certificate after the steps, and clients verify its root."""
    with debian_cluster(tmp_path / "root") as cluster:
        assert cluster.cause() == "self-signed-certificate"
        target = f"postgresql://localhost:{cluster.port}"
        fix = "postgresql-install-certificate-files"
        steps = made("self-signed-certificate", target, fix, cluster.root, tmp_path)
        root_ca = tmp_path / "our-ca" / "root-ca.pem"
        assert "certificate verify failed" in cluster.connect(root_ca)
        carry_out(cluster.root, steps)
        assert cluster.connect(root_ca).startswith("TLSv1")
        assert cluster.cause(root_ca) == "healthy"


@carries_out("mariadb-install-certificate-files")
def test_mariadb_is_given_a_made_certificate(tmp_path: Path, mariadb_server: Mariadb) -> None:
    """A server without TLS offers it after the steps, with the made certificate, and clients verify its root."""
    with debian_mariadb(tmp_path / "root", mariadb_server) as server:
        target = f"mariadb://localhost:{server.port}"
        steps = made("tls-not-offered", target, "mariadb-install-certificate-files", server.root, tmp_path)
        root_ca = "/tmp/our-root.pem"
        server.root.write(root_ca, (tmp_path / "our-ca" / "root-ca.pem").read_bytes())
        assert symptom(server.attempt(root_ca)) == "tls-not-offered"
        carry_out(server.root, steps)
        assert server.attempt(root_ca) == "verified"


@carries_out("sqlserver-linux-install-certificate-files")
def test_sql_server_is_given_a_made_certificate(tmp_path: Path) -> None:
    """The lab's server with its own certificate is refused; with the made one ODBC Driver 18 and FreeTDS verify it."""
    with sql_server(tmp_path / "root") as server:
        assert server.cause() == "self-generated-certificate"
        fix = "sqlserver-linux-install-certificate-files"
        steps = made("self-generated-certificate", "sqlserver://localhost", fix, server.root, tmp_path)
        carry_out(server.root, steps)
        admitted(server, tmp_path / "our-ca" / "root-ca.pem", tmp_path)
