"""Servers that demand a certificate of the client, and one that they accept."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.servers.certificates import Certificate, certificate_of, make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.running import USER, RunningServer
from wizard.fixes.values import Given
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import Engine


def client_certificate(engine: Engine) -> Certificate:
    """Returns one in the name of the tests' database user, from the CA that signs the servers' too."""
    return certificate_of(
        ScenarioEntry(
            id=f"{engine}/client", title="-", cause="healthy", engine=engine,
            names=(), common_name=USER, usage="client-auth",
        )
    )  # fmt: skip


def written_to(folder: Path, made: Certificate) -> dict[str, Given]:
    """Writes certificate and key; returns their paths by the parameters of the recipes."""
    certificate, key = folder / "client.crt", folder / "client.key"
    certificate.write_bytes(made.chain)
    key.write_bytes(made.key)
    key.chmod(0o600)
    return {"client_certificate": str(certificate), "client_key": str(key)}


@contextlib.contextmanager
def trusting_clients(mariadb_server: Mariadb, made: Certificate) -> Iterator[RunningServer]:
    """Runs a MariaDB that demands a certificate of the account (REQUIRE X509) and knows the CA of clients."""
    with tempfile.TemporaryDirectory(prefix="dbtls-clients-") as folder:
        Path(folder).chmod(0o755)
        file, program = Path(folder, "ca.pem"), Path(folder, "mariadbd")
        file.write_bytes(made.anchor)
        program.write_text(f'#!/bin/sh\nexec {mariadb_server.program} "$@" --ssl-ca={file}\n')
        program.chmod(0o755)
        start = dataclasses.replace(mariadb_server, program=program)
        with start(make_certificate(engine="mariadb"), client_certificate=True) as server:
            yield server
