"""What `dbtls fix` prints for PostgreSQL, copied and pasted line by line into the shell of a real Debian server."""

from __future__ import annotations

import re

from tests.cli.command import dbtls
from tests.fixes.carried_out.carrying import carries_out
from tests.fixes.carried_out.postgresql_cluster import Cluster, paste

STEP = re.compile(
    r"^  (\d+|undo)\. (.*?):$\n(.*?)(?=^  (?:\d+|undo)\. |^  confirm:)", re.MULTILINE | re.DOTALL
)


@carries_out("postgresql-own-ca")
def test_the_printed_steps_mend_a_fresh_server(running_cluster: Cluster) -> None:
    """All steps in their order, as they stand on the screen: the client is verified, and the confirmation passes."""
    assert running_cluster.cause() == "self-signed-certificate"
    target = f"postgresql://localhost:{running_cluster.port}"
    said = dbtls("fix", "self-signed-certificate", target, "--platform", "linux-server", COLUMNS="80").out
    block = said.split("[postgresql-own-ca]")[1].split("\n  [")[0]
    steps = [(number, " ".join(title.split()), commands) for number, title, commands in STEP.findall(block)]
    assert [number for number, _, _ in steps] == ["1", "2", "3", "4", "5", "6", "7", "undo"]
    for _, title, commands in steps[:-1]:
        if " - shell, on the server" in title:
            paste(running_cluster.root, commands)
        else:
            assert " - on the screen, on the client" in title
            assert "~/pg-tls" in commands
    root = running_cluster.root.file("/opt/admin/pg-tls/ca/root.crt")
    assert running_cluster.connect(root).startswith("TLSv1")
    confirm = re.search(r"(?m)^  confirm:\ndbtls (.*)$", block)
    assert confirm
    assert dbtls(*confirm[1].split(), "--ca-file", str(root)).status == 0
    paste(running_cluster.root, steps[-1][2])
    running_cluster.sql("SELECT pg_sleep(0.1)")
    assert "certificate verify failed" in running_cluster.connect(root)
    assert dbtls(*confirm[1].split(), "--ca-file", str(root)).status != 0
