"""All probes, in the order in which they are shown."""

from __future__ import annotations

from wizard.probes.certificate import CERTIFICATE
from wizard.probes.ciphers import CIPHERS
from wizard.probes.client_certificate import CLIENT_CERTIFICATE
from wizard.probes.handshake import HANDSHAKE
from wizard.probes.instance import INSTANCE
from wizard.probes.probe import Probe
from wizard.probes.resolve import RESOLVE
from wizard.probes.strict import STRICT
from wizard.probes.versions import VERSIONS

PROBES: tuple[Probe, ...] = (
    RESOLVE,
    INSTANCE,
    HANDSHAKE,
    STRICT,
    VERSIONS,
    CERTIFICATE,
    CIPHERS,
    CLIENT_CERTIFICATE,
)


def chosen(wanted: frozenset[str] | None) -> tuple[Probe, ...]:
    """Returns these probes and all that they build on; None: every probe."""
    if wanted is None:
        return PROBES
    needed = set(wanted)
    for probe in reversed(PROBES):  # each stands behind those that it builds on
        if probe.id in needed:
            needed.update(probe.after)
    return tuple(probe for probe in PROBES if probe.id in needed)
