"""A PostgreSQL that could not load its certificate, mended on a real Debian cluster and in its container."""

from __future__ import annotations

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
from wizard.diagnosis.match import Matcher
from wizard.fixes.render import RenderedFix
from wizard.fixes.values import Given

MATCHER = Matcher(KNOWN)


@pytest.fixture
def cluster(running_cluster: Cluster) -> Cluster:
    """The cluster with a certificate that is in order; it runs."""
    running_cluster.root.run("systemctl start || true")
    running_cluster.fresh()
    running_cluster.present(make_certificate())
    return running_cluster


def does_not_start(cluster: Cluster, problem: str) -> bool:
    """Restarts it, and says whether it fails, nothing answers, and the log's words are recognised."""
    cluster.control("restart", check=False)
    line = [one for one in cluster.logged().splitlines() if "FATAL" in one][-1]
    match = MATCHER.match(line)
    established = {one.fact: one.value for one in match.establishes}
    assert (match.symptom, established.get("load.problem")) == ("server-certificate-not-loaded", problem)
    return cluster.cause() == "port-closed"


def fix_of_rights(cluster: Cluster, where: str, key: str) -> RenderedFix:
    """The recipe for Linux or for the container."""
    values: dict[str, Given] = {"key_file": key, "port": cluster.port}
    if where:
        values |= {"container": CONTAINER, "host": "localhost"}
    return rendered(f"postgresql-key-rights{where}", **values)


@carries_out("postgresql-key-rights", "postgresql-key-rights-container")
@pytest.mark.parametrize("where", one_of_each(["", "-container"]))
def test_a_key_that_is_open_to_others_is_closed(cluster: Cluster, where: str) -> None:
    """The server refuses the key and does not start; after the fix it is verified; the undo opens the key again."""
    key = cluster.root.file(f"{cluster.data}/old.key")
    key.chmod(0o644)
    assert does_not_start(cluster, "open-to-others")
    root = cluster.root.write("/opt/admin/root.pem", make_certificate().anchor)
    mend = fix_of_rights(cluster, where, f"{cluster.data}/old.key")
    said = carry_out(cluster.root, mend)
    assert "subject=" in said
    assert key.stat().st_mode & 0o777 == 0o600
    assert cluster.cause(root) == "healthy"
    assert "already" in cluster.root.step(mend.steps[0])
    cluster.root.step(mend.undo[0])
    assert key.stat().st_mode & 0o777 == 0o644
    assert does_not_start(cluster, "open-to-others")
    assert cluster.root.step(mend.undo[0]) == "There is nothing to undo.\n"
    key.chmod(0o600)


@carries_out("postgresql-key-rights")
def test_a_key_of_root_is_given_to_the_server(cluster: Cluster) -> None:
    """A key that only root may read belongs to postgres after the fix, and to root again after the undo."""
    key = cluster.root.file(f"{cluster.data}/old.key")
    cluster.root.run(f"chown root:root {cluster.data}/old.key")
    assert does_not_start(cluster, "no-access")
    mend = fix_of_rights(cluster, "", f"{cluster.data}/old.key")
    carry_out(cluster.root, mend)
    assert cluster.connect().startswith("TLSv1")
    cluster.root.step(mend.undo[0])
    assert (key.stat().st_uid, key.stat().st_mode & 0o777) == (0, 0o600)
    cluster.root.run(f"chown postgres:postgres {cluster.data}/old.key")


@carries_out("postgresql-key-rights", "postgresql-key-rights-container")
@pytest.mark.parametrize("where", one_of_each(["", "-container"]))
def test_a_key_that_is_not_there_is_told(cluster: Cluster, where: str) -> None:
    """The twin: a bare name of the log is no path, and the step says so."""
    mend = fix_of_rights(cluster, where, "server.key")
    done = cluster.root.run(mend.steps[0].text, shell=("bash",), check=False)
    assert (done.returncode, "There is no server.key" in done.stdout) == (1, True), done.stdout


@carries_out("postgresql-key-rights")
def test_a_closed_folder_is_told(cluster: Cluster) -> None:
    """The twin: where a folder above is closed, the rights of the key alone do not help, and the step says so."""
    cluster.root.write("/opt/admin/keys/server.key", make_certificate().key, 0o644)
    cluster.root.run("chmod 700 /opt/admin")
    mend = fix_of_rights(cluster, "", "/opt/admin/keys/server.key")
    done = cluster.root.run(mend.steps[0].text, shell=("bash",), check=False)
    assert (done.returncode, "a folder above is closed" in done.stdout) == (1, True), done.stdout


def fix_of_names(cluster: Cluster, certificate: str, key: str) -> RenderedFix:
    """The recipe that names other files."""
    return rendered("postgresql-find-files", certificate_file=certificate, key_file=key, port=cluster.port)


