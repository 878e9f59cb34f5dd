"""The certificate recipes of PostgreSQL on Linux, carried out on a real Debian cluster."""

from __future__ import annotations

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.postgresql_cluster import Cluster, carry_out
from tests.known import KNOWN
from tests.servers.certificates import certificate_of, make_certificate
from tests.thorough import one_of_each
from wizard.fixes.render import RenderedFix
from wizard.fixes.values import Given

SCENARIOS = {one.id: one for one in KNOWN.scenarios}
NAMES = ("localhost", "127.0.0.1", "db.example")


@pytest.fixture
def cluster(running_cluster: Cluster) -> Cluster:
    """The cluster as its package makes it."""
    running_cluster.fresh()
    return running_cluster


def fix(name: str, cluster: Cluster, **values: str) -> RenderedFix:
    """A certificate recipe for the cluster."""
    return rendered(name, server_name="localhost", names=NAMES, port=cluster.port, **values)


def sign(cluster: Cluster, by: str) -> None:
    """The company's CA answers the request; `by` is how it does so."""
    cluster.root.run(
        f"""cd /opt/admin/pg-tls
        openssl req -x509 -newkey rsa:2048 -nodes -days 5 -keyout corp.key -out corp.pem -subj /CN=Corp 2> /dev/null
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:db.example\nextendedKeyUsage=serverAuth\n' > corp.ext
        {by}"""
    )


ANSWER = (
    "openssl x509 -req -in issued.csr -CA corp.pem -CAkey corp.key -CAcreateserial -out issued.crt {} 2>&1"
)
GOOD = ANSWER.format("-days 5 -extfile corp.ext")


@carries_out("postgresql-own-ca")
def test_a_ca_of_ones_own_replaces_the_certificate_of_the_package(cluster: Cluster) -> None:
    """Debian's self-signed certificate fails; one from a new CA is verified by all names, and keys are private."""
    settings = cluster.settings()
    own = fix("postgresql-own-ca", cluster)
    assert cluster.cause() == "self-signed-certificate"
    carry_out(cluster.root, own)
    root = cluster.root.file("/opt/admin/pg-tls/ca/root.crt")
    assert cluster.cause(root) == "healthy"
    for host in ("localhost", "127.0.0.1"):
        assert cluster.connect(root, host=host).startswith("TLSv1")
    for key in ("/opt/admin/pg-tls/ca/root.key", "/opt/admin/pg-tls/issued.key"):
        assert cluster.root.file(key).stat().st_mode & 0o777 == 0o600
    cluster.undone(own, settings, "self-signed-certificate", root)


@carries_out("postgresql-own-ca")
def test_a_ca_signs_again_only_where_it_has_to(cluster: Cluster) -> None:
    """Another run keeps the certificate; another name makes another one by the same CA, and so does a new key."""
    cluster.root.steps(fix("postgresql-own-ca", cluster).steps)
    place = cluster.root.file("/opt/admin/pg-tls")
    root, first = (place / "ca" / "root.crt").read_bytes(), (place / "issued.crt").read_bytes()
    cluster.root.steps(fix("postgresql-own-ca", cluster).steps)
    assert (place / "issued.crt").read_bytes() == first
    more = rendered("postgresql-own-ca", server_name="localhost", names=("localhost",), port=cluster.port)
    cluster.root.steps(more.steps)
    second = (place / "issued.crt").read_bytes()
    assert second != first
    (place / "issued.key").rename(place / "issued.key.revoked")
    cluster.root.steps(more.steps)
    assert (place / "issued.crt").read_bytes() not in (first, second)
    assert (place / "ca" / "root.crt").read_bytes() == root
    assert cluster.connect(place / "ca" / "root.crt").startswith("TLSv1")


@carries_out("postgresql-issue-certificate")
@pytest.mark.parametrize(
    "scenario",
    one_of_each(["name-mismatch", "certificate-expired", "wrong-usage", "certificate-not-yet-valid"]),
)
def test_the_answer_of_a_ca_mends_what_was_wrong(cluster: Cluster, scenario: str) -> None:
    """From the request to the server in use; the settings that were made before come back with the undo."""
    old = certificate_of(SCENARIOS[f"postgresql/{scenario}"])
    cluster.present(old)
    settings = cluster.settings()
    trusted = cluster.root.write("/opt/admin/old-ca.pem", old.anchor)
    assert cluster.cause(trusted) == scenario
    issue = fix("postgresql-issue-certificate", cluster)
    cluster.root.step(issue.steps[0])
    sign(cluster, GOOD)
    said = cluster.root.steps(issue.steps)
    assert "belong together" in said
    assert "shows the new certificate" in said
    corp = cluster.root.file("/opt/admin/pg-tls/corp.pem")
    assert cluster.cause(corp) == "healthy"
    assert cluster.connect(corp).startswith("TLSv1")
    for step in issue.undo:
        cluster.root.step(step)
    assert cluster.settings() == settings
    cluster.sql("SELECT pg_sleep(0.1)")
    assert cluster.cause(trusted) == scenario


@carries_out("postgresql-issue-certificate")
@pytest.mark.parametrize(
    ("by", "says"),
    [
        ("true", "No certificate in PEM"),
        ("cp corp.pem issued.crt", "belongs to another key"),
        (ANSWER.format("-days 5"), "has no alternative names"),
        (
            "printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth\n' > corp.ext; " + GOOD,
            "A client will refuse this certificate",
        ),
        ("printf 'subjectAltName=DNS:old.example\n' > corp.ext; " + GOOD, "is not for localhost"),
        (
            f"{GOOD}; openssl x509 -in issued.crt -outform DER -out der; mv der issued.crt",
            "No certificate in PEM",
        ),
    ],
)
def test_a_useless_answer_is_not_installed(cluster: Cluster, by: str, says: str) -> None:
    """The twin: the check says what is wrong with it, and fails."""
    issue = fix("postgresql-issue-certificate", cluster)
    cluster.root.step(issue.steps[0])
    sign(cluster, by)
    done = cluster.root.run(issue.steps[2].text, shell=("bash",), check=False)
    assert done.returncode != 0
    assert says in done.stdout


