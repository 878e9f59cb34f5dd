"""The roots of providers: what is fetched is compared with known fingerprints, and a driver trusts the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import CONNECTED, client_root, fails, needs, with_pymysql
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.mariadb import Mariadb

MOZILLA = Path("/usr/share/ca-certificates/mozilla")
ROOTS = {
    "DigiCertGlobalRootG2.crt": "DigiCert_Global_Root_G2.crt",
    "Microsoft%20RSA%20Root%20Certificate%20Authority%202017.crt": (
        "Microsoft_RSA_Root_Certificate_Authority_2017.crt"
    ),
    "DigiCertGlobalRootCA.crt": "DigiCert_Global_Root_CA.crt",
}
# Nothing is fetched from the internet: the last part of the address is the name of a prepared file.
CURL = """#!/bin/sh
for word; do last=$word; done
while [ "$1" != --output ]; do shift; done
cp "/srv/web/${last##*/}" "$2"
"""

GCLOUD = """#!/bin/sh
case "$*" in
  "sql ssl server-ca-certs list --instance=shop-db "*) cat /srv/ca.pem ;;
  *) exit 1 ;;
esac
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """A root with a stand-in for curl, and what there is to fetch."""
    with client_root(tmp_path_factory.mktemp("hosted") / "root") as made:
        made.write("/usr/local/bin/curl", CURL, 0o755)
        for name, file in ROOTS.items():
            if not (MOZILLA / file).exists():
                pytest.skip(f"the system's package of roots lacks {file}")
            made.run(
                f"mkdir -p /srv/web && openssl x509 -in {MOZILLA / file} -outform DER -out '/srv/web/{name}'"
            )
        yield made


@pytest.fixture(scope="module")
def made() -> Certificate:
    """A hosted server's certificate, and the provider's own root."""
    return make_certificate()


@carries_out("trust-azure-database-roots")
def test_azure_roots_are_compared_and_written(root: Root) -> None:
    """The real roots pass and make one file of three; an old file comes back with the undo."""
    root.write("/opt/the roots.pem", "old\n")
    fix = rendered("trust-azure-database-roots", bundle="/opt/the roots.pem")
    for _ in range(2):
        assert root.steps(fix.steps).endswith("3\n")
    verified = root.run(
        f"openssl verify -CAfile '/opt/the roots.pem' -no-CApath {MOZILLA / 'DigiCert_Global_Root_G2.crt'}"
    )
    assert ": OK" in verified.stdout
    root.steps(fix.undo)
    assert root.file("/opt/the roots.pem").read_text() == "old\n"


def test_azure_roots_that_differ_are_refused(root: Root, made: Certificate) -> None:
    """The twin: something on the way that hands out another root is caught, and nothing is written."""
    name = "/srv/web/DigiCertGlobalRootG2.crt"
    genuine = root.file(name).read_bytes()
    root.write("/tmp/other.pem", made.anchor)
    root.run(f"openssl x509 -in /tmp/other.pem -outform DER -out {name}")
    fix = rendered("trust-azure-database-roots", bundle="/opt/none.pem")
    assert "the fingerprints differ" in fails(root, fix.steps[0].text)
    assert not root.file("/opt/none.pem").exists()
    root.write(name, genuine)


@carries_out("trust-azure-sql-roots")
def test_the_system_has_azures_roots(root: Root) -> None:
    """Both roots are found in the store; without one of them the step says so. apt-get is a stand-in."""
    root.write("/usr/local/bin/apt-get", "#!/bin/sh\n", 0o755)
    step = rendered("trust-azure-sql-roots").steps[0]
    assert "Both roots are in the store." in root.step(step)
    bundle = root.file("/etc/ssl/certs/ca-certificates.crt")
    whole = bundle.read_bytes()
    bundle.write_bytes((MOZILLA / "DigiCert_Global_Root_G2.crt").read_bytes())
    assert "A root is missing although the package is there" in fails(root, step.text)
    bundle.write_bytes(whole)


@carries_out("trust-amazon-rds-roots")
def test_amazons_bundle_is_trusted(root: Root, mariadb_server: Mariadb, made: Certificate) -> None:
    """A driver connects with the fetched bundle; without it it is refused, and so it is after the undo."""
    root.write("/srv/web/global-bundle.pem", made.anchor)
    fix = rendered("trust-amazon-rds-roots", bundle="/opt/rds roots.pem")
    environment = {"SSL_CERT_FILE": "/opt/rds roots.pem", "SSL_CERT_DIR": "/nowhere"}
    with mariadb_server(made) as server:
        assert "certificate verify failed" in with_pymysql(root, server, environment=environment)
        for _ in range(2):
            root.steps(fix.steps)
            assert with_pymysql(root, server, environment=environment) == CONNECTED
        root.steps(fix.undo)
        assert "certificate verify failed" in with_pymysql(root, server, environment=environment)
    root.write("/srv/web/global-bundle.pem", "<html>blocked</html>\n")
    assert "The bundle did not come" in fails(root, fix.steps[0].text)
    assert not root.file("/opt/rds roots.pem").exists()


@needs("keytool")
@carries_out("trust-amazon-rds-roots-java")
def test_every_root_of_a_bundle_reaches_java(root: Root) -> None:
    """Keytool takes one certificate of a file, so each is imported by itself, once; the undo removes the store."""
    first, second = make_certificate().anchor, make_certificate().anchor
    root.write("/srv/web/global-bundle.pem", first + second)
    fix = rendered(
        "trust-amazon-rds-roots-java",
        bundle="/opt/rds.pem",
        trust_store="/opt/rds.p12",
        store_password="pass word",
    )
    for _ in range(2):
        assert root.step(fix.steps[0]).strip().endswith("2")
    root.steps(fix.undo)
    assert not root.file("/opt/rds.p12").exists()
    root.write("/srv/web/global-bundle.pem", "<html>blocked</html>\n")
    assert "The roots did not arrive" in fails(root, fix.steps[0].text)


@carries_out("trust-cloud-sql-roots", "trust-provider-roots")
def test_googles_certificate_is_trusted(root: Root, mariadb_server: Mariadb, made: Certificate) -> None:
    """A driver connects with what gcloud, a stand-in, gives for this instance, and is refused after the undo."""
    root.write("/srv/ca.pem", made.anchor)
    root.write("/usr/local/bin/gcloud", GCLOUD, 0o755)
    fix = rendered("trust-cloud-sql-roots", bundle="/opt/google.pem", cloud_instance="shop-db")
    environment = {"SSL_CERT_FILE": "/opt/google.pem", "SSL_CERT_DIR": "/nowhere"}
    with mariadb_server(made) as server:
        for _ in range(2):
            root.steps(fix.steps)
            assert with_pymysql(root, server, environment=environment) == CONNECTED
        provider = rendered("trust-provider-roots", ca_file="/opt/google.pem")
        assert "Fingerprint" in root.steps(provider.steps)
        root.steps(fix.undo)
        assert "certificate verify failed" in with_pymysql(root, server, environment=environment)
    other = rendered("trust-cloud-sql-roots", bundle="/opt/google.pem", cloud_instance="other")
    assert "Google gave no certificate" in fails(root, other.steps[0].text)
    assert "This is no certificate in PEM form" in fails(root, provider.steps[1].text)
