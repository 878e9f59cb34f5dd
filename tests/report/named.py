"""A case in which every name, address, number and path is made up for this, so that each can be searched for."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.report.cases import KNOWN
from wizard.diagnosis.proof import Change, DriverProof, Proof
from wizard.diagnosis.walk import answered
from wizard.model.evidence import Evidence
from wizard.model.target import Engine, Target
from wizard.workbench import Diagnosis, Options, Workbench

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECRET = "c4n4ry-S3cret"
USERS = ("dingo", "bettong", "possum", "quoll")
NAMES = (
    "sqlquokka", "wombatcorp", "kiwi-zone", "10.11.12.13", "10.99.0.7", "fd12:3456", "numbat", "bilbyshop", "koaladom",
    "platypus", "echidna", "cassowary", "tapir", "wallaby", "emu7", "deadbeefcafe", "skink",
)  # fmt: skip

_SAID: dict[Engine, str] = {
    "sqlserver": (
        "A connection was successfully established with the server, but then an error occurred during the login"
        " process. (provider: SSL Provider, error: 0 - The certificate chain was issued by an authority that is not"
        " trusted.)\nServer=tcp:SQLQUOKKA01.wombatcorp.com,1433;Initial Catalog=bilbyshop;User Id=dingo;Encrypt=True\n"
        "Cannot open database \"bilbyshop\" requested by the login. Login failed for user 'KOALADOM\\bettong'.\n"
        "A network name: \\\\sqlquokka01\\backup, SPN MSSQLSvc/sqlquokka01.wombatcorp.com:NUMBAT, 10.11.12.13"
    ),
    "mysql": (
        "ERROR 2026 (HY000): SSL connection error: error:0A000086:SSL routines::certificate verify failed\n"
        "Access denied for user 'dingo'@'emu7' (using password: YES) to database 'bilbyshop'\n"
        "mysql -h sqlquokka01 -u bettong bilbyshop; client 10.11.12.13, [fd12:3456:0::7]:3306"
    ),
    "mariadb": (
        "ERROR 2026 (HY000): TLS/SSL error: self-signed certificate in certificate chain\n"
        "mariadb -ubettong --host=sqlquokka01.wombatcorp.com; Access denied for user 'dingo'@'10.11.12.13'\n"
        "mysql://sqlquokka01.wombatcorp.com/bilbyshop Unknown MySQL server host 'emu7' (-2)"
    ),
    "postgresql": (
        'connection to server at "sqlquokka01.wombatcorp.com" (10.11.12.13), port 5432 failed: SSL error: certificate'
        ' verify failed\nFATAL: no pg_hba.conf entry for host "fd12:3456::7", user "dingo", database "bilbyshop", SSL'
        ' off\ncould not translate host name "emu7" to address\npsql: host=sqlquokka01 user=bettong dbname=bilbyshop\n'
        "subject=C = AU, O = Platypus Pty Ltd, CN = other.kiwi-zone.wombatcorp.net, emailAddress = tapir@wombatcorp.com"
    ),
}


def _name(**parts: str) -> x509.Name:
    oids = {
        "C": NameOID.COUNTRY_NAME,
        "L": NameOID.LOCALITY_NAME,
        "O": NameOID.ORGANIZATION_NAME,
        "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
        "CN": NameOID.COMMON_NAME,
        "E": NameOID.EMAIL_ADDRESS,
    }
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in parts.items()])


@cache
def _chain() -> tuple[bytes, bytes]:
    """Returns the leaf and its root in PEM; the leaf is for other names than the client uses."""
    key, root_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    subject = _name(
        C="AU",
        L="Cassowary Creek",
        O="Platypus Pty, Ltd",
        OU="Echidna Unit",
        CN="SQLQUOKKA01",
        E="tapir@skink.org",
    )
    issuer = _name(O="Platypus Pty, Ltd", CN="Wallaby Issuing CA 7")
    names: list[x509.GeneralName] = [
        x509.DNSName("sqlquokka01.wombatcorp.net"),
        x509.DNSName("*.kiwi-zone.wombatcorp.com"),
        x509.IPAddress(ipaddress.ip_address("10.99.0.7")),
        x509.IPAddress(ipaddress.ip_address("fd12:3456::9")),
        x509.RFC822Name("tapir@wombatcorp.com"),
        x509.UniformResourceIdentifier("https://skink.wombatcorp.com/"),
    ]

    def made(
        name: x509.Name, by: x509.Name, of: ec.EllipticCurvePrivateKey, ca: bool
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(by)
            .public_key(of.public_key())
            .serial_number(0xDEADBEEFCAFE)
            .not_valid_before(NOW - timedelta(days=10))
            .not_valid_after(NOW + timedelta(days=90))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )

    leaf = made(subject, issuer, key, False).add_extension(x509.SubjectAlternativeName(names), critical=False)
    root = made(issuer, issuer, root_key, True)
    signed = (one.sign(root_key, hashes.SHA256()) for one in (leaf, root))
    pem = [one.public_bytes(Encoding.PEM) for one in signed]
    return pem[0], pem[1]


class Named(msgspec.Struct, frozen=True):
    """The case with what a report of it needs."""

    done: Diagnosis
    bench: Workbench
    proof: Proof
    home: Path


def named(engine: Engine, folder: Path) -> Named:
    """Returns a case of one database in which each of `NAMES` and `USERS` stands, and `SECRET` in the error text.

    Args:
        engine: which database.
        folder: an empty one, for a home directory.
    """
    home = folder / "possum"
    home.mkdir()
    ca_file = home / "wallaby-root.pem"
    leaf, root = _chain()
    ca_file.write_bytes(root)
    bench = Workbench(KNOWN, Options(at=NOW, probing=False, ca_file=ca_file))
    target = Target(
        engine=engine,
        host="10.11.12.13" if engine == "mysql" else "sqlquokka01",
        port=None if engine == "sqlserver" else 15432,
        instance="NUMBAT" if engine == "sqlserver" else None,
        server_name="SQLQuokka01.wombatcorp.com",
    )
    error = f"{_SAID[engine]}\ncannot read /home/quoll/x.pem or {ca_file}; password={SECRET};"
    case = bench.paste(bench.open_case(target=target, error=error, client=None), (leaf + root).decode())
    case = answered(
        case,
        Evidence("resolve.addresses", ("10.11.12.13", "127.0.0.1", "fd12:3456::7"), "probe", None),
        Evidence("connect.address", "10.11.12.13", "probe", "it answered for sqlquokka01"),
        Evidence("server.version", "16.0.1000.6 sqlquokka01", "probe"),
        Evidence("view.certificate_file", "/srv/wallaby/server.pem", "probe", "dingo may read it"),
        Evidence("view.thumbprint", case.certificates[0].sha1.upper(), "probe"),
        Evidence("view.login", "refused", "probe", "Login failed for user 'dingo'"),
        Evidence("policy", None, "probe", "10.11.12.13 closed the connection"),
    )
    done = bench.diagnose(case)
    sent = DriverProof(
        client="psycopg",
        version="3",
        before=None,
        after="refused",
        error='FATAL: role "dingo" at emu7 "bilbyshop"',
    )
    proof = Proof(
        outcome="still-failing",
        cause=done.verdict.cause,
        changes=(Change("certificate.subject", "CN=emu7.wombatcorp.com", done.case.certificates[0].subject),),
        drivers=(sent,),
    )
    return Named(done, bench, proof, home)
