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
