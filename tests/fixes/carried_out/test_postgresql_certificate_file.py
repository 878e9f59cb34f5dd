"""What is mended in PostgreSQL's own certificate file, on Linux and in a container, carried out on a real cluster."""

from __future__ import annotations

import textwrap

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.postgresql_cluster import (
    CONTAINER,
    Cluster,
    carry_out,
    paste,
)
from tests.known import KNOWN
from tests.servers.certificates import make_certificate
from tests.thorough import one_of_each
from wizard.fixes.values import Given

END = b"-----END CERTIFICATE-----\n"


@pytest.fixture
def cluster(running_cluster: Cluster) -> Cluster:
    """The cluster as its package makes it."""
    running_cluster.fresh()
    return running_cluster


def of_container(cluster: Cluster) -> dict[str, Given]:
    """Where the container is."""
    return {"container": CONTAINER, "host": "localhost", "port": cluster.port}


@carries_out("postgresql-append-intermediate", "postgresql-append-intermediate-container")
@pytest.mark.parametrize("where", one_of_each(["", "-container"]))
def test_the_intermediate_is_appended_once(cluster: Cluster, where: str) -> None:
    """A chain without its intermediate fails, with it it is verified, and the undo takes it out again."""
    good = make_certificate(intermediate=True)
    leaf, intermediate = (one + END for one in good.chain.split(END)[:2])
    root = cluster.root.write("/opt/admin/root.pem", good.anchor)
    cluster.root.write("/opt/admin/it's.pem", intermediate)
    cluster.present(type(good)(leaf, good.key, good.anchor))
    settings = cluster.settings()
    assert cluster.cause(root) == "missing-intermediate"
    values = of_container(cluster) if where else {"port": cluster.port}
    append = rendered(
        f"postgresql-append-intermediate{where}", intermediate_file="/opt/admin/it's.pem", **values
    )
    assert "PostgreSQL sends the intermediate." in carry_out(cluster.root, append)
    served = cluster.root.file(f"{cluster.data}/old.crt")
    assert served.read_bytes() == leaf + b"\n" + intermediate
    assert cluster.cause(root) == "healthy"
    assert cluster.connect(root).startswith("TLSv1")
    cluster.undone(append, settings, "missing-intermediate", root)
    assert served.read_bytes() == leaf


@carries_out("postgresql-append-intermediate", "postgresql-append-intermediate-container")
@pytest.mark.parametrize("where", one_of_each(["", "-container"]))
def test_a_foreign_intermediate_is_not_appended(cluster: Cluster, where: str) -> None:
    """The twin: the certificate of another CA, and a file that is not there, change nothing."""
    cluster.present(make_certificate())
    served = cluster.root.file(f"{cluster.data}/old.crt")
    first = served.read_bytes()
    cluster.root.write("/opt/admin/other.pem", make_certificate("self-signed").anchor)
    values = of_container(cluster) if where else {"port": cluster.port}
    for name, says in (("other", "not the CA certificate"), ("none", "is missing or is no PEM")):
        append = rendered(
            f"postgresql-append-intermediate{where}", intermediate_file=f"/opt/admin/{name}.pem", **values
        )
        done = cluster.root.run(append.steps[0].text, shell=("bash",), check=False)
        assert (done.returncode, says in done.stdout) == (1, True), done.stdout
    assert served.read_bytes() == first
    assert not served.with_name("old.crt.before").exists()


@carries_out("postgresql-turn-tls-on")
def test_tls_is_turned_on(cluster: Cluster) -> None:
    """A server with its certificate and without TLS speaks it after the fix, and not after the undo."""
    good = make_certificate()
    cluster.present(good)
    cluster.sql("ALTER SYSTEM SET ssl = 'off'", "SELECT pg_reload_conf()", "SELECT pg_sleep(0.1)")
    settings = cluster.settings()
    root = cluster.root.write("/opt/admin/root.pem", good.anchor)
    assert "server does not support SSL" in cluster.connect(root)
    assert cluster.cause(root) == "tls-not-offered"
    turn_on = rendered("postgresql-turn-tls-on", port=cluster.port)
    carry_out(cluster.root, turn_on)
    assert cluster.connect(root).startswith("TLSv1")
    assert cluster.cause(root) == "healthy"
    cluster.undone(turn_on, settings, "tls-not-offered", root)


@carries_out("postgresql-turn-tls-on")
def test_tls_is_not_turned_on_with_files_that_do_not_fit(cluster: Cluster) -> None:
    """The twin: a key of another certificate, and no file at all, leave the server as it was."""
    cluster.sql("ALTER SYSTEM SET ssl = 'off'", "SELECT pg_reload_conf()", "SELECT pg_sleep(0.1)")
    cluster.present(make_certificate())
    other = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
    cluster.root.run(f"{other} > {cluster.data}/old.key")
    settings = cluster.settings()
    turn_on = rendered("postgresql-turn-tls-on", port=cluster.port)
    for says in ("do not belong together", "has no certificate yet"):
        done = cluster.root.run(turn_on.steps[0].text, shell=("bash",), check=False)
        assert (done.returncode, says in done.stdout) == (1, True), done.stdout
        assert cluster.settings() == settings
        cluster.root.file(f"{cluster.data}/old.crt").unlink(missing_ok=True)