def test_a_name_that_is_missing_is_told(cluster: Cluster) -> None:
    """A certificate for the server's name is good, and the names that it lacks are named."""
    issue = fix("postgresql-issue-certificate", cluster)
    cluster.root.step(issue.steps[0])
    sign(cluster, "printf 'subjectAltName=DNS:localhost\n' > corp.ext; " + GOOD)
    said = cluster.root.step(issue.steps[2])
    assert "not for 127.0.0.1" in said
    assert "not for db.example" in said
    assert "belong together" in said


@carries_out("postgresql-issue-certificate")
def test_a_server_that_does_not_run_is_told(cluster: Cluster) -> None:
    """The twin: without the server on that port each step says so, and fails."""
    issue = rendered("postgresql-issue-certificate", server_name="localhost", names=NAMES, port=1)
    cluster.root.step(issue.steps[0])
    sign(cluster, GOOD)
    for step, says in (
        (issue.steps[3], "It was not installed"),
        (issue.steps[4], "does not show it"),
    ):
        done = cluster.root.run(step.text.replace("sleep 1", "true"), shell=("bash",), check=False)
        assert (done.returncode, says in done.stdout) == (1, True), done.stdout
    assert cluster.root.step(issue.undo[0]) == "There is nothing to undo.\n"


@carries_out("postgresql-install-certificate-files")
def test_files_that_are_there_are_installed(cluster: Cluster) -> None:
    """A chain with its key replaces an expired one; the key of another request stays."""
    cluster.present(certificate_of(SCENARIOS["postgresql/certificate-expired"]))
    settings = cluster.settings()
    new = make_certificate(names=NAMES, intermediate=True)
    cluster.root.write("/opt/admin/it's new/pg.crt", new.chain)
    cluster.root.write("/opt/admin/it's new/pg.key", new.key, 0o600)
    cluster.root.write("/opt/admin/pg-tls/issued.key", "another request", 0o600)
    install = fix(
        "postgresql-install-certificate-files",
        cluster,
        certificate_file="/opt/admin/it's new/pg.crt",
        key_file="/opt/admin/it's new/pg.key",
    )
    carry_out(cluster.root, install)
    root = cluster.root.write("/opt/admin/root.pem", new.anchor)
    assert cluster.cause(root) == "healthy"
    assert cluster.connect(root).startswith("TLSv1")
    kept = [one.read_text() for one in cluster.root.file("/opt/admin/pg-tls").glob("issued.key.*")]
    assert kept == ["another request"]
    cluster.undone(install, settings, "certificate-expired", root)


@carries_out("postgresql-install-certificate-files")
def test_a_missing_or_locked_file_is_told(cluster: Cluster) -> None:
    """The twin: a file that is not there, and a key with a passphrase, are not installed."""
    new = make_certificate(names=NAMES)
    cluster.root.write("/opt/admin/pg.crt", new.chain)
    missing = fix(
        "postgresql-install-certificate-files",
        cluster,
        certificate_file="/opt/admin/pg.crt",
        key_file="/opt/admin/none",
    )
    done = cluster.root.run(missing.steps[0].text, shell=("bash",), check=False)
    assert (done.returncode, "cannot be read" in done.stdout) == (1, True)
    assert not cluster.root.file("/opt/admin/pg-tls/issued.crt").exists()
    cluster.root.write("/opt/admin/open.key", new.key)
    cluster.root.run(
        "openssl pkey -in /opt/admin/open.key -aes256 -passout pass:secret -out /opt/admin/locked.key"
    )
    locked = fix(
        "postgresql-install-certificate-files",
        cluster,
        certificate_file="/opt/admin/pg.crt",
        key_file="/opt/admin/locked.key",
    )
    cluster.root.step(locked.steps[0])
    done = cluster.root.run(locked.steps[1].text, shell=("bash",), check=False)
    assert (done.returncode, "passphrase" in done.stdout) == (1, True)


@carries_out("postgresql-self-signed-certificate")
def test_a_self_signed_certificate_is_verified_by_who_has_it(cluster: Cluster) -> None:
    """The certificate is its own CA file, for the names that clients use; a second run keeps it."""
    cluster.present(certificate_of(SCENARIOS["postgresql/name-mismatch"]))
    settings = cluster.settings()
    signed = fix("postgresql-self-signed-certificate", cluster)
    carry_out(cluster.root, signed)
    leaf = cluster.root.file("/opt/admin/pg-tls/issued.crt")
    assert cluster.connect(leaf).startswith("TLSv1")
    assert cluster.connect(leaf, host="127.0.0.1").startswith("TLSv1")
    assert cluster.cause(leaf) == "healthy"
    cluster.undone(signed, settings, "name-mismatch", leaf)


def test_a_name_that_is_too_long_for_a_common_name(cluster: Cluster) -> None:
    """A common name has at most 64 characters (RFC 5280, ub-common-name); the alternative name has all of them."""
    name = f"{'a' * 60}.db.example"
    values: dict[str, Given] = {"server_name": name, "names": (name,), "port": cluster.port}
    for way in ("postgresql-own-ca", "postgresql-self-signed-certificate"):
        cluster.root.run("rm -rf /opt/admin/pg-tls")
        steps = [one for one in rendered(way, **values).steps if one.shell == "sh"][:-2]
        assert f"DNS:{name}" in [cluster.root.step(one) for one in steps][-1]