@carries_out("postgresql-find-files")
def test_wrong_file_names_are_corrected_while_the_server_is_down(cluster: Cluster) -> None:
    """Files that do not exist keep it from starting; with the right names it is verified; the undo names the old."""
    good = make_certificate()
    cluster.owned("/etc/pg tls/it's.crt", good.chain, 0o644)
    cluster.owned("/etc/pg tls/it's.key", good.key)
    cluster.sql("ALTER SYSTEM SET ssl_cert_file = 'gone.crt'", "ALTER SYSTEM SET ssl_key_file = 'gone.key'")
    conf = cluster.root.file(f"{cluster.data}/postgresql.auto.conf")
    before = conf.read_bytes()
    assert does_not_start(cluster, "not-found")
    mend = fix_of_names(cluster, "/etc/pg tls/it's.crt", "/etc/pg tls/it's.key")
    said = carry_out(cluster.root, mend)
    assert "names them now" in said
    assert cluster.cause(cluster.root.write("/opt/admin/root.pem", good.anchor)) == "healthy"
    assert "already" in cluster.root.step(mend.steps[0])
    assert conf.stat().st_mode & 0o777 == 0o600
    cluster.root.step(mend.undo[0])
    assert conf.read_bytes() == before
    assert does_not_start(cluster, "not-found")
    assert cluster.root.step(mend.undo[0]) == "There is nothing to undo.\n"
    conf.write_bytes(b"")


@carries_out("postgresql-find-files", "postgresql-start-without-tls")
def test_the_data_directory_is_found_without_the_tools_of_debian(cluster: Cluster) -> None:
    """Where there is no pg_lsclusters, as on Red Hat, the unit's environment tells it."""
    cluster.sql("ALTER SYSTEM SET ssl_cert_file = 'gone.crt'")
    conf = cluster.root.file(f"{cluster.data}/postgresql.auto.conf")
    before = conf.read_bytes()
    assert does_not_start(cluster, "not-found")
    hidden = cluster.root.write("/usr/local/bin/pg_lsclusters", "#!/bin/sh\nexit 127\n", 0o755)
    mend = fix_of_names(cluster, f"{cluster.data}/old.crt", f"{cluster.data}/old.key")
    for fix in (mend, fix_without_tls(cluster, "")):
        for step in fix.steps:
            paste(cluster.root, step.text)
        paste(cluster.root, fix.undo[0].text)
    assert conf.read_bytes() == before
    hidden.unlink()
    conf.write_bytes(b"")


@carries_out("postgresql-find-files")
def test_files_that_do_not_fit_are_not_named(cluster: Cluster) -> None:
    """The twin: a missing file, and a key of another certificate, change nothing."""
    settings = cluster.settings()
    cluster.root.run(f"openssl genpkey -algorithm ED25519 > {cluster.data}/other.key")
    cluster.root.run(f"chown postgres {cluster.data}/other.key")
    for key, says in (("none.key", "may not read one of the files"), ("other.key", "do not belong together")):
        mend = fix_of_names(cluster, f"{cluster.data}/old.crt", f"{cluster.data}/{key}")
        done = cluster.root.run(mend.steps[0].text, shell=("bash",), check=False)
        assert (done.returncode, says in done.stdout) == (1, True), done.stdout
    assert cluster.settings() == settings


def fix_without_tls(cluster: Cluster, where: str) -> RenderedFix:
    """The recipe for Linux or for the container."""
    values: dict[str, Given] = {"container": CONTAINER} if where else {"port": cluster.port}
    return rendered(f"postgresql-start-without-tls{where}", **values)


@carries_out("postgresql-start-without-tls", "postgresql-start-without-tls-container")
@pytest.mark.parametrize("where", one_of_each(["", "-container"]))
def test_a_server_that_is_down_starts_without_tls(cluster: Cluster, where: str) -> None:
    """It starts and offers no TLS, so that a certificate can be installed; the undo brings the old settings back."""
    conf = cluster.root.file(f"{cluster.data}/postgresql.auto.conf")
    start = fix_without_tls(cluster, where)
    assert "not needed" in cluster.root.step(start.steps[0])
    cluster.sql("ALTER SYSTEM SET ssl_cert_file = 'gone.crt'")
    before = conf.read_bytes()
    assert does_not_start(cluster, "not-found")
    assert "runs without TLS" in carry_out(cluster.root, start)
    assert cluster.cause() == "tls-not-offered"
    cluster.root.step(start.undo[0])
    assert (conf.read_bytes(), conf.owner()) == (before, "postgres")
    assert does_not_start(cluster, "not-found")
    assert cluster.root.step(start.undo[0]) == "There is nothing to undo.\n"
    conf.write_bytes(b"")


@carries_out("postgresql-start-without-tls", "postgresql-start-without-tls-container")
@pytest.mark.parametrize("where", one_of_each(["", "-container"]))
def test_another_reason_is_not_taken_for_the_certificate(cluster: Cluster, where: str) -> None:
    """The twin: where the server does not start without TLS either, the step says so, and fails."""
    conf = cluster.root.file(f"{cluster.data}/postgresql.auto.conf")
    cluster.sql("ALTER SYSTEM SET shared_preload_libraries = 'gone'")
    cluster.control("restart", check=False)
    start = fix_without_tls(cluster, where)
    done = cluster.root.run(start.steps[0].text, shell=("bash",), check=False)
    assert (done.returncode, "not the only reason" in done.stdout) == (1, True), done.stdout
    cluster.root.step(start.undo[0])
    conf.write_bytes(b"")
