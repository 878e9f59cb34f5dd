"""What is known of a server after a fix."""

from __future__ import annotations

import pytest

from tests.known import KNOWN
from wizard.diagnosis.clients.after import mended
from wizard.diagnosis.clients.server import Server

FACTS = KNOWN.facts


def test_a_server_that_was_not_reached_is_unknown_once_it_is() -> None:
    """Opening the port says nothing about what answers there; another fix leaves that as it was."""
    silent = Server(
        engine="sqlserver", name="db01", facts={"connect.status": "timed-out", "preamble.status": "silent"}
    )
    opened = mended(silent, ("connect.status",), FACTS)
    assert opened is not None
    assert (opened.value("connect.status"), opened.value("preamble.status")) == ("open", None)
    trusted = mended(silent, ("trust.status",), FACTS)
    assert trusted is not None
    assert trusted.value("preamble.status") == "silent"


@pytest.mark.parametrize("changes", [("client.asks",), ("certificate.issuer",)])
def test_a_fix_that_makes_no_fact_normal_has_no_column(changes: tuple[str, ...]) -> None:
    """Nothing can be predicted from it."""
    server = Server(engine="sqlserver", name="db01", facts={})
    assert mended(server, changes, FACTS) is None