CERTIFICATES = (
    "postgresql-issue-certificate-container",
    "postgresql-own-ca-container",
    "postgresql-install-certificate-files-container",
    "postgresql-self-signed-certificate-container",
)


@carries_out(*CERTIFICATES)
@pytest.mark.parametrize("name", one_of_each(CERTIFICATES))
def test_a_container_gets_a_certificate(cluster: Cluster, name: str) -> None:
    """By each way the server in the container is verified afterwards, and shows the old one after the undo."""
    assert {one.platform for one in KNOWN.fixes if one.id == name} == {"container-server"}
    settings = cluster.settings()
    assert cluster.cause() == "self-signed-certificate"
    new = make_certificate(names=("localhost", "127.0.0.1"))
    cluster.root.write("/opt/admin/given.crt", new.chain)
    cluster.root.write("/opt/admin/given.key", new.key, 0o600)
    values: dict[str, Given] = {"server_name": "localhost", "names": ("localhost", "127.0.0.1")}
    if "files" in name:
        values |= {"certificate_file": "/opt/admin/given.crt", "key_file": "/opt/admin/given.key"}
    fix = rendered(name, **values, **of_container(cluster))
    if "issue" in name:
        cluster.root.step(fix.steps[0])
        cluster.root.run(
            """cd /opt/admin/pg-tls
            openssl req -x509 -newkey rsa:2048 -nodes -days 5 -keyout corp.key -out corp.pem -subj /CN=Corp 2> /dev/null
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > corp.ext
            openssl x509 -req -in issued.csr -CA corp.pem -CAkey corp.key -days 5 -extfile corp.ext -out issued.crt"""
        )
    assert "shows the new certificate" in carry_out(cluster.root, fix)
    place = cluster.root.file("/opt/admin/pg-tls")
    given = cluster.root.write("/opt/admin/given-ca.pem", new.anchor)
    roots = (place / "corp.pem", place / "ca" / "root.crt", given, place / "issued.crt")
    root = roots[CERTIFICATES.index(name)]
    assert cluster.cause(root) == "healthy"
    assert cluster.connect(root).startswith("TLSv1")
    keys = {one.stat().st_mode & 0o777 for one in cluster.root.file(cluster.data).glob("tls-*.key")}
    assert keys == {0o600}
    cluster.undone(fix, settings, "self-signed-certificate", None)


def test_a_container_that_does_not_run_is_told(cluster: Cluster) -> None:
    """The twin: where there is no such container, the step says so, and fails."""
    values = {**of_container(cluster), "container": "other-db-1"}
    fix = rendered(CERTIFICATES[3], server_name="localhost", names=("localhost",), **values)
    cluster.root.step(fix.steps[0])
    done = cluster.root.run(fix.steps[2].text, shell=("bash",), check=False)
    assert (done.returncode, "No such container" in done.stdout) == (1, True)
    assert "It was not installed." in done.stdout


@carries_out("postgresql-compose-certificate-container")
def test_compose_names_a_certificate(cluster: Cluster) -> None:
    """The files beside compose.yaml are shown by the new container, and after the undo the old ones again."""
    service = "services:\n  db:\n    image: postgres:15\n"
    compose = cluster.root.write("/srv/my stack/compose.yaml", service)
    new = make_certificate()
    cluster.root.write("/opt/admin/given.crt", new.chain)
    cluster.root.write("/opt/admin/given.key", new.key, 0o600)
    files = {"certificate_file": "/opt/admin/given.crt", "key_file": "/opt/admin/given.key"}
    fix = rendered(
        "postgresql-compose-certificate-container",
        compose_folder="/srv/my stack",
        **files,
        **of_container(cluster),
    )
    assert cluster.cause() == "self-signed-certificate"
    paste(cluster.root, fix.steps[0].text)
    compose.write_text(service + textwrap.indent(fix.steps[1].text, "    ") + "\n")
    assert "shows the new certificate" in carry_out(cluster.root, fix)
    root = cluster.root.write("/opt/admin/root.pem", new.anchor)
    assert cluster.cause(root) == "healthy"
    assert cluster.connect(root).startswith("TLSv1")
    key = compose.with_name("tls") / "server.key"
    assert (key.owner(), key.stat().st_mode & 0o777) == ("postgres", 0o600)
    paste(cluster.root, fix.undo[0].text)
    assert compose.read_text() == service
    assert cluster.cause() == "self-signed-certificate"
    assert paste(cluster.root, fix.undo[0].text) == "There is nothing to undo.\n"


def test_compose_does_not_get_files_that_do_not_fit(cluster: Cluster) -> None:
    """The twin: a key of another certificate is not put there."""
    cluster.root.write("/srv/other/compose.yaml", "services:\n")
    cluster.root.write("/opt/admin/given.crt", make_certificate().chain)
    cluster.root.run("openssl genpkey -algorithm ED25519 > /opt/admin/given.key")
    fix = rendered(
        "postgresql-compose-certificate-container",
        compose_folder="/srv/other",
        certificate_file="/opt/admin/given.crt",
        key_file="/opt/admin/given.key",
        **of_container(cluster),
    )
    done = cluster.root.run(fix.steps[0].text, shell=("bash",), check=False)
    assert (done.returncode, "do not belong together" in done.stdout) == (1, True)
    assert [one.name for one in cluster.root.file("/srv/other").iterdir()] == ["compose.yaml"]
