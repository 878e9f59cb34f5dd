"""A scenario after a cause was mended for good: what the lab serves so that its client can be seen to connect."""

from __future__ import annotations

import msgspec

from wizard.model.knowledge import CauseEntry, ScenarioEntry, Topic

CERTIFICATE_KNOBS = (
    "certificate", "names", "common_name", "valid_days", "key", "signature", "usage", "leaf_is_ca", "malformed",
    "authority", "intermediate", "trusted",
)  # fmt: skip
"""What a new certificate settles. Its CA is one that the client knows, so it settles `trusted` too."""

_BY_TOPIC: dict[Topic, tuple[str, ...]] = {
    "reach": ("behaviour",),
    "policy": ("policy",),
    "versions-and-ciphers": ("tls", "ciphers"),
    "trust": CERTIFICATE_KNOBS,
    "names": CERTIFICATE_KNOBS,
    "validity": CERTIFICATE_KNOBS,
    "certificate-form": CERTIFICATE_KNOBS,
    "client": (),
}
_BY_CAUSE: dict[str, tuple[str, ...]] = {
    "private-ca-not-trusted": ("trusted",),
    "missing-intermediate": (),
    # A server without TLS may have no certificate to switch it on with.
    "tls-not-offered": ("policy", *CERTIFICATE_KNOBS),
    "tls-required-by-server": (),
    "direct-tls-not-supported": (),
    "strict-not-supported": ("strict",),
    "client-certificate-required": ("client_certificate",),
    "legacy-tls-only": ("tls",),
    "tls-version-mismatch": ("tls",),
    "legacy-ciphers-only": ("ciphers",),
    "weak-key-exchange": ("ciphers",),
    # These are mended on the client, or there is nothing to mend.
    "healthy": (),
    "revocation-not-checked": (),
    "another-server-reached": (),
}
"""The knobs that a cause is about, where they are not all of its topic's."""

_GOOD = {field.name: field.default for field in msgspec.structs.fields(ScenarioEntry)}


def knobs_of(cause: CauseEntry) -> tuple[str, ...]:
    """Returns the fields of a scenario that the permanent fix of a cause puts in order."""
    return _BY_CAUSE.get(cause.id, _BY_TOPIC[cause.topic])


def mended(scenario: ScenarioEntry, cause: CauseEntry) -> ScenarioEntry:
    """Returns the scenario after the permanent fix of a cause was applied. All other faults stay.

    Nobody complains any more, so the error text is gone. `id`, `title`, `cause` and `also` are still those of the
    scenario that was begun with. Where the client is what is mended, such as by a client certificate or Encrypt=Strict,
    the lab's server stops demanding it, since the probes bring neither.
    """
    changed = {knob: _GOOD[knob] for knob in knobs_of(cause)}
    if "names" in changed:
        changed["names"] = tuple(dict.fromkeys((scenario.server_name, *_GOOD["names"])))
    if cause.id == "missing-intermediate":
        changed["intermediate"] = "sent"
    return msgspec.structs.replace(scenario, error=None, **changed)
